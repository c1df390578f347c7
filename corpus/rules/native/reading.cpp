#include "reading.h"

#include <algorithm>
#include <cstring>

#include "words.h"

namespace words {

Numbering::Numbering(const uint32_t* codes, size_t most) : codes_(codes) {
  size_t slots = 16;
  while (slots < 2 * most) slots *= 2;
  slots_.assign(slots, -1);
}

size_t Numbering::of(Span span) {
  const uint32_t* codes = codes_ + span.begin;
  const auto size = static_cast<size_t>(span.size());
  uint64_t hash = size;
  for (size_t place = 0; place < size; ++place) hash = (hash ^ (hash >> 29) ^ codes[place]) * 0x9E3779B97F4A7C15u;
  const auto mark = static_cast<uint32_t>(hash >> 32);
  for (size_t slot = mark & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] < 0) {
      slots_[slot] = static_cast<int32_t>(first_.size());
      first_.push_back(span);
      hashes_.push_back(mark);
      return first_.size() - 1;
    }
    const auto number = static_cast<size_t>(slots_[slot]);
    if (hashes_[number] == mark && first_[number].size() == span.size() &&
        !std::memcmp(codes_ + first_[number].begin, codes, size * sizeof(uint32_t))) {
      return number;
    }
  }
}

const std::vector<Span>& Reading::tokens() const {
  std::call_once(split_, [this] {
    const uint8_t* classes = text_.classes();
    for (size_t at = 0; at < text_.size();) {
      if (classes[at] & kSpace) {
        ++at;
        continue;
      }
      const size_t end = token_end(text_, at);
      tokens_.push_back({static_cast<int64_t>(at), static_cast<int64_t>(end)});
      at = end;
    }
  });
  return tokens_;
}

bool Reading::blank(Span span) const {
  const uint8_t* classes = text_.classes();
  return std::all_of(classes + span.begin, classes + span.end, [](uint8_t kind) { return kind & kSpace; });
}

Span Reading::stripped(Span span) const {
  const uint8_t* classes = text_.classes();
  while (span.begin < span.end && classes[span.begin] & kSpace) ++span.begin;
  while (span.begin < span.end && classes[span.end - 1] & kSpace) --span.end;
  return span;
}

bool Reading::starts_with(Span span, const std::vector<uint32_t>& what) const {
  return span.size() >= static_cast<int64_t>(what.size()) &&
         std::equal(what.begin(), what.end(), text_.codes() + span.begin);
}

bool Reading::ends_with(Span span, const std::vector<uint32_t>& what) const {
  const auto size = static_cast<int64_t>(what.size());
  return span.size() >= size && std::equal(what.begin(), what.end(), text_.codes() + span.end - size);
}

Counts Reading::counts() const {
  const uint8_t* classes = text_.classes();
  Counts out{static_cast<int64_t>(text_.size()), 0, 0, static_cast<int64_t>(tokens().size()), 0};
  for (size_t at = 0; at < text_.size(); ++at) {
    out.visible += !(classes[at] & kSpace);
    out.letters += !(classes[at] & (kSpace | kMark | kDigit)) && text_.codes()[at] != '_';
  }
  for (const Span token : tokens()) {
    out.lexical += std::any_of(classes + token.begin, classes + token.end,
                               [](uint8_t kind) { return kind & kLetterOrDigit; });
  }
  return out;
}

std::string Reading::sample(size_t window) const {
  std::vector<uint32_t> squeezed;
  squeezed.reserve(text_.size());
  for (size_t at = 0; at < text_.size(); ++at) {
    if (!(text_.classes()[at] & kSpace)) {
      if (at && text_.classes()[at - 1] & kSpace && !squeezed.empty()) squeezed.push_back(' ');
      squeezed.push_back(text_.codes()[at]);
    }
  }
  std::string out;
  const auto cut = [&](size_t begin, size_t end) {
    for (; begin < end; ++begin) append(out, squeezed[begin]);
  };
  const size_t size = squeezed.size();
  if (size <= 3 * window) {
    cut(0, size);
    return out;
  }
  const size_t middle = (size - window) / 2;
  cut(0, window);
  out += ' ';
  cut(middle, middle + window);
  out += ' ';
  cut(size - window, size);
  return out;
}

// The length of `^#{1,6} ` at the beginning of a line, 0 for none.
size_t Reading::heading_mark(size_t at) const {
  const uint32_t* codes = text_.codes();
  if (at > 0 && codes[at - 1] != '\n') return 0;
  size_t end = at;
  while (end < text_.size() && codes[end] == '#') ++end;
  return end > at && end - at <= 6 && end < text_.size() && codes[end] == ' ' ? end - at + 1 : 0;
}

Prose Reading::prose(const std::vector<std::vector<uint32_t>>& stop_words) const {
  const uint32_t* codes = text_.codes();
  const uint8_t* classes = text_.classes();
  Prose out{};
  std::vector<bool> met(stop_words.size());
  size_t longest = 0;
  for (const auto& word : stop_words) longest = std::max(longest, word.size());
  size_t marked_until = 0;  // tokens in front of it are the mark of a heading
  for (const Span token : tokens()) {
    const auto begin = static_cast<size_t>(token.begin);
    if (codes[begin] == '#') {
      if (begin < marked_until) continue;
      if (const size_t mark = heading_mark(begin)) {
        marked_until = begin + mark;
        continue;
      }
    }
    uint8_t seen = 0;
    for (int64_t place = token.begin; place < token.end; ++place) seen |= classes[place];
    ++out.tokens;
    out.alphabetic += (seen & kLetter) != 0;
    if (seen & kLetterOrDigit) {
      ++out.lexical;
      out.lexical_characters += token.size();
    }
    if (token.size() > static_cast<int64_t>(longest)) continue;
    for (size_t number = 0; number < stop_words.size(); ++number) {
      if (stop_words[number].size() == static_cast<size_t>(token.size()) && starts_with(token, stop_words[number])) {
        met[number] = true;
      }
    }
  }
  out.stop_words = std::count(met.begin(), met.end(), true);

  for (size_t at = 0; at < text_.size(); ++at) {
    if (codes[at] == '#') {
      if (const size_t mark = heading_mark(at)) {
        at += mark - 1;
      } else {
        ++out.hashes;
      }
    } else if (codes[at] == 0x2026) {
      ++out.ellipses;
    } else if (codes[at] == '.' && at + 2 < text_.size() && codes[at + 1] == '.' && codes[at + 2] == '.') {
      ++out.ellipses;
      at += 2;
    }
  }
  static const std::vector<uint32_t> kDots = {'.', '.', '.'};
  split_lines([&](Span line) {
    line.begin += static_cast<int64_t>(heading_mark(static_cast<size_t>(line.begin)));
    line = stripped(line);
    if (!line.size()) return;
    ++out.lines;
    out.bullets += codes[line.begin] == 0x2022 || codes[line.begin] == '-';
    out.trailing += codes[line.end - 1] == 0x2026 || ends_with(line, kDots);
  });
  return out;
}

Pieces Reading::pieces(const std::vector<Span>& spans) const {
  Numbering numbers(text_.codes(), spans.size());
  std::vector<int64_t> counts(spans.size(), 0);
  Pieces out{static_cast<int64_t>(spans.size()), 0, 0, {0, 0}};
  for (const Span span : spans) {
    if (counts[numbers.of(span)]++) out.repeated_characters += span.size();
  }
  out.distinct = static_cast<int64_t>(numbers.size());
  if (!spans.empty()) {
    const auto most = std::max_element(counts.begin(), counts.begin() + out.distinct);
    out.commonest = numbers.first(static_cast<size_t>(most - counts.begin()));
  }
  return out;
}

Lines Reading::lines(int64_t short_line) const {
  const uint32_t* codes = text_.codes();
  const auto size = static_cast<int64_t>(text_.size());
  Lines out{};
  std::vector<Span> spans;
  for (int64_t begin = 0, end = 0; begin <= size; begin = end + 1) {
    for (end = begin; end < size && codes[end] != '\n';) ++end;
    out.breaks += end < size;
    const Span line{begin, end};
    if (blank(line)) continue;
    spans.push_back(line);
    out.punctuated += (text_.classes()[end - 1] & kTerminal) != 0;
    out.short_ones += line.size() <= short_line;
  }
  out.pieces = pieces(spans);
  return out;
}

// What two line feeds or more part, without white space around the whole.
Pieces Reading::paragraphs() const {
  const uint32_t* codes = text_.codes();
  const Span whole = stripped({0, static_cast<int64_t>(text_.size())});
  std::vector<Span> spans;
  for (int64_t begin = whole.begin; begin < whole.end;) {
    int64_t end = begin;
    while (end < whole.end && !(codes[end] == '\n' && end + 1 < whole.end && codes[end + 1] == '\n')) ++end;
    if (!blank({begin, end})) spans.push_back({begin, end});
    while (end < whole.end && codes[end] == '\n') ++end;
    begin = end;
  }
  return pieces(spans);
}

}  // namespace words
