#include "language.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace words {

namespace {

constexpr int32_t kMagic = 793712314, kVersion = 12, kHierarchical = 1, kSupervised = 3, kCentroids = 256;
const std::string kEnd = "</s>", kLabel = "__label__";

float log_of(float value) { return static_cast<float>(std::log(value + 1e-5)); }

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f' || c == '\0'; }

}  // namespace

class Bytes {
 public:
  Bytes(const char* data, size_t length) : at_(data), end_(data + length) {}
  bool whole() const { return whole_; }
  template <typename Value>
  Value next() {
    Value value{};
    copy(&value, sizeof(Value));
    return value;
  }
  template <typename Value>
  void fill(std::vector<Value>& out, int64_t count) {
    if (count < 0 || count > (end_ - at_) / static_cast<int64_t>(sizeof(Value))) {
      whole_ = false;
      return;
    }
    out.resize(static_cast<size_t>(count));
    copy(out.data(), out.size() * sizeof(Value));
  }
  std::string word() {
    const void* zero = std::memchr(at_, 0, static_cast<size_t>(end_ - at_));
    const char* stop = zero ? static_cast<const char*>(zero) : end_;
    whole_ = whole_ && zero;
    std::string out(at_, stop);
    at_ = zero ? stop + 1 : end_;
    return out;
  }

 private:
  void copy(void* out, size_t length) {
    if (static_cast<size_t>(end_ - at_) < length) {
      whole_ = false;
      at_ = end_;
      return;
    }
    if (length) std::memcpy(out, at_, length);
    at_ += length;
  }

  const char* at_;
  const char* end_;
  bool whole_ = true;
};

LanguageModel::LanguageModel(const char* data, size_t length) {
  Bytes in(data, length);
  if (in.next<int32_t>() != kMagic || in.next<int32_t>() != kVersion) return;
  int32_t settings[12];
  for (int32_t& setting : settings) setting = in.next<int32_t>();
  in.next<double>();
  dimensions_ = settings[0], buckets_ = settings[8], shortest_ = settings[9], longest_ = settings[10];
  if (settings[5] != 1 || settings[6] != kHierarchical || settings[7] != kSupervised || buckets_ <= 0) return;
  read_entries(in);
  if (in.whole()) read_rows(in);
}

void LanguageModel::read_entries(Bytes& in) {
  const auto size = in.next<int32_t>();
  words_ = in.next<int32_t>();
  in.next<int32_t>();
  in.next<int64_t>();
  const auto pruned = in.next<int64_t>();
  std::vector<int64_t> counts;
  for (int32_t number = 0; number < size && in.whole(); ++number) {
    names_.push_back(in.word());
    const auto count = in.next<int64_t>();
    if (!in.next<int8_t>()) continue;
    labels_.push_back(names_.back().substr(std::min(kLabel.size(), names_.back().size())));
    counts.push_back(count);
  }
  kept_.assign(static_cast<size_t>(buckets_), -1);
  for (int64_t pair = 0; pair < pruned && in.whole(); ++pair) {
    const auto bucket = in.next<int32_t>();
    const auto row = in.next<int32_t>();
    if (bucket >= 0 && bucket < buckets_) kept_[static_cast<size_t>(bucket)] = words_ + row;
  }
  if (!in.whole() || counts.empty()) return;
  build_tree(counts);
  for (int32_t number = 0; number < size; ++number) {
    const std::string& name = names_[static_cast<size_t>(number)];
    numbers_.emplace(name, number);
    pieces_.push_back({number});
    if (name != kEnd) add_pieces('<' + name + '>', pieces_.back());
  }
}

void LanguageModel::read_rows(Bytes& in) {
  if (!in.next<bool>() || !in.next<bool>()) return;  // quantised, and the norms of rows by themselves
  const auto rows = in.next<int64_t>();
  in.next<int64_t>();
  in.fill(codes_, in.next<int32_t>());
  in.next<int32_t>();
  parts_ = in.next<int32_t>(), part_ = in.next<int32_t>(), last_part_ = in.next<int32_t>();
  in.fill(centroids_, static_cast<int64_t>(dimensions_) * kCentroids);
  std::vector<uint8_t> norm_codes;
  std::vector<float> norms;
  in.fill(norm_codes, rows);
  for (int skipped = 0; skipped < 4; ++skipped) in.next<int32_t>();
  in.fill(norms, kCentroids);
  if (!in.whole() || in.next<bool>()) return;
  for (const uint8_t code : norm_codes) norms_.push_back(norms[code]);
  const auto nodes = in.next<int64_t>();
  in.next<int64_t>();
  in.fill(output_, nodes * dimensions_);
  ready_ = in.whole() && parts_ > 0 && (parts_ - 1) * part_ + last_part_ == dimensions_ &&
           static_cast<int64_t>(codes_.size()) == rows * parts_ && nodes == static_cast<int64_t>(labels_.size());
  for (const int32_t row : kept_) ready_ = ready_ && row < rows;
}

void LanguageModel::build_tree(const std::vector<int64_t>& counts) {
  const auto labels = static_cast<int32_t>(counts.size());
  tree_.resize(2 * counts.size() - 1);
  for (size_t label = 0; label < counts.size(); ++label) tree_[label].count = counts[label];
  int32_t leaf = labels - 1, inner = labels;
  for (size_t node = counts.size(); node < tree_.size(); ++node) {
    int32_t least[2];
    for (int32_t& child : least) {
      const bool is_leaf = leaf >= 0 && tree_[static_cast<size_t>(leaf)].count < tree_[static_cast<size_t>(inner)].count;
      child = is_leaf ? leaf-- : inner++;
    }
    tree_[node] = {least[0], least[1],
                   tree_[static_cast<size_t>(least[0])].count + tree_[static_cast<size_t>(least[1])].count};
  }
}

// The rows of every run of `shortest_` to `longest_` characters; one character alone counts only inside a word.
void LanguageModel::add_pieces(const std::string& word, std::vector<int32_t>& rows) const {
  const auto goes_on = [&](size_t at) { return at < word.size() && (word[at] & 0xC0) == 0x80; };
  for (size_t begin = 0; begin < word.size(); ++begin) {
    if (goes_on(begin)) continue;
    uint32_t hash = 2166136261u;
    size_t at = begin;
    for (int32_t length = 1; at < word.size() && length <= longest_; ++length) {
      do {
        hash = (hash ^ static_cast<uint32_t>(static_cast<int8_t>(word[at++]))) * 16777619u;
      } while (goes_on(at));
      if (length < shortest_ || (length == 1 && (begin == 0 || at == word.size()))) continue;
      const int32_t row = kept_[hash % static_cast<uint32_t>(buckets_)];
      if (row >= 0) rows.push_back(row);
    }
  }
}

void LanguageModel::rows_of(std::string_view word, std::vector<int32_t>& rows) const {
  const auto known = numbers_.find(word);
  if (known == numbers_.end()) {
    if (word != kEnd && word.substr(0, kLabel.size()) != kLabel) add_pieces('<' + std::string(word) + '>', rows);
  } else if (known->second < words_) {
    const std::vector<int32_t>& pieces = pieces_[static_cast<size_t>(known->second)];
    rows.insert(rows.end(), pieces.begin(), pieces.end());
  }
}

int32_t LanguageModel::detect(std::string_view line, float* probability) const {
  std::vector<int32_t> rows;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && !is_blank(line[end])) ++end;
    if (end > at) rows_of(line.substr(at, end - at), rows);
    at = end + 1;
  }
  rows_of(kEnd, rows);
  if (rows.empty()) return -1;
  std::vector<float> hidden(static_cast<size_t>(dimensions_), 0.0f);
  for (const int32_t row : rows) {
    const float norm = norms_[static_cast<size_t>(row)];
    const uint8_t* code = codes_.data() + static_cast<size_t>(row) * static_cast<size_t>(parts_);
    float* out = hidden.data();
    for (int32_t part = 0; part < parts_; ++part) {
      const int32_t width = part == parts_ - 1 ? last_part_ : part_;
      const float* from = centroids_.data() + part * kCentroids * part_ + code[part] * width;
      for (int32_t place = 0; place < width; ++place) *out++ += norm * from[place];
    }
  }
  const auto share = static_cast<float>(1.0 / static_cast<double>(rows.size()));
  for (float& value : hidden) value *= share;
  Best best{0.0f, -1};
  descend(hidden, static_cast<int32_t>(tree_.size()) - 1, 0.0f, best);
  *probability = std::exp(best.score);
  return best.label;
}

void LanguageModel::descend(const std::vector<float>& hidden, int32_t node, float score, Best& best) const {
  if (score < log_of(0.0f) || (best.label >= 0 && score < best.score)) return;
  const Node& here = tree_[static_cast<size_t>(node)];
  if (here.left < 0) {
    if (best.label < 0 || score > best.score) best = {score, node};
    return;
  }
  const float* weights = output_.data() + (static_cast<size_t>(node) - labels_.size()) * hidden.size();
  float sum = 0.0f;
  for (size_t place = 0; place < hidden.size(); ++place) sum += weights[place] * hidden[place];
  const auto right = static_cast<float>(1. / (1 + std::exp(-sum)));
  descend(hidden, here.left, score + log_of(static_cast<float>(1.0 - right)), best);
  descend(hidden, here.right, score + log_of(right), best);
}

}  // namespace words
