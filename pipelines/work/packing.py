"""Rows of fixed width between the stages of deduplication: arrays on their way through a shuffle, and in parts.

A row is an element of a numpy array with named fields. Into a shuffle go the bytes of arrays, cut by the hash of a key;
a part holds them as one Arrow column, so that its reader maps it and copies nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Part, map_arrow, write_arrow
from corpus.splitmix import mixed
from pipelines.runtime.task import Task


def by_hash(rows: np.ndarray, keys: np.ndarray, groups: int) -> Iterator[tuple[int, bytes]]:
    """(group, packed rows), where equal int64 keys fall into the same group."""
    # Mixed first: keys may be numbers of documents, which are not spread evenly as hashes are.
    yield from by_group(rows, (mixed(keys.view(np.uint64)) % np.uint64(groups)).astype(np.int64))


def by_group(rows: np.ndarray, groups: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """(group, packed rows) for rows whose groups are known."""
    # Groups [2, 0, 2]: order [1, 0, 2], ordered [0, 2, 2], starts [0, 1]; group 0 has row 1, group 2 rows 0 and 2.
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else []
    for start, stop in zip(starts, [*starts[1:], len(ordered)], strict=False):
        yield int(ordered[start]), rows[order[start:stop]].tobytes()


def unpack(entries: Any, dtype: np.dtype) -> np.ndarray:
    """The inverse: all rows of a group."""
    return np.frombuffer(entries, dtype)


def write_rows(task: Task[Any], folder: str, rows: np.ndarray) -> Part:
    """A part of packed rows."""
    return write_arrow(task.part(folder, ".arrow"), task.root, packed_table(rows))


def packed_table(rows: np.ndarray) -> pa.Table:
    """Packed rows as a table of one column."""
    # No bitmap of nulls, and the array's own memory as values: nothing is copied.
    column = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.dtype.itemsize), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))]
    )
    return pa.table({"row": column})


def map_rows(root: Path, part: Part, dtype: np.dtype) -> np.ndarray:
    """The rows of a part, mapped."""
    column = map_arrow(root / part.path)["row"].combine_chunks()
    if not len(column):
        return np.zeros(0, dtype)
    return np.frombuffer(column.buffers()[1], dtype)[column.offset : column.offset + len(column)]  # [1]: the values


def rows_in(parts: Sequence[Part]) -> int:
    """How many rows some parts have."""
    return sum(part.rows for part in parts)
