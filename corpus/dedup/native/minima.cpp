// Plain loops over fixed numbers of lanes, which compilers turn into vector code. Where the processor has wider vectors
// than the oldest one of its kind, the loader picks the version made for them; the values are the same.
#include "minima.h"

#include <algorithm>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define FOR_WIDER_VECTORS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_WIDER_VECTORS
#endif

namespace dedup {

namespace {

constexpr size_t kLanes = 16;
typedef uint32_t Lanes __attribute__((vector_size(kLanes * sizeof(uint32_t)), aligned(4), may_alias));

}  // namespace

FOR_WIDER_VECTORS
void least(const uint32_t* values, size_t count, const uint32_t* multipliers, const uint32_t* addends, size_t minima,
           uint32_t* out) {
  std::fill(out, out + minima, 0xFFFFFFFFu);
  size_t first = 0;
  for (; first + kLanes <= minima; first += kLanes) {
    const Lanes multiplier = *reinterpret_cast<const Lanes*>(multipliers + first);
    const Lanes addend = *reinterpret_cast<const Lanes*>(addends + first);
    Lanes found = *reinterpret_cast<const Lanes*>(out + first);
    for (size_t place = 0; place < count; ++place) {
      const Lanes value = multiplier * values[place] + addend;
      found = value < found ? value : found;
    }
    *reinterpret_cast<Lanes*>(out + first) = found;
  }
  for (; first < minima; ++first) {
    for (size_t place = 0; place < count; ++place) {
      out[first] = std::min(out[first], multipliers[first] * values[place] + addends[first]);
    }
  }
}

FOR_WIDER_VECTORS
size_t equal_places(const uint32_t* one, const uint32_t* other, size_t minima) {
  uint32_t same = 0;
  for (size_t place = 0; place < minima; ++place) same += one[place] == other[place];
  return same;
}

}  // namespace dedup
