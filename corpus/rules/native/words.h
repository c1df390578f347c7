// The word split of the rules (corpus/rules/words.py) over code points.
#pragma once
#include <cstddef>

#include "characters.h"

namespace words {

// Calls `word(begin, end)` for each lexical token of the text, and for each of its characters that stand alone.
template <typename Word>
void for_each_word(const Text& text, Word word);

// The end of the token that starts at `at`, which is no white space.
size_t token_end(const Text& text, size_t at);

template <typename Word>
void for_each_word(const Text& text, Word word) {
  const uint8_t* classes = text.classes();
  for (size_t at = 0; at < text.size();) {
    if (classes[at] & kSpace) {
      ++at;
      continue;
    }
    const size_t end = token_end(text, at);
    uint8_t seen = 0;
    for (size_t place = at; place < end; ++place) seen |= classes[place];
    if (seen & kLetterOrDigit) {
      size_t begin = at;
      for (size_t place = at; seen & kAlone && place < end; ++place) {
        if (!(classes[place] & kAlone)) continue;
        if (begin < place) word(begin, place);
        word(place, place + 1);
        begin = place + 1;
      }
      if (begin < end) word(begin, end);
    }
    at = end;
  }
}

}  // namespace words
