// What was learned of single words: those of texts ("subscribe", "read more"), and those of the classes and ids around a
// text. Training finds them (benchmarks/learned_words.py); the weights have them beside the trees.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "page.h"

namespace blocks {

// Where a word stands: in the text; two neighbours in the text; in the class or id of the block's own element, of the two
// elements above it, of those farther up.
enum Family : uint32_t { WORD, PAIR, OWN, NEAR, FAR, FAMILIES };

constexpr uint32_t BEFORE_FIRST = 1, BEHIND_LAST = 2;  // neighbours of the first and of the last word

inline uint32_t pair_of(uint32_t first, uint32_t second) { return first * 31 + second; }

// A word of a family as one number; two words may share one, and then are one.
inline uint32_t key_of(Family family, uint32_t word) { return (word + family * 0x9E3779B9u) * 0x85EBCA6Bu; }

// Words and their scores: how much oftener they stood in main text than other words, in units of 2^-5 of a logit, never 0.
class Lexicon {
  public:
    void learn(const uint32_t* keys, const int8_t* scores, int count);

    // 0 for a word that was not learned.
    int score(uint32_t key) const {
        if (!(seen_[key >> SHIFT_OF_SEEN] >> (key >> (SHIFT_OF_SEEN - 6) & 63) & 1)) return 0;
        for (size_t slot = key >> shift_;; slot++) {
            const Entry& entry = entries_[slot];
            if (entry.key == key || !entry.score) return entry.score;
        }
    }

  private:
    struct Entry {
        uint32_t key = 0;
        int32_t score = 0;
    };

    static constexpr int SHIFT_OF_SEEN = 19;

    int shift_ = 31;
    std::vector<Entry> entries_ = std::vector<Entry>(3);
    std::vector<uint64_t> seen_ = std::vector<uint64_t>(1 << (32 - SHIFT_OF_SEEN));  // 64 kB, for the many that are not known
};

// The scores of the words of one family.
struct Scores {
    int sum = 0, known = 0, most = 0, least = 0;

    void add(int score) { add({score, score != 0, std::max(score, 0), std::min(score, 0)}); }
    void add(const Scores& more) {
        sum += more.sum, known += more.known;
        most = std::max(most, more.most), least = std::min(least, more.least);
    }
};

// Call `visit(family, number in Page::attributes)` for the classes and ids around a block.
template <class Visit>
void for_each_attribute(const Page& page, const Block& block, Visit visit) {
    constexpr int LEVELS = 10;
    int at = block.element;
    for (int level = 0; at > 0 && level < LEVELS; level++, at = page.elements[at].parent) {
        for (int attribute : page.elements[at].attributes) visit(level == 0 ? OWN : level < 3 ? NEAR : FAR, attribute);
    }
}

// Call `visit(family, key)` for the words of a block's text.
template <class Visit>
void for_each_text_key(const Page& page, const Block& block, Visit visit) {
    uint32_t before = BEFORE_FIRST;
    for (size_t i = block.words_begin; i < block.words_end; before = page.words[i++]) {
        visit(WORD, key_of(WORD, page.words[i]));
        visit(PAIR, key_of(PAIR, pair_of(before, page.words[i])));
    }
    visit(PAIR, key_of(PAIR, pair_of(before, BEHIND_LAST)));
}

// The scores of each block of a page. A class counts once for all elements that have it.
class LearnedWords {
  public:
    LearnedWords(const Page& page, const Lexicon& lexicon);

    std::array<Scores, FAMILIES> of(const Block& block) const;

  private:
    const Page& page_;
    const Lexicon& lexicon_;
    std::vector<std::array<Scores, FAMILIES>> of_attribute_;
};

}  // namespace blocks
