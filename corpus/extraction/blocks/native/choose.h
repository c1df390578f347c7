// The second look: from the probability of each block, seen alone, to the blocks that are the main text.
#pragma once

#include <vector>

#include "context.h"
#include "forest.h"

namespace blocks {

struct Choice {
    std::vector<char> chosen;  // one for each block
    float expected_f1 = 0;     // of the chosen words, if the probabilities are right
};

std::vector<float> probabilities(const Context& context, const Forest& forest);

Choice choose(const Context& context, std::vector<float> probability);

}  // namespace blocks
