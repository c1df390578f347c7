// A page after the pass: its elements, its blocks of text, and what it says of itself.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tags.h"

namespace blocks {

constexpr int GROUPS = 24;  // of words in classes, ids and roles: see words.cpp

// What a block stands in, at any distance; each is one feature.
enum Flag : uint32_t {
    IN_NAV, IN_HEADER, IN_FOOTER, IN_ASIDE, IN_ARTICLE, IN_MAIN, IN_SECTION, IN_FORM, IN_TABLE, IN_LIST, IN_FIGURE,
    IN_BUTTON, IN_QUOTE, IN_DEFINITIONS, IN_LABEL, IN_LINK, IN_NOSCRIPT, IN_HIDDEN, IN_ITEM, IN_BODY_PROPERTY,
    IN_PREFORMATTED, IN_DETAILS, IN_DIALOG, IN_CELL, IN_HEADING, IN_PARAGRAPH, IN_CODE, IN_CAPTION,
    FLAGS,
    IGNORED = 31,  // text in it is a second form of what stands elsewhere
};
inline uint32_t bit(Flag flag) { return 1u << flag; }

// Sums over the blocks in an element or a group of elements.
struct Sums {
    int characters = 0, linked = 0, blocks = 0, prose = 0, images = 0;
    int first = INT32_MAX, last = -1;  // block

    void add(const Sums& other) {
        characters += other.characters, linked += other.linked, blocks += other.blocks, prose += other.prose;
        images += other.images;
        first = other.first < first ? other.first : first;
        last = other.last > last ? other.last : last;
    }
};

struct Element {
    Tag tag = T_OTHER;
    int parent = -1;
    int depth = 0;
    uint32_t flags = 0;
    uint64_t signature = 7;  // tag and first class, without digits, so that "post-17" repeats
    uint64_t path = 7;       // the signatures from the root on
    std::array<uint8_t, GROUPS> distance{};  // to the nearest element at or above with a word of the group, at most 15

    // The nearest at or above, -1 if none.
    int block = 0, heading = -1, item = -1, table = -1, row = -1, cell = -1, pre = -1;
    std::array<int, 2> attributes{};  // class and id, in Page::attributes
    int list_depth = 0;
    int number = 0;          // of an item of an ordered list; of the next item, for the list; 0: has no number
    int column = 0;          // of a cell; for a row, how many it has

    Sums sums;
    int64_t score = 0;       // of readability: long texts in it, and half as much in what is in it
    int wider = -1;          // the nearest above that holds more text
};

// One run of text between the borders that elements make.
struct Block {
    int element = 0;
    size_t begin = 0, end = 0;  // in Page::text
    int characters = 0, linked = 0, bold = 0, code = 0;  // bytes that are not white space
    int links = 0, images = 0, breaks = 0;

    // Filled in by measure_blocks.
    int words = 0, tokens = 0, stop_words = 0, capitalised = 0, title_words = 0;
    int capitals = 0, digits = 0, commas = 0, sentence_ends = 0, bars = 0, script_signs = 0, unspaced = 0, beyond_ascii = 0;
    int copies = 1;
    int said = 0, described = 0;           // triples of words that also stand in the page's JSON-LD, its description
    size_t words_begin = 0, words_end = 0;  // in Page::words
    bool starts_upper = false;
    char last = 0;
    uint64_t hash = 0;

    // Long enough and closed like a sentence.
    bool is_prose() const { return characters - linked >= 60 && sentence_ends > 0; }
};

// What a page says of itself, apart from its text.
struct Facts {
    std::string title, card_title;  // <title>, og:title
    std::string description;        // the longest of the descriptions for search engines and cards
    std::string said;               // the long texts in JSON-LD
    int og_type = 0, generator = 0;
    uint32_t json_types = 0;        // bits, see facts.cpp
    int forms = 0, inputs = 0, images = 0, articles = 0, scripts = 0;
    std::array<int, 6> headings{};
    bool has_math = false;
    int said_words = 0;
};

// The words in the value of a class or an id: their groups (words.h), and their hashes in Page::attribute_words.
struct AttributeWords {
    uint32_t groups = 0;
    size_t begin = 0, end = 0;
};

// What would keep a reader of the page busy for very long.
struct Excess {
    const char* what = nullptr;  // null for an ordinary page
    int number = 0;
};

struct Page {
    std::string text;  // of all blocks, each followed by a line feed
    std::vector<Element> elements;
    std::vector<Block> blocks;
    std::vector<uint32_t> words;  // hashes of words of the blocks, digits all alike; a long block has its first and its last
    std::vector<AttributeWords> attributes = std::vector<AttributeWords>(1);  // the first: none
    std::vector<uint32_t> attribute_words;
    Facts facts;
    Excess excess;
    size_t length = 0;  // bytes of HTML

    std::string_view text_of(const Block& block) const { return {text.data() + block.begin, block.end - block.begin}; }
    const Element& element_of(const Block& block) const { return elements[block.element]; }
};

constexpr int MOST_TAGS = 1'000'000;
constexpr int MOST_ATTRIBUTES = 5'000;  // in one tag; the most in 2,062 real pages is 413
constexpr int DEEPEST_NESTING = 5'000;

// One pass over the HTML (UTF-8): elements and blocks, without features.
Page read_page(std::string_view html);

// Count what is in the blocks and sum it up over elements. `measure` is what features and layout need.
void measure(Page& page);

}  // namespace blocks
