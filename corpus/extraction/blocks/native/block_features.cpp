#include "block_features.h"

#include <algorithm>

#include "characters.h"

namespace blocks {
namespace {

int end_class(unsigned char last) {
    switch (last) {
        case '.': case '!': case '?': return 1;
        case ':': return 2;
        case ',': return 3;
        case ')': return 6;
        default: return last >= 0x80 ? 4 : is_digit(last) ? 5 : 0;
    }
}

// A row of features in the making; it collects the names instead where it has no numbers to write to.
class Row {
  public:
    Row(const Context& context, const LearnedWords& learned, float* out)
        : c_(context), page_(context.page), learned_(learned), out_(out) {}

    std::vector<std::string> names;

    void fill(int index) {
        i_ = index;
        const Block& block = page_.blocks[index];
        const Element& element = page_.element_of(block);
        text(block);
        ancestors(element);
        position();
        containers(block);
        groups(block.element);
        best_node(block.element);
        neighbours(element);
        learned(block);
        for (size_t k = 0; k < c_.of_page.size(); k++) put("page", c_.of_page[k], static_cast<int>(k));
    }

  private:
    void put(const char* name, float value, int number = -1, const char* part = "") {
        if (out_) {
            *out_++ = value;
        } else {
            add_name(name, number, part);
        }
    }

    // Apart from `put`, so that the compiler writes numbers in place.
    __attribute__((noinline)) void add_name(const char* name, int number, const char* part) {
        std::string full(name);
        if (number >= 0) full += "_" + std::to_string(number);
        names.push_back(*part ? full + "." + part : full);
    }

    void text(const Block& b) {
        int words = std::max(1, b.words);
        put("characters", b.characters);
        put("words", b.words);
        put("linked", quotient(b.linked, b.characters));
        put("stop_words", quotient(b.stop_words, words));
        put("capitalised", quotient(b.capitalised, words));
        put("capitals", quotient(b.capitals, b.characters));
        put("digits", quotient(b.digits, b.characters));
        put("commas", b.commas);
        put("sentence_ends", b.sentence_ends);
        put("commas_per_word", quotient(b.commas, words));
        put("sentence_ends_per_word", quotient(b.sentence_ends, words));
        put("unspaced", quotient(b.unspaced, b.characters));
        put("beyond_ascii", quotient(b.beyond_ascii, b.characters));
        put("links", b.links);
        put("breaks", b.breaks);
        put("bold", quotient(b.bold, b.characters));
        put("images", b.images);
        put("code", quotient(b.code, b.characters));
        put("bars", b.bars);
        put("script_signs", quotient(b.script_signs, b.characters));
        put("starts_upper", b.starts_upper);
        put("last", end_class(b.last));
        put("word_length", quotient(b.characters, words));
        put("copies", b.copies);
        put("is_link", b.linked == b.characters);
        put("title_words", quotient(b.title_words, words));
        put("of_title", quotient(b.title_words, c_.title_words));
        put("said", quotient(b.said, words));
        put("described", quotient(b.described, words));
    }

    void learned(const Block& block) {
        int family = 0;
        for (const Scores& scores : learned_.of(block)) {
            put("learned", quotient(scores.sum, scores.known), family, "mean");
            put("learned", scores.sum, family, "sum");
            put("learned", scores.most, family, "most");
            put("learned", scores.least, family++, "least");
        }
    }

    void ancestors(const Element& element) {
        int parent = element.parent, above = parent >= 0 ? page_.elements[parent].parent : -1;
        put("tag", element.tag);
        put("depth", element.depth);
        put("parent_tag", parent >= 0 ? page_.elements[parent].tag : 0);
        put("grandparent_tag", above >= 0 ? page_.elements[above].tag : 0);
        for (int flag = 0; flag < static_cast<int>(FLAGS); flag++) put("flag", element.flags >> flag & 1, flag);
        for (int group = 0; group < GROUPS; group++) put("class_words", element.distance[group], group);
    }

    void position() {
        int blocks = static_cast<int>(page_.blocks.size());
        put("position", quotient(i_, blocks));
        put("blocks_before", i_);
        put("blocks_after", blocks - i_);
        put("text_before", quotient(c_.characters[i_], c_.characters[blocks]));
        put("prose_before", quotient(c_.prose[i_], c_.prose[blocks]));
        put("after_heading", c_.heading < 0 ? 0 : std::clamp(i_ - c_.heading, -50, 200));
        put("after_title", c_.titled < 0 ? 0 : std::clamp(i_ - c_.titled, -50, 200));
    }

    // The element of the block and four wider ones.
    void containers(const Block& block) {
        int at = block.element;
        for (int level = 0; level < 5; level++) {
            static const Element none;
            static const Group alone;
            const Element& element = at >= 0 ? page_.elements[at] : none;
            const Sums& sums = element.sums;
            const Group& like = at >= 0 ? c_.like(c_.elements_by_path, at) : alone;
            float inside = static_cast<float>(i_ - sums.first) + 0.5f;
            put("container", at < 0 ? -1 : sums.characters, level, "characters");
            put("container", at < 0 ? -1 : quotient(sums.linked, sums.characters), level, "linked");
            put("container", at < 0 ? -1 : sums.blocks, level, "blocks");
            put("container", at < 0 ? -1 : quotient(sums.prose, sums.characters), level, "prose");
            put("container", at < 0 ? -1 : quotient(sums.characters, c_.total()), level, "of_page");
            put("container", at < 0 ? -1 : sums.images, level, "images");
            put("container", at < 0 ? -1 : like.members, level, "like");
            put("container", at < 0 ? -1 : quotient(like.sums.characters, like.members), level, "characters_like");
            put("container", at < 0 ? -1 : inside / static_cast<float>(sums.last - sums.first + 1), level, "inside");
            at = at >= 0 ? element.wider : -1;
        }
    }

    void groups(int element) {
        const Sums* const alike[] = {&c_.like(c_.blocks_by_path, element).sums, &c_.like(c_.blocks_by_signature, element).sums};
        for (int k = 0; k < 2; k++) {
            const Sums& sums = *alike[k];
            put("group", sums.blocks, k, "blocks");
            put("group", quotient(sums.characters, sums.blocks), k, "characters");
            put("group", quotient(sums.linked, sums.characters), k, "linked");
            put("group", quotient(sums.characters, c_.total()), k, "of_page");
            put("group", quotient(sums.last - sums.first + 1, sums.blocks), k, "spread");
        }
    }

    void best_node(int element) {
        int steps = 0;
        while (element >= 0 && steps < 40 && c_.above_best[element] < 0) {
            element = page_.elements[element].parent;
            steps++;
        }
        const Sums& sums = page_.elements[c_.best].sums;
        put("best_above", element >= 0 && c_.above_best[element] >= 0 ? c_.above_best[element] : 30);
        put("best_steps", steps);
        put("best_side", i_ < sums.first ? -1 : i_ > sums.last ? 1 : 0);
        put("best_inside", sums.last < 0 ? 0 : static_cast<float>(i_ - sums.first) / static_cast<float>(sums.last - sums.first + 1));
    }

    void neighbours(const Element& element) {
        const int blocks = static_cast<int>(page_.blocks.size());
        for (int distance : {-3, -2, -1, 1, 2, 3}) {
            int at = i_ + distance, number = distance + 3;
            bool is_there = at >= 0 && at < blocks;
            const Block& other = page_.blocks[is_there ? at : i_];
            const Element& its = page_.element_of(other);
            put("neighbour", is_there ? other.characters : -1, number, "characters");
            put("neighbour", is_there ? quotient(other.linked, other.characters) : -1, number, "linked");
            put("neighbour", is_there ? other.sentence_ends : -1, number, "sentence_ends");
            put("neighbour", is_there ? its.tag : -1, number, "tag");
            put("neighbour", is_there ? its.path == element.path : -1, number, "same_path");
            put("neighbour", is_there ? quotient(other.stop_words, other.words) : -1, number, "stop_words");
        }
        for (int reach : {5, 15}) {
            int from = std::max(0, i_ - reach), to = std::min(blocks, i_ + reach + 1);
            int64_t characters = c_.characters[to] - c_.characters[from];
            put("window", static_cast<float>(characters), reach, "characters");
            put("window", quotient(c_.linked[to] - c_.linked[from], characters), reach, "linked");
            put("window", quotient(c_.prose[to] - c_.prose[from], characters), reach, "prose");
            put("window", quotient(c_.prose[i_] - c_.prose[from], c_.characters[i_] - c_.characters[from]), reach, "prose_before");
        }
    }

    const Context& c_;
    const Page& page_;
    const LearnedWords& learned_;
    float* out_;
    int i_ = 0;
};

}  // namespace

void write_features(const Context& context, const LearnedWords& learned, int block, float* row) {
    Row(context, learned, row).fill(block);
}

const std::vector<std::string>& feature_names() {
    static const auto names = [] {
        Page page = read_page("<p>text</p>");
        measure(page);
        Context context(page, "");
        const Lexicon none;
        const LearnedWords learned(page, none);
        Row row(context, learned, nullptr);
        row.fill(0);
        return row.names;
    }();
    return names;
}

}  // namespace blocks
