// The features of a block: what the model sees. All are counts, or quotients of two counts in IEEE single precision,
// and none calls the C library's mathematics, so they are the same bits on every machine; trees need no logarithms.
#pragma once

#include <string>
#include <vector>

#include "context.h"
#include "lexicon.h"

namespace blocks {

// A change of the features, or of what is a block, is another version and needs new weights.
constexpr int FEATURE_VERSION = 2;

inline float quotient(int64_t part, int64_t whole) {
    return whole ? static_cast<float>(part) / static_cast<float>(whole) : 0.0f;
}

const std::vector<std::string>& feature_names();

// Write the features of one block, as many as there are names.
void write_features(const Context& context, const LearnedWords& learned, int block, float* row);

}  // namespace blocks
