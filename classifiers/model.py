"""A trained classifier as files: an array of whole numbers, and a card that says what they are and what they are worth.

    card.json            engine, calibration, data, figures; the digest of the array, and one of the card itself
    weights-….npy        int16 (folds, buckets); a weight is a number times `unit`

Whole numbers add up to the same sum in any order and on any processor. The card is written last, and an array belongs
to the card that has its digest: a reader sees the old model or the new one, never half of each.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from classifiers.calibrate import Calibration
from classifiers.card import Card, Figures, ModelEntry, Training
from classifiers.engines import ENGINES, Engine
from classifiers.folds import FOLDS, fold_key, fold_of
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import ManifestError, read_checked, write_bytes, write_manifest
from corpus.files.storage import local_folder, place
from corpus.hashing import digest

CARD = "card.json"
_HIGHEST = np.iinfo(np.int16).max
# Below this a classifier is no better than its luck on a sample, and filters nothing.
LEAST_AUC = 0.6


@dataclass(frozen=True)
class Classifier:
    """An engine with its weights. `large_domains` are those whose documents fall into folds one by one."""

    engine: Engine
    weights: np.ndarray
    unit: float
    biases: tuple[float, ...]
    calibration: Calibration
    large_domains: frozenset[str]

    def logits(self, texts: Sequence[str], fold: int) -> tuple[np.ndarray, np.ndarray]:
        """(logits, number of features) of texts that are all of one fold."""
        features = self.engine.features(texts)
        lengths = features.lengths
        sums = features.sums(self.weights[fold]) * self.unit
        # The bias is not in `unit`s. A text without a word has a length of 0, and `scores_of` sets its score itself.
        return sums / (np.maximum(lengths, 1) if self.engine.mean else 1) + self.biases[fold], lengths

    def fold(self, identity: str, domain: str) -> int:
        """The fold of a document."""
        return fold_of(fold_key(identity, domain, self.large_domains))

    @cached_property
    def bytes_of_weights(self) -> bytes:
        """The array as a `.npy` file."""
        out = io.BytesIO()
        np.save(out, self.weights, allow_pickle=False)
        return out.getvalue()


def whole_numbers(weights: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """Weights of all folds as int16, and the power of two that a step of them is worth."""
    table = np.stack(list(weights))
    highest = float(np.abs(table).max()) or 1.0
    # A power of two, so that weights are exact multiples: a highest weight of 0.75 needs steps of at least
    # 0.75 / 32767 = 2^-15.4, which makes 2^-15, and 0.75 becomes 24576.
    unit = 2.0 ** np.ceil(np.log2(highest / _HIGHEST))
    return np.round(table / unit).astype(np.int16), float(unit)


def save(folder: Path, classifier: Classifier, training: Training) -> None:
    """Put a classifier into a folder, its card last; the array of another card goes."""
    found = digest(classifier.bytes_of_weights)
    name = f"weights-{found[:16]}.npy"
    write_bytes(folder / name, classifier.bytes_of_weights)
    model: ModelEntry = {
        "engine": classifier.engine.name,
        "features": classifier.engine.version,
        "unit": classifier.unit,
        "biases": list(classifier.biases),
        "calibration": asdict(classifier.calibration),
        "large_domains": sorted(classifier.large_domains),
        "weights": {"file": name, "digest": found},
    }
    write_manifest(folder / CARD, {"format": 1, "model": model, **training})
    for path in folder.glob("weights-*.npy"):
        if path.name != name:
            path.unlink()


def read_card(folder: str | Path) -> Card:
    """The card of a classifier; `CorpusloomError` where there is none or it is damaged."""
    path = place(folder) / CARD
    try:
        card = read_checked(path)
    except (FileNotFoundError, NotADirectoryError):
        cure = "train one with python -m classifiers.train"
        raise CorpusloomError(f"{folder}: no classifier, {CARD} is missing; {cure}", ExitCode.INPUT) from None
    if not isinstance(card.get("model"), dict):
        raise ManifestError(f"{path}: this is no card of a classifier; train one with python -m classifiers.train")
    return cast(Card, card)


def card_digest(card: Card) -> str:
    """The identity of a classifier: of what it is, and not of where it lies."""
    return digest(json.dumps(card["model"], sort_keys=True))


def open_classifier(folder: str | Path) -> Classifier:
    """The classifier in a folder, checked: `CorpusloomError` for other features, other weights, or a missing file."""
    model = read_card(folder)["model"]
    engine = ENGINES.get(model["engine"])
    if engine is None:
        raise CorpusloomError(f"{folder}: the engine {model['engine']} is unknown here; train it again")
    if model["features"] != engine.version:
        raise CorpusloomError(
            f"{folder}: trained on version {model['features']} of the features of {engine.name}, this is version "
            f"{engine.version}; train it again"
        )
    return Classifier(
        engine,
        _weights(folder, model, (FOLDS, engine.buckets)),
        model["unit"],
        tuple(model["biases"]),
        Calibration(**model["calibration"]),
        frozenset(model["large_domains"]),
    )


def _weights(folder: str | Path, model: ModelEntry, shape: tuple[int, int]) -> np.ndarray:
    path = local_folder(place(folder)) / model["weights"]["file"]
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CorpusloomError(f"{path}: missing, though the card names it; train the classifier again") from None
    if digest(data) != model["weights"]["digest"]:
        raise CorpusloomError(f"{path}: its bytes are not those of the card; train the classifier again")
    weights = np.load(io.BytesIO(data), allow_pickle=False)
    if weights.shape != shape or weights.dtype != np.int16:
        raise CorpusloomError(f"{path}: {weights.dtype} {weights.shape}, not int16 {shape}; train the classifier again")
    return weights


def refuse_useless(folder: str | Path, figures: Figures) -> None:
    """`CorpusloomError` (4) for a classifier that tells nothing apart: what it keeps would be chance."""
    found = figures["auc"]
    if not found >= LEAST_AUC:
        raise CorpusloomError(
            f"{folder}: this classifier separates nothing (AUC {found:.2f} on documents that it had not seen, at least "
            f"{LEAST_AUC} is needed); train it on other data",
            ExitCode.USELESS,
        )
