// A forest of boosted trees, and the probability that a block is main text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lexicon.h"

namespace blocks {

// Values of leaves are integers, in units of 2^-16 of a logit, so that a sum is exact in any order.
class Forest {
  public:
    // Node n goes to `left` if row[feature] <= threshold, else to `right`; a child below zero is leaf ~child.
    // Children count from the root of their tree; leaves from its first leaf.
    struct Node {
        float threshold;
        uint8_t feature;
        int8_t left, right;
    };
    struct Tree {
        int32_t first_node, first_leaf;
    };

    std::vector<Node> nodes;
    std::vector<Tree> trees;
    std::vector<int32_t> leaves;
    Lexicon lexicon;  // of the words of which the rows have scores

    // The probabilities of rows of `width` features each. Tree by tree, so that a tree stays in the cache and the walks of
    // different rows overlap: twice as fast as row by row.
    void probabilities(const float* rows, int count, size_t width, float* out) const;
};

}  // namespace blocks
