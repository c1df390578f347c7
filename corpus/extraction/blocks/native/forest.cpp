#include "forest.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace blocks {
namespace {

constexpr int STEPS_PER_LOGIT = 256;
constexpr int LARGEST_LOGIT = 16;

// Most blocks of a page are furniture beyond doubt after a few trees: the other trees are not asked about them.
struct Exit {
    size_t trees;
    int64_t hopeless;  // sums of leaves below it: a probability of .07, .05, .04
};
constexpr Exit EXITS[] = {{30, -5 * 65536 / 2}, {60, -3 * 65536}, {100, -13 * 65536 / 4}};

// The logistic function at steps of 1/256. exp() may differ between machines in its last bit; products do not.
struct Logistic {
    std::array<float, 2 * LARGEST_LOGIT * STEPS_PER_LOGIT + 1> values;

    Logistic() {
        constexpr double ROOT = 1.0039138893383475734436096039;  // e^(1/256)
        const int middle = LARGEST_LOGIT * STEPS_PER_LOGIT;
        double power = 1;
        for (int step = 0; step <= middle; step++, power *= ROOT) {
            values[middle + step] = static_cast<float>(power / (1 + power));
            values[middle - step] = static_cast<float>(1 / (1 + power));
        }
    }
};

}  // namespace

void Forest::probabilities(const float* rows, int count, size_t width, float* out) const {
    static const Logistic logistic;
    std::vector<int64_t> sums(count);
    std::vector<int> asked(count);
    std::iota(asked.begin(), asked.end(), 0);
    for (size_t number = 0; number < trees.size(); number++) {
        for (const Exit& exit : EXITS) {
            if (number != exit.trees) continue;
            auto is_hopeless = [&](int i) { return sums[i] < exit.hopeless; };
            asked.erase(std::remove_if(asked.begin(), asked.end(), is_hopeless), asked.end());
        }
        const Node* root = nodes.data() + trees[number].first_node;
        const int32_t* leaf = leaves.data() + trees[number].first_leaf;
        for (int i : asked) {
            const float* row = rows + i * width;
            int at = 0;
            while (at >= 0) at = row[root[at].feature] <= root[at].threshold ? root[at].left : root[at].right;
            sums[i] += leaf[~at];
        }
    }
    const int64_t middle = LARGEST_LOGIT * STEPS_PER_LOGIT;
    for (int i = 0; i < count; i++) {
        out[i] = logistic.values[std::clamp<int64_t>(middle + (sums[i] >> 8), 0, 2 * middle)];
    }
}

}  // namespace blocks
