// A text read once, and what the rules measure in it. All places are code points, as in Python.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "characters.h"

namespace words {

struct Span {
  int64_t begin;
  int64_t end;
  int64_t size() const { return end - begin; }
};

// Tokens, white space and letters of a text.
struct Counts {
  int64_t characters;
  int64_t visible;        // that are no white space
  int64_t letters;        // neither white space, mark, digit nor _
  int64_t tokens;
  int64_t lexical;        // tokens with a letter or a digit
};

// What Gopher's rules of quality ask of a text without the marks of its headings.
struct Prose {
  int64_t tokens;
  int64_t lexical;
  int64_t lexical_characters;
  int64_t alphabetic;     // tokens with a letter
  int64_t stop_words;     // different ones
  int64_t hashes;
  int64_t ellipses;
  int64_t lines;          // that are not blank, as str.splitlines has them
  int64_t bullets;        // lines that begin with one
  int64_t trailing;       // lines that end in an ellipsis
};

// Pieces of a text that are not blank, and what of them is said again.
struct Pieces {
  int64_t count;
  int64_t distinct;
  int64_t repeated_characters;  // of all but the first of each
  Span commonest;               // of equals, the first
};

// Lines between line feeds that are not blank.
struct Lines {
  Pieces pieces;
  int64_t punctuated;     // the last character ends sentences
  int64_t short_ones;
  int64_t breaks;         // line feeds
};

// The n-grams of tokens for one n: the most frequent one (of equals, the first), and those that repeat an earlier one.
struct Ngrams {
  int64_t frequent_start;
  int64_t frequent_count;
  int64_t frequent_characters;   // of its tokens
  int64_t duplicate_start;
  int64_t duplicate_characters;  // of the tokens of all that repeat an earlier one, none counted twice
};

// What a line must be for C4.
struct LineLimits {
  int64_t min_words;
  int64_t max_word_length;
  int64_t ends_in_mark;
};

class Reading {
 public:
  Reading(const char* data, size_t length) { text_.read(data, length); }

  const std::vector<Span>& tokens() const;
  Counts counts() const;
  Prose prose(const std::vector<std::vector<uint32_t>>& stop_words) const;
  Lines lines(int64_t short_line) const;
  Pieces paragraphs() const;
  // One entry for each n from `shortest` to the lesser of `longest` and the number of tokens: how many there are.
  size_t ngrams(size_t shortest, size_t longest, Ngrams* out) const;
  // The first, the middle and the last `window` characters, with a blank between; all of a text of up to three windows.
  // Runs of white space are one blank before it is cut.
  std::string sample(size_t window) const;
  // The lines that stay, cleaned, in UTF-8.
  std::string c4_lines(const LineLimits& limits, const std::vector<std::vector<uint32_t>>& end_marks) const;
  // Sentences, line by line, until there are `most`; of the whole as one line where `most` is negative.
  int64_t sentences(int64_t most) const;
  // Where the sentences of all lines begin (with the white space in front) and end, of which the first `room` are
  // written; their number.
  size_t sentence_places(Span* out, size_t room) const;

 private:
  bool blank(Span span) const;
  Span stripped(Span span) const;
  bool starts_with(Span span, const std::vector<uint32_t>& what) const;
  bool ends_with(Span span, const std::vector<uint32_t>& what) const;
  size_t heading_mark(size_t at) const;
  template <typename Each>
  void each_sentence(Span line, Each each) const;
  int64_t sentences_of(Span line) const;
  Pieces pieces(const std::vector<Span>& spans) const;
  // Calls `line(span)` for each line of str.splitlines.
  template <typename Line>
  void split_lines(Line line) const;

  Text text_;
  mutable std::once_flag split_;
  mutable std::vector<Span> tokens_;
};

// Numbers for spans of equal characters: 0, 1, … by their first places.
class Numbering {
 public:
  Numbering(const uint32_t* codes, size_t most);
  size_t of(Span span);
  size_t size() const { return first_.size(); }
  Span first(size_t number) const { return first_[number]; }

 private:
  const uint32_t* codes_;
  std::vector<int32_t> slots_;
  std::vector<Span> first_;
  std::vector<uint32_t> hashes_;
};

template <typename Line>
void Reading::split_lines(Line line) const {
  const uint32_t* codes = text_.codes();
  const auto size = static_cast<int64_t>(text_.size());
  for (int64_t begin = 0; begin < size;) {
    int64_t end = begin;
    while (end < size) {
      const uint32_t code = codes[end];
      if ((code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 || code == 0x2028 ||
          code == 0x2029) {
        break;
      }
      ++end;
    }
    line(Span{begin, end});
    begin = end + 1 + (end + 1 < size && codes[end] == '\r' && codes[end + 1] == '\n');
  }
}

}  // namespace words
