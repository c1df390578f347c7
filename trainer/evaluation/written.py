"""Tasks whose answers are written and not chosen: how a written text counts, by every measure at once.

GPT-2 and GPT-3 quote exact match for questions and arithmetic, F1 for reading comprehension, BLEU for translation and
ROUGE for summaries. All of them are computed of every text; the task names the one that is its headline.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from trainer.evaluation.measures import bleu, bleu_counts, exact, f1, interval, rouge
from trainer.evaluation.tasks import Item

RULES = ("match", "f1", "rouge1", "rouge2", "rougeL", "bleu")


class PartScore(TypedDict):
    """A figure over some items with its 95 % interval; both are None where there are no items."""

    items: int
    score: float | None
    interval: list[float] | None


@dataclass(frozen=True, eq=False)
class Agreement:
    """One measure over all items: its figure, the values [n] that it is the mean of, or [n, …] that it sums."""

    score: float
    values: np.ndarray
    figure: Callable[[np.ndarray], float] | None = None

    @property
    def standard_error(self) -> float | None:
        """That of the mean; None for a single item, and for a figure that is no mean."""
        n = len(self.values)
        # numpy's std divides by n; σ/√n with the unbiased σ is the same as this over √(n - 1).
        return None if n < 2 or self.figure else float(self.values.std() / np.sqrt(n - 1))

    def subset(self, kept: np.ndarray, seed: int) -> PartScore:
        """The figure and its 95 % interval over the items where `kept` bool [n] holds; None for none."""
        rows = self.values[kept]
        if not len(rows):
            return {"items": 0, "score": None, "interval": None}
        score = float(rows.mean()) if self.figure is None else self.figure(rows.sum(0))
        return {"items": len(rows), "score": score, "interval": list(interval(rows, self.figure, seed))}


def mean_of(values: Sequence[float]) -> Agreement:
    """The agreement that is a mean of the items' values."""
    rows = np.asarray(values, np.float64)
    return Agreement(float(rows.mean()), rows)


def agreements(written: Sequence[str], items: Sequence[Item]) -> dict[str, Agreement]:
    """Every measure of the texts, by its name in `RULES`; BLEU is that of the corpus, over 100 as the others over 1."""
    pairs = list(zip(written, (item.endings for item in items), strict=True))
    found = {"match": mean_of([exact(*pair) for pair in pairs]), "f1": mean_of([f1(*pair) for pair in pairs])}
    rows = [rouge(*pair) for pair in pairs]
    found |= {name: mean_of([row[name] for row in rows]) for name in ("rouge1", "rouge2", "rougeL")}
    counts = np.stack([bleu_counts(*pair) for pair in pairs])

    def share(total: np.ndarray) -> float:
        return bleu(total) / 100

    return found | {"bleu": Agreement(share(counts.sum(0)), counts, share)}
