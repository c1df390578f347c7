"""Documents and their labels → a classifier whose every fold has weights from the other folds.

A long text is trained on in pieces, a few of them, so that one book is no more than a handful of pages. A bucket counts
as known when at least three domains (or documents, where there is no domain), and one in a thousand, have it; all
others are one feature, *rare*, with a weight of its own. So the name of a site or of a hero decides nothing, and what
is mostly rare, as another language or noise is, looks like that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classifiers.calibrate import Calibration, balanced_shares
from classifiers.corpora import Text
from classifiers.engines import Engine
from classifiers.fasttext_weights import FastTextSettings, fasttext_weights
from classifiers.features import Features
from classifiers.folds import FOLDS, fold_key, fold_of
from classifiers.logistic import Bags, Loss, bags_of, fit
from classifiers.model import Classifier, whole_numbers
from corpus.errors import CorpusloomError, ExitCode
from corpus.hashing import key64

PIECE, MOST_PIECES = 5_000, 8  # characters of a piece; pieces of a text
_BATCH = 32
Note = Callable[[str], None]


@dataclass(frozen=True)
class Teaching:
    """A slow scorer's scores by document id, and how much they count beside the labels (Hinton et al., 2015)."""

    scores: Mapping[str, float] = field(default_factory=dict)
    weight: float = 0.0
    temperature: float = 2.0


@dataclass(frozen=True)
class Settings:
    """How weights are found. `penalty` is by unit of spread (`logistic.fit`)."""

    penalty: float = 1e-3
    fasttext: FastTextSettings = field(default_factory=FastTextSettings)
    teaching: Teaching = field(default_factory=Teaching)


@dataclass
class Pieces:
    """Pieces of documents as bags, with the label, group, fold and teacher's score (NaN without one) of each."""

    engine: Engine
    large_domains: frozenset[str]
    features: list[np.ndarray] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)
    taught: list[float] = field(default_factory=list)

    def add(self, texts: Sequence[Text], label: bool, teaching: Teaching) -> None:
        """The pieces of some documents of one label."""
        pieces: list[str] = []
        for text in texts:
            found = pieces_of(text.text) if self.engine.pieces else [text.text]
            key = fold_key(text.id, text.domain, self.large_domains)
            pieces += found
            self.labels += [label] * len(found)
            self.groups += [key64(key)] * len(found)
            self.folds += [fold_of(key)] * len(found)
            self.taught += [teaching.scores.get(text.id, np.nan)] * len(found)
        for start in range(0, len(pieces), _BATCH):
            features: Features = self.engine.features(pieces[start : start + _BATCH])
            self.features.append(features.flat()[0])
            self.lengths += features.lengths.tolist()


def pieces_of(text: str) -> list[str]:
    """A text as a whole, or at most `MOST_PIECES` pieces of about `PIECE` characters at even distances."""
    # 15,000 characters are 3 pieces, from 0, 5,000 and 10,000 on; 5,000,000 are 8, with gaps between them. Less than
    # 10,000 are one, so a piece may have up to 9,999.
    count = min(len(text) // PIECE, MOST_PIECES)
    if count < 2:
        return [text]
    starts = [number * (len(text) - PIECE) // (count - 1) for number in range(count)]
    # Back to the blank before it, so that no piece begins inside a word; a text without blanks is taken from 0 on.
    return [text[max(text.rfind(" ", 0, start + 1), 0) : start + PIECE] for start in starts]


def train(pieces: Pieces, settings: Settings, note: Note) -> Classifier:
    """The classifier, not yet calibrated."""
    labels, folds = np.array(pieces.labels), np.array(pieces.folds)
    groups, taught = np.array(pieces.groups), np.array(pieces.taught)
    _need_both(labels, folds)
    features = np.concatenate(pieces.features)
    starts = np.concatenate([[0], np.cumsum(pieces.lengths)])
    seen = _SeenBuckets(features, starts, groups, folds)
    tables, biases = [], []
    for fold in range(FOLDS):
        note(f"fold {fold + 1} of {FOLDS}")
        # `known` maps a bucket to a number from 1 on, 0 for all rare ones: the model that is fitted has `size` weights,
        # and `weights[known]` spreads them over the buckets again.
        known = seen.known(fold, pieces.engine)
        places = np.flatnonzero(folds != fold)
        bags = _bags(known[features], starts, places, pieces.engine.mean)
        size = int(known.max()) + 1
        weights, bias = _fit(pieces.engine, bags, labels[places], taught[places], size, settings)
        tables.append(weights[known])
        biases.append(bias)
    table, unit = whole_numbers(tables)
    return Classifier(pieces.engine, table, unit, tuple(biases), Calibration(), pieces.large_domains)


def _fit(
    engine: Engine, bags: Bags, labels: np.ndarray, taught: np.ndarray, size: int, settings: Settings
) -> tuple[np.ndarray, float]:
    if engine.name == "fasttext":
        return fasttext_weights(bags, labels, size, settings.fasttext)
    teaching = settings.teaching
    losses = [Loss(labels * 1.0, 1 - teaching.weight)]
    if teaching.weight:
        # A soft target is the teacher's probability at the temperature: its logit, divided. 0 and 1 have no logit,
        # hence the clip; a document that the teacher does not know keeps its label.
        warm = np.clip(np.where(np.isnan(taught), labels, taught), 1e-4, 1 - 1e-4)
        logits = np.log(warm / (1 - warm)) / teaching.temperature
        losses.append(Loss(1 / (1 + np.exp(-logits)), teaching.weight, teaching.temperature))
    return fit(bags, losses, balanced_shares(labels), size, settings.penalty)


class _SeenBuckets:
    """In how many groups of each fold a bucket occurs."""

    def __init__(self, features: np.ndarray, starts: np.ndarray, groups: np.ndarray, folds: np.ndarray) -> None:
        # Groups by consecutive numbers. All pieces of a group are of one fold (`fold_of` of the same key), so any of
        # them may write it.
        names, numbers = np.unique(groups, return_inverse=True)
        of_group = np.zeros(len(names), int)
        of_group[numbers] = folds
        found: list[np.ndarray] = []
        # 1,000 pieces at a time bound the memory of the pairs before `unique`. A pair is (group << 20) | bucket.
        for first in range(0, len(groups), 1000):
            last = min(first + 1000, len(groups))
            owners = np.repeat(numbers[first:last], np.diff(starts[first : last + 1]))
            found.append(np.unique(owners << 20 | features[starts[first] : starts[last]]))
        pairs = np.unique(np.concatenate(found))
        # Groups outside each fold: 10 groups of folds [3 2 2 2 1] give [7 8 8 8 9].
        self._groups = len(names) - np.bincount(of_group, minlength=FOLDS)
        self._buckets, self._folds = pairs & ((1 << 20) - 1), of_group[pairs >> 20]

    def known(self, fold: int, engine: Engine) -> np.ndarray:
        """(buckets,) int32: the number of each bucket among the known ones of the other folds, 0 for a rare one."""
        counts = np.bincount(self._buckets[self._folds != fold], minlength=engine.buckets)
        known = counts >= max(engine.least_groups, engine.least_share * self._groups[fold])
        # known [1 0 1 1] gives numbers [1 0 2 3].
        return np.where(known, np.cumsum(known), 0).astype(np.int32)


def _bags(features: np.ndarray, starts: np.ndarray, places: np.ndarray, mean: bool) -> Bags:
    lengths = np.diff(starts)[places]
    inside = np.zeros(len(starts) - 1, bool)
    inside[places] = True
    chosen = features[np.repeat(inside, np.diff(starts))]  # True for every feature of a chosen piece
    return bags_of(chosen, np.concatenate([[0], np.cumsum(lengths)]), mean)


def _need_both(labels: np.ndarray, folds: np.ndarray) -> None:
    for label, flag in ((True, "--positive"), (False, "--negative")):
        held = len(set(folds[labels == label].tolist()))
        if held < FOLDS:
            raise CorpusloomError(
                f"{flag}: the documents fall into {held} of {FOLDS} folds by their domains, so that some could not be "
                "scored by a model that has not seen them; give more documents, of more domains",
                ExitCode.USELESS,
            )
