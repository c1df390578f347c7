// An (n+1)-gram can only stand twice where both n-grams in it do, so the places thin out as n grows: in prose a third of
// them are left at n = 2, and next to none at 5. One pass over the text, not one for each n; names are exact.
#include <algorithm>

#include "reading.h"

namespace words {

namespace {

struct Place {
  int32_t token;  // where the n-gram begins
  int32_t name;   // equal n-grams have equal names, 0, 1, … by their first places
};

// Names for pairs of names.
class Pairs {
 public:
  explicit Pairs(size_t most) {
    size_t slots = 16;
    while (slots < 2 * most) slots *= 2;
    keys_.assign(slots, kNone);
    names_.resize(slots);
  }
  int32_t of(int32_t one, int32_t other) {
    const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(one)) << 32 | static_cast<uint32_t>(other);
    size_t slot = (key ^ (key >> 31)) * 0x9E3779B97F4A7C15u >> 20 & (keys_.size() - 1);
    while (keys_[slot] != kNone && keys_[slot] != key) slot = (slot + 1) & (keys_.size() - 1);
    if (keys_[slot] == kNone) {
      keys_[slot] = key;
      names_[slot] = next_++;
    }
    return names_[slot];
  }
  size_t size() const { return static_cast<size_t>(next_); }

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};
  std::vector<uint64_t> keys_;
  std::vector<int32_t> names_;
  int32_t next_ = 0;
};

// Leaves only the places whose name another place has too; the counts of all names stay.
void thin_out(std::vector<Place>& places, size_t names, std::vector<int32_t>& counts) {
  counts.assign(names, 0);
  for (const Place place : places) ++counts[static_cast<size_t>(place.name)];
  const auto alone = [&](Place place) { return counts[static_cast<size_t>(place.name)] < 2; };
  places.erase(std::remove_if(places.begin(), places.end(), alone), places.end());
}

}  // namespace

size_t Reading::ngrams(size_t shortest, size_t longest, Ngrams* out) const {
  const std::vector<Span>& spans = tokens();
  longest = std::min(longest, spans.size());
  std::vector<int64_t> ends(spans.size() + 1, 0);  // characters of the tokens before each
  for (size_t token = 0; token < spans.size(); ++token) ends[token + 1] = ends[token] + spans[token].size();

  Numbering numbers(text_.codes(), spans.size());
  std::vector<Place> places;
  places.reserve(spans.size());
  for (size_t token = 0; token < spans.size(); ++token) {
    places.push_back({static_cast<int32_t>(token), static_cast<int32_t>(numbers.of(spans[token]))});
  }
  std::vector<int32_t> counts;
  std::vector<bool> seen;
  thin_out(places, numbers.size(), counts);
  for (size_t n = 1; n <= longest; ++n) {
    if (n > 1) {
      Pairs pairs(places.size());
      size_t kept = 0;
      for (size_t place = 0; place + 1 < places.size(); ++place) {
        if (places[place].token + 1 != places[place + 1].token) continue;
        const Place longer{places[place].token, pairs.of(places[place].name, places[place + 1].name)};
        places[kept++] = longer;
      }
      places.resize(kept);
      thin_out(places, pairs.size(), counts);
    }
    if (n < shortest) continue;

    Ngrams& found = out[n - shortest] = {0, 1, ends[n], 0, 0};
    const auto most = std::max_element(counts.begin(), counts.end());
    if (!places.empty()) {
      const auto winner = static_cast<int32_t>(most - counts.begin());
      const auto first = std::find_if(places.begin(), places.end(), [&](Place each) { return each.name == winner; });
      const auto start = static_cast<size_t>(first->token);
      found.frequent_start = first->token;
      found.frequent_count = *most;
      found.frequent_characters = ends[start + n] - ends[start];
    }
    seen.assign(counts.size(), false);
    size_t free = 0;
    for (const Place place : places) {
      const auto start = static_cast<size_t>(place.token);
      if (start < free) continue;
      if (seen[static_cast<size_t>(place.name)]) {
        if (!found.duplicate_characters) found.duplicate_start = place.token;
        found.duplicate_characters += ends[start + n] - ends[start];
        free = start + n;
      }
      seen[static_cast<size_t>(place.name)] = true;
    }
  }
  return longest < shortest ? 0 : longest - shortest + 1;
}

}  // namespace words
