// The split as a regular expression, of which each function is one line, in its order; the first that matches wins. C is
// a character that is neither white space nor a mark, W a clitic: (?:[smdt]|ll|re|ve)\b.
//
//     @?C+(?:                                    a word, and what may join the next one to it:
//         \.(?=[a-z0-9])C+                       example.org 3.14, but not "the end.Then"
//       | \.(?=[A-Z]\.)C                        U.S
//       | \.(?:(?<=\b[A-Z]\.)|(?<=\.[a-z]\.))  J. U.S. e.g.
//       | \.(?<=\b(?:Mr|Ms|Dr|St|Jr|vs|Mrs)\.)
//       | ://\S*C/?                             a web address, without the full stop after it
//       | ,(?<=\d,)(?=\d)C+                     1,000
//       | [:/–](?=\d)C+                         10:30 1/2 2019–21
//       | [&@(=\[]C+                            AT&T f(x
//       | -(?<=[^\W\d_]-)(?=\d)C+               covid-19, but "well", "-", "known" and "14", "-", "day"
//       | ['’](?!W)C+                           O'Brien
//     )*
//   | ['’]W                                     's 'll n't
//   | \.{2,} | [-|=^+~/]{2,}                    ... --- |---|
//   | \S
#include "words.h"

#include <cstring>

namespace words {

namespace {

class Matcher {
 public:
  explicit Matcher(const Text& text)
      : codes_(text.codes()), classes_(text.classes()), size_(text.size()) {}

  size_t end_of(size_t at) const {
    if (size_t end = word(at)) return end;
    if (quote(at) && clitic(at + 1)) return clitic(at + 1);
    if (codes_[at] == '.' && run(at, ".") >= 2) return at + run(at, ".");
    if (const size_t length = run(at, "-|=^+~/"); length >= 2) return at + length;
    return at + 1;
  }

 private:
  bool in(size_t at) const { return at < size_; }
  // For `at` up to the size: the blank behind the text is no body.
  bool body(size_t at) const { return !(classes_[at] & (kSpace | kMark)); }
  bool is(size_t at, uint8_t kind) const { return in(at) && classes_[at] & kind; }
  bool lower(size_t at) const { return in(at) && codes_[at] >= 'a' && codes_[at] <= 'z'; }
  bool upper(size_t at) const { return in(at) && codes_[at] >= 'A' && codes_[at] <= 'Z'; }
  bool ascii_digit(size_t at) const { return in(at) && codes_[at] >= '0' && codes_[at] <= '9'; }
  bool quote(size_t at) const { return in(at) && (codes_[at] == '\'' || codes_[at] == 0x2019); }
  bool before(size_t at, uint8_t kind) const { return at > 0 && classes_[at - 1] & kind; }
  // \b in front of a character that is \w.
  bool starts(size_t at) const { return !before(at, kWord); }

  size_t body_end(size_t at) const {
    while (body(at)) ++at;
    return at;
  }

  size_t run(size_t at, const char* of) const {
    size_t end = at;
    while (in(end) && codes_[end] < 128 && codes_[end] && std::strchr(of, static_cast<int>(codes_[end]))) ++end;
    return end - at;
  }

  // The end of what `(?:[smdt]|ll|re|ve)\b` matches, 0 for nothing.
  size_t clitic(size_t at) const {
    if (!in(at)) return 0;
    const uint32_t one = codes_[at], next = in(at + 1) ? codes_[at + 1] : 0;
    size_t end = 0;
    if (one == 's' || one == 'm' || one == 'd' || one == 't') end = at + 1;
    if ((one == 'l' && next == 'l') || ((one == 'r' || one == 'v') && next == 'e')) end = at + 2;
    return end && !is(end, kWord) ? end : 0;
  }

  size_t word(size_t at) const {
    size_t end = codes_[at] == '@' && body(at + 1) ? at + 1 : at;
    if (!body(end)) return 0;
    end = body_end(end);
    while (const size_t more = joined(end)) end = more;
    return end;
  }

  // What may join the next word to this one; 0 for nothing.
  size_t joined(size_t at) const {
    if (!in(at)) return 0;
    switch (codes_[at]) {
      case '.': return after_dot(at);
      case ',': return before(at, kDigit) && is(at + 1, kDigit) ? body_end(at + 1) : 0;
      case ':':
        if (const size_t end = address(at)) return end;
        [[fallthrough]];
      case '/':
      case 0x2013: return is(at + 1, kDigit) ? body_end_or_none(at + 1) : 0;
      case '&':
      case '@':
      case '(':
      case '=':
      case '[': return body_end_or_none(at + 1);
      case '-': return before(at, kLetter) && is(at + 1, kDigit) ? body_end_or_none(at + 1) : 0;
      case '\'':
      case 0x2019: return clitic(at + 1) ? 0 : body_end_or_none(at + 1);
      default: return 0;
    }
  }

  size_t body_end_or_none(size_t at) const { return body(at) ? body_end(at) : 0; }

  size_t after_dot(size_t at) const {
    if (lower(at + 1) || ascii_digit(at + 1)) return body_end(at + 1);
    if (upper(at + 1) && in(at + 2) && codes_[at + 2] == '.') return at + 2;
    if (at >= 1 && upper(at - 1) && starts(at - 1)) return at + 1;
    if (at >= 2 && lower(at - 1) && codes_[at - 2] == '.') return at + 1;
    return title(at) ? at + 1 : 0;
  }

  // Mr Ms Dr St Jr vs Mrs in front of the dot at `at`.
  bool title(size_t at) const {
    for (const char* name : {"Mr", "Ms", "Dr", "St", "Jr", "vs", "Mrs"}) {
      const size_t length = std::strlen(name);
      if (at < length || !starts(at - length)) continue;
      size_t same = 0;
      while (same < length && codes_[at - length + same] == static_cast<uint8_t>(name[same])) ++same;
      if (same == length) return true;
    }
    return false;
  }

  // ://\S*C/?  up to the last character of the run that is no mark, and a slash after it.
  size_t address(size_t at) const {
    if (!in(at + 2) || codes_[at + 1] != '/' || codes_[at + 2] != '/') return 0;
    size_t end = 0;
    for (size_t place = at + 3; in(place) && !(classes_[place] & kSpace); ++place) {
      if (body(place)) end = place + 1;
    }
    return end && in(end) && codes_[end] == '/' ? end + 1 : end;
  }

  const uint32_t* codes_;
  const uint8_t* classes_;
  size_t size_;
};

}  // namespace

size_t token_end(const Text& text, size_t at) { return Matcher(text).end_of(at); }

}  // namespace words
