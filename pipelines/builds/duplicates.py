"""The stages of deduplication, and its place among the deciders of a corpus.

    signatures → pages → texts → exact → bands → requests → pairs → clusters → near → duplicates

Each groups what it needs by the hash of a key, or by run (`pipelines.work.signatures`), in groups of about
`Room.group_bytes`. Where so many documents may be in company that their clusters do not fit into one worker, `clusters`
is made in rounds (`pipelines.work.components`). `comparisons` says what was left out, for the manifest. What they do
stands in `pipelines.work.copies`, `.candidates`, `.components`, `.clusters`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from corpus.dedup.minhash import MinHash
from pipelines.builds.corpus import Decider, MakeDecider, grouped
from pipelines.cli.memory import Needs, WorkerMemory
from pipelines.runtime.stage import Stage
from pipelines.work.candidates import AskRuns, ComparePairs, FindBuckets
from pipelines.work.clusters import AskClusters, DecideDuplicates
from pipelines.work.comparisons import CountLeft, left_out
from pipelines.work.components import (
    UNION_BYTES,
    JoinPairs,
    JoinStars,
    LabelFacts,
    LabelRuns,
    MakeForests,
    all_pairs,
    bundles,
)
from pipelines.work.copies import FindPages, FindTexts, SettleCopies
from pipelines.work.grouping import GROUP_BYTES
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.signatures import SignatureFacts, SignDocuments
from pipelines.work.verdicts import DecidedFacts, candidates

# MB of the first process and of each further one, measured over all stages (docs/log.md), and the least for groups.
NEEDS = Needs(driver=300, worker=300, unit=40)
# Sorting and comparing the rows of a group takes this many times their bytes, beside them.
_WORKING = 8
# Rounds of stars: each halves a chain or better, so 12 join 4,000 documents that are alike only one by one.
ROUNDS = 12
# No document is of fewer bytes of input: a page of a crawl has some thousands, compressed.
_LEAST_DOCUMENT = 500


@dataclass(frozen=True)
class Room:
    """What a worker may hold: about `group_bytes` of rows, which it sorts, or clusters of `union_bytes`.

    With `rounds` clusters are made on all workers in so many rounds, without it by one.
    """

    group_bytes: int = GROUP_BYTES
    union_bytes: int = 2**40
    rounds: int = 0


def room_for(memory: WorkerMemory, input_bytes: int) -> Room:
    """The room under a bound of memory for inputs of some size: rounds where one worker might not hold all clusters."""
    documents = input_bytes // _LEAST_DOCUMENT
    rounds = ROUNDS if documents * UNION_BYTES > memory.unit_bytes else 0
    # 550 MB for a unit: groups of 16 MiB (below 550 / 8), and
    # rounds from 550 MB / 64 = 8.6 M documents on, 4.3 GB of input.
    return Room(min(GROUP_BYTES, memory.unit_bytes // _WORKING), memory.unit_bytes, rounds)


def deduplicate(near: MinHash, room: Room | None = None) -> MakeDecider:
    """The decider that leaves one document of each exact copy and of each cluster of similar texts."""
    return partial(_duplicates, near, room or Room())


def _duplicates(
    near: MinHash,
    room: Room,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    # A part of judged documents -> a row of keys and minima per document
    signatures = Stage(
        "signatures", SignDocuments(near), plan=candidates, reads=(judged, *earlier), units_per_worker=10_000
    )
    return duplicates(near, room, signatures)


def duplicates(near: MinHash, room: Room, signatures: Stage[Any, SignatureFacts]) -> Decider:
    """The decider, given signatures."""
    group_bytes = room.group_bytes
    # Documents by the hash of their page -> who is left, who left for whom
    pages = grouped("pages", FindPages(group_bytes=group_bytes), signatures)
    # Those left by the hash of their text -> the same
    texts = grouped("texts", FindTexts(group_bytes=group_bytes), signatures, pages)
    # Who left, by run
    exact = grouped("exact", SettleCopies(), signatures, pages, texts)
    # (band, document) by the hash of the band -> which set of documents wants to compare whom
    bands = grouped("bands", FindBuckets(near, group_bytes=group_bytes), signatures, exact)
    # What is wanted, by run: who of a run is asked for by which sets
    requests = grouped("requests", AskRuns(), signatures, bands)
    # Signatures of those who are asked for, by set -> pairs that are alike
    pairs = grouped("pairs", ComparePairs(near, group_bytes=group_bytes), signatures, requests)
    # Pairs -> the cluster of each document in company
    clusters = joined(room, signatures, exact, pairs)
    # Members by cluster -> who stays, and for whom the others leave
    alike = grouped("near", AskClusters(near, group_bytes=group_bytes), signatures, exact, clusters)
    # What is said of members, by run -> verdicts in the order of the judged parts
    decided = grouped("duplicates", DecideDuplicates(near), signatures, exact, alike)
    steps = (
        (exact, FunnelStep("exact", "exact_duplicates", "Documents; kept is the best copy of each text and page.")),
        (decided, FunnelStep("duplicates", "near_duplicates", "Documents; kept is the best of those that are alike.")),
    )
    left = Stage("comparisons", CountLeft(), plan=left_out, reads=(bands, pairs, alike))
    return Decider(decided, steps, left)


def joined(
    room: Room, signatures: Stage[Any, SignatureFacts], exact: Stage[Any, Any], pairs: Stage[Any, Any]
) -> Stage[Any, LabelFacts]:
    """The stage that says which document is in which cluster, and the rounds before it."""
    reads = (signatures, exact, pairs)
    if not room.rounds:
        return Stage("clusters", JoinPairs(), plan=partial(all_pairs, room.union_bytes), reads=reads)
    rounds: list[Stage[Any, Any]] = [
        Stage("forests", MakeForests(), plan=partial(bundles, room.group_bytes), reads=reads)
    ]
    for number in range(1, room.rounds + 1):
        # forests -> large 1 -> small 1 -> large 2 -> small 2 -> …
        # Each reads the two before it: the last one for its edges,
        # both to see whether a large and a small round changed any.
        for name, large in (("large", True), ("small", False)):
            rounds.append(
                grouped(f"{name}_stars_{number}", JoinStars(large, group_bytes=room.group_bytes), *rounds[-2:])
            )
    return grouped("clusters", LabelRuns(), signatures, *rounds)
