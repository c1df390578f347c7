"""The decider on documents that share windows of words with others: which go, what they lose, how much they share.

A document goes as `repeated.contained` where the rule's share of its words stands in longer ones, with the id of the
one that holds most of them; as `repeated.too_few_characters` where little is left when its windows are cut. What is
shared is summed up for the manifest, whatever becomes of it.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.dedup.substrings import RepeatedSubstrings, Shared, Windows, answer_rows, shared
from corpus.files.manifest import Counts, Part, open_parquet
from pipelines.runtime.task import Outcome, Task
from pipelines.work.grouping import RunWork, Spread
from pipelines.work.judging import JudgedFacts
from pipelines.work.packing import by_group, unpack
from pipelines.work.repeated import PartToCut, parts_to_cut
from pipelines.work.signatures import Widths
from pipelines.work.substrings import AnswerFacts
from pipelines.work.verdicts import DecidedFacts, Span, align, read_left, verdict_table, without_cuts, write_verdicts

CONTAINED, TOO_FEW = "repeated.contained", "repeated.too_few_characters"
# The documents with the highest shares that are named.
_NAMED = 20


@dataclass(frozen=True)
class PartToDecide(PartToCut):
    """A part of judged documents, for which the ids in answers have `id_bytes`."""

    id_bytes: int = 1


def parts_to_decide(
    found: Sequence[AnswerFacts], judged: Sequence[JudgedFacts], *earlier: Sequence[DecidedFacts]
) -> Iterator[PartToDecide]:
    """A unit for each part of judged documents, given the facts of the groups of windows."""
    for each in parts_to_cut(found, judged, *earlier):
        yield PartToDecide(each.documents, each.group, each.inputs, found[0].id_bytes)


@dataclass(frozen=True)
class SharingDocument:
    """A document, its words, the share of them that stands in others, and the document that holds most of these."""

    id: str
    words: int
    share: float
    other_id: str


@dataclass(frozen=True)
class Sharing:
    """How much of `documents` stands in others: `words_in_others` of `words`; `characters_cut` is what they lose.

    `by_tenth` are documents by the share of their words in others: without any, up to a tenth, up to two … `most` are
    those with the highest shares, the longest first.
    """

    documents: int = 0
    words: int = 0
    words_in_others: int = 0
    characters_cut: int = 0
    by_tenth: tuple[int, ...] = (0,) * 11
    most: tuple[SharingDocument, ...] = ()


@dataclass(frozen=True)
class SharedFacts(DecidedFacts):
    """The verdicts on a part of documents, and what these share."""

    sharing: Sharing


@dataclass(frozen=True)
class DecideShared(RunWork[PartToDecide, SharedFacts]):
    """The work on a part of judged documents: the decider."""

    rule: RepeatedSubstrings

    def dtype(self, widths: Widths) -> np.dtype:
        """A window that stands at several places."""
        return answer_rows(widths.id)

    def spread(self, found: Sequence[AnswerFacts], *others: object) -> Spread[Part]:
        """The answers of each group of windows."""
        return Spread([facts.answers for facts in found], widths=Widths(found[0].id_bytes, 1))

    def grouped(self, rows: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
        """By part of judged documents."""
        # The group of a part is its number: `PartToDecide` has the same.
        return by_group(rows, rows["part"].astype(np.int64))

    def __call__(self, task: Task[PartToDecide], entries: bytes = b"") -> Outcome[SharedFacts]:
        """A verdict for each document that goes or loses a span, and what all of them share."""
        documents = task.unit.documents
        # Sorted, so that each document finds the answers to its
        # windows by binary search; `ids` name keepers in this part.
        found = np.sort(unpack(entries, answer_rows(task.unit.id_bytes)), order="hash")
        ids = open_parquet(task.root / documents.kept.path).read(["id"])["id"].to_pylist()
        numbers, decided, sharing = list[int](), list[_Decided](), list[Sharing]()
        for row, document in read_left(task.root, documents):
            one = shared(Windows(document["text"], self.rule), found, (task.unit.group, row), ids)
            numbers.append(row)
            decided.append(self._decide(document["text"], one))
            # A document that goes loses nothing: its characters are not among those that were cut.
            sharing.append(_sharing(ids[row], one, 0 if decided[-1].rule else _length(one.cuts)))
        columns = {name: [getattr(one, name) for one in decided] for name in _Decided.__dataclass_fields__}
        table = align(verdict_table(len(decided), **columns), numbers, documents.kept.rows)
        run = write_verdicts(task.part("verdicts", ".arrow"), task.root, table, [documents.kept.rows])
        reasons = {rule: count for rule in (CONTAINED, TOO_FEW) if (count := columns["rule"].count(rule))}
        lost = sum(reasons.values())
        counts = Counts(len(decided), len(decided) - lost, lost, 0, reasons)
        return Outcome((run.verdicts,), counts, SharedFacts((run,), all_of(sharing)))

    def _decide(self, text: str, one: Shared) -> "_Decided":
        if self.rule.contained is not None and one.before and one.before >= self.rule.contained * one.words:
            evidence = f"{one.before:,} of {one.words:,} words"
            return _Decided(CONTAINED, one.before / one.words, one.other, evidence)
        cuts: list[Span] = [{"start": start, "end": end} for start, end in one.cuts]
        # Characters that are no white space. A document that loses nothing stays, however short it is.
        left = sum(map(len, without_cuts(text, cuts).split())) if cuts else self.rule.least_left
        if left < self.rule.least_left or (cuts and not left):
            return _Decided(TOO_FEW, float(left), one.other)
        return _Decided(cuts=cuts or None)


@dataclass(frozen=True)
class _Decided:
    rule: str = ""
    value: float | None = None
    other_id: str = ""
    evidence: str = ""
    cuts: list[Span] | None = None


@dataclass(frozen=True)
class SharingToSum:
    """What all parts share."""

    sharing: Sharing
    label: str = "containment"
    size: int = 1


def containment(decided: Sequence[SharedFacts]) -> Iterator[SharingToSum]:
    """The one unit."""
    yield SharingToSum(all_of([facts.sharing for facts in decided]))


@dataclass(frozen=True)
class SumSharing:
    """The work on the sums: to say them."""

    def __call__(self, task: Task[SharingToSum]) -> Outcome[Sharing]:
        """One unit of facts."""
        return Outcome((), Counts(1, 1), task.unit.sharing)


def all_of(some: Sequence[Sharing]) -> Sharing:
    """What several share, together."""
    most = heapq.nsmallest(
        _NAMED, (one for each in some for one in each.most), key=lambda one: (-one.share, -one.words, one.id)
    )
    return Sharing(
        sum(each.documents for each in some),
        sum(each.words for each in some),
        sum(each.words_in_others for each in some),
        sum(each.characters_cut for each in some),
        tuple(map(sum, zip(Sharing.by_tenth, *(each.by_tenth for each in some), strict=True))),
        tuple(most),
    )


def _sharing(identity: str, one: Shared, cut: int) -> Sharing:
    # Rounded up: 0 of 50 words are 0, 1 to 5 are 1, 6 to 10 are 2, 46 to 50 are 10.
    tenth = -(-10 * one.in_others // one.words) if one.words else 0
    by_tenth = tuple(int(tenth == each) for each in range(11))
    share = one.in_others / one.words if one.words else 0.0
    most = (SharingDocument(identity, one.words, share, one.other),) if one.in_others else ()
    return Sharing(1, one.words, one.in_others, cut, by_tenth, most)


def _length(spans: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)
