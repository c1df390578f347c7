"""SplitMix64 over arrays, to mix hashes (Steele, Lea and Flood, Fast Splittable Pseudorandom Generators, 2014)."""

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd


def mixed(values: np.ndarray) -> np.ndarray:
    """The finaliser, uint64 in any shape: a bijection in which every bit of the input moves every bit of the output."""
    values = values.copy()
    shifted = np.empty_like(values)  # in place from here on: no other array is made
    for bits, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        np.right_shift(values, np.uint64(bits), out=shifted)
        np.bitwise_xor(values, shifted, out=values)
        if factor > 1:
            np.multiply(values, np.uint64(factor), out=values)
    return values
