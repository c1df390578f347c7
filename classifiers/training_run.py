"""The run of `python -m classifiers.train` once its flags are right: sample, train, calibrate, evaluate, save."""

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from classifiers.calibrate import calibrated
from classifiers.card import Training
from classifiers.corpora import Corpus, Text, open_corpora, read, refuse_one_on_both_sides, sampled
from classifiers.engines import ENGINES
from classifiers.evaluation import Evaluated, Side, evaluate, figures, logits, names_of
from classifiers.folds import large_domains
from classifiers.model import CARD, Classifier, card_digest, read_card, refuse_useless, save
from classifiers.page import PAGE, write_page
from classifiers.teachers import teacher_scores
from classifiers.training import Note, Pieces, Settings, Teaching, train
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.differences import first_difference
from corpus.files.manifest import write_bytes
from corpus.files.provenance import closure, our_version
from corpus.files.storage import place
from corpus.hashing import file_digest
from corpus.json_types import JsonObject


@dataclass(frozen=True)
class Sampled:
    """Both sides and the documents of each that are trained on."""

    positive: list[Corpus]
    negative: list[Corpus]
    good: Collection[tuple[int, str]]
    raw: Collection[tuple[int, str]]
    overlapping: int
    large_domains: frozenset[str]

    def texts(self) -> Iterator[tuple[bool, Text]]:
        """The documents with their labels."""
        return chain(
            ((True, text) for text in read(self.positive, self.good)),
            ((False, text) for text in read(self.negative, self.raw)),
        )


def run(given: argparse.Namespace) -> list[str]:
    """Train; the lines for the end."""
    positive, negative = open_sides(given)
    settings = _settings(given, positive, negative)
    folder = place(given.output)
    if _is_done(given.output, settings, given.replace):
        return [f"nothing to do: {folder} holds this classifier", *_summary(given.output)]
    sample = without_overlap(positive, negative, given.documents)
    classifier = _train(given, sample, _note)
    classifier = replace(classifier, calibration=_calibration(classifier, sample))
    found = _evaluated(classifier, sample)
    card: Training = {
        "settings": settings,
        "data": {"positive": _described(positive), "negative": _described(negative), **_sizes(sample)},
        "figures": figures(found),
        "version": our_version(),
    }
    refuse_useless(given.output, card["figures"])
    write_bytes(folder / PAGE, write_page(given.engine, found, card["figures"], card).encode())
    save(folder, classifier, card)
    return _summary(given.output)


def open_sides(given: argparse.Namespace) -> tuple[list[Corpus], list[Corpus]]:
    """The corpora of both flags, in an order that no flag decides."""
    sides = []
    for flag in ("positive", "negative"):
        folders = [folder for folders in getattr(given, flag) for folder in folders]
        # By digest: sums run in this order.
        sides.append(sorted(open_corpora(folders, f"--{flag}"), key=lambda corpus: corpus.digest))
    refuse_one_on_both_sides(*sides)
    return sides[0], sides[1]


def without_overlap(positive: list[Corpus], negative: list[Corpus], most: int) -> Sampled:
    """The samples of both sides, without the negatives that are positives too."""
    good, raw = sampled(positive, most), sampled(negative, most)
    domains: list[list[str]] = [[] for _ in range(len(positive) + len(negative))]
    known: set[str] = set()
    for text in read(positive, good):
        known.update(text.identities)
        domains[text.corpus].append(text.domain)
    kept = set()
    for text in read(negative, raw):
        if known.isdisjoint(text.identities):
            kept.add((text.corpus, text.id))
            domains[len(positive) + text.corpus].append(text.domain)
    if not kept:
        raise CorpusloomError("every document of --negative is one of --positive, so nothing is left to tell apart")
    # A domain may be large in one corpus and small among all; either keeps its documents from filling a fold.
    large = frozenset[str]().union(*(large_domains(each) for each in domains))
    return Sampled(positive, negative, good, kept, len(raw) - len(kept), large)


def _train(given: argparse.Namespace, sample: Sampled, note: Note) -> Classifier:
    teaching = Teaching(temperature=given.temperature)
    if given.teacher:
        note("asking the teacher")
        scores = teacher_scores(given.teacher, (text for _, text in sample.texts()))
        teaching = Teaching(scores, given.teacher_weight, given.temperature)
    pieces = Pieces(ENGINES[given.engine], sample.large_domains)
    note(f"reading {len(sample.good):,} + {len(sample.raw):,} documents")
    for label, text in sample.texts():
        pieces.add([text], label, teaching)
    return train(pieces, Settings(given.penalty, teaching=teaching), note)


def _calibration(classifier: Classifier, sample: Sampled) -> Any:
    good, raw = Side(names_of(sample.positive)), Side(names_of(sample.negative))
    logits(classifier, read(sample.positive, sample.good), good)
    logits(classifier, read(sample.negative, sample.raw), raw)
    labels = np.repeat([True, False], [len(good.values), len(raw.values)])
    return calibrated(np.concatenate([good.scores, raw.scores]), labels)


def _evaluated(classifier: Classifier, sample: Sampled) -> Evaluated:
    found = Evaluated(Side(names_of(sample.positive)), Side(names_of(sample.negative)), sample.overlapping)
    evaluate(classifier, read(sample.positive, sample.good), found.positive, found)
    evaluate(classifier, read(sample.negative, sample.raw), found.negative, found)
    return found


def _settings(given: argparse.Namespace, positive: Sequence[Corpus], negative: Sequence[Corpus]) -> JsonObject:
    """What decides the bytes of a classifier."""
    teacher = ""
    if given.teacher:
        path = Path(given.teacher)
        teacher = file_digest(path) if path.is_file() else card_digest(read_card(given.teacher))
    # The child is a program that nothing imports, so it is named here to be part of the closure.
    code = closure(frozenset({"classifiers.training_run", "classifiers.fasttext_child"}))
    return {
        "--engine": given.engine,
        "--positive": [{"name": corpus.name, "digest": corpus.digest} for corpus in positive],
        "--negative": [{"name": corpus.name, "digest": corpus.digest} for corpus in negative],
        "--documents": given.documents,
        "--penalty": given.penalty,
        "--teacher": teacher,
        "--teacher-weight": given.teacher_weight if teacher else None,
        "--temperature": given.temperature if teacher else None,
        "code": dict(code.files),
        "libraries": dict(code.libraries),
    }


def _is_done(output: str, settings: JsonObject, replacing: bool) -> bool:
    """Whether this very classifier is there; `CorpusloomError` (2) where something else is."""
    folder = place(output)
    if not folder.is_dir():
        return False
    if not (folder / CARD).exists():
        # Files of an interrupted training (no card yet) may lie there: weights, the page, temporary files.
        strange = sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", "weights-", PAGE)))
        if strange:
            raise CorpusloomError(
                f"{output} holds {strange[0]} and nothing that this command made; choose an empty folder as --output",
                ExitCode.FLAGS,
            )
        return False
    difference = first_difference(read_card(output).get("settings", {}), settings)
    if difference and not replacing:
        raise CorpusloomError(
            f"{output} holds a classifier that was trained otherwise: {difference}. Give --replace to retrain it, "
            "or choose another --output",
            ExitCode.FLAGS,
        )
    return not difference


def _described(corpora: Sequence[Corpus]) -> list[JsonObject]:
    return [
        {"name": name, "digest": corpus.digest, "documents": corpus.documents}
        for name, corpus in zip(names_of(corpora), corpora, strict=True)
    ]


def _sizes(sample: Sampled) -> dict[str, int]:
    return {"positives_used": len(sample.good), "negatives_used": len(sample.raw), "overlapping": sample.overlapping}


def _summary(output: str) -> list[str]:
    card = read_card(output)
    found = card["figures"]
    rates, sizes = found["keep_rate"], found["documents"]
    return [
        f"documents   {sizes['positive']:,} positive, {sizes['negative']:,} negative; {sizes['overlapping']:,} "
        "negatives left out, being positives too",
        f"AUC         {found['auc']:.4f}, each document scored by weights that have not seen its domain",
        f"keep rate   {rates['positive']:.1%} of positives, {rates['negative']:.1%} of negatives at alpha "
        f"{rates['alpha']:g}; alpha fitted to these scores: {found['alpha']['fitted']:g}",
        f"classifier  {place(output) / CARD}",
        f"page        {place(output) / PAGE}",
    ]


def _note(text: str) -> None:
    print(text, file=sys.stderr)
