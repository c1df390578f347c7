"""Documents → what deduplication needs to know of them, without their texts.

A stage of its own, so that another MinHash setting judges no document again. Everything has a fixed width (ids and
dates are filled up with zero bytes), so that later stages move arrays and make no object for a document.

The parts of documents are put into runs of about 100,000. Run number and row make the number of a document, so whoever
has a number knows where its signature lies, and whose verdict it is part of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.exact import text_key
from corpus.dedup.minhash import MinHash, signatures
from corpus.errors import CorpusloomError
from corpus.files.manifest import Counts, Part, map_arrow, open_parquet, write_arrow
from corpus.files.storage import below
from corpus.hashing import key64
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.verdicts import VERDICTS_PER_PART, Candidates, still_in

# The bits of a document's number that are its row in its run.
# A number: |0| run: 31 bits | row: 32 bits |. Row 5 of run 3 is 3 · 2^32 + 5 = 12,884,901,893; >> 32 gives the run.
# Runs of other corpora begin at 2^20 (`work.against`), so there are at most 2^20 of ours: 10^11 documents.
ROW_BITS = 32
_COLUMNS = ("id", "surt", "text", "date", "karma")
_TEXTS_AT_ONCE = 1000
_NUMBERS = ("row", "page", "text", "text_low", "karma", "characters")  # text, text_low: one 128-bit digest


@dataclass(frozen=True)
class SignatureFacts:
    """A row for each of the `documents` of a part that no earlier decider rejected, in their order.

    `id_bytes` and `date_bytes` are the widths of these columns.
    """

    signatures: Part
    documents: int
    id_bytes: int
    date_bytes: int


@dataclass(frozen=True)
class SignedRun:
    """Parts of signatures that belong to one run, and how many documents the part of each has."""

    number: int
    signatures: tuple[Part, ...]
    documents: tuple[int, ...]

    @property
    def identity(self) -> list[str]:
        """The documents and which numbers they have."""
        return [str(self.number), *(part.digest for part in self.signatures)]

    @property
    def rows(self) -> int:
        """How many documents have signatures."""
        return sum(part.rows for part in self.signatures)


@dataclass(frozen=True)
class Widths:
    """The widths in bytes of the ids and the dates of all documents."""

    id: int
    date: int


def runs_of(signed: Sequence[SignatureFacts], first: int = 0) -> list[SignedRun]:
    """The parts of all documents in runs of at least `VERDICTS_PER_PART` documents, as their verdicts will lie.

    The runs are numbered from `first` on.
    """
    runs: list[SignedRun] = []
    some: list[SignatureFacts] = []
    for number, facts in enumerate(signed):
        some.append(facts)
        if sum(each.documents for each in some) >= VERDICTS_PER_PART or number + 1 == len(signed):
            parts, documents = (tuple(each.signatures for each in some), tuple(each.documents for each in some))
            runs.append(SignedRun(first + len(runs), parts, documents))
            some = []
    return runs


def widths_of(*signed: Sequence[SignatureFacts]) -> Widths:
    """What every id and date fits into."""
    widths = [(facts.id_bytes, facts.date_bytes) for some in signed for facts in some]
    return Widths(*map(max, zip((1, 1), *widths, strict=True)))


def rank_fields(widths: Widths) -> list[tuple[str, str]]:
    """The fields of a row that make its place in the order of preference (`corpus.dedup.exact.preferred`)."""
    return [
        ("number", "<i8"),
        ("karma", "<i8"),
        ("characters", "<i8"),
        ("date", f"S{widths.date}"),
        ("id", f"S{widths.id}"),
    ]


def read_parts(root: Path, run: SignedRun, dtype: np.dtype) -> Iterator[np.ndarray]:
    """The documents of each part of a run, as rows of those fields that `dtype` has, by number."""
    # Two parts of 3 and 4 documents in run 1: theirs are 2^32 +
    # 0 … 2 and 2^32 + 3 … 6, also where some have no signature.
    begin = run.number << ROW_BITS
    for part, documents in zip(run.signatures, run.documents, strict=True):
        path = below(root, part.path)
        table, rows = map_arrow(path), np.zeros(part.rows, dtype)
        if table.num_rows != part.rows:
            raise CorpusloomError(
                f"{path} holds {table.num_rows:,} documents where {part.rows:,} were written; remove it "
                "and run the command that made it again"
            )
        for name in dtype.names or ():
            if name == "signature":
                rows[name] = signature_column(table, dtype[name].shape[0], path)
            elif name == "number":
                rows[name] = begin + table["row"].to_numpy()
            else:
                rows[name] = _column(table, name)
        yield rows
        begin += documents


def read_run(root: Path, run: SignedRun, dtype: np.dtype) -> np.ndarray:
    """All documents of a run."""
    return np.concatenate([np.zeros(0, dtype), *read_parts(root, run, dtype)])


def read_some(
    root: Path, run: SignedRun, dtype: np.dtype, wanted: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The documents with the numbers `wanted`, ascending, a part at a time: places in `wanted`, and their rows."""
    for documents in read_parts(root, run, dtype) if len(wanted) else ():
        numbers = documents["number"]
        if len(numbers):
            # wanted 2 5 9, numbers of this part 4 5 6: start 1, stop 2, so place 1, whose row is 1 of the part.
            start, stop = np.searchsorted(wanted, [numbers[0], numbers[-1] + 1])
            yield np.arange(start, stop), documents[np.searchsorted(numbers, wanted[start:stop])]


def read_with(
    root: Path, run: SignedRun, dtype: np.dtype, wanted: np.ndarray, **columns: np.ndarray
) -> Iterator[np.ndarray]:
    """The documents with the numbers `wanted`, ascending, a part at a time, as rows of `dtype`.

    Fields in `columns` have the values there, one for each number; the others are read.
    """
    # numpy copies a field of a packed row by its name, whatever its offset: the two dtypes need not lie alike.
    read = np.dtype([each for each in dtype.descr if each[0] not in columns])
    for places, documents in read_some(root, run, read, wanted):
        rows = np.empty(len(places), dtype)
        for name in read.names or ():
            rows[name] = documents[name]
        for name, values in columns.items():
            rows[name] = values[places]
        yield rows


def signature_column(table: pa.Table, minima: int, path: Path) -> np.ndarray:
    """The (documents, minima) uint32 array of a signature part; `CorpusloomError` for signatures of another length."""
    column = table["signature"].combine_chunks()
    if column.type.list_size != minima:
        raise CorpusloomError(
            f"{path}: signatures of {column.type.list_size} minima, and {minima} are compared here; remove the file "
            "and run the command again"
        )
    return column.flatten().to_numpy(zero_copy_only=True).reshape(-1, column.type.list_size)


def _column(table: pa.Table, name: str) -> np.ndarray:
    column = table[name].combine_chunks()
    if not pa.types.is_fixed_size_binary(column.type):
        return column.to_numpy()
    # "S8" drops zero bytes at the end when it becomes Python's: that is how ids were filled up.
    found = np.frombuffer(column.buffers()[1] or b"", f"S{column.type.byte_width}")
    return found[column.offset : column.offset + len(column)]


@dataclass(frozen=True)
class SignDocuments:
    """The work on a part of documents."""

    config: MinHash

    def __call__(self, task: Task[Candidates]) -> Outcome[SignatureFacts]:
        """One row a document, in the order of the part."""
        file = open_parquet(task.root / task.unit.kept.path)
        path = task.part("signatures", ".arrow")
        part, widths = sign_file(task, path, file, self.config, still_in(task.root, task.unit))
        facts = SignatureFacts(part, task.unit.kept.rows, widths.id, widths.date)
        return Outcome((part,), Counts(part.rows, part.rows), facts)


def sign_file(
    task: Task[Any], path: Path, file: Any, config: MinHash, staying: np.ndarray | None = None
) -> tuple[Part, Widths]:
    """Write the part of signatures of a Parquet file, of its rows `staying` (all where None), to `path`."""
    note, tables, done = note_progress(task), list[pa.Table](), 0
    for batch in file.iter_batches(batch_size=_TEXTS_AT_ONCE, columns=list(_COLUMNS), use_threads=False):
        some = slice(done, done + batch.num_rows)
        rows = np.arange(batch.num_rows) if staying is None else np.flatnonzero(staying[some])
        tables.append(_signed(batch.take(pa.array(rows)), done + rows, config))
        done += batch.num_rows
        note(done)
    table, widths = _of_fixed_width(tables, config)
    return write_arrow(path, task.root, table), widths


def _signed(batch: pa.RecordBatch, rows: np.ndarray, config: MinHash) -> pa.Table:
    texts, ids = batch["text"].to_pylist(), batch["id"].to_pylist()
    keys = b"".join(bytes.fromhex(text_key(text)) for text in texts)
    # 16 bytes of digest a text: two int64 columns, as no key of numpy has 128 bits.
    high, low = np.frombuffer(keys, "<i8").reshape(-1, 2).T if texts else np.zeros((2, 0), np.int64)
    return pa.table(
        {
            "id": batch["id"],
            "date": batch["date"],
            "row": rows,  # in the part of documents
            "page": pa.array(map(key64, map(_first, batch["surt"].to_pylist(), ids)), pa.int64()),
            "text": high.copy(),  # as int64 only to fit columns: bits of a digest
            "text_low": low.copy(),
            "karma": batch["karma"].fill_null(0),  # more is preferred
            "characters": pa.array(map(len, texts), pa.int64()),  # then the longer text
            "signature": signature_list(signatures(batch["text"], config)),
        }
    )


def signature_list(signed: np.ndarray) -> pa.Array:
    """(n, minima) uint32 as a column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(signed.reshape(-1)), signed.shape[1])


def _first(surt: str | None, identity: str) -> str:
    return surt or identity  # no address: a page of its own


def _of_fixed_width(tables: Sequence[pa.Table], config: MinHash) -> tuple[pa.Table, Widths]:
    """All rows in one table, with ids and dates as wide as the widest."""
    kinds = [("id", pa.string()), ("date", pa.string()), *((name, pa.int64()) for name in _NUMBERS)]
    schema = pa.schema([*kinds, ("signature", pa.list_(pa.uint32(), config.minima))])
    table = pa.concat_tables([schema.empty_table(), *(each.cast(schema) for each in tables)]).combine_chunks()
    widths = []
    for place, name in enumerate(("id", "date")):
        values = np.array([value.encode() for value in table[name].fill_null("").to_pylist()], "S")
        width = max(values.dtype.itemsize, 1)
        column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(values), [None, pa.py_buffer(values)])
        table = table.set_column(place, name, column)
        widths.append(width)
    return table, Widths(*widths)
