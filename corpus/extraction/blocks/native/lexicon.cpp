#include "lexicon.h"

namespace blocks {

void Lexicon::learn(const uint32_t* keys, const int8_t* scores, int count) {
    constexpr int PLACES = 2;  // per word, so that most are found at the first look
    int bits = 1;
    while (bits < 30 && (1 << bits) < count * PLACES) bits++;
    shift_ = 32 - bits;
    entries_.assign((size_t{1} << bits) + count + 1, Entry());  // a search ends behind the last place at the latest
    for (int i = 0; i < count; i++) {
        size_t slot = keys[i] >> shift_;
        while (entries_[slot].score) slot++;
        entries_[slot] = {keys[i], scores[i]};
        seen_[keys[i] >> SHIFT_OF_SEEN] |= uint64_t{1} << (keys[i] >> (SHIFT_OF_SEEN - 6) & 63);
    }
}

LearnedWords::LearnedWords(const Page& page, const Lexicon& lexicon)
    : page_(page), lexicon_(lexicon), of_attribute_(page.attributes.size()) {
    for (size_t i = 0; i < page.attributes.size(); i++) {
        const AttributeWords& words = page.attributes[i];
        for (Family family : {OWN, NEAR, FAR}) {
            for (size_t k = words.begin; k < words.end; k++) {
                of_attribute_[i][family].add(lexicon.score(key_of(family, page.attribute_words[k])));
            }
        }
    }
}

std::array<Scores, FAMILIES> LearnedWords::of(const Block& block) const {
    std::array<Scores, FAMILIES> found;
    for_each_text_key(page_, block, [&](Family family, uint32_t key) { found[family].add(lexicon_.score(key)); });
    for_each_attribute(page_, block, [&](Family family, int i) { found[family].add(of_attribute_[i][family]); });
    return found;
}

}  // namespace blocks
