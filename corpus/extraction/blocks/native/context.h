// What a page is as a whole, beside which each of its blocks is seen.
#pragma once

#include <string_view>
#include <vector>

#include "page.h"

namespace blocks {

// Elements, or blocks, that are built alike.
struct Group {
    Sums sums;
    int members = 0;
};

struct Context {
    // `page` has been measured, and outlives the context.
    Context(const Page& page, std::string_view url);

    const Group& like(const std::vector<int>& group_of, int element) const { return groups[group_of[element]]; }
    int64_t total() const { return characters.back(); }

    const Page& page;
    int title_words = 0;
    int heading = -1, titled = -1;    // the blocks of the <h1>, and of the title wherever it stands
    int best = 0;                     // readability's best element
    std::vector<int> above_best;      // of an element at or above the best one: how far above; else -1
    std::vector<Group> groups;
    std::vector<int> blocks_by_path, blocks_by_signature, elements_by_path;  // element -> group
    std::vector<int64_t> characters, linked, prose;  // sums over the blocks before each block, and over all
    std::vector<float> of_page;

  private:
    void sum_up();
    void group();
    void find_best();
    void find_title();
    void describe(std::string_view url);
};

}  // namespace blocks
