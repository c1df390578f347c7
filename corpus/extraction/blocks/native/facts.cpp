#include "facts.h"

#include <algorithm>
#include <initializer_list>

#include "characters.h"

namespace blocks {
namespace {

using Words = std::initializer_list<std::string_view>;

bool any_in(std::string_view text, Words words) {
    for (std::string_view word : words) {
        if (contains(text, word)) return true;
    }
    return false;
}

// The position, from 1, of the first list with a word in the text; 0 if there is none.
int first_match(std::string_view text, std::initializer_list<Words> lists) {
    int position = 0;
    for (const Words& words : lists) {
        position++;
        if (any_in(text, words)) return position;
    }
    return 0;
}

const Words TYPES[JSON_TYPES] = {
    {"NewsArticle", "ReportageNews"}, {"\"Article", "BlogPosting"}, {"\"Product\""}, {"DiscussionForum", "QAPage"},
    {"ItemList", "CollectionPage"},   {"LocalBusiness", "Service"}, {"FAQPage"},     {"Recipe"},
    {"TechArticle"},
};

constexpr size_t SHORTEST_TEXT = 100;       // bytes of a string in JSON-LD, for it to be read
constexpr size_t LONGEST_TEXTS = 1 << 20;  // of all of them

std::string unescaped(std::string_view json) {
    std::string out;
    for (size_t i = 0; i < json.size(); i++) {
        if (json[i] != '\\' || i + 1 == json.size()) {
            out += json[i];
            continue;
        }
        char kind = json[++i];
        if (kind == 'u') {
            uint32_t code = 0;
            for (size_t end = std::min(i + 5, json.size()); i + 1 < end && value_of_digit(json[i + 1], 16) >= 0;) {
                code = code * 16 + value_of_digit(json[++i], 16);
            }
            append_code_point(out, code);
        } else {
            out += kind == 'n' || kind == 'r' || kind == 't' ? ' ' : kind;
        }
    }
    return out;
}

void append_without_tags(std::string& out, std::string_view html) {
    for (size_t open; (open = html.find('<')) != std::string_view::npos;) {
        out += plain(html.substr(0, open)) += ' ';
        size_t close = html.find('>', open);
        html.remove_prefix(close == std::string_view::npos ? html.size() : close + 1);
    }
    out += plain(html) += '\n';
}

}  // namespace

void read_meta(Facts& facts, const Attributes& attributes) {
    std::string_view content = attributes.content;
    if (attributes.property == "og:type") {
        int known = first_match(content, {{"article"}, {"product"}, {"website"}, {"profile"}});
        facts.og_type = known ? known : 5;
    } else if (attributes.property == "og:title" && facts.card_title.empty()) {
        facts.card_title = plain(content);
    } else if (attributes.name == "description" || attributes.property == "og:description") {
        if (content.size() > facts.description.size()) facts.description = plain(content);
    } else if (attributes.name == "generator") {
        int known = first_match(lowered(content), {
            {"wordpress"}, {"drupal"}, {"joomla"}, {"discourse"}, {"mediawiki"},
            {"sphinx", "docutils", "mkdocs", "docusaurus", "hugo", "jekyll"},
            {"wix", "squarespace", "webflow"}, {"shopify", "magento", "woo"}, {"vbulletin", "phpbb", "xenforo"}});
        facts.generator = known ? known : 10;
    }
}

void read_json_ld(Facts& facts, std::string_view json) {
    constexpr std::string_view KEY = "\"@type\"";
    for (size_t at = json.find(KEY); at != std::string_view::npos; at = json.find(KEY, at + KEY.size())) {
        std::string_view value = json.substr(at + KEY.size(), 53);
        for (int type = 0; type < JSON_TYPES; type++) {
            if (any_in(value, TYPES[type])) facts.json_types |= 1u << type;
        }
    }
    for (size_t open = json.find('"'); open < json.size();) {
        size_t close = open + 1;
        while (close < json.size() && json[close] != '"') close += json[close] == '\\' ? 2 : 1;
        if (close - open > SHORTEST_TEXT && facts.said.size() < LONGEST_TEXTS) {
            append_without_tags(facts.said, unescaped(json.substr(open + 1, close - open - 1)));
        }
        open = json.find('"', close + 1);
    }
}

int kind_of_url(std::string_view url) {
    return first_match(lowered(url), {
        {"forum", "thread", "topic", "viewtopic", "/t/", "comments/"},
        {"product", "/p/", "/dp/", "item"},
        {"categor", "collection", "/tag/", "search"},
        {"docs", "documentation", "/api", "reference", "manual"},
        {"blog", "news", "article", "/19", "/20"},
        {"service", "about", "solutions"}});
}

}  // namespace blocks
