#include "notation.h"

#include <algorithm>
#include <vector>

#include "characters.h"
#include "tokenizer.h"

namespace blocks {
namespace {

constexpr size_t LONGEST_SCRIPT = 40;  // bytes; longer ones are small print

struct Small {
    char plain;
    const char *super, *sub;
};
const Small SMALL[] = {
    {'0', "⁰", "₀"}, {'1', "¹", "₁"}, {'2', "²", "₂"}, {'3', "³", "₃"}, {'4', "⁴", "₄"}, {'5', "⁵", "₅"}, {'6', "⁶", "₆"},
    {'7', "⁷", "₇"}, {'8', "⁸", "₈"}, {'9', "⁹", "₉"}, {'+', "⁺", "₊"}, {'-', "⁻", "₋"}, {'=', "⁼", "₌"}, {'(', "⁽", "₍"},
    {')', "⁾", "₎"}, {'n', "ⁿ", "ₙ"},
};

const char* small_form(char c, bool is_super) {
    for (const Small& small : SMALL) {
        if (small.plain == c) return is_super ? small.super : small.sub;
    }
    return nullptr;
}

// The text in small characters; empty if one of them does not exist.
std::string all_small(std::string_view text, bool is_super) {
    std::string out;
    for (char c : text) {
        const char* small = small_form(c, is_super);
        if (!small) return "";
        out += small;
    }
    return out;
}

// Letters that end a word or a number (19th, XIXe, no), and no exponent of a variable (e^x): two or more of them, or
// one after a word of several letters, or one that is an ending of numbers in French, Spanish, Italian or Portuguese.
bool is_ending(std::string_view script, std::string_view text, size_t from) {
    if (!std::all_of(script.begin(), script.end(), [](unsigned char c) { return is_letter(c) || c >= 0x80; })) return false;
    if (script.size() > 1) return true;
    if (script == "o" || script == "a" || script == "e") {
        if (script != "e" || is_digit(text[from - 1])) return true;
    }
    return from > 1 && is_letter(text[from - 1]) && is_letter(text[from - 2]);
}

// "e^(-kt)": an operator, and brackets unless one character or number follows.
std::string after_operator(std::string_view text, char op) {
    bool is_plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return is_letter(c) || is_digit(c); });
    std::string inner(text);
    return op + (is_plain ? inner : "(" + inner + ")");
}

}  // namespace

void set_script(std::string& text, size_t from, bool is_super) {
    std::string_view whole = trimmed(std::string_view(text).substr(from));
    if (whole.empty() || whole.size() > LONGEST_SCRIPT || from == 0 || is_space(text[from - 1])) return;
    std::string script(whole);
    for (size_t minus; (minus = script.find("−")) != std::string::npos;) script.replace(minus, 3, "-");
    std::string small = all_small(script, is_super);
    if (small.empty()) {
        if (is_space(text[from])) return;
        bool has_base = is_letter(text[from - 1]) || is_digit(text[from - 1]) || text[from - 1] == ')';
        bool is_mark = script.front() == '[' || script.front() == '*';
        if (!has_base || is_mark || (is_super && is_ending(script, text, from))) return;
        small = after_operator(script, is_super ? '^' : '_');
    }
    text.resize(from);
    text += small;
}

std::string tex_formula(std::string_view tex, bool is_display) {
    std::string inner = plain(tex);
    for (std::string_view style : {"{\\displaystyle ", "{\\textstyle "}) {
        if (inner.size() > style.size() && inner.compare(0, style.size(), style) == 0 && inner.back() == '}') {
            inner = std::string(trimmed(std::string_view(inner).substr(style.size(), inner.size() - style.size() - 1)));
        }
    }
    const char* sign = is_display ? "$$" : "$";
    return inner.empty() ? "" : sign + inner + sign;
}

namespace {

// MathML by its structure: the children of an element are joined as the element's kind says.
class MathReader {
  public:
    explicit MathReader(std::string_view content) : tokens_(content) {}

    std::string tex;

    std::string read() { return trimmed_join(children("math", 0)); }

  private:
    static constexpr int DEEPEST = 100;

    // The texts of the children up to the end tag of `name`.
    std::vector<std::string> children(std::string_view name, int depth) {
        std::vector<std::string> parts;
        Token token;
        const uint64_t end = hash_of(name);
        while (tokens_.next(token)) {
            if (token.kind == Token::TEXT) {
                std::string text = plain(token.text);
                if (!text.empty()) parts.push_back(text);
            } else if (token.kind == Token::END) {
                if (token.name_hash == end) break;
            } else if (!token.self_closing && depth < DEEPEST) {
                std::string text = element(token, depth + 1);
                if (!text.empty()) parts.push_back(text);
            }
        }
        return parts;
    }

    std::string element(const Token& start, int depth) {
        static const char* const NAMES[] = {"msup", "msub", "msubsup", "mfrac", "msqrt", "mover", "munder", "munderover",
                                            "mrow", "mi", "mn", "mo", "mtext", "mstyle", "mtable", "mtr", "mtd", "mspace",
                                            "mroot", "mfenced", "mpadded", "semantics", "mphantom", "menclose"};
        for (std::string_view name : NAMES) {
            if (hash_of(name) == start.name_hash) return joined(name, children(name, depth));
        }
        if (start.name_hash == hash_of("annotation")) {
            std::string text = join(children("annotation", depth), " ");
            if (contains(start.attributes.encoding, "tex")) tex = text;
        } else if (start.name_hash == hash_of("annotation-xml")) {
            children("annotation-xml", depth);
        }
        return "";
    }

    static std::string joined(std::string_view name, const std::vector<std::string>& parts) {
        if (name == "mfrac" && parts.size() == 2) return grouped(parts[0]) + "/" + grouped(parts[1]);
        if (name == "msqrt") return "√" + grouped(trimmed_join(parts));
        if (name == "mtd" || name == "mtr") return trimmed_join(parts) + " ";
        bool is_super = name == "msup" || name == "mover", is_sub = name == "msub" || name == "munder";
        if ((is_super || is_sub) && parts.size() == 2) return with_script(parts[0], parts[1], is_super);
        if ((name == "msubsup" || name == "munderover") && parts.size() == 3) {
            return with_script(with_script(parts[0], parts[1], false), parts[2], true);
        }
        return join(parts, "");
    }

    static std::string with_script(std::string base, const std::string& script, bool is_super) {
        std::string small = all_small(script, is_super);
        return base + (small.empty() ? after_operator(script, is_super ? '^' : '_') : small);
    }

    static std::string grouped(const std::string& text) {
        bool is_one = std::all_of(text.begin(), text.end(), [](unsigned char c) {
            return is_letter(c) || is_digit(c) || c >= 0x80;
        });
        return is_one ? text : "(" + text + ")";
    }

    static std::string join(const std::vector<std::string>& parts, const char* between) {
        std::string out;
        for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
        return out;
    }

    static std::string trimmed_join(const std::vector<std::string>& parts) { return std::string(trimmed(join(parts, ""))); }

    Tokenizer tokens_;
};

}  // namespace

std::string formula(std::string_view content, std::string_view alttext) {
    MathReader reader(content);
    std::string text = reader.read();
    bool is_tex = contains(alttext, "\\") || contains(alttext, "^") || contains(alttext, "_") || contains(alttext, "{");
    if (!reader.tex.empty()) return tex_formula(reader.tex, false);
    return is_tex ? tex_formula(alttext, false) : text;
}

}  // namespace blocks
