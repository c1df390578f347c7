// Documents that may resemble each other, compared: who resembles whom, with a bounded number of comparisons.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dedup {

// Rows of `stride` bytes with a signature at `offset`; `order` puts them by group and, in a group, best first.
struct Rows {
  const uint8_t* base;
  size_t stride;
  size_t offset;
  const int64_t* order;
  const uint32_t* signature(int64_t place) const {
    return reinterpret_cast<const uint32_t*>(base + static_cast<size_t>(order[place]) * stride + offset);
  }
};

struct Limits {
  size_t minima;
  size_t needed;  // equal places that make a pair
  size_t most;    // comparisons that one document of a group may cost
};

// What was found, an entry for each place of the order.
struct Found {
  int64_t* leader;   // the place of the leader that it resembles most, -1 for a leader
  int32_t* same;     // in how many minima they are equal
  int64_t* cluster;  // the least place that it is connected with
};

// Compares the documents of places `first` to `last` with the leaders among them: the number of comparisons left out.
int64_t compare(const Rows& rows, int64_t first, int64_t last, const Limits& limits, const Found& found);

// The same with leaders that are given: places `first` to `middle`, for the documents from there to `last`.
int64_t compare_across(const Rows& rows, int64_t first, int64_t middle, int64_t last, const Limits& limits,
                       const Found& found);

// parent[node] becomes the least node that it is connected with, for nodes 0 to `nodes`.
void components(int64_t nodes, const int64_t* pairs, size_t count, int64_t* parent);

}  // namespace dedup
