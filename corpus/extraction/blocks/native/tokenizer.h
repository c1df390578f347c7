// HTML as a stream of tags and texts, by the parts of the standard that matter here (13.2.5): comments, bogus comments,
// attributes with and without quotes, elements whose content is not markup. Never fails, never goes back: linear time.
#pragma once

#include <string_view>

#include "tags.h"

namespace blocks {

// The attributes that say something about text; the others are only counted.
struct Attributes {
    std::string_view cls, id, role, type, name, property, content, itemprop, style, href, alt, encoding, start, value;
    bool hidden = false, is_shadow_root = false;
    int count = 0;
};

struct Token {
    enum Kind { FINISHED, TEXT, START, END } kind = FINISHED;
    Tag tag = T_OTHER;
    uint64_t name_hash = 0;  // tells elements apart that are not in the list
    bool self_closing = false;
    std::string_view text;
    Attributes attributes;
};

class Tokenizer {
  public:
    explicit Tokenizer(std::string_view html) : at_(html.data()), end_(html.data() + html.size()) {}

    // Read the next token; false at the end.
    bool next(Token& token);

    // After the start tag of a RAW element: its content, which is skipped together with the end tag.
    std::string_view raw_content(const Token& start);

    // The rest of the input, which is thereby read: the content of <plaintext>.
    std::string_view rest();

  private:
    bool skip_declaration();
    void read_tag(Token& token);
    void read_attribute(Attributes& attributes, bool& self_closing);
    std::string_view read_value();

    const char* at_;
    const char* end_;
};

}  // namespace blocks
