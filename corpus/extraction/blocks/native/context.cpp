#include "context.h"

#include <unordered_map>

#include "characters.h"
#include "facts.h"
#include "block_features.h"
#include "words.h"

namespace blocks {

Context::Context(const Page& p, std::string_view url) : page(p) {
    sum_up();
    group();
    find_best();
    find_title();
    describe(url);
}

void Context::sum_up() {
    for (auto* sums : {&characters, &linked, &prose}) {
        sums->reserve(page.blocks.size() + 1);
        sums->push_back(0);
    }
    for (const Block& block : page.blocks) {
        characters.push_back(characters.back() + block.characters);
        linked.push_back(linked.back() + block.linked);
        prose.push_back(prose.back() + (block.is_prose() ? block.characters - block.linked : 0));
    }
}

void Context::group() {
    std::unordered_map<uint64_t, int> paths, signatures, element_paths;
    auto number = [&](std::unordered_map<uint64_t, int>& known, uint64_t key) {
        auto [found, is_new] = known.try_emplace(key, static_cast<int>(groups.size()));
        if (is_new) groups.emplace_back();
        return found->second;
    };
    blocks_by_path.assign(page.elements.size(), -1);
    blocks_by_signature = elements_by_path = blocks_by_path;
    for (size_t i = 0; i < page.blocks.size(); i++) {
        const Block& block = page.blocks[i];
        const Element& element = page.element_of(block);
        Sums own;
        own.characters = block.characters, own.linked = block.linked, own.blocks = 1;
        own.first = own.last = static_cast<int>(i);
        int by_path = blocks_by_path[block.element] = number(paths, element.path);
        int by_signature = blocks_by_signature[block.element] = number(signatures, element.signature);
        for (int at : {by_path, by_signature}) groups[at].sums.add(own), groups[at].members++;
    }
    for (size_t i = 0; i < page.elements.size(); i++) {
        const Element& element = page.elements[i];
        if (!element.sums.characters) continue;
        Group& alike = groups[elements_by_path[i] = number(element_paths, element.path)];
        alike.sums.add(element.sums), alike.members++;
    }
}

void Context::find_best() {
    float best_score = -1;
    for (size_t i = 0; i < page.elements.size(); i++) {
        const Element& element = page.elements[i];
        float score = static_cast<float>(element.score) * (1 - quotient(element.sums.linked, element.sums.characters));
        if (score > best_score) best_score = score, best = static_cast<int>(i);
    }
    above_best.assign(page.elements.size(), -1);
    for (int at = best, steps = 0; at >= 0; at = page.elements[at].parent) above_best[at] = steps++;
}

void Context::find_title() {
    for_each_word(page.facts.title, [&](std::string_view word, bool) { title_words += word.size() > 2; });
    float most_alike = 0;
    for (size_t i = 0; i < page.blocks.size(); i++) {
        const Block& block = page.blocks[i];
        const Element& element = page.element_of(block);
        bool is_heading = element.flags & bit(IN_HEADING);
        bool is_first = element.heading >= 0 && page.elements[element.heading].tag == T_H1;
        if (is_first && (heading < 0 || block.title_words > page.blocks[heading].title_words)) heading = static_cast<int>(i);
        if (block.title_words < 2) continue;
        float alike = quotient(block.title_words, title_words) * quotient(block.title_words, block.words) +
                      (is_heading ? 0.2f : 0.0f);
        if (alike > most_alike) most_alike = alike, titled = static_cast<int>(i);
    }
}

void Context::describe(std::string_view url) {
    const Facts& facts = page.facts;
    const Sums& all = page.elements[0].sums;
    const Element& chosen = page.elements[best];
    int words = 0, slashes = 0, digits = 0;
    for (const Block& block : page.blocks) words += block.words;
    for (unsigned char c : url) slashes += c == '/', digits += is_digit(c);
    auto add = [&](float value) { of_page.push_back(value); };
    add(all.characters);
    add(all.blocks);
    add(quotient(all.linked, all.characters));
    add(quotient(all.prose, all.characters));
    add(page.elements.size());
    for (int count : {facts.articles, facts.forms, facts.inputs, facts.images, facts.scripts}) add(count);
    for (int level = 0; level < 4; level++) add(facts.headings[level]);
    add(facts.og_type);
    add(facts.generator);
    for (int type = 0; type < JSON_TYPES; type++) add(facts.json_types >> type & 1);
    add(kind_of_url(url));
    add(slashes);
    add(quotient(digits, url.size() + 1));
    add(page.length);
    add(heading < 0 ? -1 : quotient(heading, all.blocks));
    add(chosen.score);
    add(quotient(chosen.sums.characters, all.characters));
    add(quotient(chosen.sums.prose, all.prose));
    add(chosen.sums.blocks);
    add(quotient(all.characters, words));
    add(facts.said_words);
}

}  // namespace blocks
