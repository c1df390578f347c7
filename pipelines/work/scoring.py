"""Judged documents → their quality scores, and which of them the Pareto rule lets go (`classifiers.keep`).

A decider: every document gets its score as a mark, and one that leaves does so by `quality.pareto`. The classifier is
known by the digest of its card, so that another one scores again and extracts and judges nothing again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from classifiers.keep import PAPER_ALPHA, is_kept, keep_probability
from classifiers.model import Classifier, card_digest, open_classifier, read_card
from classifiers.score import scores_of
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, open_parquet
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.verdicts import Candidates, DecidedFacts, align, still_in, verdict_table, write_verdicts

RULE = "quality.pareto"
_COLUMNS = ["id", "domain", "text"]
_ROWS = 1000


@dataclass(frozen=True)
class SavedClassifier:
    """A classifier by the digest of its card; where it lies decides nothing."""

    digest: str
    folder: str = no_identity()

    def open(self) -> Classifier:
        """The classifier; `CorpusloomError` where the folder holds another one by now."""
        return _open(self.folder, self.digest)


@lru_cache(maxsize=1)
def _open(folder: str, expected: str) -> Classifier:
    if card_digest(read_card(folder)) != expected:
        raise CorpusloomError(
            f"{folder}: the classifier was replaced while this build ran; run the command again", ExitCode.INPUT
        )
    return open_classifier(folder)


@dataclass(frozen=True)
class ScoreDocuments:
    """The work on a part of judged documents."""

    classifier: SavedClassifier
    alpha: float = PAPER_ALPHA
    seed: str = "1"

    def __call__(self, task: Task[Candidates]) -> Outcome[DecidedFacts]:
        """Verdicts on its rows, in their order."""
        unit = task.unit
        rows, scores, rules, evidence = list[int](), list[float](), list[str](), list[str]()
        note = note_progress(task)
        for places, ids, found in self._score(task.root, unit):
            note(places[-1])
            rows += places
            scores += found
            kept = [is_kept(*each, self.alpha, self.seed) for each in zip(ids, found, strict=True)]
            rules += ["" if stays else RULE for stays in kept]
            evidence += ["" if stays else self._evidence(score) for stays, score in zip(kept, found, strict=True)]
        # The score twice: a mark of every document, and the value by which one that leaves was rejected.
        values = [score if rule else None for rule, score in zip(rules, scores, strict=True)]
        table = verdict_table(len(rows), rule=rules, value=values, evidence=evidence, quality_score=scores)
        verdicts = align(table, rows, unit.kept.rows)
        run = write_verdicts(task.part("verdicts", ".arrow"), task.root, verdicts, (unit.kept.rows,))
        lost = sum(1 for rule in rules if rule)
        counts = Counts(len(rows), len(rows) - lost, lost, 0, {RULE: lost} if lost else {})
        return Outcome((run.verdicts,), counts, DecidedFacts((run,)))

    def _score(self, root: Path, unit: Candidates) -> Iterator[tuple[list[int], list[str], list[float]]]:
        """(rows, ids, scores) of the documents that no earlier decider rejected, a thousand at a time."""
        staying, first = still_in(root, unit), 0
        classifier = self.classifier.open()
        for batch in open_parquet(root / unit.kept.path).iter_batches(_ROWS, columns=_COLUMNS, use_threads=False):
            # Rows of the batch; `first` makes rows of the part of them.
            places = np.flatnonzero(staying[first : first + batch.num_rows])
            ids, domains, texts = (batch.take(places)[name].to_pylist() for name in _COLUMNS)
            # A document that the classifier was trained on is scored by the fold that has not seen it.
            folds = [classifier.fold(*each) for each in zip(ids, domains, strict=True)]
            if ids:
                yield (first + places).tolist(), ids, scores_of(classifier, texts, folds).tolist()
            first += batch.num_rows

    def _evidence(self, score: float) -> str:
        return f"kept with a probability of {keep_probability(score, self.alpha):.4f}"
