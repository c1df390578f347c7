"""Features of a batch of texts, as every engine has them: numbers of buckets, and how many of them each text has.

texts "a b", "c"     runs ([a b c], [2 1]), ([ab], [1 0])     flat [a b ab c], starts [0 3 4]
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Features:
    """Runs of (buckets of all texts in order, number of them in each text); a text has its piece of every run."""

    runs: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def lengths(self) -> np.ndarray:
        """How many features each text has."""
        return np.sum([lengths for _, lengths in self.runs], axis=0)

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of each text's features, exact for whole numbers."""
        total = np.zeros(len(self.runs[0][1]), np.int64)
        for buckets, lengths in self.runs:
            running = np.zeros(len(buckets) + 1, np.int64)
            np.cumsum(weights[buckets], out=running[1:])
            ends = np.cumsum(lengths)
            total += running[ends] - running[ends - lengths]
        return total

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """All features, text by text, as int32, and where each text starts (one more at the end)."""
        owners = [np.repeat(np.arange(len(lengths)), lengths) for _, lengths in self.runs]
        order = np.argsort(np.concatenate(owners), kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        return np.concatenate([buckets for buckets, _ in self.runs])[order].astype(np.int32), starts
