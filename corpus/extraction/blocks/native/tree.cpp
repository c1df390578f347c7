// The pass: tags become elements, texts become blocks. Elements are closed as browsers close them where it decides which
// element a text stands in: implied end tags, stray end tags, an unclosed <p>, <li> or <td>. A search up the stack is
// bounded, so time is linear in the page.

#include <initializer_list>
#include <unordered_map>

#include "characters.h"
#include "element.h"
#include "facts.h"
#include "notation.h"
#include "page.h"
#include "text_writer.h"
#include "tokenizer.h"
#include "words.h"

namespace blocks {
namespace {

constexpr int FARTHEST_END = 300;  // elements between an end tag and its start tag

using Tags = std::initializer_list<Tag>;

bool is_any(Tag tag, Tags tags) {
    for (Tag each : tags) {
        if (each == tag) return true;
    }
    return false;
}

class TreeBuilder {
  public:
    explicit TreeBuilder(std::string_view html) : tokens_(html), text_(page_) {
        page_.length = html.size();
        page_.elements.reserve(html.size() / 100 + 16);
        page_.text.reserve(html.size() / 4);
        Element root;
        root.distance.fill(15);
        page_.elements.push_back(root);
        open_.push_back({0, 0, 0});
    }

    Page build() {
        Token token;
        int tags = 0;
        while (!page_.excess.what && tokens_.next(token)) {
            if (token.kind == Token::TEXT) {
                add_text(token.text);
                continue;
            }
            if (++tags > MOST_TAGS) page_.excess = {"tags", tags};
            if (token.attributes.count > MOST_ATTRIBUTES) {
                page_.excess = {"attributes of one tag", token.attributes.count};
            }
            token.kind == Token::START ? start(token) : end(token);
        }
        text_.finish_block();
        return std::move(page_);
    }

  private:
    struct Open {
        int element;
        uint64_t name_hash;
        size_t text_from;
    };

    Element& top() { return page_.elements[open_.back().element]; }
    Tag tag_at(size_t position) const { return page_.elements[open_[position].element].tag; }

    void add_text(std::string_view text) {
        if (in_head_) {
            if (trimmed(text).empty()) return;
            leave_head();
        }
        if (!(top().flags & bit(IGNORED))) text_.add(text, open_.back().element);
    }

    void leave_head() {
        for (size_t i = open_.size(); in_head_ && i-- > 1;) {
            if (tag_at(i) == T_HEAD) close_to(i);
        }
        in_head_ = false;
    }

    // Close what is open from this position of the stack on.
    void close_to(size_t position) {
        while (open_.size() > position) {
            const Open last = open_.back();
            Tag tag = page_.elements[last.element].tag;
            if (has(tag, BLOCK) && !(text_.in_pre() && has(tag, IN_PRE))) text_.finish_block();
            text_.leave(tag, last.text_from);
            if (tag == T_HEAD) in_head_ = false;
            open_.pop_back();
        }
    }

    // Close the nearest open element of `tags`, unless one of `borders` stands between.
    void close_nearest(Tags tags, Tags borders, int farthest = 60) {
        for (size_t i = open_.size(); i-- > 1 && farthest--;) {
            Tag tag = tag_at(i);
            if (is_any(tag, tags)) return close_to(i);
            if (is_any(tag, borders)) return;
        }
    }

    void end(const Token& token) {
        Tag tag = token.tag;
        if (has(tag, VOID) || tag == T_HTML || tag == T_BODY) {
            if (tag == T_BR) text_.line_break();
            return;
        }
        break_text(tag);
        if (tag == T_P) return close_nearest({T_P}, {T_DIV, T_TD, T_LI, T_TABLE, T_SECTION, T_ARTICLE}, FARTHEST_END);
        bool leaves_table = has(tag, BLOCK) && !is_any(tag, {T_DIV, T_UL, T_LI});
        int farthest = FARTHEST_END;
        for (size_t i = open_.size(); i-- > 1 && farthest--;) {
            Tag open = tag_at(i);
            if (open == tag && (tag != T_OTHER || open_[i].name_hash == token.name_hash)) return close_to(i);
            if (open == T_TABLE && !leaves_table) return;
        }
    }

    // The border of a block; in <pre> some of them only begin a line.
    void break_text(Tag tag) {
        if (!has(tag, BLOCK)) return;
        if (text_.in_pre() && has(tag, IN_PRE)) {
            text_.new_line();
        } else {
            text_.finish_block();
        }
    }

    void start(const Token& token) {
        Tag tag = token.tag;
        if (in_head_ && !has(tag, IN_HEAD) && tag != T_OTHER) leave_head();
        if (tag == T_HEAD) in_head_ = open_.size() < 4;
        bool is_shown = tag == T_TEMPLATE && token.attributes.is_shadow_root;  // declarative: its content is on the page
        if ((has(tag, RAW) && !is_shown) || tag == T_MATH) return raw(token);
        if (tag == T_BR) return text_.line_break();
        close_implied(tag);
        break_text(tag);
        if (has(tag, VOID)) return add_void(token);
        if (in_head_ && tag == T_NOSCRIPT) return;
        open_.push_back({static_cast<int>(page_.elements.size()), token.name_hash, page_.text.size()});
        add_element(token);
        text_.enter(tag, token.attributes);
        if (tag == T_PLAINTEXT) add_text(tokens_.rest());
    }

    void raw(const Token& token) {
        Tag tag = token.tag;
        if (has(tag, BLOCK) && !in_head_) text_.finish_block();
        std::string_view content = token.self_closing && (tag == T_SVG || tag == T_MATH) ? "" : tokens_.raw_content(token);
        Facts& facts = page_.facts;
        if (tag == T_TITLE && facts.title.empty()) {
            facts.title = plain(content);
        } else if (tag == T_MATH) {
            facts.has_math = true;
            write(formula(content, token.attributes.alt));
        } else if (tag == T_SCRIPT) {
            facts.scripts++;
            std::string_view type = token.attributes.type;
            if (contains(type, "ld+json")) read_json_ld(facts, content);
            if (contains(type, "math/tex")) write(tex_formula(content, contains(type, "display")));
        } else if (tag == T_XMP) {
            text_.enter(T_PRE, token.attributes);
            write(content);
            text_.leave(T_PRE, 0);
            text_.finish_block();
        }
    }

    // Text that is ready: no references, no ignored ancestors.
    void write(std::string_view text) {
        if (!(top().flags & bit(IGNORED))) text_.add_ready(text, open_.back().element);
    }

    void add_void(const Token& token) {
        const Attributes& attributes = token.attributes;
        if (token.tag == T_META) read_meta(page_.facts, attributes);
        if (token.tag == T_INPUT) page_.facts.inputs++;
        if (token.tag != T_IMG) return;
        page_.facts.images++;
        top().sums.images++;
        text_.count_image();
        bool is_formula = attributes.cls == "latex" || attributes.cls == "tex" || contains(attributes.cls, "mwe-math");
        if (is_formula && !page_.facts.has_math) write(tex_formula(attributes.alt, false));
    }

    // End tags that a start tag implies.
    void close_implied(Tag tag) {
        if (has(tag, CLOSES_P)) {
            int farthest = 12;
            for (size_t i = open_.size(); i-- > 1 && farthest--;) {
                if (tag_at(i) == T_P) {
                    close_to(i);
                    break;
                }
                if (has(tag_at(i), BLOCK)) break;
            }
        }
        switch (tag) {
            case T_LI: return close_nearest({T_LI}, {T_UL, T_OL, T_MENU, T_TABLE});
            case T_DT: case T_DD: return close_nearest({T_DT, T_DD}, {T_DL, T_TABLE});
            case T_TD: case T_TH: return close_nearest({T_TD, T_TH}, {T_TR, T_TABLE});
            case T_TR: return close_nearest({T_TR}, {T_TABLE, T_TBODY, T_THEAD, T_TFOOT});
            case T_TBODY: case T_TFOOT: return close_nearest({T_THEAD, T_TBODY, T_TFOOT}, {T_TABLE});
            case T_OPTION: return close_nearest({T_OPTION}, {});
            case T_A: return text_.in_link() ? close_nearest({T_A}, {T_DIV, T_TD, T_LI, T_TABLE, T_P}, 20) : void();
            default: return;
        }
    }

    void add_element(const Token& token) {
        const int index = static_cast<int>(page_.elements.size());
        const int above = open_[open_.size() - 2].element;
        page_.elements.push_back(page_.elements[above]);
        Element& element = page_.elements.back();
        element.parent = above;
        describe(element, token, groups_of_attributes(token.attributes, element));
        place(element, page_.elements[above], index, token.attributes);
        Facts& facts = page_.facts;
        facts.articles += token.tag == T_ARTICLE;
        facts.forms += token.tag == T_FORM;
        if (is_heading(token.tag)) facts.headings[token.tag - T_H1]++;
        if (element.depth > DEEPEST_NESTING) page_.excess = {"nesting", element.depth};
    }

    uint32_t groups_of_attributes(const Attributes& attributes, Element& element) {
        element.attributes = {known(attributes.cls), known(attributes.id)};
        uint32_t groups = 0;
        for (int number : {element.attributes[0], element.attributes[1], known(attributes.role)}) {
            groups |= page_.attributes[number].groups;
        }
        return groups;
    }

    // The number of a class, an id or a role in Page::attributes.
    int known(std::string_view value) {
        if (value.empty()) return 0;
        auto [found, is_new] = attributes_.try_emplace(value, static_cast<int>(page_.attributes.size()));
        if (is_new) {
            size_t begin = page_.attribute_words.size();
            append_words_of(value, page_.attribute_words);
            page_.attributes.push_back({groups_of(value), begin, page_.attribute_words.size()});
        }
        return found->second;
    }

    Page page_;
    Tokenizer tokens_;
    TextWriter text_;
    std::vector<Open> open_;
    bool in_head_ = false;
    std::unordered_map<std::string_view, int> attributes_;
};

}  // namespace

Page read_page(std::string_view html) { return TreeBuilder(html).build(); }

}  // namespace blocks
