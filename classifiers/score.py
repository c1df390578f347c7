"""Texts to scores, many at a time.

A batch holds as many texts of one fold as make `BATCH` characters: numpy's fixed cost is paid once for some thirty
texts, and the arrays still fit into a core's cache (twice as many are slower, four times as many slower still).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from classifiers.model import Classifier

BATCH = 1 << 17


def scores_of(classifier: Classifier, texts: Sequence[str], folds: Sequence[int]) -> np.ndarray:
    """float64 in [0, 1] of each text, by the model of its fold; 0 for a text without a word."""
    logits = np.zeros(len(texts))
    empty = np.zeros(len(texts), bool)
    for fold, places in _batches(texts, folds):
        found, lengths = classifier.logits([texts[place] for place in places], fold)
        logits[places], empty[places] = found, lengths == 0
    scores = classifier.calibration(logits)
    scores[empty] = 0.0
    return scores


def _batches(texts: Sequence[str], folds: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    for fold in sorted(set(folds)):
        yield from ((fold, places) for places in _cut(texts, (n for n, each in enumerate(folds) if each == fold)))


def _cut(texts: Sequence[str], places: Iterable[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for place in places:
        if batch and held + len(texts[place]) > BATCH:  # a text longer than a batch is one alone
            yield batch
            batch, held = [], 0
        batch.append(place)
        held += len(texts[place])
    if batch:
        yield batch
