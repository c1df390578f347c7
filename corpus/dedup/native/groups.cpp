// A group of k copies costs k comparisons, one of k unlike documents would cost k^2/2. So as soon as there are more
// leaders than a document may be compared with, those are chosen that share one of kKeys keys with it: a key is the
// minima of kPlaces places, drawn once for all. Of a pair with similarity s each key is equal with probability about
// s^kPlaces, and one of them is with 1 - (1 - s^16)^64: .8 for s = .8, .999 for .9. A list of leaders with one key holds
// most / kKeys of them, so that a document never costs more than `most`.
#include "groups.h"

#include <algorithm>
#include <vector>

#include "minima.h"
#include "shingles.h"

namespace dedup {

namespace {

constexpr size_t kKeys = 64, kPlaces = 16;

int64_t root(int64_t* parent, int64_t node) {
  while (parent[node] != node) {
    parent[node] = parent[parent[node]];
    node = parent[node];
  }
  return node;
}

void join(int64_t* parent, int64_t one, int64_t other) {
  one = root(parent, one);
  other = root(parent, other);
  parent[std::max(one, other)] = std::min(one, other);
}

// The leaders of a group that has too many of them, by key: chains of entries of 12 bytes, in a table of their heads.
class Index {
 public:
  Index(const Rows& rows, const Limits& limits, size_t documents)
      : rows_(rows), limits_(limits), documents_(documents), room_(std::max<size_t>(limits.most / kKeys, 1)) {
    for (uint64_t number = 0; places_.size() < kKeys * kPlaces; ++number) {
      places_.push_back(mixed(number + 1) % limits.minima);
    }
  }

  void add(int64_t place) {
    if (heads_.empty()) {
      size_t size = 1;
      while (size < documents_ * kKeys) size *= 2;
      heads_.assign(size, kNone);
    }
    for (const uint64_t key : keys_of(place)) {
      size_t held = 0;
      each_with(key, [&held](int64_t) { ++held; });
      if (held >= room_) continue;
      uint32_t& head = heads_[key & (heads_.size() - 1)];
      entries_.push_back({mark(key), static_cast<uint32_t>(place - first_), head});
      head = static_cast<uint32_t>(entries_.size() - 1);
    }
  }

  // The leaders to compare a document with, each once, ascending.
  const std::vector<int64_t>& near(int64_t place) {
    near_.clear();
    for (const uint64_t key : keys_of(place)) each_with(key, [this](int64_t leader) { near_.push_back(leader); });
    std::sort(near_.begin(), near_.end());
    near_.erase(std::unique(near_.begin(), near_.end()), near_.end());
    return near_;
  }

  void begin_at(int64_t first) { first_ = first; }

 private:
  struct Entry {
    uint32_t mark, place, next;
  };
  static constexpr uint32_t kNone = 0xFFFFFFFFu;
  static uint32_t mark(uint64_t key) { return static_cast<uint32_t>(key >> 32); }

  template <typename Each>
  void each_with(uint64_t key, Each each) const {
    for (uint32_t at = heads_[key & (heads_.size() - 1)]; at != kNone; at = entries_[at].next) {
      if (entries_[at].mark == mark(key)) each(first_ + entries_[at].place);
    }
  }

  // A document is looked up and then added: its keys are made once.
  const std::vector<uint64_t>& keys_of(int64_t place) {
    if (place == keyed_) return keys_;
    const uint32_t* signature = rows_.signature(place);
    for (size_t key = 0; key < kKeys; ++key) {
      uint64_t hash = key;
      for (size_t each = key * kPlaces; each < (key + 1) * kPlaces; ++each) hash = mixed(hash + signature[places_[each]]);
      keys_[key] = hash;
    }
    keyed_ = place;
    return keys_;
  }

  const Rows& rows_;
  const Limits& limits_;
  size_t documents_, room_;
  int64_t first_ = 0, keyed_ = -1;
  std::vector<size_t> places_;
  std::vector<uint32_t> heads_;
  std::vector<Entry> entries_;
  std::vector<int64_t> near_;
  std::vector<uint64_t> keys_ = std::vector<uint64_t>(kKeys);
};

class Leaders {
 public:
  Leaders(const Rows& rows, const Limits& limits, const Found& found, int64_t first, int64_t last)
      : rows_(rows), limits_(limits), found_(found), index_(rows, limits, static_cast<size_t>(last - first)) {
    index_.begin_at(first);
  }

  void add(int64_t place) {
    all_.push_back(place);
    if (all_.size() == limits_.most + 1) {
      for (const int64_t each : all_) index_.add(each);
    } else if (crowded()) {
      index_.add(place);
    }
  }

  // Compares a document with leaders and notes the best; `join_all` puts it into the cluster of all it resembles.
  // Returns how many leaders it was not compared with.
  int64_t ask(int64_t place, bool join_all) {
    const std::vector<int64_t>& some = crowded() ? index_.near(place) : all_;
    const uint32_t* own = rows_.signature(place);
    for (const int64_t leader : some) {
      const size_t same = equal_places(own, rows_.signature(leader), limits_.minima);
      if (same < limits_.needed) continue;
      if (static_cast<int32_t>(same) > found_.same[place]) {
        found_.same[place] = static_cast<int32_t>(same);
        found_.leader[place] = leader;
      }
      if (join_all) join(found_.cluster, leader, place);
    }
    return static_cast<int64_t>(all_.size() - some.size());
  }

 private:
  bool crowded() const { return all_.size() > limits_.most; }

  const Rows& rows_;
  const Limits& limits_;
  const Found& found_;
  Index index_;
  std::vector<int64_t> all_;
};

void begin(const Found& found, int64_t first, int64_t last) {
  for (int64_t place = first; place < last; ++place) {
    found.leader[place] = -1;
    found.same[place] = 0;
    found.cluster[place] = place;
  }
}

}  // namespace

int64_t compare(const Rows& rows, int64_t first, int64_t last, const Limits& limits, const Found& found) {
  begin(found, first, last);
  Leaders leaders(rows, limits, found, first, last);
  int64_t left_out = 0;
  for (int64_t place = first; place < last; ++place) {
    left_out += leaders.ask(place, true);
    if (found.leader[place] < 0) leaders.add(place);
  }
  for (int64_t place = first; place < last; ++place) found.cluster[place] = root(found.cluster, place);
  return left_out;
}

int64_t compare_across(const Rows& rows, int64_t first, int64_t middle, int64_t last, const Limits& limits,
                       const Found& found) {
  begin(found, first, last);
  Leaders leaders(rows, limits, found, first, last);
  int64_t left_out = 0;
  for (int64_t place = first; place < middle; ++place) leaders.add(place);
  for (int64_t place = middle; place < last; ++place) left_out += leaders.ask(place, false);
  return left_out;
}

void components(int64_t nodes, const int64_t* pairs, size_t count, int64_t* parent) {
  for (int64_t node = 0; node < nodes; ++node) parent[node] = node;
  for (size_t pair = 0; pair < count; ++pair) join(parent, pairs[2 * pair], pairs[2 * pair + 1]);
  for (int64_t node = 0; node < nodes; ++node) parent[node] = root(parent, node);
}

}  // namespace dedup
