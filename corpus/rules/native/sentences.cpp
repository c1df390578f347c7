// No sentence ends after an initial or a title; and a mark ends one where white space and no small letter, or nothing,
// follows. As a regular expression, found again and again in a line:
//
//     (?<!\b[A-Z]) (?<!\b(?:Mr|Ms|Dr|St)) (?<!\bMrs) (?<![.!?…।؟]) [.!?…।؟]++ ["'”’»)\]]*+ (?=\s+[^\sa-z] | \s*$)
//   | [。！？｡]++ [”’」』）]*+
#include <cstring>

#include "reading.h"

namespace words {

namespace {

bool is_mark(uint32_t code) {
  return code == '.' || code == '!' || code == '?' || code == 0x2026 || code == 0x964 || code == 0x61F;
}

bool is_closer(uint32_t code) {
  return code == '"' || code == '\'' || code == 0x201D || code == 0x2019 || code == 0xBB || code == ')' || code == ']';
}

bool is_full_width_mark(uint32_t code) { return code == 0x3002 || code == 0xFF01 || code == 0xFF1F || code == 0xFF61; }

bool is_full_width_closer(uint32_t code) {
  return code == 0x201D || code == 0x2019 || code == 0x300D || code == 0x300F || code == 0xFF09;
}

// Whether an initial or a title stands right in front of `at`.
bool is_abbreviated(const uint32_t* codes, const uint8_t* classes, int64_t begin, int64_t at) {
  const auto starts = [&](int64_t place) { return place == begin || !(classes[place - 1] & kWord); };
  if (at > begin && codes[at - 1] >= 'A' && codes[at - 1] <= 'Z' && starts(at - 1)) return true;
  for (const char* title : {"Mr", "Ms", "Dr", "St", "Mrs"}) {
    const auto length = static_cast<int64_t>(std::strlen(title));
    if (at - begin < length || !starts(at - length)) continue;
    int64_t same = 0;
    while (same < length && codes[at - length + same] == static_cast<uint8_t>(title[same])) ++same;
    if (same == length) return true;
  }
  return false;
}

}  // namespace

template <typename Each>
void Reading::each_sentence(Span line, Each each) const {
  const uint32_t* codes = text_.codes();
  const uint8_t* classes = text_.classes();
  int64_t done = line.begin;
  for (int64_t at = line.begin; at < line.end; ++at) {
    int64_t end = at;
    if (is_mark(codes[at])) {
      while (end < line.end && is_mark(codes[end])) ++end;
      const int64_t marks_end = end;
      while (end < line.end && is_closer(codes[end])) ++end;
      int64_t next = end;
      while (next < line.end && classes[next] & kSpace) ++next;
      const bool ends = next == line.end || (next > end && !(codes[next] >= 'a' && codes[next] <= 'z'));
      if (!ends || is_abbreviated(codes, classes, line.begin, at)) {
        at = marks_end - 1;  // marks after a mark end nothing by themselves
        continue;
      }
    } else if (is_full_width_mark(codes[at])) {
      while (end < line.end && is_full_width_mark(codes[end])) ++end;
      while (end < line.end && is_full_width_closer(codes[end])) ++end;
    } else {
      continue;
    }
    each(Span{done, end});
    done = end;
    at = end - 1;
  }
  if (!blank({done, line.end})) each(Span{done, line.end});
}

int64_t Reading::sentences_of(Span line) const {
  int64_t count = 0;
  each_sentence(line, [&count](Span) { ++count; });
  return count;
}

int64_t Reading::sentences(int64_t most) const {
  if (most < 0) return sentences_of({0, static_cast<int64_t>(text_.size())});
  int64_t count = 0;
  split_lines([&](Span line) {
    if (count < most) count += sentences_of(line);
  });
  return count;
}

size_t Reading::sentence_places(Span* out, size_t room) const {
  size_t count = 0;
  split_lines([&](Span line) {
    each_sentence(line, [&](Span sentence) {
      if (count < room) out[count] = sentence;
      ++count;
    });
  });
  return count;
}

}  // namespace words
