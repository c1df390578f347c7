"""Matches with other corpora → the verdicts on the documents of ours, by run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.minhash import MinHash
from corpus.files.manifest import Counts, Part
from pipelines.runtime.shuffle import G
from pipelines.runtime.task import Outcome, Task
from pipelines.work.against import KnownFacts, MatchFacts, best_matches, match_rows
from pipelines.work.grouping import RunGroup, RunWork, Spread
from pipelines.work.packing import unpack
from pipelines.work.signatures import ROW_BITS, SignatureFacts, SignedRun, Widths, widths_of
from pipelines.work.verdicts import DecidedFacts, align, verdict_table, write_verdicts


@dataclass(frozen=True)
class DecideMatches(RunWork[G, DecidedFacts]):
    """Work on the matches of a run of ours."""

    config: MinHash

    def dtype(self, widths: Widths) -> np.dtype:
        """A match."""
        return match_rows(widths)

    def spread(
        self, own: Sequence[SignatureFacts], known: Sequence[KnownFacts], matches: Sequence[MatchFacts]
    ) -> Spread[Part]:
        """The matches of all groups of sets."""
        return Spread([facts.matches for facts in matches], widths=widths_of(own, known))


@dataclass(frozen=True)
class DecideOverlap(DecideMatches[RunGroup]):
    """The work on a run of ours. `rules` are the reasons of rejection, one for each other corpus."""

    rules: tuple[str, ...]

    def __call__(self, task: Task[RunGroup], entries: bytes = b"") -> Outcome[DecidedFacts]:
        """A verdict for each document; in the order of the parts."""
        matches = best_matches(unpack(entries, match_rows(task.unit.widths)))
        # One name per match: the rule of the corpus that the match is with.
        names = pa.array(self.rules, pa.string()).take(pa.array(matches["corpus"]))
        return match_verdicts(task, task.unit.run, matches, names, self.config)


def match_verdicts(
    task: Task[Any],
    run: SignedRun,
    matches: np.ndarray,
    names: pa.Array,
    config: MinHash,
    evidence: pa.Array | None = None,
) -> Outcome[DecidedFacts]:
    """The verdicts on all documents of a run, of which those in `matches` leave by the rules `names`."""
    found = verdict_table(
        len(matches),
        rule=names,
        # 98 equal minima of 112: a similarity of .875. None where a match is by equal keys, which has no `same`.
        value=pa.array(matches["same"] / config.minima, pa.float64(), mask=matches["same"] == 0),
        other_id=pa.array(matches["other_id"].tolist(), pa.binary()).cast(pa.string()),
        **({} if evidence is None else {"evidence": evidence}),
    )
    # Numbers of documents -> rows of the run; a run has as many as its parts have documents, signed or not.
    whole = align(found, matches["number"] - (run.number << ROW_BITS), sum(run.documents))
    written = write_verdicts(task.part("verdicts", ".arrow"), task.root, whole, run.documents)
    reasons = {item["values"]: item["counts"] for item in names.value_counts().to_pylist()}
    counts = Counts(run.rows, run.rows - len(matches), len(matches), 0, dict(sorted(reasons.items())))
    return Outcome((written.verdicts,), counts, DecidedFacts((written,)))
