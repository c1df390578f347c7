// The C interface, which Python calls with ctypes. Strings are UTF-8 with a length; an object belongs to the caller.

#include <cstring>
#include <memory>
#include <new>

#include "characters.h"
#include "choose.h"
#include "block_features.h"
#include "layout.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using namespace blocks;

namespace {

struct Reading {
    Page page;
    std::unique_ptr<Context> context;  // null for a page that is too much
    std::string text;
};

}  // namespace

EXPORT int blocks_feature_version() { return FEATURE_VERSION; }

EXPORT int blocks_feature_count() { return static_cast<int>(feature_names().size()); }

EXPORT const char* blocks_feature_names() {
    static const std::string joined = [] {
        std::string names;
        for (const std::string& name : feature_names()) names += name + "\n";
        return names;
    }();
    return joined.c_str();
}

EXPORT void blocks_set_references(const char* table, size_t length) { set_references({table, length}); }

struct ForestArrays {
    const float* thresholds;
    const uint8_t* features;
    const int8_t *lefts, *rights;
    const int32_t *leaves, *first_nodes, *first_leaves;
    const uint32_t* words;
    const int8_t* scores;
    int32_t nodes, leaf_count, trees, word_count;
};

EXPORT void* blocks_new_forest(const ForestArrays* arrays) {
    auto* forest = new Forest;
    for (int i = 0; i < arrays->nodes; i++) {
        forest->nodes.push_back({arrays->thresholds[i], arrays->features[i], arrays->lefts[i], arrays->rights[i]});
    }
    for (int i = 0; i < arrays->trees; i++) forest->trees.push_back({arrays->first_nodes[i], arrays->first_leaves[i]});
    forest->lexicon.learn(arrays->words, arrays->scores, arrays->word_count);
    forest->leaves.assign(arrays->leaves, arrays->leaves + arrays->leaf_count);
    return forest;
}

// Read a page up to its blocks. Null if memory runs out.
EXPORT void* blocks_read(const char* html, size_t length, const char* url, size_t url_length) try {
    auto reading = std::make_unique<Reading>();
    reading->page = read_page({html, length});
    if (reading->page.excess.what) return reading.release();
    measure(reading->page);
    reading->context = std::make_unique<Context>(reading->page, std::string_view(url, url_length));
    return reading.release();
} catch (const std::bad_alloc&) {
    return nullptr;
}

EXPORT void blocks_free(void* reading) { delete static_cast<Reading*>(reading); }

struct Result {
    const char* text;
    size_t length;
    float expected_f1;
};

// The main text by a forest, or by a choice (one byte for each block) if there is no forest. 1 if memory runs out.
EXPORT int blocks_write(void* handle, const void* forest, const char* chosen, Result* result) try {
    auto* reading = static_cast<Reading*>(handle);
    const Page& page = reading->page;
    *result = Result();
    if (reading->context && !page.blocks.empty()) {
        Choice choice;
        if (forest) {
            choice = choose(*reading->context, probabilities(*reading->context, *static_cast<const Forest*>(forest)));
        } else {
            choice.chosen.assign(chosen, chosen + page.blocks.size());
        }
        reading->text = lay_out(page, choice.chosen);
        result->expected_f1 = choice.expected_f1;
    }
    result->text = reading->text.data(), result->length = reading->text.size();
    return 0;
} catch (const std::bad_alloc&) {
    return 1;
}

// What is too much in the page, null for an ordinary one.
EXPORT const char* blocks_excess(const void* reading, int32_t* number) {
    const Excess& excess = static_cast<const Reading*>(reading)->page.excess;
    *number = excess.number;
    return excess.what;
}

EXPORT const char* blocks_title(const void* reading, size_t* length) {
    const Facts& facts = static_cast<const Reading*>(reading)->page.facts;
    const std::string& title = facts.title.empty() ? facts.card_title : facts.title;
    *length = title.size();
    return title.data();
}

EXPORT int blocks_count(const void* reading) {
    return static_cast<int>(static_cast<const Reading*>(reading)->page.blocks.size());
}

// For training: the features of all blocks; without a forest no word has a score.
EXPORT void blocks_features(const void* handle, const void* forest, float* rows) {
    const auto* reading = static_cast<const Reading*>(handle);
    const Lexicon none;
    const LearnedWords learned(reading->page, forest ? static_cast<const Forest*>(forest)->lexicon : none);
    const size_t width = feature_names().size();
    for (size_t i = 0; i < reading->page.blocks.size(); i++) {
        write_features(*reading->context, learned, static_cast<int>(i), rows + i * width);
    }
}

// Of each word of each block the number of the block, the family and the key: lines of three. How many there are.
EXPORT int64_t blocks_words(const void* handle, uint32_t* lines) {
    const Page& page = static_cast<const Reading*>(handle)->page;
    int64_t count = 0;
    for (size_t i = 0; i < page.blocks.size(); i++) {
        auto add = [&](Family family, uint32_t key) {
            if (lines) lines[3 * count] = static_cast<uint32_t>(i), lines[3 * count + 1] = family, lines[3 * count + 2] = key;
            count++;
        };
        for_each_text_key(page, page.blocks[i], add);
        for_each_attribute(page, page.blocks[i], [&](Family family, int attribute) {
            const AttributeWords& words = page.attributes[attribute];
            for (size_t k = words.begin; k < words.end; k++) add(family, key_of(family, page.attribute_words[k]));
        });
    }
    return count;
}

// Of each block where its text begins and ends, its words, its path.
EXPORT const char* blocks_text(const void* handle, int64_t* places) {
    const auto* reading = static_cast<const Reading*>(handle);
    for (const Block& block : reading->page.blocks) {
        *places++ = static_cast<int64_t>(block.begin);
        *places++ = static_cast<int64_t>(block.end);
        *places++ = block.tokens;
        *places++ = reading->context->blocks_by_path[block.element];
    }
    return reading->page.text.data();
}

// The probabilities before and the choice after the second look.
EXPORT void blocks_choose(const void* handle, const void* forest, float* probability, char* chosen) {
    const auto* reading = static_cast<const Reading*>(handle);
    std::vector<float> alone = probabilities(*reading->context, *static_cast<const Forest*>(forest));
    std::copy(alone.begin(), alone.end(), probability);
    Choice choice = choose(*reading->context, alone);
    std::copy(choice.chosen.begin(), choice.chosen.end(), chosen);
}
