"""Scores of documents whose side is known, and what they say of a classifier: for the card, a command, and the page."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from classifiers.calibrate import CurvePoint, curve
from classifiers.card import CorpusFigures, Figures
from classifiers.corpora import Corpus, Text
from classifiers.keep import PAPER_ALPHA, fitted_alpha, keep_rate, mismatch
from classifiers.measures import auc, histogram
from classifiers.model import Classifier
from classifiers.score import scores_of
from corpus.hashing import uniform
from corpus.pages.figures import score_bin

DECILES = 10
EXAMPLES, BEGINNING = 3, 400  # examples per tenth of the scale; characters shown of each
_BATCH = 200  # texts in memory at once


@dataclass(frozen=True)
class Example:
    """A document to look at."""

    id: str
    address: str
    corpus: str
    score: float
    beginning: str


@dataclass
class Side:
    """The documents of one side: the names of its corpora, and of each document its corpus and logit or score."""

    names: list[str]
    corpus: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    @property
    def scores(self) -> np.ndarray:
        """Of all documents."""
        return np.array(self.values)

    def by_corpus(self) -> dict[str, np.ndarray]:
        """The scores of each corpus that has documents here."""
        of = np.array(self.corpus, int)
        parts = {name: self.scores[of == number] for number, name in enumerate(self.names)}
        return {name: values for name, values in parts.items() if len(values)}


@dataclass
class Evaluated:
    """Both sides, examples of each tenth of the scale, and how many negatives were positives too."""

    positive: Side
    negative: Side
    overlapping: int = 0
    examples: list[list[tuple[float, Example]]] = field(default_factory=lambda: [[] for _ in range(DECILES)])


def names_of(corpora: Sequence[Corpus]) -> list[str]:
    """The names of corpora, with a number where two have the same."""
    names = [corpus.name for corpus in corpora]
    # Two folders called `corpus` are `corpus (1)` and `corpus (2)`, by their place among all.
    return [f"{name} ({place + 1})" if names.count(name) > 1 else name for place, name in enumerate(names)]


def logits(classifier: Classifier, texts: Iterator[Text], side: Side) -> None:
    """Add the logits of some documents to their side: what a calibration is found on."""
    while batch := list(islice(texts, _BATCH)):
        for fold, numbers in _by_fold(classifier, batch).items():
            # Uncalibrated: this runs before `calibrated`, which needs the logits.
            found, _ = classifier.logits([batch[number].text for number in numbers], fold)
            side.values += found.tolist()
            side.corpus += [batch[number].corpus for number in numbers]


def evaluate(classifier: Classifier, texts: Iterator[Text], side: Side, found: Evaluated) -> None:
    """Add the scores of some documents to their side, and to the examples those with the least hashes."""
    while batch := list(islice(texts, _BATCH)):
        folds = [classifier.fold(text.id, text.domain) for text in batch]
        scores = scores_of(classifier, [text.text for text in batch], folds)
        for text, score in zip(batch, scores.tolist(), strict=True):
            side.corpus.append(text.corpus)
            side.values.append(score)
            _add_example(found, text, side.names[text.corpus], score)


def figures(found: Evaluated, alpha: float = PAPER_ALPHA) -> Figures:
    """Everything that is a number, as JSON: `auc`, `keep_rate`, `calibration`, by corpus, and the fitted alpha."""
    positive, negative = found.positive.scores, found.negative.scores
    # Positives first, then negatives, as the scores are joined in the next line.
    labels = np.repeat([True, False], [len(positive), len(negative)])
    points: list[CurvePoint] = curve(np.concatenate([positive, negative]), labels)
    fitted = fitted_alpha(positive, negative)
    return {
        "documents": {"positive": len(positive), "negative": len(negative), "overlapping": found.overlapping},
        "auc": round(auc(positive, negative), 5),
        "keep_rate": {
            "alpha": alpha,
            "positive": round(keep_rate(positive, alpha), 5),
            "negative": round(keep_rate(negative, alpha), 5),
        },
        "by_corpus": {
            "positive": {
                name: _of_corpus(scores, auc(scores, negative), alpha)
                for name, scores in found.positive.by_corpus().items()
            },
            "negative": {
                name: _of_corpus(scores, auc(positive, scores), alpha)
                for name, scores in found.negative.by_corpus().items()
            },
        },
        "calibration": [vars(point) for point in points],
        "histogram": {"positive": histogram(positive), "negative": histogram(negative)},
        "alpha": {
            "fitted": fitted,
            "mismatch": round(mismatch(positive, negative, fitted), 5),
            "mismatch_at_9": round(mismatch(positive, negative, PAPER_ALPHA), 5),
        },
    }


def _of_corpus(scores: np.ndarray, area: float, alpha: float) -> CorpusFigures:
    return {
        "documents": len(scores),
        "auc": round(area, 5),
        "mean_score": round(float(scores.mean()), 4),
        "keep_rate": round(keep_rate(scores, alpha), 5),
    }


def _by_fold(classifier: Classifier, batch: Sequence[Text]) -> dict[int, list[int]]:
    folds: dict[int, list[int]] = {}
    for number, text in enumerate(batch):
        folds.setdefault(classifier.fold(text.id, text.domain), []).append(number)
    return folds


def _add_example(found: Evaluated, text: Text, corpus: str, score: float) -> None:
    chosen = found.examples[score_bin(score, DECILES)]
    key = uniform(text.id, "classifier-page")
    # The documents with the least hashes, so that the page shows the same ones whatever the order of reading.
    if len(chosen) < EXAMPLES or key < chosen[-1][0]:
        example = Example(text.id, text.canonical_url, corpus, score, " ".join(text.text.split())[:BEGINNING])
        bisect.insort(chosen, (key, example), key=lambda entry: entry[0])
        del chosen[EXAMPLES:]
