// The least values of a family of permutations over the shingles of a text.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dedup {

// out[k] = min over i of multipliers[k] * values[i] + addends[k] mod 2^32; all ones for no values.
void least(const uint32_t* values, size_t count, const uint32_t* multipliers, const uint32_t* addends, size_t minima,
           uint32_t* out);

// How many of `minima` places are equal in both.
size_t equal_places(const uint32_t* one, const uint32_t* other, size_t minima);

}  // namespace dedup
