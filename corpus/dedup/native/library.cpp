// The plain C interface. Every function is told all it needs and remembers nothing but the tables of characters;
// -1 says that memory was not enough.
#include <algorithm>
#include <cstring>
#include <new>

#include "groups.h"
#include "minima.h"
#include "shingles.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

using dedup::Cut;

EXPORTED void dedup_set_characters(const uint8_t* classes, const uint32_t* folds, size_t fold_pairs) {
  words::characters.set(classes, folds, fold_pairs);
}

// For each of `documents` texts, of which text i is bytes offsets[i] to offsets[i + 1] of `data`, its minima.
EXPORTED int dedup_sign(const char* data, const int64_t* offsets, size_t documents, const Cut* cut,
                        const uint32_t* multipliers, const uint32_t* addends, size_t minima, uint32_t* out) try {
  dedup::Shingles shingles;
  std::vector<uint32_t> values;
  for (size_t document = 0; document < documents; ++document) {
    const auto length = static_cast<size_t>(offsets[document + 1] - offsets[document]);
    const std::vector<uint64_t>& hashes = shingles.of(data + offsets[document], length, *cut);
    values.resize(hashes.size());
    for (size_t place = 0; place < hashes.size(); ++place) values[place] = static_cast<uint32_t>(hashes[place] >> 32);
    dedup::least(values.data(), values.size(), multipliers, addends, minima, out + document * minima);
  }
  return 0;
} catch (const std::bad_alloc&) {
  return -1;
}

// The hashes of the shingles of one text: their number, of which the first `room` are written.
EXPORTED int64_t dedup_shingles(const char* data, size_t length, const Cut* cut, uint64_t* out, size_t room) try {
  dedup::Shingles shingles;
  const std::vector<uint64_t>& hashes = shingles.of(data, length, *cut);
  std::copy_n(hashes.begin(), std::min(room, hashes.size()), out);
  return static_cast<int64_t>(hashes.size());
} catch (const std::bad_alloc&) {
  return -1;
}

// The folded words of one text, each with a line feed: the number of bytes, of which the first `room` are written.
EXPORTED int64_t dedup_words(const char* data, size_t length, char* out, size_t room) try {
  dedup::Shingles shingles;
  const std::string words = shingles.words_of(data, length);
  std::memcpy(out, words.data(), std::min(room, words.size()));
  return static_cast<int64_t>(words.size());
} catch (const std::bad_alloc&) {
  return -1;
}

// The places of the words of one text in code points: their number, of which the first `room` pairs are written.
EXPORTED int64_t dedup_word_places(const char* data, size_t length, int32_t* out, size_t room) try {
  return static_cast<int64_t>(dedup::Shingles().places_of(data, length, out, room));
} catch (const std::bad_alloc&) {
  return -1;
}

// The groups of places starts[i] to starts[i + 1]. `middles` is null where all documents may lead; else those in front
// of middles[i] lead those behind it. Returns the comparisons left out.
EXPORTED int64_t dedup_compare(const dedup::Rows* rows, const int64_t* starts, const int64_t* middles, size_t groups,
                               const dedup::Limits* limits, const dedup::Found* found) try {
  int64_t left_out = 0;
  for (size_t group = 0; group < groups; ++group) {
    const int64_t first = starts[group], last = starts[group + 1];
    left_out += middles ? dedup::compare_across(*rows, first, middles[group], last, *limits, *found)
                        : dedup::compare(*rows, first, last, *limits, *found);
  }
  return left_out;
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED void dedup_components(int64_t nodes, const int64_t* pairs, size_t count, int64_t* parent) {
  dedup::components(nodes, pairs, count, parent);
}
