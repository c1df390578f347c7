#include "choose.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "block_features.h"

namespace blocks {
namespace {

constexpr size_t BLOCKS_AT_A_TIME = 32;  // their features fit into the first cache, 32 kB
constexpr float SHARE_FOR_CODE = 0.8f;
constexpr size_t REACH = 3;             // blocks on either side of code that speak for it
constexpr float SHARE_OF_GROUP = 0.4f;  // how far blocks of the same path decide together
constexpr int MOST_IN_A_SHELL = 250;  // characters of a page that shows nothing until its scripts run
constexpr int FEWEST_WORDS = 8;  // of a text that says something; shorter ones are names, buttons and titles
constexpr float LOWEST_THRESHOLD = 0.1f, HIGHEST_THRESHOLD = 0.6f;

// Code of a script that broke out of its element: never text. In prose of 2,062 pages signs like ";" and "{" are at
// most one character in twenty.
bool is_script(const Page& page, const Block& block) {
    const Element& element = page.element_of(block);
    if (element.pre >= 0 || block.code * 2 > block.characters || block.characters < 30) return false;
    std::string_view text = page.text_of(block);
    bool has_braces = text.find('{') != std::string_view::npos && text.find('}') != std::string_view::npos;
    return has_braces && block.script_signs * 12 > block.characters;
}

// Line numbers beside code.
bool is_gutter(const Page& page, const Block& block) {
    return page.element_of(block).pre >= 0 && block.digits == block.characters;
}

// A sign that stands alone, between links say: ".", "›", "|". Asterisks part the scenes of a story.
bool is_stray_sign(const Page& page, const Block& block) {
    const Element& element = page.element_of(block);
    bool is_free = element.pre < 0 && element.cell < 0 && block.tokens == 0;
    return is_free && page.text_of(block).find_first_not_of("* \n") != std::string_view::npos;
}

// What a page keeps for browsers without scripts, where it shows more than a line without it: "Please switch on ...".
bool is_hidden_copy(const Page& page, const Block& block, int outside_noscript) {
    return page.element_of(block).flags & bit(IN_NOSCRIPT) && outside_noscript > MOST_IN_A_SHELL;
}

// Mix in the mean of the blocks of the same path, weighted by words: posts of a thread stand or fall together.
void share_within_groups(const Context& context, std::vector<float>& probability) {
    const auto& blocks = context.page.blocks;
    std::vector<float> sum(context.groups.size()), weight(context.groups.size());
    for (size_t i = 0; i < blocks.size(); i++) {
        int group = context.blocks_by_path[blocks[i].element];
        float words = static_cast<float>(blocks[i].tokens) + 0.5f;
        sum[group] += words * probability[i];
        weight[group] += words;
    }
    for (size_t i = 0; i < blocks.size(); i++) {
        int group = context.blocks_by_path[blocks[i].element];
        if (probability[i] > 0) probability[i] += SHARE_OF_GROUP * (sum[group] / weight[group] - probability[i]);
    }
}

// Code looks like nothing that is main text, but it is, where the prose around it is: it gets at least four fifths of
// the mean of the three blocks before and the three behind it that are no code.
void follow_prose(const Context& context, std::vector<float>& probability) {
    const Page& page = context.page;
    std::vector<int> others;
    for (size_t i = 0; i < page.blocks.size(); i++) {
        if (page.element_of(page.blocks[i]).pre < 0) others.push_back(static_cast<int>(i));
    }
    size_t behind = 0;  // the first of the others behind block i
    for (int i = 0; i < static_cast<int>(page.blocks.size()); i++) {
        while (behind < others.size() && others[behind] < i) behind++;
        bool is_code = page.element_of(page.blocks[i]).pre >= 0 && probability[i] > 0;
        float sum = 0, weight = 0;
        size_t from = behind > REACH ? behind - REACH : 0, to = std::min(others.size(), behind + REACH);
        for (size_t at = from; is_code && at < to; at++) {
            float words = static_cast<float>(page.blocks[others[at]].tokens) + 0.5f;
            sum += words * probability[others[at]];
            weight += words;
        }
        if (weight > 0) probability[i] = std::max(probability[i], SHARE_FOR_CODE * sum / weight);
    }
}

// What a page shows in two places that are built differently: for wide and for narrow screens, as a teaser and in full,
// in a post and where another quotes it. The first is enough. Siblings that say the same are their author's, and so are
// three or more that are built alike: the items of a list.
void drop_copies(const Context& context, std::vector<char>& chosen) {
    const Page& page = context.page;
    std::unordered_map<uint64_t, int> firsts;  // of a text: the element of its first block
    for (size_t i = 0; i < chosen.size(); i++) {
        const Block& block = page.blocks[i];
        if (!chosen[i] || block.copies == 1 || block.tokens < FEWEST_WORDS || page.element_of(block).pre >= 0) continue;
        auto [first, is_new] = firsts.emplace(block.hash, block.element);
        if (is_new) continue;
        bool same_path = context.blocks_by_path[first->second] == context.blocks_by_path[block.element];
        bool are_siblings = page.elements[first->second].parent == page.element_of(block).parent;
        if (!same_path || (block.copies == 2 && !are_siblings)) chosen[i] = 0;
    }
}

// A heading, or "Read also:", with nothing behind it: of a part of the page that is not main text.
void drop_last_headings(const Page& page, std::vector<char>& chosen) {
    auto announces = [&](const Block& block) {
        return page.element_of(block).heading >= 0 || (block.last == ':' && block.tokens < FEWEST_WORDS);
    };
    bool has_text = false;
    for (size_t i = 0; i < chosen.size(); i++) has_text |= chosen[i] && !announces(page.blocks[i]);
    for (size_t i = chosen.size(); has_text && i-- > 0;) {
        if (!chosen[i]) continue;
        if (!announces(page.blocks[i])) return;
        chosen[i] = 0;
    }
}

}  // namespace

std::vector<float> probabilities(const Context& context, const Forest& forest) {
    const Page& page = context.page;
    const size_t width = feature_names().size();
    int outside_noscript = 0;
    for (const Block& block : page.blocks) {
        if (!(page.element_of(block).flags & bit(IN_NOSCRIPT))) outside_noscript += block.characters;
    }
    std::vector<float> out(page.blocks.size(), 0), rows(BLOCKS_AT_A_TIME * width), found(BLOCKS_AT_A_TIME);
    std::vector<size_t> asked;
    const LearnedWords learned(page, forest.lexicon);
    for (size_t i = 0; i < page.blocks.size(); i++) {
        const Block& block = page.blocks[i];
        bool is_none = is_script(page, block) || is_gutter(page, block) || is_stray_sign(page, block) ||
                       is_hidden_copy(page, block, outside_noscript);
        if (!is_none) {
            write_features(context, learned, static_cast<int>(i), rows.data() + asked.size() * width);
            asked.push_back(i);
        }
        if (asked.size() == BLOCKS_AT_A_TIME || i + 1 == page.blocks.size()) {
            forest.probabilities(rows.data(), static_cast<int>(asked.size()), width, found.data());
            for (size_t k = 0; k < asked.size(); k++) out[asked[k]] = found[k];
            asked.clear();
        }
    }
    return out;
}

// The threshold with the greatest expected F1. With words w and probabilities p, the n likeliest blocks have
// E[F1] ~ 2 sum(w p over them) / (sum(w over them) + sum(w p over all)).
// Worked example: w = 100, 10, 50 and p = .9, .6, .2: 180/206 = .87, 192/216 = .89, 212/266 = .80: two blocks.
Choice choose(const Context& context, std::vector<float> probability) {
    const auto& blocks = context.page.blocks;
    share_within_groups(context, probability);
    follow_prose(context, probability);
    Choice choice;
    choice.chosen.assign(blocks.size(), 0);
    std::vector<int> order(blocks.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return probability[a] > probability[b]; });
    double expected = 1e-9, taken = 0, right = 0;
    auto words = [&](int block) { return std::max(0.01, static_cast<double>(blocks[block].tokens)); };
    for (int block : order) expected += words(block) * probability[block];
    float threshold = 1;
    for (int block : order) {
        taken += words(block);
        right += words(block) * probability[block];
        float f1 = static_cast<float>(2 * right / (taken + expected));
        if (f1 > choice.expected_f1) choice.expected_f1 = f1, threshold = probability[block];
    }
    threshold = std::clamp(threshold, LOWEST_THRESHOLD, HIGHEST_THRESHOLD);
    for (size_t i = 0; i < blocks.size(); i++) choice.chosen[i] = probability[i] >= threshold;
    drop_copies(context, choice.chosen);
    drop_last_headings(context.page, choice.chosen);
    return choice;
}

}  // namespace blocks
