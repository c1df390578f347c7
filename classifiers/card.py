"""The card of a classifier, `classifier.json`, and the figures in it, as types: what its keys are called."""

from typing import TypedDict

from corpus.json_types import JsonObject


class CorpusFigures(TypedDict):
    """How one corpus fares: its AUC is that of its documents against all of the other side."""

    documents: int
    auc: float
    mean_score: float
    keep_rate: float


class KeepRates(TypedDict):
    """The shares of both sides that are kept at `alpha`."""

    alpha: float
    positive: float
    negative: float


class FittedAlpha(TypedDict):
    """The alpha at which what is kept is most like the positives, and how unlike it is there and at the paper's 9."""

    fitted: float
    mismatch: float
    mismatch_at_9: float


class Figures(TypedDict):
    """Everything that is a number; where a value has two sides, they are `positive` and `negative`."""

    documents: dict[str, int]
    auc: float
    keep_rate: KeepRates
    by_corpus: dict[str, dict[str, CorpusFigures]]
    calibration: list[dict[str, float]]
    histogram: dict[str, list[int]]
    alpha: FittedAlpha


class WeightsFile(TypedDict):
    """The array of weights beside the card, and its digest."""

    file: str
    digest: str


class ModelEntry(TypedDict):
    """What makes a classifier: the identity of one is the digest of this."""

    engine: str
    features: int
    unit: float
    biases: list[float]
    calibration: dict[str, float]
    large_domains: list[str]
    weights: WeightsFile


class Training(TypedDict):
    """How a classifier was trained and what it is worth: the card without the model."""

    settings: JsonObject
    data: JsonObject
    figures: Figures
    version: str


class Card(Training):
    """The whole card."""

    format: int
    model: ModelEntry
