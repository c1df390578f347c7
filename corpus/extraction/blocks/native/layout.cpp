#include "layout.h"

#include <algorithm>

#include "characters.h"

namespace blocks {
namespace {

constexpr int MOST_BLOCKS_OF_ITEM = 3;  // an <li> with more is a card or a post, and gets no mark

std::string on_one_line(std::string_view text) {
    std::string line(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

// Code without empty lines at its ends; the indentation of its first line stays.
std::string_view without_outer_lines(std::string_view text) {
    for (size_t line; (line = text.find('\n')) != std::string_view::npos && trimmed(text.substr(0, line)).empty();) {
        text.remove_prefix(line + 1);
    }
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// The marks with which authors begin the items of lists by hand.
size_t own_bullet(std::string_view text) {
    for (std::string_view mark : {"• ", "· ", "‣ ", "▪ ", "– ", "— ", "- ", "* ", "•", "‣", "▪"}) {
        if (text.substr(0, mark.size()) == mark) return mark.size();
    }
    return 0;
}

bool has_own_number(std::string_view text) {
    size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) digits++;
    return digits && digits < text.size() && (text[digits] == '.' || text[digits] == ')');
}

constexpr int DEEPEST_INDENT = 6;        // levels of a list
constexpr size_t LONGEST_HEADING = 160;  // bytes; a longer one is a paragraph in large letters

class Layout {
  public:
    Layout(const Page& page, const std::vector<char>& chosen)
        : page_(page), chosen_(chosen), blocks_in_(page.elements.size()), is_split_row_(page.elements.size()) {
        for (size_t i = 0; i < page.blocks.size(); i++) {
            if (chosen[i]) count(page.element_of(page.blocks[i]));
        }
    }

    std::string write() {
        out_.reserve(page_.text.size() / 2);
        for (size_t i = 0; i < page_.blocks.size(); i++) {
            if (!chosen_[i]) continue;
            const Element& element = page_.element_of(page_.blocks[i]);
            add(element, page_.text_of(page_.blocks[i]));
            last_ = &element;
        }
        return std::move(out_);
    }

  private:
    void count(const Element& element) {
        if (element.item >= 0) {
            if (!blocks_in_[element.item]++ && element.heading >= 0) blocks_in_[element.item] = MOST_BLOCKS_OF_ITEM + 1;
        }
        if (element.cell >= 0 && element.row >= 0 && blocks_in_[element.cell]++) is_split_row_[element.row] = 1;
    }

    void add(const Element& element, std::string_view text) {
        if (element.pre >= 0) {
            begin("\n\n") += without_outer_lines(text);
        } else if (element.heading >= 0 && text.size() <= LONGEST_HEADING) {
            heading(element, text);
        } else if (in_table(element)) {
            cell(element, text);
        } else if (in_short_item(element)) {
            item(element, text);
        } else if (element.tag == T_DD && last_ && (last_->tag == T_DT || last_->tag == T_DD)) {
            (begin("\n") += ": ") += on_one_line(text);
        } else {
            begin("\n\n") += text;
        }
    }

    std::string& begin(const char* separator) {
        if (!out_.empty()) out_ += separator;
        return out_;
    }

    void heading(const Element& element, std::string_view text) {
        if (last_ && last_->heading == element.heading) {
            out_ += ' ';
        } else {
            begin("\n\n").append(page_.elements[element.heading].tag - T_H1 + 1, '#') += ' ';
        }
        out_ += on_one_line(text);
    }

    // Rows whose cells hold one block each; any other table is there for the layout of the page.
    bool in_table(const Element& element) const {
        return element.cell >= 0 && element.row >= 0 && !is_split_row_[element.row] && page_.elements[element.row].column > 1;
    }

    void cell(const Element& element, std::string_view text) {
        bool same_row = last_ && in_table(*last_) && last_->row == element.row;
        bool same_table = last_ && in_table(*last_) && last_->table == element.table;
        int column = page_.elements[element.cell].column;
        int before = same_row ? page_.elements[last_->cell].column : 0;
        if (!same_row) begin(same_table ? "\n" : "\n\n");
        for (int gap = before; gap < column; gap++) out_ += same_row || gap > 0 ? " | " : "| ";  // an empty cell first
        out_ += on_one_line(text);
    }

    bool in_short_item(const Element& element) const {
        return element.item >= 0 && blocks_in_[element.item] <= MOST_BLOCKS_OF_ITEM;
    }

    void item(const Element& element, std::string_view text) {
        const Element& item = page_.elements[element.item];
        bool goes_on = last_ && last_->item == element.item;
        bool same_list = last_ && last_->list_depth && in_short_item(*last_);
        if (!same_list) outermost_ = item.list_depth;
        begin(same_list ? "\n" : "\n\n");
        out_.append(2 * std::clamp(item.list_depth - outermost_, 0, DEEPEST_INDENT), ' ');
        if (goes_on) {
            out_ += "  ";
        } else if (item.number && !has_own_number(text)) {
            out_ += std::to_string(item.number) + ". ";
        } else if (!item.number) {
            text.remove_prefix(own_bullet(text));
            out_ += "- ";
        }
        out_ += on_one_line(text);
    }

    const Page& page_;
    const std::vector<char>& chosen_;
    std::vector<int> blocks_in_;     // items and cells: how many chosen blocks
    std::vector<char> is_split_row_; // rows with a cell of several blocks
    const Element* last_ = nullptr;
    int outermost_ = 0;              // the depth at which the list begins that is being written
    std::string out_;
};

}  // namespace

std::string lay_out(const Page& page, const std::vector<char>& chosen) { return Layout(page, chosen).write(); }

}  // namespace blocks
