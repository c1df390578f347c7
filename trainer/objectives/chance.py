"""Chance as a function of (seed, number of the sample): the same in every process, and after every resumption."""

import numpy as np

from trainer.data.permutation import derived_keys, name_key

_TO_UNIT = 2.0**-53  # a float64 has 53 bits: the 64 - 11 high ones of a hash, so never 1


def sample_keys(seed: int, purpose: str, samples: np.ndarray) -> np.ndarray:
    """The key of each sample, uint64 [n]; a purpose has keys of its own."""
    return derived_keys(np.full(len(samples), name_key(seed, purpose), np.uint64), samples.astype(np.uint64))


def hashes(keys: np.ndarray, count: int, stream: int = 0) -> np.ndarray:
    """`count` numbers for each key, uint64 [n, count]; another `stream` gives others."""
    mine = derived_keys(keys, stream)
    return derived_keys(mine[:, None], np.arange(count)[None, :])  # [n, 1] and [1, count]: [n, count]


def uniforms(keys: np.ndarray, count: int, stream: int = 0) -> np.ndarray:
    """`count` numbers in [0, 1) for each key, float64 [n, count]."""
    return (hashes(keys, count, stream) >> np.uint64(11)) * _TO_UNIT


def least_places(values: np.ndarray, count: int) -> np.ndarray:
    """The places of the `count` least of each row of hashes, in ascending order, int64 [n, count]."""
    if not count:
        return np.empty((len(values), 0), np.int64)
    # 5 1 9 2 with count 2: the least are at 1 and 3. `argpartition` leaves them in any order, hence the sort.
    return np.sort(np.argpartition(values, count - 1, axis=1)[:, :count], axis=1)


def composition(values: np.ndarray, parts: int) -> np.ndarray:
    """A random way to write n as a sum of `parts` whole numbers, each at least 1, by n - 1 hashes a row: [rows, parts].

    All ways are equally likely: `parts` - 1 of the n - 1 places between units are cut. With n = 5 cut at the places 1
    and 3 of 0 … 3, the parts are 2, 2 and 1.
    """
    rows, places = values.shape
    cuts = least_places(values, parts - 1) + 1
    ends = np.full((rows, 1), places + 1)
    # n = 5, cut behind the places 1 and 3: ends 0 2 4 5, parts 2 2 1.
    return np.diff(np.concatenate((np.zeros((rows, 1), np.int64), cuts, ends), axis=1), axis=1)
