#include "shingles.h"

#include <algorithm>

#include "../../rules/native/words.h"

namespace dedup {

namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;
constexpr uint32_t kDottedI = 0x130;  // the one letter that two letters are the lower case of

// Calls `each` for every code point of the folded word.
template <typename Each>
inline void fold(const words::Text& text, size_t begin, size_t end, Each each) {
  for (size_t place = begin; place < end; ++place) {
    const uint32_t code = text.codes()[place];
    each(words::characters.fold(code));
    if (code == kDottedI) each(0x307);
  }
}

}  // namespace

void Shingles::hash_words() {
  words::for_each_word(text_, [this](size_t begin, size_t end) {
    uint64_t hash = 0;
    fold(text_, begin, end, [&hash](uint32_t code) { hash = (hash ^ (hash >> 29) ^ code) * kGolden + 1; });
    pieces_.push_back(mixed(hash));
  });
}

// Runs of white space are one blank; a text of nothing else has no characters.
void Shingles::hash_characters() {
  bool blank = false;
  for (size_t place = 0; place < text_.size(); ++place) {
    if (text_.classes()[place] & words::kSpace) {
      blank = !pieces_.empty();
      continue;
    }
    if (blank) pieces_.push_back(mixed(' '));
    blank = false;
    fold(text_, place, place + 1, [this](uint32_t code) { pieces_.push_back(mixed(code)); });
  }
}

const std::vector<uint64_t>& Shingles::of(const char* data, size_t length, Cut cut) {
  text_.read(data, length);
  pieces_.clear();
  hashes_.clear();
  cut.by_character ? hash_characters() : hash_words();
  if (pieces_.empty()) return hashes_;
  const size_t width = std::min<size_t>(static_cast<size_t>(cut.width), pieces_.size());
  // total = sum of piece * kGolden^(width - 1 - place); the piece that leaves the window has kGolden^width.
  uint64_t total = 0, leaving = 1;
  for (size_t place = 0; place < width; ++place) {
    total = total * kGolden + pieces_[place];
    leaving *= kGolden;
  }
  hashes_.push_back(mixed(total));
  for (size_t place = width; place < pieces_.size(); ++place) {
    total = total * kGolden + pieces_[place] - pieces_[place - width] * leaving;
    hashes_.push_back(mixed(total));
  }
  return hashes_;
}

std::string Shingles::words_of(const char* data, size_t length) {
  text_.read(data, length);
  std::string out;
  words::for_each_word(text_, [&](size_t begin, size_t end) {
    fold(text_, begin, end, [&out](uint32_t code) { words::append(out, code); });
    out += '\n';
  });
  return out;
}

size_t Shingles::places_of(const char* data, size_t length, int32_t* out, size_t room) {
  text_.read(data, length);
  size_t count = 0;
  words::for_each_word(text_, [&](size_t begin, size_t end) {
    if (count < room) {
      out[2 * count] = static_cast<int32_t>(begin);
      out[2 * count + 1] = static_cast<int32_t>(end);
    }
    ++count;
  });
  return count;
}

}  // namespace dedup
