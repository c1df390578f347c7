"""The stages of deduplication, and its place among the deciders of a corpus.

    signatures → pages → texts → exact → bands → requests → pairs → clusters → near → duplicates

Each groups what it needs by the hash of a key, or by run (`pipelines.work.signatures`), in groups of about
`group_bytes`; only `clusters` is one unit. `comparisons` says what was left out, for the manifest. What they do stands
in `pipelines.work.copies`, `.candidates`, `.clusters`.
"""

from functools import partial
from typing import Any

from corpus.dedup.minhash import MinHash
from pipelines.builds.corpus import Decider, MakeDecider
from pipelines.runtime.stage import Stage
from pipelines.work.candidates import AskRuns, ComparePairs, FindBuckets, asked_groups
from pipelines.work.clusters import AskClusters, DecideDuplicates, JoinPairs, all_pairs, decided_runs
from pipelines.work.comparisons import CountLeft, left_out
from pipelines.work.copies import FindPages, FindTexts, SettleCopies, page_groups, run_groups, text_groups
from pipelines.work.judging import JudgedFacts
from pipelines.work.packing import GROUP_BYTES
from pipelines.work.publish import FunnelStep
from pipelines.work.signatures import SignatureFacts, SignDocuments
from pipelines.work.verdicts import DecidedFacts, candidates


def deduplicate(near: MinHash, group_bytes: int = GROUP_BYTES) -> MakeDecider:
    """The decider that leaves one document of each exact copy and of each cluster of similar texts."""
    return partial(_duplicates, near, group_bytes)


def _duplicates(
    near: MinHash,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    signatures = Stage(
        "signatures", SignDocuments(near), plan=candidates, reads=(judged, *earlier), units_per_worker=10_000
    )
    return duplicates(near, group_bytes, signatures)


def duplicates(near: MinHash, group_bytes: int, signatures: Stage[Any, SignatureFacts]) -> Decider:
    """The decider, given signatures."""
    pages = Stage("pages", FindPages(group_bytes), plan=partial(page_groups, group_bytes), reads=(signatures,))
    texts = Stage("texts", FindTexts(group_bytes), plan=partial(text_groups, group_bytes), reads=(signatures, pages))
    exact = Stage("exact", SettleCopies(), plan=run_groups, reads=(signatures, pages, texts))
    buckets = FindBuckets(near, group_bytes)
    bands = Stage("bands", buckets, plan=buckets.units, reads=(signatures, exact))
    requests = Stage("requests", AskRuns(), plan=asked_groups, reads=(signatures, bands))
    sets = ComparePairs(near, group_bytes)
    pairs = Stage("pairs", sets, plan=sets.units, reads=(signatures, requests))
    clusters = Stage("clusters", JoinPairs(), plan=all_pairs, reads=(signatures, exact, pairs))
    members = AskClusters(near, group_bytes)
    alike = Stage("near", members, plan=members.units, reads=(signatures, exact, clusters))
    decided = Stage("duplicates", DecideDuplicates(near), plan=decided_runs, reads=(signatures, exact, alike))
    steps = (
        (exact, FunnelStep("exact", "exact_duplicates", "Documents; kept is the best copy of each text and page.")),
        (decided, FunnelStep("duplicates", "near_duplicates", "Documents; kept is the best of those that are alike.")),
    )
    left = Stage("comparisons", CountLeft(), plan=left_out, reads=(bands, pairs, alike))
    return Decider(decided, steps, left)
