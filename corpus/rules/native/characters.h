// What the rules must know of each code point, as Python's own tables have it: the tables come from Python.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace words {

constexpr uint32_t kCodePoints = 0x110000;

// Bits of a class. The names are those of corpus/rules/characters.py.
enum : uint8_t {
  kSpace = 1,          // \s
  kMark = 2,           // punctuation or a symbol, without _
  kWord = 4,           // \w
  kDigit = 8,          // \d
  kLetter = 16,        // [^\W\d_]
  kLetterOrDigit = 32, // [^\W_]
  kAlone = 64,         // of a script without blanks: a word of its own
  kTerminal = 128,     // ends a sentence in any script
};

class Characters {
 public:
  void set(const uint8_t* classes, const uint32_t* folds, size_t fold_pairs);
  bool ready() const { return !classes_.empty(); }
  uint8_t of(uint32_t code) const { return classes_[code]; }
  uint32_t fold(uint32_t code) const { return folds_[code]; }

 private:
  std::vector<uint8_t> classes_;
  std::vector<uint32_t> folds_;
};

extern Characters characters;

// The code point as UTF-8; a lone surrogate too.
void append(std::string& out, uint32_t code);

// A text as code points with their classes, and a blank on either side, so that nobody runs off the end.
class Text {
 public:
  // Bytes that are no UTF-8 become U+FFFD, one by one.
  void read(const char* data, size_t length);
  size_t size() const { return size_; }
  const uint32_t* codes() const { return codes_.data() + 1; }
  const uint8_t* classes() const { return classes_.data() + 1; }

 private:
  std::vector<uint32_t> codes_;
  std::vector<uint8_t> classes_;
  size_t size_ = 0;
};

}  // namespace words
