#include "tokenizer.h"

#include <cstddef>
#include <cstring>

#include "characters.h"

namespace blocks {
namespace {

const char* find(const char* from, const char* end, char c) {
    const void* found = from < end ? memchr(from, c, end - from) : nullptr;
    return found ? static_cast<const char*>(found) : end;
}

bool starts_with_name(const char* at, const char* end, std::string_view name) {
    if (end - at < static_cast<std::ptrdiff_t>(name.size())) return false;
    for (size_t i = 0; i < name.size(); i++) {
        if (lower(at[i]) != name[i]) return false;
    }
    return end - at == static_cast<std::ptrdiff_t>(name.size()) || !(is_letter(at[name.size()]) || is_digit(at[name.size()]));
}

// Whether the tag whose name begins at `at`, or at a slash before it, cannot stand in an open <svg> or <select>: browsers
// end one there that nobody closed (13.2.6.4.16, 13.2.6.5), and the page goes on.
bool cannot_hold(Tag open, const char* at, const char* end) {
    if (open != T_SVG && open != T_SELECT) return false;
    bool is_end = at < end && *at == '/';
    at += is_end;
    char name[16];
    size_t length = 0;
    while (at < end && length < sizeof name && (is_letter(*at) || is_digit(*at))) name[length++] = lower(*at++);
    Tag tag = tag_of({name, length});
    if (open == T_SELECT) {
        bool is_of_form = is_end ? tag == T_FORM : tag == T_SELECT || tag == T_INPUT || tag == T_TEXTAREA;
        return is_of_form || is_cell(tag) || tag == T_TR || tag == T_TBODY || tag == T_TABLE;
    }
    return !is_end && (is_heading(tag) || is_list(tag) || tag == T_DIV || tag == T_P || tag == T_LI || tag == T_TABLE);
}

void keep(Attributes& known, std::string_view name, std::string_view value) {
    known.count++;
    if (name.size() > 14) return;
    char small[14];
    for (size_t i = 0; i < name.size(); i++) small[i] = lower(name[i]);
    name = {small, name.size()};
    // The first of two attributes with one name counts.
    auto set = [&](std::string_view& field) { field = field.data() ? field : value; };
    switch (name.size()) {
        case 2: if (name == "id") set(known.id); break;
        case 3: if (name == "alt") set(known.alt); break;
        case 4:
            if (name == "role") set(known.role);
            else if (name == "name") set(known.name);
            else if (name == "type") set(known.type);
            else if (name == "href") set(known.href);
            break;
        case 5:
            if (name == "class") set(known.cls);
            else if (name == "style") set(known.style);
            else if (name == "start") set(known.start);
            else if (name == "value") set(known.value);
            break;
        case 6: if (name == "hidden") known.hidden = true; break;
        case 7:
            if (name == "content") set(known.content);
            else if (name == "alttext") set(known.alt);
            break;
        case 8:
            if (name == "itemprop") set(known.itemprop);
            else if (name == "property") set(known.property);
            else if (name == "encoding") set(known.encoding);
            break;
        case 11: if (name == "aria-hidden" && value == "true") known.hidden = true; break;
        case 14: if (name == "shadowrootmode") known.is_shadow_root = true; break;
    }
}

}  // namespace

bool Tokenizer::next(Token& token) {
    while (at_ < end_) {
        if (*at_ != '<') {
            const char* stop = find(at_, end_, '<');
            token.kind = Token::TEXT;
            token.text = {at_, static_cast<size_t>(stop - at_)};
            at_ = stop;
            return true;
        }
        bool is_end = end_ - at_ > 1 && at_[1] == '/';
        if (end_ - at_ > 1 + is_end && is_letter(at_[1 + is_end])) {
            read_tag(token);
            return true;
        }
        if (skip_declaration()) continue;
        token.kind = Token::TEXT;  // a "<" that begins no tag
        token.text = {at_++, 1};
        return true;
    }
    token.kind = Token::FINISHED;
    return false;
}

// Comments; and what the standard calls bogus comments, which end at ">": <!DOCTYPE, <![CDATA[, <?xml, </3.
bool Tokenizer::skip_declaration() {
    char second = end_ - at_ > 1 ? at_[1] : '\0';
    if (second != '!' && second != '?' && second != '/') return false;
    bool is_comment = end_ - at_ >= 4 && at_[1] == '!' && at_[2] == '-' && at_[3] == '-';
    if (!is_comment) {
        const char* stop = find(at_, end_, '>');
        at_ = stop < end_ ? stop + 1 : end_;
        return true;
    }
    const char* content = at_ + 4;
    for (const char* stop = find(content, end_, '>'); stop < end_; stop = find(stop + 1, end_, '>')) {
        std::ptrdiff_t length = stop - content;
        bool empty = length == 0 || (length == 1 && stop[-1] == '-');  // <!--> and <!--->
        bool closed = length >= 2 && stop[-1] == '-' && stop[-2] == '-';
        bool odd = length >= 3 && stop[-1] == '!' && stop[-2] == '-' && stop[-3] == '-';  // --!>
        if (empty || closed || odd) {
            at_ = stop + 1;
            return true;
        }
    }
    at_ = end_;
    return true;
}

void Tokenizer::read_tag(Token& token) {
    bool is_end = at_[1] == '/';
    token.kind = is_end ? Token::END : Token::START;
    token.attributes = Attributes();
    token.self_closing = false;
    at_ += 1 + is_end;
    char name[16];
    size_t length = 0;
    uint64_t hash = HASH_SEED;
    for (; at_ < end_ && !is_space(*at_) && *at_ != '>' && *at_ != '/'; at_++) {
        if (length < sizeof name) name[length] = lower(*at_);
        length++;
        hash = hash_byte(hash, lower(*at_));
    }
    token.tag = length <= sizeof name ? tag_of({name, length}) : T_OTHER;
    token.name_hash = hash;
    while (at_ < end_ && *at_ != '>') {
        if (is_space(*at_) || *at_ == '/') {
            token.self_closing = *at_++ == '/';
            continue;
        }
        read_attribute(token.attributes, token.self_closing);
    }
    if (at_ < end_) at_++;
}

void Tokenizer::read_attribute(Attributes& attributes, bool& self_closing) {
    const char* first = at_++;  // also an "=" may begin a name
    while (at_ < end_ && !is_space(*at_) && *at_ != '=' && *at_ != '>' && *at_ != '/') at_++;
    std::string_view name(first, at_ - first);
    const char* p = at_;
    while (p < end_ && is_space(*p)) p++;
    std::string_view value("", 0);
    if (p < end_ && *p == '=') {
        at_ = p + 1;
        value = read_value();
    }
    self_closing = false;
    keep(attributes, name, value);
}

std::string_view Tokenizer::read_value() {
    while (at_ < end_ && is_space(*at_)) at_++;
    if (at_ < end_ && (*at_ == '"' || *at_ == '\'')) {
        const char* first = at_ + 1;
        const char* stop = find(first, end_, *at_);
        at_ = stop < end_ ? stop + 1 : end_;
        return {first, static_cast<size_t>(stop - first)};
    }
    const char* first = at_;
    while (at_ < end_ && !is_space(*at_) && *at_ != '>') at_++;
    return {first, static_cast<size_t>(at_ - first)};
}

std::string_view Tokenizer::raw_content(const Token& start) {
    std::string_view name = name_of(start.tag);
    const char* first = at_;
    bool holds_html = false;
    for (const char* p = find(at_, end_, '<'); p < end_; p = find(p + 1, end_, '<')) {
        if (end_ - p > 1 && p[1] == '/' && starts_with_name(p + 2, end_, name)) {
            const char* close = find(p, end_, '>');
            at_ = close < end_ ? close + 1 : end_;
            return {first, static_cast<size_t>(p - first)};
        }
        holds_html |= start.tag == T_SVG && starts_with_name(p + 1, end_, "foreignobject");
        if (!holds_html && cannot_hold(start.tag, p + 1, end_)) {
            at_ = p;
            return {first, static_cast<size_t>(p - first)};
        }
        // XHTML's <script src="x"/> has no end tag: another start of the same element comes before one.
        if (start.self_closing && starts_with_name(p + 1, end_, name)) return {first, 0};
    }
    at_ = start.self_closing && start.tag != T_SCRIPT ? first : end_;
    return {first, static_cast<size_t>(at_ - first)};
}

std::string_view Tokenizer::rest() {
    std::string_view text(at_, end_ - at_);
    at_ = end_;
    return text;
}

}  // namespace blocks
