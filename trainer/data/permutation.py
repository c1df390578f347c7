"""A keyed shuffle of 0 … n - 1 that is computed and not stored: where position i goes, without the rest.

A shuffled list of a billion windows is eight gigabytes and a state to save; a Feistel network is a few multiplications
and none. The number is split into two digits, in Z_a × Z_b with a·b just above n, and each round adds to one digit a
hash of the other (Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002, section 5). What falls on or above
n is sent through again until it does not (cycle walking, section 3 there), which keeps the map a bijection; a·b - n is
less than √n, so it seldom happens. Four rounds are the least that theory asks of a random-looking map; six are used.

The hash is splitmix64 (Steele, Lea and Flood, 2014), in unsigned 64-bit integers: the same on every machine.
"""

import hashlib
import math

import numpy as np

from corpus.splitmix import GOLDEN, mixed

ROUNDS = 6
_U32, _U64 = np.uint64(32), np.uint64
# Positions are int64, and up to a·b - 1 < 2^62 + 2^31 values are walked over; digits stay below 2^32, as `below` needs.
_LARGEST = 1 << 62


def name_key(seed: int, name: str) -> int:
    """The 64-bit key of a source: of the seed and its name, so that no other source can change it."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x00{name}".encode()).digest()[:8], "little")


def derived_keys(keys: np.ndarray, number: np.ndarray | int) -> np.ndarray:
    """Output `number` of the splitmix64 generator that is seeded with each key, uint64 in the shape of both."""
    return mixed(keys + (np.atleast_1d(number).astype(_U64) + _U64(1)) * _U64(GOLDEN))


def below(hashes: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """A number in 0 … limit - 1 from the high half of each hash (Lemire, 2019); limits up to 2^32."""
    # The high half as a fraction of 2^32, times the limit: for 0x80000000 and 10 it is 2^31 · 10 / 2^32 = 5.
    return ((hashes >> _U32) * limits) >> _U32


def digits_of(size: int) -> tuple[int, int]:
    """a and b with a·b at least `size` and less than `size` + a, both about its root; `ValueError` beyond 2^62."""
    if not 0 < size <= _LARGEST:
        raise ValueError(f"0 … {size} - 1 cannot be permuted; the size is at least 1 and at most 2^62")
    # Size 10: a = 4, b = 3, and 4 · 3 = 12 lies in 10 … 13.
    a = math.isqrt(size - 1) + 1
    return a, -(-size // a)


def permute(positions: np.ndarray, sizes: np.ndarray, digits: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Where each position of 0 … size - 1 goes: int64 [n].

    `positions` and `sizes` int64 [n], `digits` [n, 2] the `digits_of` each size, `keys` uint64 [n]: every element may
    be of another permutation, so one call serves all sources and epochs of a batch.
    """
    a, b = digits[:, 0].astype(_U64), digits[:, 1].astype(_U64)
    limits = sizes.astype(_U64)
    # uint64 [n] for each round: all elements go through the network together, each by its own keys.
    rounds = [derived_keys(keys, number) for number in range(ROUNDS)]
    values = _feistel(positions.astype(_U64), a, b, rounds)
    # Cycle walking: 0 … a·b - 1 is permuted as a whole, so whoever lands beyond `size` walks on until it is inside, and
    # no two positions meet. Fewer than `a` values lie beyond, so hardly any walks twice.
    while len(over := np.flatnonzero(values >= limits)):
        values[over] = _feistel(values[over], a[over], b[over], [key[over] for key in rounds])
    return values.astype(np.int64)


def _feistel(values: np.ndarray, a: np.ndarray, b: np.ndarray, rounds: list[np.ndarray]) -> np.ndarray:
    # A number is two digits, left · b + right. Each half round adds to one digit a hash of the other, which can be
    # taken off again: every round is a permutation, whatever the hash.
    left = values // b
    right = values - left * b
    for number in range(0, ROUNDS, 2):
        left = _add(left, below(mixed(right + rounds[number]), a), a)
        right = _add(right, below(mixed(left + rounds[number + 1]), b), b)
    return left * b + right


def _add(values: np.ndarray, more: np.ndarray, limits: np.ndarray) -> np.ndarray:
    total = values + more
    # Both are below the limit, so one subtraction takes the remainder, for less than a division.
    return np.where(total >= limits, total - limits, total)
