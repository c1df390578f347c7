// Counts over the texts of blocks, and their sums over elements.

#include <unordered_map>

#include "hash_set.h"
#include "page.h"
#include "words.h"

namespace blocks {
namespace {

constexpr size_t SHORTEST_TITLE_WORD = 3;
constexpr size_t MOST_WORDS = 32;  // of a block, whose hashes are kept

// Digits are all alike: "3 replies" and "7 replies" say the same.
uint64_t hash_of_word(std::string_view word) {
    uint64_t hash = HASH_SEED;
    for (unsigned char c : word) hash = hash_byte(hash, is_digit(c) ? '0' : c);
    return hash;
}

// The last three words, as one number.
class Triple {
  public:
    void add(uint64_t word) { first_ = second_, second_ = third_, third_ = word, length_++; }
    bool is_full() const { return length_ > 2; }
    uint64_t hash() const { return (first_ * 31 + second_) * 31 + third_; }

  private:
    uint64_t first_ = 0, second_ = 0, third_ = 0;
    int length_ = 0;
};

HashSet triples_of(std::string_view text) {
    HashSet found;
    Triple triple;
    for_each_word(text, [&](std::string_view word, bool) {
        triple.add(hash_of_word(word));
        if (triple.is_full()) found.insert(triple.hash());
    });
    return found;
}

HashSet words_of_title(std::string_view title) {
    HashSet found;
    for_each_word(title, [&](std::string_view word, bool) {
        if (word.size() >= SHORTEST_TITLE_WORD) found.insert(hash_of_word(word));
    });
    return found;
}

// What a page says of itself in other places than its text.
struct Said {
    HashSet title, json, description;
};

void count_words(Page& page, Block& block, const Said& said) {
    Triple triple;
    block.words_begin = page.words.size();
    for_each_word(page.text_of(block), [&](std::string_view word, bool is_capitalised) {
        uint64_t hash = hash_of_word(word);
        block.words++;
        block.stop_words += is_stop_word(word);
        block.capitalised += is_capitalised;
        if (word.size() >= SHORTEST_TITLE_WORD) block.title_words += said.title.contains(hash);
        triple.add(hash);
        if (triple.is_full()) {
            block.said += said.json.contains(triple.hash());
            block.described += said.description.contains(triple.hash());
        }
        if (page.words.size() - block.words_begin == MOST_WORDS) page.words.pop_back();
        page.words.push_back(static_cast<uint32_t>(hash ^ hash >> 32));
    });
    block.words_end = page.words.size();
}

void count_beyond_ascii(Block& block, uint32_t code) {
    block.beyond_ascii++;
    block.unspaced += is_unspaced(code);
    switch (code) {
        case 0x3002: case 0xff01: case 0xff1f: case 0x0964: block.sentence_ends++; break;  // 。！？।
        case 0xff0c: case 0x3001: case 0x060c: block.commas++; break;                      // ，、،
    }
}

// A token is what the benchmark counts: a run of letters and digits, or one character of an unspaced script.
void count_characters(const Page& page, Block& block) {
    std::string_view text = page.text_of(block);
    bool in_token = false;
    for (const char *at = text.data(), *end = at + text.size(); at < end;) {
        unsigned char c = *at;
        if (c >= 0x80) {
            uint32_t code = next_code_point(at, end);
            count_beyond_ascii(block, code);
            bool is_letter_like = code >= 0xc0 && (code < 0x2000 || code > 0x206f) && (code < 0x3000 || code > 0x3004);
            block.tokens += is_unspaced(code) || (is_letter_like && !in_token);
            in_token = is_letter_like && !is_unspaced(code);
            continue;
        }
        at++;
        bool is_part = is_letter(c) || is_digit(c) || c == '_';
        block.tokens += is_part && !in_token;
        in_token = is_part;
        if (is_part) {
            block.capitals += is_upper(c);
            block.digits += is_digit(c);
        } else {
            block.commas += c == ',';
            block.sentence_ends += c == '.' || c == '!' || c == '?';
            block.bars += c == '|' || c == '>';
            block.script_signs += c == '{' || c == '}' || c == ';' || c == '=' || c == '(' || c == ')';
        }
    }
    block.starts_upper = is_upper(text.front());
    block.last = text.back();
    block.hash = hash_of(text);
}

Sums sums_of(const Block& block, int index) {
    Sums sums;
    sums.characters = block.characters;
    sums.linked = block.linked;
    sums.blocks = 1;
    sums.prose = block.is_prose() ? block.characters - block.linked : 0;
    sums.first = sums.last = index;
    return sums;
}

// Readability's idea (Arc90, 2009): a long text speaks for its parent, and less and less for what is above it.
void add_scores(Page& page, const Block& block, int prose) {
    int64_t score = prose;
    Element& own = page.elements[block.element];
    if (own.tag == T_DIV || own.tag == T_TD || own.tag == T_SECTION || own.tag == T_ARTICLE) own.score += score;
    int at = own.parent;
    for (int level = 0; at >= 0 && level < 4; level++) {
        page.elements[at].score += score;
        score = score * 3 / 5;
        at = page.elements[at].parent;
    }
}

}  // namespace

void measure(Page& page) {
    const Facts& facts = page.facts;
    const Said said{words_of_title(facts.title), triples_of(facts.said), triples_of(facts.description)};
    page.facts.said_words = said.json.size();
    std::unordered_map<uint64_t, int> copies;
    for (Block& block : page.blocks) {
        count_words(page, block, said);
        count_characters(page, block);
        copies[block.hash]++;
    }
    for (size_t i = 0; i < page.blocks.size(); i++) {
        Block& block = page.blocks[i];
        block.copies = copies[block.hash];
        Sums sums = sums_of(block, static_cast<int>(i));
        page.elements[block.element].sums.add(sums);
        if (sums.prose) add_scores(page, block, sums.prose);
    }
    // A child stands behind its parent, so one walk in each direction is enough.
    for (size_t i = page.elements.size(); i-- > 1;) {
        page.elements[page.elements[i].parent].sums.add(page.elements[i].sums);
    }
    for (size_t i = 1; i < page.elements.size(); i++) {
        Element& element = page.elements[i];
        const Element& parent = page.elements[element.parent];
        element.wider = parent.sums.characters > element.sums.characters ? element.parent : parent.wider;
    }
}

}  // namespace blocks
