"""The grams that so many documents of the corpus have that they are no leaks: a shuffle by key.

A key crosses it once a document, in 8 bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.decontamination.filtering import FilteringRule
from corpus.decontamination.grams import partition_of
from corpus.files.identity import identity_digest, no_identity
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.task import Outcome, Task
from pipelines.work.leaks import LeakFacts

COMMON_SCHEMA = pa.schema([("key", pa.uint64()), ("documents", pa.int64())])
# How many leaks one worker counts the grams of.
LEAKS_PER_PART = 8_000_000


@dataclass(frozen=True)
class LeakyPart:
    """What is cut for the shuffle: the leaks of a part."""

    leaks: str
    partitions: int


@dataclass(frozen=True)
class KeyRange:
    """A range of keys of all leaks (known by the digest of their digests): the group of the shuffle."""

    group: int
    leaks: str
    partitions: int
    size: int = no_identity(default=1)

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"keys {self.group + 1} of {self.partitions}"


@dataclass(frozen=True)
class CommonFacts:
    """The grams that more documents have than a leak may."""

    common: Part


def key_ranges(found: Sequence[LeakFacts]) -> Iterator[KeyRange]:
    """A unit for each range of keys."""
    # The leaks of all parts decide every range, so their digest is in each unit's name.
    partitions, leaks = _partitions(found), identity_digest(*(facts.leaks.digest for facts in found))
    size = sum(facts.leaks.rows for facts in found) // partitions + 1
    return (KeyRange(group, leaks, partitions, size) for group in range(partitions))


def _partitions(found: Sequence[LeakFacts]) -> int:
    leaks, partitions = sum(facts.leaks.rows for facts in found), 1
    while leaks > partitions * LEAKS_PER_PART:
        partitions *= 2
    return partitions


@dataclass(frozen=True)
class CountDocuments(ShuffleWork[LeakyPart, KeyRange, CommonFacts]):
    """The work of the shuffle: the grams of each document → those that too many documents have."""

    rule: FilteringRule

    def pieces(self, found: Sequence[LeakFacts]) -> Iterator[LeakyPart]:
        """A piece for each part of leaks."""
        partitions = _partitions(found)
        return (LeakyPart(facts.leaks.path, partitions) for facts in found if facts.leaks.rows)

    def cut(self, piece: LeakyPart, root: Path) -> Iterator[tuple[int, bytes]]:
        """The keys, each once a document, one packed batch a range."""
        leaks = map_arrow(root / piece.leaks)
        # A document may have a gram many times: of (row, key) pairs each once, so that counting keys counts documents.
        filtered = leaks["length"].to_numpy() == self.rule.gram_words
        pairs = np.stack([leaks["row"].to_numpy().astype(np.uint64), leaks["key"].to_numpy()], axis=1)[filtered]
        keys = np.unique(pairs, axis=0)[:, 1]
        places = partition_of(keys, piece.partitions)
        for group in np.unique(places).tolist():
            yield group, keys[places == group].tobytes()

    def __call__(self, task: Task[KeyRange], entries: bytes = b"") -> Outcome[CommonFacts]:
        """The common ones, with how many documents have each."""
        keys, documents = np.unique(np.frombuffer(entries, np.uint64), return_counts=True)
        common = documents > self.rule.most_documents
        table = pa.table([keys[common], documents[common].astype(np.int64)], COMMON_SCHEMA)
        part = write_arrow(task.part("common", ".arrow"), task.root, table)
        return Outcome((part,), Counts(len(keys), len(keys)), CommonFacts(part))
