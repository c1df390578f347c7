"""Documents to learn from: a sample of the kept parts of finished corpora, without what stands on both sides.

The sample of a side are the documents with the least hashes over all its corpora, so it is the same in any order, and a
larger one holds a smaller one. Pages of WebText are pages of a crawl too; a text on both sides teaches nothing. The
paper leaves such pages among the negatives. Here a negative that is also a positive, by id, address or text, goes, and
is counted.
"""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.dedup.exact import text_key
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.corpora import CorpusPart, kept_parts
from corpus.files.manifest import MANIFEST, open_published
from corpus.files.storage import place
from corpus.hashing import digest, uniform

_COLUMNS = ["id", "canonical_url", "domain", "text"]
_ROWS = 500
# Characters of a digest of ours.
_DIGEST = 32
_SEED = "classifier-sample"


@dataclass(frozen=True)
class Corpus:
    """A finished corpus on one side. `name` is its folder's own, `digest` that of its manifest."""

    name: str
    digest: str
    parts: tuple[CorpusPart, ...] = field(repr=False)

    @property
    def documents(self) -> int:
        """How many it has."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class Text:
    """A document as it is read: which corpus of its side (number) it is of, and its text."""

    corpus: int
    id: str
    canonical_url: str
    domain: str
    text: str

    @property
    def identities(self) -> tuple[str, ...]:
        """What makes it the same document as another: its capture, its address, its text.

        A digest is of the capture, whatever the source before it.
        """
        # `webtext/17b7…` and `commoncrawl/17b7…` are one capture; ids of other lengths (of books, dumps) count whole.
        name = self.id.rpartition("/")[2]
        address = (f"url {self.canonical_url}",) if self.canonical_url else ()
        return (f"id {name if len(name) == _DIGEST else self.id}", f"text {text_key(self.text)}", *address)


def open_corpora(folders: Sequence[str], flag: str) -> list[Corpus]:
    """The corpora of a side; `CorpusloomError` for one that is unfinished, empty, or given twice."""
    found: list[Corpus] = []
    for folder in folders:
        parts = tuple(kept_parts(folder))
        known = digest((place(folder) / MANIFEST).read_bytes())
        corpus = Corpus(Path(folder.rstrip("/")).name, known, parts)
        if not corpus.documents:
            raise CorpusloomError(f"{flag} {folder}: the corpus has no document", ExitCode.INPUT)
        if any(other.digest == known for other in found):
            raise CorpusloomError(f"{flag} {folder}: this corpus is given twice", ExitCode.FLAGS)
        found.append(corpus)
    return found


def refuse_one_on_both_sides(positive: Sequence[Corpus], negative: Sequence[Corpus]) -> None:
    """`CorpusloomError` (2) where one corpus is said to be good and bad."""
    for corpus in positive:
        if any(corpus.digest == other.digest for other in negative):
            raise CorpusloomError(
                f"{corpus.name} is given as --positive and as --negative; what would it teach?", ExitCode.FLAGS
            )


def sampled(corpora: Sequence[Corpus], most: int) -> set[tuple[int, str]]:
    """(number of the corpus, id) of the `most` documents with the least hashes."""
    ids = ((number, row["id"]) for number, corpus in enumerate(corpora) for row in _rows(corpus, ["id"]))
    # The hash decides; (number, id) only breaks the tie between corpora that hold the same id.
    return set(heapq.nsmallest(most, ids, key=lambda found: (uniform(found[1], _SEED), found)))


def read(corpora: Sequence[Corpus], chosen: Collection[tuple[int, str]]) -> Iterator[Text]:
    """The chosen documents, in the order of the corpora."""
    for number, corpus in enumerate(corpora):
        for row in _rows(corpus, _COLUMNS):
            if (number, row["id"]) in chosen:
                values = {name: row[name] or "" for name in _COLUMNS}
                yield Text(number, **values)


def _rows(corpus: Corpus, columns: list[str]) -> Iterator[dict[str, Any]]:
    for part in corpus.parts:
        with open_published(place(part.file)) as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False):
                yield from batch.to_pylist()
