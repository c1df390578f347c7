// C4's lines (corpus/rules/c4.py says what they are and where they come from).
#include <string.h>

#include <algorithm>
#include <string_view>

#include "reading.h"

namespace words {

namespace {

constexpr uint32_t kDottedI = 0x130;  // in lower case it is two letters, and no phrase has it
constexpr std::string_view kScript = "javascript", kFiller = "lorem ipsum";
constexpr std::string_view kPolicies[] = {"terms of use",   "privacy policy", "cookie policy",
                                          "uses cookies",   "use of cookies", "use cookies"};
constexpr std::string_view kCitations[] = {"[edit]", "[citation needed]"};

using Codes = std::vector<uint32_t>;

bool has(const std::string& lowered, std::string_view phrase) {
  return memmem(lowered.data(), lowered.size(), phrase.data(), phrase.size()) != nullptr;
}

bool has_policy(const std::string& lowered) {
  return std::any_of(std::begin(kPolicies), std::end(kPolicies), [&](auto phrase) { return has(lowered, phrase); });
}

// In lower case, with a zero for what is not ASCII then.
void lower(const uint32_t* begin, const uint32_t* end, std::string& out) {
  out.resize(static_cast<size_t>(end - begin));
  std::transform(begin, end, out.begin(), [](uint32_t code) {
    const uint32_t folded = code == kDottedI ? 0 : characters.fold(code);
    return folded < 0x80 ? static_cast<char>(folded) : '\0';
  });
}

// The end of a citation mark at `at`, or `at`: [], [12], [edit], [citation needed].
const uint32_t* citation_end(const uint32_t* at, const uint32_t* end) {
  const uint32_t* place = at + 1;
  while (place < end && characters.of(*place) & kDigit) ++place;
  if (place < end && *place == ']') return place + 1;
  for (const std::string_view mark : kCitations) {
    if (end - at >= static_cast<int64_t>(mark.size()) && std::equal(mark.begin(), mark.end(), at)) {
      return at + mark.size();
    }
  }
  return at;
}

void without_citations(Codes& line) {
  size_t kept = 0;
  for (size_t at = 0; at < line.size();) {
    if (line[at] == '[') {
      const uint32_t* begin = line.data() + at;
      if (const uint32_t* end = citation_end(begin, line.data() + line.size()); end != begin) {
        at += static_cast<size_t>(end - begin);
        continue;
      }
    }
    line[kept++] = line[at++];
  }
  line.resize(kept);
}

// What white space parts: how many, and the longest.
Span words_between_blanks(const Codes& line) {
  Span out{0, 0};
  int64_t length = 0;
  for (const uint32_t code : line) {
    length = characters.of(code) & kSpace ? 0 : length + 1;
    out.begin += length == 1;
    out.end = std::max(out.end, length);
  }
  return out;
}

bool closes(const Codes& line, const Codes& what) {
  return line.size() >= what.size() && std::equal(what.rbegin(), what.rend(), line.rbegin());
}

}  // namespace

std::string Reading::c4_lines(const LineLimits& limits, const std::vector<Codes>& end_marks) const {
  static const Codes kDots = {'.', '.', '.'};
  const uint32_t* codes = text_.codes();
  std::string out, lowered;
  lower(codes, codes + text_.size(), lowered);
  // A phrase stands in one line; if there is none in the whole, only a line without its citation marks may have one.
  const bool suspect = has(lowered, kScript) || has(lowered, kFiller) || has_policy(lowered);
  bool after_blank = false;
  Codes line;

  const auto stays = [&] {
    const bool cited = std::find(line.begin(), line.end(), '[') != line.end();
    const auto length = static_cast<int64_t>(line.size());
    if (length > limits.max_word_length && words_between_blanks(line).end > limits.max_word_length) return false;
    if (cited) without_citations(line);
    const auto ends = [&](const Codes& mark) { return closes(line, mark); };
    if (limits.ends_in_mark && (std::none_of(end_marks.begin(), end_marks.end(), ends) || closes(line, kDots))) {
      return false;
    }
    if (words_between_blanks(line).begin < limits.min_words) return false;
    if (!suspect && !cited) return true;
    lower(line.data(), line.data() + line.size(), lowered);
    if (has(lowered, kFiller)) return true;  // left in place: the rules on pages are to see it
    const bool braced = std::find(line.begin(), line.end(), '{') != line.end();
    return !has(lowered, kScript) && (braced || !has_policy(lowered));
  };

  split_lines([&](Span span) {
    span = stripped(span);
    const bool is_blank = !span.size();
    line.assign(codes + span.begin, codes + span.end);
    const bool kept = !is_blank && stays() && !line.empty();
    if (kept) {
      if (!out.empty()) out += after_blank ? "\n\n" : "\n";
      for (const uint32_t code : line) append(out, code);
    }
    after_blank = is_blank || (after_blank && !kept);
  });
  return out;
}

}  // namespace words
