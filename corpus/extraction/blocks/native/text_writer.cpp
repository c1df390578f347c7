#include "text_writer.h"

#include "characters.h"
#include "notation.h"
#include "words.h"

namespace blocks {
namespace {

// Bytes of white space or of an invisible character at `at`; 0 for anything else.
// U+00A0 is a space; U+00AD (where a word may be divided), U+FEFF and control characters are nothing.
size_t blank_at(const char* at, const char* end, bool& is_visible_gap) {
    unsigned char c = *at;
    is_visible_gap = true;
    if (is_space(c)) return 1;
    is_visible_gap = false;
    if (c < 0x20 || c == 0x7f) return 1;
    if (c == 0xc2 && end - at > 1) {
        unsigned char second = at[1];
        is_visible_gap = second == 0xa0;
        return second == 0xa0 || second == 0xad ? 2 : 0;
    }
    return c == 0xef && end - at > 2 && at[1] == '\xbb' && at[2] == '\xbf' ? 3 : 0;
}

constexpr size_t LONGEST_NOTE_MARK = 8;  // bytes of a superscript that links to a note: "[12]", "note 3"

bool may_be_blank(unsigned char c) { return c <= 0x20 || c == 0x7f || c == 0xc2 || c == 0xef; }

}  // namespace

void TextWriter::open_block(int element) {
    is_open_ = true;
    space_before_ = false;
    breaks_ = 0;
    block_ = Block();
    block_.element = page_.elements[element].block;
    block_.begin = page_.text.size();
    anchors_.clear();
}

void TextWriter::add(std::string_view raw, int element) {
    const char *at = raw.data(), *end = at + raw.size();
    std::string decoded;
    while (at < end) {
        bool is_gap;
        size_t blank = blank_at(at, end, is_gap);
        if (blank && pres_ && is_gap) {
            add_space_of_code(*at, element);
            at += blank;
            continue;
        }
        if (blank) {
            space_before_ |= is_gap;
            at += blank;
            continue;
        }
        if (!is_open_) open_block(element);
        const char* run = at;
        size_t taken = *at == '&' ? decode_reference(at, end, decoded) : 0;
        if (taken) {
            at += taken;
            bool gap;
            if (blank_at(decoded.data(), decoded.data() + decoded.size(), gap) == decoded.size()) {
                if (pres_ && gap) add_space_of_code(decoded[0], element);
                else space_before_ |= gap;
            } else {
                append(decoded);
            }
            decoded.clear();
            continue;
        }
        for (at++; at < end && *at != '&' && !(may_be_blank(*at) && blank_at(at, end, is_gap));) at++;
        append({run, static_cast<size_t>(at - run)});
    }
}

// In <pre> white space stands as it is, but for empty lines at the head.
void TextWriter::add_space_of_code(char c, int element) {
    if (c == '\r') return;
    if (!is_open_ && c == '\n') return;
    if (!is_open_) open_block(element);
    page_.text += is_space(c) ? c : ' ';
}

void TextWriter::add_ready(std::string_view text, int element) {
    if (text.empty()) return;
    if (!is_open_) open_block(element);
    append(text);
}

// Visible characters, after the space that was waiting.
void TextWriter::append(std::string_view run) {
    std::string& text = page_.text;
    if (space_before_ && text.size() > block_.begin && !is_space(text.back())) text += ' ';
    space_before_ = false;
    breaks_ = 0;
    text += run;
    const int bytes = static_cast<int>(run.size());
    block_.characters += bytes;
    if (links_) block_.linked += bytes;
    if (bolds_) block_.bold += bytes;
    if (codes_) block_.code += bytes;
}

void TextWriter::line_break() {
    if (!is_open_) return;
    if (pres_) {
        page_.text += '\n';
        return;
    }
    space_before_ = false;
    block_.breaks++;
    if (++breaks_ > 1) return finish_block();
    page_.text += '\n';
}

void TextWriter::new_line() {
    if (is_open_ && page_.text.size() > block_.begin && page_.text.back() != '\n') page_.text += '\n';
}

void TextWriter::finish_block() {
    if (is_open_) {
        std::string& text = page_.text;
        remove_anchors();
        while (text.size() > block_.begin && is_space(text.back())) text.pop_back();
        block_.end = text.size();
        if (block_.characters > 0 && block_.end > block_.begin) {
            page_.blocks.push_back(block_);
            text += '\n';
        } else {
            text.resize(block_.begin);
        }
    }
    is_open_ = space_before_ = false;
}

// A heading's link to itself ("¶", "#", "top", "edit") is no part of it, unless it is all there is.
void TextWriter::remove_anchors() {
    if (anchors_.empty()) return;
    std::string& text = page_.text;
    size_t anchored = 0;
    for (const Span& span : anchors_) anchored += span.end - span.begin;
    if (trimmed(std::string_view(text).substr(block_.begin)).size() <= anchored + 1) return;
    for (size_t i = anchors_.size(); i-- > 0;) {
        text.erase(anchors_[i].begin, anchors_[i].end - anchors_[i].begin);
    }
    while (text.size() > block_.begin && is_space(text[block_.begin])) text.erase(block_.begin, 1);
}

void TextWriter::finish_script(size_t text_from, bool is_super) {
    std::string& text = page_.text;
    if (!is_open_ || text_from <= block_.begin || text_from >= text.size()) return;
    bool is_note = is_super && anchor_end_ == text.size() && text.size() - text_from <= LONGEST_NOTE_MARK;
    if (is_note) {
        text.resize(text_from);
    } else {
        set_script(text, text_from, is_super);
    }
}

void TextWriter::enter(Tag tag, const Attributes& attributes) {
    switch (tag) {
        case T_A:
            links_++;
            block_.links += is_open_;
            is_anchor_ = !attributes.href.empty() && attributes.href[0] == '#';
            is_anchor_ |= contains(attributes.cls, "headerlink") || contains(attributes.cls, "permalink");
            break;
        case T_B: case T_STRONG: bolds_++; break;
        case T_CODE: case T_TT: case T_KBD: case T_SAMP: codes_++; break;
        case T_PRE: case T_PLAINTEXT: pres_++; break;
        default: break;
    }
}

void TextWriter::leave(Tag tag, size_t text_from) {
    switch (tag) {
        case T_A: {
            links_--;
            bool in_heading = is_open_ && page_.elements[block_.element].heading >= 0;
            size_t from = text_from > block_.begin ? text_from : block_.begin;
            if (is_anchor_) anchor_end_ = page_.text.size();
            if (in_heading && is_anchor_ && from < page_.text.size()) anchors_.push_back({from, page_.text.size()});
            is_anchor_ = false;
            break;
        }
        case T_B: case T_STRONG: bolds_--; break;
        case T_CODE: case T_TT: case T_KBD: case T_SAMP: codes_--; break;
        case T_PRE: case T_PLAINTEXT: pres_--; break;
        case T_SUP: case T_SUB: finish_script(text_from, tag == T_SUP); break;
        default: break;
    }
}

}  // namespace blocks
