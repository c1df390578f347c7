"""Who duplicates whom: exact copies first, then similar texts by the bands of their signatures, then clusters of them.

`exact` puts all documents in order of preference and takes out equal captures, pages and texts. `near` is the one
shuffle: bands and document numbers cross it, 16 bytes a document and band, and signatures are mapped where a pair is
verified. `clusters` joins the pairs and decides. A verdict lies in a part that its reader needs whole: the verdicts of
some parts of documents, in their order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import components, near_duplicates, similar_pairs
from corpus.dedup.exact import RULES, exact_duplicates
from corpus.dedup.minhash import MinHash, band_hashes, similarity
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.files.storage import place
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.signatures import SignatureFacts, signatures_of
from pipelines.work.verdicts import DecidedFacts, aligned, verdict_table, write_verdict_runs

ORDER_SCHEMA = pa.schema(
    [("id", pa.string()), ("part", pa.int32()), ("row", pa.int32()), ("rule", pa.int8()), ("leader", pa.int64())]
)
PAIRS_SCHEMA = pa.schema([("leader", pa.int64()), ("document", pa.int64())])
_ENTRY = np.dtype([("hash", "<i8"), ("document", "<i8")])


@dataclass(frozen=True)
class AllSignatures:
    """The signatures of all documents."""

    signatures: tuple[Part, ...]
    label: str = "all documents"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return sum(part.rows for part in self.signatures) + 1


@dataclass(frozen=True)
class OrderFacts:
    """All documents, best first, with what takes out the exact copies."""

    order: Part


@dataclass(frozen=True)
class Band:
    """A band of all signatures: the group of the shuffle."""

    group: int
    order: Part
    signatures: tuple[Part, ...]
    size: int = no_identity(default=1)

    @property
    def label(self) -> str:
        """The number of the band."""
        return f"band {self.group}"


@dataclass(frozen=True)
class PairFacts:
    """The verified pairs of a band."""

    pairs: Part


@dataclass(frozen=True)
class SignaturePart:
    """What is cut for the shuffle: part `number` of the signatures, the paths of all of them, and the order."""

    number: int
    order: str
    signatures: tuple[str, ...]


@dataclass(frozen=True)
class AllPairs:
    """Everything that the verdicts are made of; `documents` are the rows of each judged part."""

    order: Part
    signatures: tuple[Part, ...]
    documents: tuple[int, ...]
    pairs: tuple[Part, ...]
    label: str = "all pairs"

    @property
    def size(self) -> int:
        """How many documents there are."""
        return self.order.rows + 1


def all_signatures(signed: Sequence[SignatureFacts]) -> Iterator[AllSignatures]:
    """One unit."""
    yield AllSignatures(tuple(facts.signatures for facts in signed))


def bands(count: int, signed: Sequence[SignatureFacts], exact: Sequence[OrderFacts]) -> Iterator[Band]:
    """A unit for each of `count` bands."""
    parts = tuple(facts.signatures for facts in signed)
    return (Band(number, exact[0].order, parts, sum(part.rows for part in parts) + 1) for number in range(count))


def signature_parts(signed: Sequence[SignatureFacts], exact: Sequence[OrderFacts]) -> Iterator[SignaturePart]:
    """A piece for each part of signatures."""
    paths = tuple(facts.signatures.path for facts in signed)
    return (SignaturePart(number, exact[0].order.path, paths) for number in range(len(paths)))


def all_pairs(
    signed: Sequence[SignatureFacts], exact: Sequence[OrderFacts], near: Sequence[PairFacts]
) -> Iterator[AllPairs]:
    """One unit."""
    parts = tuple(facts.signatures for facts in signed)
    documents = tuple(facts.documents for facts in signed)
    yield AllPairs(exact[0].order, parts, documents, tuple(facts.pairs for facts in near))


class Signatures:
    """The signatures of all documents, mapped, addressed by document number (rank in order of preference)."""

    def __init__(self, root: Path, order: str, parts: Sequence[str], config: MinHash) -> None:
        table = map_arrow(root / order)
        self.config = config
        self.part, self.row = table["part"].to_numpy(), table["row"].to_numpy()
        self.alive = table["rule"].to_numpy() < 0
        self._maps = [signatures_of(root / path, config) for path in parts]

    def of(self, documents: np.ndarray) -> np.ndarray:
        """(n,) numbers → (n, minima) signatures."""
        found = [self._maps[self.part[number]][self.row[number]] for number in documents.tolist()]
        return np.array(found, np.uint32).reshape(len(found), self.config.minima)

    def similarity(self, document: int, others: np.ndarray) -> np.ndarray:
        """The estimated Jaccard similarity of one document with each of the others."""
        return similarity(self.of(np.array([document]))[0], self.of(others))

    def numbers_of(self, part: int) -> np.ndarray:
        """The documents of one part that may still stay."""
        return np.flatnonzero((self.part == part) & self.alive)


@lru_cache(maxsize=1)
def _signatures(root: str, order: str, parts: tuple[str, ...], config: MinHash) -> Signatures:
    """The same for all pieces and bands that one worker takes: mapping all of them takes a while."""
    return Signatures(place(root), order, parts, config)


@dataclass(frozen=True)
class OrderDocuments:
    """The work on all signatures."""

    def __call__(self, task: Task[AllSignatures]) -> Outcome[OrderFacts]:
        """All documents, best first: most karma, then the longest text, the earliest date, the least id."""
        columns = ["id", "page", "text_key", "date", "karma", "characters"]
        tables = [map_arrow(task.root / part.path).select(columns) for part in task.unit.signatures]
        empty = pa.table([[] for _ in columns], names=columns)
        table = pa.concat_tables([empty, *tables], promote_options="permissive") if tables else empty
        sizes = [part.num_rows for part in tables]
        part = np.repeat(np.arange(len(sizes)), sizes)
        row = np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, int)
        values = {name: np.array(table[name].to_pylist()) for name in columns}
        keys = (row, part, values["id"], values["date"], -values["characters"], -values["karma"])
        order = np.lexsort(keys) if table.num_rows else np.zeros(0, int)
        found = exact_duplicates([values[name][order] for name in ("id", "page", "text_key")])
        ranked = [values["id"][order].tolist(), part[order], row[order], found.rule, found.leader]
        out = write_arrow(task.part("order", ".arrow"), task.root, pa.table(ranked, ORDER_SCHEMA))
        reasons = {f"duplicates.{rule}": int((found.rule == number).sum()) for number, rule in enumerate(RULES)}
        reasons = {reason: count for reason, count in reasons.items() if count}
        lost = sum(reasons.values())
        return Outcome((out,), Counts(len(order), len(order) - lost, lost, 0, reasons), OrderFacts(out))


@dataclass(frozen=True)
class FindPairs(ShuffleWork[SignaturePart, Band, PairFacts]):
    """The work of the shuffle: (band, packed hashes and numbers) of each part → the verified pairs of each band."""

    config: MinHash

    @property
    def pieces(self) -> Callable[..., Iterator[SignaturePart]]:
        """A piece for each part of signatures."""
        return signature_parts

    def cut(self, piece: SignaturePart, root: Path) -> Iterator[tuple[int, bytes]]:
        """One packed batch a band."""
        signatures = _signatures(str(root), piece.order, piece.signatures, self.config)
        numbers = signatures.numbers_of(piece.number)
        hashes = band_hashes(signatures.of(numbers), self.config)
        for band in range(self.config.bands):
            entries = np.empty(len(numbers), _ENTRY)
            entries["hash"], entries["document"] = hashes[:, band], numbers
            yield band, entries.tobytes()

    def __call__(self, task: Task[Band], entries: bytes = b"") -> Outcome[PairFacts]:
        """The verified pairs."""
        paths = tuple(part.path for part in task.unit.signatures)
        signatures = _signatures(task.root_path, task.unit.order.path, paths, self.config)
        found = np.frombuffer(entries, _ENTRY)
        pairs = list(similar_pairs(found["hash"], found["document"], signatures.similarity, self.config.min_similarity))
        columns = [list(column) for column in zip(*sorted(pairs), strict=True)] or [[], []]
        part = write_arrow(task.part("pairs", ".arrow"), task.root, pa.table(columns, PAIRS_SCHEMA))
        return Outcome((part,), Counts(len(found), len(found)), PairFacts(part))


@dataclass(frozen=True)
class DecideClusters:
    """The work on all pairs."""

    config: MinHash

    def __call__(self, task: Task[AllPairs]) -> Outcome[DecidedFacts]:
        """Every document gets its cluster, and a verdict if it leaves; in the order of the parts."""
        unit = task.unit
        order = map_arrow(task.root / unit.order.path)
        rule, leader = order["rule"].to_numpy(), order["leader"].to_numpy()
        paths = [part.path for part in unit.signatures]
        signatures = Signatures(task.root, unit.order.path, paths, self.config)
        near = [np.stack([map_arrow(task.root / part.path)[name].to_numpy() for name in ("leader", "document")], 1)
                for part in unit.pairs]  # fmt: skip
        exact = np.stack([leader[rule >= 0], np.flatnonzero(rule >= 0)], 1)
        clusters = components(len(rule), np.concatenate([exact, *near]).astype(int))
        least = self.config.min_similarity
        leaving = near_duplicates(clusters, np.flatnonzero(rule < 0), signatures.similarity, least)
        ids = order["id"].to_pylist()
        rows = [_verdict(number, rule, leader, leaving) for number in range(len(ids))]
        verdicts = verdict_table(
            len(ids),
            cluster=[ids[number] for number in clusters.tolist()],
            rule=[row[0] for row in rows],
            value=[row[1] for row in rows],
            other_id=["" if row[2] < 0 else ids[row[2]] for row in rows],
        )
        places = np.lexsort((signatures.row, signatures.part))
        verdicts = _on_all(task, verdicts.take(pa.array(places)))
        runs = write_verdict_runs(task.part("verdicts", ".arrow"), task.root, verdicts, unit.documents)
        alive = int((rule < 0).sum())
        reasons = {"duplicates.near": len(leaving)} if leaving else {}
        counts = Counts(alive, alive - len(leaving), len(leaving), 0, reasons)
        return Outcome(tuple(run.verdicts for run in runs), counts, DecidedFacts(runs))


def _verdict(
    number: int, rule: np.ndarray, leader: np.ndarray, leaving: dict[int, tuple[int, float]]
) -> tuple[str, float | None, int]:
    if rule[number] >= 0:
        return f"duplicates.{RULES[rule[number]]}", None, int(leader[number])
    other, alike = leaving.get(number, (-1, None))
    return ("duplicates.near" if other >= 0 else ""), alike, other


def _on_all(task: Task[AllPairs], verdicts: pa.Table) -> pa.Table:
    """Verdicts on the documents that were signed, in the order of the parts → on all that were judged."""
    unit = task.unit
    begins = np.cumsum((0, *unit.documents))[:-1]
    rows = [begin + map_arrow(task.root / part.path)["row"].to_numpy()
            for begin, part in zip(begins, unit.signatures, strict=True)]  # fmt: skip
    return aligned(verdicts, np.concatenate([np.zeros(0, int), *rows]), sum(unit.documents))
