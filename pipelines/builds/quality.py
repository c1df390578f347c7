"""The decider that a quality classifier makes: its stage, its place in the funnel, and its flags as values."""

import argparse
from functools import partial
from typing import Any

from classifiers.card import Card
from classifiers.keep import PAPER_ALPHA
from classifiers.model import card_digest, open_classifier, read_card, refuse_useless
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.storage import is_remote, place
from corpus.json_types import JsonObject
from pipelines.builds.corpus import Decider, MakeDecider
from pipelines.runtime.stage import Stage
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.scoring import SavedClassifier, ScoreDocuments
from pipelines.work.verdicts import DecidedFacts, candidates

FITTED = "fitted"
_STEP = FunnelStep(
    "scored", "quality", "Documents; kept are those that the Pareto rule lets stay, by their quality scores."
)


def by_quality(given: argparse.Namespace) -> tuple[MakeDecider, ...]:
    """The decider of `--classifier`, or none without it. The classifier is opened and checked here."""
    if not given.classifier:
        _refuse_without_classifier(given)
        return ()
    card = read_card(given.classifier)
    refuse_useless(given.classifier, card["figures"])
    open_classifier(given.classifier)
    folder = given.classifier if is_remote(given.classifier) else str(place(given.classifier).absolute())
    work = ScoreDocuments(SavedClassifier(card_digest(card), folder), _alpha(given.alpha, card), str(given.seed))
    return (partial(_score_stage, work),)


def quality_settings(given: argparse.Namespace) -> JsonObject:
    """The flags as an output's settings have them."""
    if not given.classifier:
        return {}
    card = read_card(given.classifier)
    return {"--classifier": card_digest(card), "--alpha": _alpha(given.alpha, card)}


def _score_stage(
    work: ScoreDocuments, judged: Stage[Any, JudgedFacts], earlier: tuple[Stage[Any, DecidedFacts], ...]
) -> Decider:
    # A part of judged documents -> a score of each, and who leaves by it
    stage = Stage("scored", work, plan=candidates, reads=(judged, *earlier), units_per_worker=20_000)
    return Decider(stage, ((stage, _STEP),))


def _alpha(given: float | str | None, card: Card) -> float:
    if given == FITTED:
        return float(card["figures"]["alpha"]["fitted"])
    return PAPER_ALPHA if given is None else float(given)


def _refuse_without_classifier(given: argparse.Namespace) -> None:
    for flag, value in (("--alpha", given.alpha), ("--seed", given.seed)):
        if value not in (None, 1):  # 1: the default of --seed
            raise CorpusloomError(f"{flag} belongs to --classifier; give a classifier, or leave it out", ExitCode.FLAGS)
