#include "element.h"

#include <cstdlib>

#include "characters.h"
#include "words.h"

namespace blocks {
namespace {

uint32_t flags_of_tag(Tag tag) {
    switch (tag) {
        case T_NAV: return bit(IN_NAV);
        case T_HEADER: return bit(IN_HEADER);
        case T_FOOTER: return bit(IN_FOOTER);
        case T_ASIDE: return bit(IN_ASIDE);
        case T_ARTICLE: return bit(IN_ARTICLE);
        case T_MAIN: return bit(IN_MAIN);
        case T_SECTION: return bit(IN_SECTION);
        case T_FORM: return bit(IN_FORM);
        case T_TABLE: return bit(IN_TABLE);
        case T_UL: case T_OL: case T_MENU: return bit(IN_LIST);
        case T_FIGURE: return bit(IN_FIGURE);
        case T_BUTTON: return bit(IN_BUTTON);
        case T_BLOCKQUOTE: return bit(IN_QUOTE);
        case T_DL: return bit(IN_DEFINITIONS);
        case T_LABEL: case T_OPTION: return bit(IN_LABEL);
        case T_A: return bit(IN_LINK);
        case T_NOSCRIPT: return bit(IN_NOSCRIPT);
        case T_LI: return bit(IN_ITEM);
        case T_PRE: return bit(IN_PREFORMATTED);
        case T_DETAILS: return bit(IN_DETAILS);
        case T_DIALOG: return bit(IN_DIALOG);
        case T_TD: case T_TH: return bit(IN_CELL);
        case T_P: return bit(IN_PARAGRAPH);
        case T_CODE: return bit(IN_CODE);
        case T_FIGCAPTION: return bit(IN_CAPTION);
        default: return is_heading(tag) ? bit(IN_HEADING) : 0;
    }
}

uint32_t flags_of_role(std::string_view role) {
    if (role == "navigation") return bit(IN_NAV);
    if (role == "main") return bit(IN_MAIN);
    if (role == "contentinfo") return bit(IN_FOOTER);
    if (role == "complementary") return bit(IN_ASIDE);
    if (role == "banner") return bit(IN_HEADER);
    if (role == "dialog") return bit(IN_DIALOG);
    return role == "article" ? bit(IN_ARTICLE) : 0;
}

bool is_hidden(const Attributes& attributes) {
    size_t display = attributes.style.find("display");
    bool by_style = display != std::string_view::npos && contains(attributes.style.substr(display, 16), "none");
    return attributes.hidden || by_style;
}

// Formulas that a browser draws beside their TeX or MathML, and the edit links of a wiki's headings.
bool is_second_form(std::string_view cls) {
    return contains(cls, "katex-html") || contains(cls, "mw-editsection") || cls == "MathJax" || cls == "MathJax_Display" ||
           cls == "MathJax_Preview";
}

uint64_t signature_of(std::string_view cls, uint64_t name_hash) {
    uint64_t hash = HASH_SEED;
    for (unsigned char c : trimmed(cls)) {
        if (is_space(c)) break;
        if (!is_digit(c)) hash = hash_byte(hash, c);
    }
    return hash * 31 + name_hash;
}

int number_in(std::string_view text, int otherwise) {
    std::string digits(trimmed(text).substr(0, 9));
    bool is_number = !digits.empty() && (is_digit(digits[0]) || (digits[0] == '-' && digits.size() > 1 && is_digit(digits[1])));
    return is_number ? atoi(digits.c_str()) : otherwise;
}

}  // namespace

void describe(Element& element, const Token& token, uint32_t groups) {
    const Attributes& attributes = token.attributes;
    element.tag = token.tag;
    element.depth++;
    element.sums = Sums();
    if (token.tag == T_BODY || token.tag == T_HTML) groups = 0;
    for (int group = 0; group < GROUPS; group++) {
        uint8_t& distance = element.distance[group];
        distance = groups >> group & 1 ? 0 : distance < 15 ? distance + 1 : 15;
    }
    element.flags |= flags_of_tag(token.tag) | flags_of_role(attributes.role);
    std::string_view property = attributes.itemprop;
    bool is_body = contains(property, "articleBody") || contains(property, "description") || property == "text";
    if (is_body) element.flags |= bit(IN_BODY_PROPERTY);
    if (is_hidden(attributes)) element.flags |= bit(IN_HIDDEN);
    if (is_second_form(attributes.cls)) element.flags |= bit(IGNORED);
    element.signature = signature_of(attributes.cls, token.name_hash);
    element.path = element.path * 0x9E3779B97F4A7C15ULL ^ (element.signature + (element.path >> 29));
}

void place(Element& element, Element& parent, int index, const Attributes& attributes) {
    Tag tag = element.tag;
    element.number = element.column = 0;
    if (has(tag, BLOCK)) element.block = index;
    if (is_heading(tag)) element.heading = index;
    if (is_list(tag)) {
        element.list_depth++;
        element.item = -1;
        if (tag == T_OL) element.number = number_in(attributes.start, 1);
    } else if (tag == T_LI) {
        element.item = index;
        if (parent.tag == T_OL) {
            element.number = number_in(attributes.value, parent.number);
            parent.number = element.number + 1;
        }
    } else if (tag == T_TABLE) {
        element.table = index;
        element.row = element.cell = element.item = -1;
    } else if (tag == T_TR) {
        element.row = index;
    } else if (is_cell(tag)) {
        element.cell = index;
        if (parent.tag == T_TR) element.column = parent.column++;
    } else if (tag == T_PRE || tag == T_PLAINTEXT) {
        element.pre = index;
    }
}

}  // namespace blocks
