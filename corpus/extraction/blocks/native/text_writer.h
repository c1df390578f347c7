// Texts of the token stream, written as blocks: white space collapsed, except inside <pre>; small notation as characters.
#pragma once

#include <string_view>
#include <vector>

#include "page.h"
#include "tokenizer.h"

namespace blocks {

class TextWriter {
  public:
    explicit TextWriter(Page& page) : page_(page) {}

    // Text of an element, with character references in it.
    void add(std::string_view raw, int element);

    // Text without references: a formula.
    void add_ready(std::string_view text, int element);

    void line_break();    // <br>: a new line; a second one in a row, a new block
    void new_line();      // the border of a line inside <pre>
    void finish_block();

    // An element begins or ends; `text_from` is where the text of the element began.
    void enter(Tag tag, const Attributes& attributes);
    void leave(Tag tag, size_t text_from);

    void count_image() { block_.images += is_open_; }
    bool in_link() const { return links_ > 0; }
    bool in_pre() const { return pres_ > 0; }

  private:
    void open_block(int element);
    void append(std::string_view run);
    void remove_anchors();
    void finish_script(size_t text_from, bool is_super);
    void add_space_of_code(char c, int element);

    Page& page_;
    Block block_;
    bool is_open_ = false, space_before_ = false;
    int links_ = 0, bolds_ = 0, codes_ = 0, pres_ = 0, breaks_ = 0;
    bool is_anchor_ = false;     // the link being read leads to a place on the page
    size_t anchor_end_ = 0;      // where the last such link ended
    struct Span { size_t begin, end; };
    std::vector<Span> anchors_;  // links to their own heading, in the block
};

}  // namespace blocks
