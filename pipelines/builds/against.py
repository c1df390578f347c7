"""The decider of `--against`: documents that are close to one of another, finished corpus leave this one.

    judged ── against_own ──┬── against_bands → against_requests → against_pairs → against
    CORPUS ── against_known ┘

WebText out of Common Crawl, as GPT-3 did it, or Wikipedia's texts out of WebText by what they say.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from corpus.dedup.minhash import MinHash
from corpus.files.corpora import CorpusPart, kept_parts
from corpus.files.manifest import read_manifest
from corpus.files.storage import place
from pipelines.builds.corpus import Decider, MakeDecider, grouped
from pipelines.runtime.stage import Stage
from pipelines.work.against import AskSides, CompareSides, FindShared, KnownPart, SignKnown
from pipelines.work.against_verdicts import DecideOverlap
from pipelines.work.comparisons import CountLeft, left_out
from pipelines.work.grouping import GROUP_BYTES
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.signatures import SignDocuments
from pipelines.work.verdicts import DecidedFacts, candidates


def keep_out(corpora: Sequence[str], near: MinHash, group_bytes: int = GROUP_BYTES) -> MakeDecider:
    """The decider against finished corpora, in this order; `CorpusloomError` for one that is not finished."""
    parts = [kept_parts(corpus) for corpus in corpora]
    rules = tuple(rule_of(read_manifest(place(corpus))["source"]) for corpus in corpora)
    return partial(_overlap, parts, rules, near, group_bytes)


def rule_of(source: str) -> str:
    """The reason of rejection for what is close to a corpus of a source."""
    return "wikipedia.content" if source == "wikipedia" else f"overlap.{source}"


def _known_parts(parts: Sequence[Sequence[CorpusPart]]) -> Iterator[KnownPart]:
    for corpus, some in enumerate(parts):
        for part in some:
            yield KnownPart(corpus, part.digest, part.rows, part.file)


def _overlap(
    parts: Sequence[Sequence[CorpusPart]],
    rules: tuple[str, ...],
    near: MinHash,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    # `own` follows this build's documents, `known` the digests of the other
    # corpora's parts: a rerun over new documents signs none of the known ones again.
    own = Stage("against_own", SignDocuments(near), plan=candidates, reads=(judged, *earlier), units_per_worker=10_000)
    known = Stage("against_known", SignKnown(near), plan=partial(_known_parts, parts), units_per_worker=10_000)
    # (band, document) of both sides by the hash of the band -> sets with documents of both
    bands = grouped("against_bands", FindShared(near, group_bytes=group_bytes), own, known)
    # What is wanted, by run of either side: who of it is asked for by which sets
    requests = grouped("against_requests", AskSides(), own, known, bands)
    # Those who are asked for, by set -> for each of ours the one it leaves for
    pairs = grouped("against_pairs", CompareSides(near, group_bytes=group_bytes), own, known, requests)
    # Matches by run of ours -> verdicts
    decided = grouped("against", DecideOverlap(near, rules), own, known, pairs)
    about = "Documents; kept are those that are like none of the other corpora (--against)."
    left = Stage("against_comparisons", CountLeft(), plan=left_out, reads=(bands, pairs))
    return Decider(decided, ((decided, FunnelStep("against", "overlap", about)),), left)
