// The plain C interface. A reading may be asked by several threads; -1 or null says that memory was not enough.
#include <algorithm>
#include <cstring>
#include <new>

#include "language.h"
#include "reading.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

using words::Reading;
using words::Span;

namespace {

// Phrases of a text in which line feeds part them, as code points.
std::vector<std::vector<uint32_t>> phrases(const char* data, size_t length) {
  std::vector<std::vector<uint32_t>> out;
  words::Text text;
  text.read(data, length);
  if (!text.size()) return out;
  out.emplace_back();
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.codes()[at] == '\n') {
      out.emplace_back();
    } else {
      out.back().push_back(text.codes()[at]);
    }
  }
  return out;
}

}  // namespace

EXPORTED void rules_set_characters(const uint8_t* classes, const uint32_t* folds, size_t fold_pairs) {
  words::characters.set(classes, folds, fold_pairs);
}

EXPORTED Reading* rules_read(const char* data, size_t length) try {
  return new Reading(data, length);
} catch (const std::bad_alloc&) {
  return nullptr;
}

EXPORTED void rules_free(Reading* reading) { delete reading; }

// The places of all tokens: their number, of which the first `room` are written.
EXPORTED int64_t rules_tokens(const Reading* reading, Span* out, size_t room) try {
  const std::vector<Span>& tokens = reading->tokens();
  std::copy_n(tokens.begin(), std::min(room, tokens.size()), out);
  return static_cast<int64_t>(tokens.size());
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED int rules_counts(const Reading* reading, words::Counts* out) try {
  *out = reading->counts();
  return 0;
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED int rules_prose(const Reading* reading, const char* stop_words, size_t length, words::Prose* out) try {
  *out = reading->prose(phrases(stop_words, length));
  return 0;
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED int rules_lines(const Reading* reading, int64_t short_line, words::Lines* out) try {
  *out = reading->lines(short_line);
  return 0;
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED int rules_paragraphs(const Reading* reading, words::Pieces* out) try {
  *out = reading->paragraphs();
  return 0;
} catch (const std::bad_alloc&) {
  return -1;
}

// `out` has room for longest - shortest + 1 entries, of which the number returned are written.
EXPORTED int64_t rules_ngrams(const Reading* reading, size_t shortest, size_t longest, words::Ngrams* out) try {
  return static_cast<int64_t>(reading->ngrams(shortest, longest, out));
} catch (const std::bad_alloc&) {
  return -1;
}

// `out` has room for as many bytes as were read, and two: the number written.
EXPORTED int64_t rules_sample(const Reading* reading, size_t window, char* out) try {
  const std::string sample = reading->sample(window);
  std::memcpy(out, sample.data(), sample.size());
  return static_cast<int64_t>(sample.size());
} catch (const std::bad_alloc&) {
  return -1;
}

// `out` has room for as many bytes as were read: the number written.
EXPORTED int64_t rules_c4_lines(const Reading* reading, const words::LineLimits* limits, const char* end_marks,
                                size_t length, char* out) try {
  const std::string lines = reading->c4_lines(*limits, phrases(end_marks, length));
  std::memcpy(out, lines.data(), lines.size());
  return static_cast<int64_t>(lines.size());
} catch (const std::bad_alloc&) {
  return -1;
}

EXPORTED int64_t rules_sentences(const Reading* reading, int64_t most) { return reading->sentences(most); }

// The number of sentences in all lines, of which the first `room` are written.
EXPORTED int64_t rules_sentence_places(const Reading* reading, words::Span* out, size_t room) {
  return static_cast<int64_t>(reading->sentence_places(out, room));
}

// A language model of fastText from the bytes of its file; null for anything else. It is never freed: one per process.
EXPORTED words::LanguageModel* rules_language_model(const char* data, size_t length) try {
  auto* model = new words::LanguageModel(data, length);
  if (model->ready()) return model;
  delete model;
  return nullptr;
} catch (const std::bad_alloc&) {
  return nullptr;
}

// The number of the likeliest label of a line, -1 for none, -2 where memory was not enough.
EXPORTED int32_t rules_detect(const words::LanguageModel* model, const char* line, size_t length, float* probability) try {
  return model->detect({line, length}, probability);
} catch (const std::bad_alloc&) {
  return -2;
}

// The label of a number; null behind the last.
EXPORTED const char* rules_label(const words::LanguageModel* model, size_t number) {
  return number < model->labels().size() ? model->labels()[number].c_str() : nullptr;
}
