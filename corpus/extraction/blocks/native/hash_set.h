// A set of hashes, most of which are not in it: one look at a small table says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace blocks {

class HashSet {
  public:
    void insert(uint64_t hash) {
        if ((size_ + 1) * 4 > places_.size()) grow();
        uint64_t& found = place(hash);
        size_ += found == 0;
        found = hash | 1;
    }

    bool contains(uint64_t hash) const {
        if (places_.empty()) return false;
        for (size_t at = slot(hash | 1); places_[at]; at = (at + 1) & (places_.size() - 1)) {
            if (places_[at] == (hash | 1)) return true;
        }
        return false;
    }

    int size() const { return static_cast<int>(size_); }

  private:
    size_t slot(uint64_t hash) const { return (hash * 0x9E3779B97F4A7C15ULL >> 32) & (places_.size() - 1); }

    uint64_t& place(uint64_t hash) {
        size_t at = slot(hash | 1);
        while (places_[at] && places_[at] != (hash | 1)) at = (at + 1) & (places_.size() - 1);
        return places_[at];
    }

    void grow() {
        std::vector<uint64_t> before = std::move(places_);
        places_.assign(before.empty() ? 64 : before.size() * 2, 0);
        for (uint64_t hash : before) {
            if (hash) place(hash) = hash;
        }
    }

    size_t size_ = 0;
    std::vector<uint64_t> places_;  // 0 for none; a hash has its last bit set
};

}  // namespace blocks
