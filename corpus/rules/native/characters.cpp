#include "characters.h"

namespace words {

Characters characters;

void Characters::set(const uint8_t* classes, const uint32_t* folds, size_t fold_pairs) {
  std::vector<uint32_t> table(kCodePoints);
  for (uint32_t code = 0; code < kCodePoints; ++code) table[code] = code;
  for (size_t pair = 0; pair < fold_pairs; ++pair) table[folds[2 * pair]] = folds[2 * pair + 1];
  folds_ = std::move(table);
  classes_.assign(classes, classes + kCodePoints);
}

void append(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

namespace {

// The code point that starts at `at`, which moves behind it.
uint32_t decode(const uint8_t*& at, const uint8_t* end) {
  const uint32_t first = *at++;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : -1;
  if (first >= 0xF5 || more < 0 || end - at < more) return 0xFFFD;
  uint32_t code = first & (0x3F >> more);
  for (int place = 0; place < more; ++place) {
    if ((at[place] & 0xC0) != 0x80) return 0xFFFD;
    code = code << 6 | (at[place] & 0x3F);
  }
  if (code >= kCodePoints) return 0xFFFD;
  at += more;
  return code;
}

}  // namespace

void Text::read(const char* data, size_t length) {
  if (codes_.size() < length + 2) {
    codes_.resize(length + 2);
    classes_.resize(length + 2);
  }
  auto* at = reinterpret_cast<const uint8_t*>(data);
  const uint8_t* end = at + length;
  uint32_t* code = codes_.data() + 1;
  uint8_t* kind = classes_.data() + 1;
  while (at < end) {
    *code = *at < 0x80 ? *at++ : decode(at, end);
    *kind++ = characters.of(*code++);
  }
  size_ = static_cast<size_t>(code - codes_.data()) - 1;
  codes_[0] = *code = 0;
  classes_[0] = *kind = kSpace;
}

}  // namespace words
