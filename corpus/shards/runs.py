"""Sorted runs on disk, and their merge: how any number of tokens comes into hash order in little memory.

Documents are collected until they fill the memory they may take, put in hash order, and written as one file, a run.
To read a stretch of the hash is to find it in every run by binary search and copy it out. A stretch that is too large
is cut into smaller ones, so memory does not grow with the shard, and since a run is open only while it is copied,
neither do the open files. Nothing of this shows in a shard: its bytes are the same whatever the runs and stretches.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.files.sealed import check_seal
from corpus.shards.documents import Documents, join
from corpus.shards.write import TOKENS_PER_BATCH

# What a document costs beside its tokens: its id, a key, offsets, and the objects that Python moves it by.
_BYTES_PER_DOCUMENT = 256
_ALL = 1 << 64
# Into how many parts a stretch of the hash is cut to find what fits: enough to fill memory, few enough to count fast.
_PARTS = 64


class RunWriter:
    """Documents in, runs out: `write` is called with a sorted table for each run, which has one record batch.

    At most `most` bytes are held, twice that while a run is written; a larger document is a run of its own.
    """

    def __init__(self, most: int, write: Callable[[pa.Table], None]) -> None:
        self._most, self._write = most, write
        self._pieces: list[Documents] = []
        self._size = 0

    def add(self, documents: Documents) -> None:
        """Some more documents; the caller gives them in pieces much smaller than a run."""
        size = documents.tokens.nbytes + len(documents) * _BYTES_PER_DOCUMENT
        if self._size + size > self._most:
            self.flush()
        if len(documents):
            self._pieces.append(documents)
            self._size += size

    def flush(self) -> None:
        """Write what is held; nothing, if nothing is."""
        if not self._pieces:
            return
        table = run_table(self._sort())
        self._size = 0
        self._write(table)

    def _sort(self) -> Documents:
        # The list is emptied as it is joined: else both would be held.
        whole, self._pieces = join(self._pieces), []
        return whole.take(whole.in_hash_order())


def run_table(documents: Documents) -> pa.Table:
    """Documents in hash order as a run has them."""
    texts = np.zeros(len(documents), np.uint64) if documents.texts is None else documents.texts
    columns = {
        "key": pa.array(documents.keys),
        "doc_id": documents.ids,
        "tokens": pa.LargeListArray.from_arrays(pa.array(documents.offsets), pa.array(documents.tokens)),
        "n_bytes": pa.array(documents.n_bytes),
    }
    return pa.table({**columns, "text": pa.array(texts)})


def text_keys(run: Path) -> np.ndarray:
    """The keys of the texts of a run, uint64 [documents]."""
    check_seal(run)
    with pa.memory_map(str(run)) as file:
        return pa.ipc.open_file(file).get_batch(0)["text"].to_numpy().copy()


def merge_runs(runs: Sequence[Path], low: int, high: int, most: int) -> Iterator[Documents]:
    """The documents of all runs whose key is in low … high - 1, in hash order, in pieces of at most a record batch.

    About `most` bytes are held besides the piece. A document is never cut: the largest one sets the least memory.
    """
    for start, stop, n_tokens in _stretches(runs, low, high, most):
        found = _stretch(runs, start, stop, n_tokens)
        order = found.in_hash_order()
        # Tokens so far. Documents of [4, 3, 5] tokens, 8 in a batch: ends [4, 7, 12]. The first piece has two, since
        # 7 <= 8 < 12; the next begins with 7 tokens behind it, and takes at least one document, however long.
        ends = np.cumsum(np.diff(found.offsets)[order])
        first = 0
        while first < len(order):
            before = ends[first - 1] if first else 0
            last = max(int(np.searchsorted(ends, before + TOKENS_PER_BATCH, "right")), first + 1)
            yield found.take(order[first:last])
            first = last


def shard_stretch(number: int, of: int) -> tuple[int, int]:
    """The keys low … high - 1 that fall to shard `number` of `of` (`shard_of`)."""
    # -(-a // b) rounds up. Of three shards the second has 0x5555555555555556 … 0xaaaaaaaaaaaaaaaa.
    low, high = (-(-(place << 64) // of) for place in (number, number + 1))
    return low, high


def _stretches(runs: Sequence[Path], low: int, high: int, most: int) -> Iterator[tuple[int, int, int]]:
    """low … high cut so that no stretch takes more than `most` bytes, each with its number of tokens.

    Sizes are counted for equal parts of the hash; neighbours are put together while they fit, and a part that does not
    fit is cut again, unless it is a single document.
    """
    # A set: fewer keys than parts make equal borders.
    borders = sorted({low + (high - low) * number // _PARTS for number in range(_PARTS + 1)})
    documents, tokens, width = _counts(runs, borders)
    sizes = tokens * width + documents * _BYTES_PER_DOCUMENT  # of each part, in bytes of memory
    first = 0
    while first < len(sizes):
        # As many parts as fit together; a part that does not fit by itself is taken alone, and cut again.
        last = first + max(int(np.searchsorted(np.cumsum(sizes[first:]), most, "right")), 1)
        start, stop = borders[first], borders[last]
        if sizes[first] > most and documents[first] > 1 and stop - start > 1:
            yield from _stretches(runs, start, stop, most)
        elif documents[first:last].any():
            yield start, stop, int(tokens[first:last].sum())
        first = last


def _counts(runs: Sequence[Path], borders: Sequence[int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Between each two borders: how many documents and tokens the runs have; and the bytes of a token."""
    documents, tokens = np.zeros((2, len(borders) - 1), np.int64)
    width = 0
    for path in runs:
        check_seal(path)
        with pa.memory_map(str(path)) as file:
            run, rows = _rows(file, borders)
            documents += np.diff(rows)
            # The tokens before each border, by the offset of its row.
            tokens += np.diff(run["tokens"].offsets.to_numpy()[rows])
            width = run["tokens"].values.type.bit_width // 8
    return documents, tokens, width


def _stretch(runs: Sequence[Path], low: int, high: int, n_tokens: int) -> Documents:
    """The documents with keys low … high - 1, which have `n_tokens` tokens: run after run, copied out of each."""
    tokens, at = np.empty(0), 0
    columns: list[tuple[pa.StringArray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for path in runs:
        check_seal(path)
        with pa.memory_map(str(path)) as file:
            run, (first, last) = _rows(file, (low, high))
            values = run["tokens"].values.to_numpy()  # all values of the file, mapped: only the slice below is read
            bounds = run["tokens"].offsets.to_numpy()[first : last + 1]
            if not columns:
                tokens = np.empty(n_tokens, values.dtype)
            tokens[at : at + bounds[-1] - bounds[0]] = values[bounds[0] : bounds[-1]]
            # `take` copies; a slice would keep the whole mapping.
            ids = run["doc_id"].take(pa.array(np.arange(first, last)))
            numbers = (run[name].to_numpy()[first:last].copy() for name in ("key", "n_bytes", "text"))
            columns.append((ids, np.diff(bounds), *numbers))
            at += int(bounds[-1] - bounds[0])
    ids, lengths, keys, n_bytes, texts = zip(*columns, strict=True)
    offsets = np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64)
    numbers = np.concatenate(n_bytes)
    return Documents(np.concatenate(keys), pa.concat_arrays(ids), tokens, offsets, numbers, texts=np.concatenate(texts))


def _rows(file: pa.MemoryMappedFile, borders: Sequence[int]) -> tuple[pa.RecordBatch, np.ndarray]:
    """The one batch of a mapped run, and its first row for each border; only the pages that are asked are read."""
    run = pa.ipc.open_file(file).get_batch(0)
    # 2^64 itself, the end of the last stretch, is no uint64: it stands for the number of rows.
    inside = np.array([border for border in borders if border < _ALL], np.uint64)
    rows = np.searchsorted(run["key"].to_numpy(), inside, "left")
    return run, np.concatenate([rows, np.full(len(borders) - len(rows), run.num_rows)])
