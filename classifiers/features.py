"""Features of a batch of texts, as every engine has them: numbers of buckets, and which of them each text has.

texts "a b", "c"     words [a b c], of each text from 0, 2 on 2, 1 of them
                     pairs [ab bc], of each text from 0, 2 on 1, 0 of them: bc is of no text
                     flat [a b ab c], starts [0 3 4]
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Run:
    """Buckets, and the piece of them that each text has: `lengths` of them from `starts` on."""

    buckets: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True)
class Features:
    """A text has its piece of every run."""

    runs: tuple[Run, ...]

    @property
    def lengths(self) -> np.ndarray:
        """How many features each text has."""
        return np.sum([run.lengths for run in self.runs], axis=0)

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of each text's features, exact for whole numbers."""
        # Sums of pieces by differences of a running sum: weights [3 1 4] give running [0 3 4 8], and the piece from 1
        # on of 2 is 8 - 3 = 5. In int64 that is exact; in floats the differences would carry the rounding of all
        # earlier texts.
        total = np.zeros(len(self.runs[0].starts), np.int64)
        for run in self.runs:
            running = np.zeros(len(run.buckets) + 1, np.int64)
            np.cumsum(np.take(weights, run.buckets), out=running[1:])
            total += running[run.starts + run.lengths] - running[run.starts]
        return total

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """All features, text by text, as int32, and where each text starts (one more at the end)."""
        # Text by text, and within a text run by run: words, then pairs. `Engine.named` keeps the same order.
        pieces = [
            run.buckets[start : start + length]
            for text in range(len(self.lengths))
            for run in self.runs
            for start, length in [(int(run.starts[text]), int(run.lengths[text]))]
        ]
        # int32 holds every bucket (at most 2^20) at half the memory.
        return np.concatenate(pieces).astype(np.int32), np.concatenate([[0], np.cumsum(self.lengths)])
