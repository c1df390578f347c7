// A text as the hashes of its shingles.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../../rules/native/characters.h"

namespace dedup {

// How a text is cut: `width` words in a row, or as many characters where `by_character`.
struct Cut {
  int32_t width;
  int32_t by_character;
};

class Shingles {
 public:
  // The 64-bit hashes of a text's shingles in their order; one for a text shorter than a shingle, none without a word.
  const std::vector<uint64_t>& of(const char* data, size_t length, Cut cut);
  // The words that are hashed, in UTF-8 with a line feed after each.
  std::string words_of(const char* data, size_t length);
  // Where each word begins and ends, in code points: pairs, of which the first `room` are written; their number.
  size_t places_of(const char* data, size_t length, int32_t* out, size_t room);

 private:
  void hash_words();
  void hash_characters();

  words::Text text_;
  std::vector<uint64_t> pieces_;
  std::vector<uint64_t> hashes_;
};

// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
inline uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

}  // namespace dedup
