// fastText's supervised models in their quantised form with a hierarchical softmax, read for one question: which label is
// the likeliest. The numbers are fastText's own to the last bit, for the sums run in its order.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace words {

class LanguageModel {
 public:
  // Reads the bytes of a model; `ready` says whether they were one.
  LanguageModel(const char* data, size_t length);
  bool ready() const { return ready_; }
  // The number of the likeliest label of a line and its probability; -1 where nothing of the line is known.
  int32_t detect(std::string_view line, float* probability) const;
  const std::vector<std::string>& labels() const { return labels_; }

 private:
  struct Node {
    int32_t left = -1;
    int32_t right = -1;
    int64_t count = 1'000'000'000'000'000;
  };
  struct Best {
    float score;
    int32_t label;
  };

  void read_entries(class Bytes& in);
  void read_rows(class Bytes& in);
  void build_tree(const std::vector<int64_t>& counts);
  void add_pieces(const std::string& word, std::vector<int32_t>& rows) const;
  void rows_of(std::string_view word, std::vector<int32_t>& rows) const;
  void descend(const std::vector<float>& hidden, int32_t node, float score, Best& best) const;

  bool ready_ = false;
  int32_t dimensions_ = 0, buckets_ = 0, shortest_ = 0, longest_ = 0, words_ = 0;
  std::unordered_map<std::string_view, int32_t> numbers_;  // of words and labels, of which names_ has the bytes
  std::vector<std::string> names_;
  std::vector<std::vector<int32_t>> pieces_;  // of a known word: itself and its pieces, as rows
  std::vector<int32_t> kept_;                 // the row of each bucket, -1 for one that was pruned
  std::vector<std::string> labels_;
  int32_t parts_ = 0, part_ = 0, last_part_ = 0;
  std::vector<uint8_t> codes_;
  std::vector<float> centroids_, norms_, output_;
  std::vector<Node> tree_;
};

}  // namespace words
