"""Rows that keep documents whole, planned once and offline; and which document each token of a row is of.

By default documents are laid end to end and cut where a window ends, as GPT-3's were (appendix B). Best-fit packing
(Ding et al., Fewer Truncations Improve Language Modeling, 2024) cuts only what is longer than a row: pieces are taken
longest first, and each goes into the fullest row that still holds it. The plan, rows of (document, start, length), is
a file with a digest; its rows are shuffled as windows are (`trainer.data.order`), so a run resumes the same way.

    python -m trainer.data.packing --data shards/ --sequence-length 1024 --output plan.npz
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from corpus.shards.layout import TRAIN
from corpus.shards.read import Shards, Stream, open_shards
from trainer.command import COUNT, leave, run_command
from trainer.data.order import PlannedRows

if TYPE_CHECKING:
    import torch

COMMAND = "python -m trainer.data.packing"
# Room for one token is no room: a piece needs a token to read and one to predict.
_SHORTEST = 2


class PackingError(CorpusloomError):
    """A plan that is damaged, or not of these shards."""


def document_ids(tokens: "torch.Tensor", end_of_text: int) -> "torch.Tensor":
    """Which document each token is of, counted from 0 in each row: int32 in the shape of `tokens`.

    Shards hold end-of-text after each document and nowhere else (the writer refuses it inside), so counting it gives
    the same as the offsets of the documents do, without a look at them, on whatever device the tokens are.
    """
    ends = tokens == end_of_text
    # tokens     a  b  E  c  E  d
    # cumsum     0  0  1  1  2  2
    # - ends     0  0  0  1  1  2     an E is of the document that it ends
    return (ends.cumsum(-1) - ends.long()).int()


@dataclass(frozen=True, eq=False)
class SourcePlan:
    """The rows of one source: row r holds the pieces rows[r] … rows[r + 1] - 1 of `pieces`.

    `pieces` int64 [pieces, 3]: the document in the stream, the first of its tokens, how many; `rows` int64 [rows + 1];
    `n_tokens` and `n_docs` what the source has in all.
    """

    pieces: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    n_tokens: int
    n_docs: int

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.rows) - 1


@dataclass(frozen=True, eq=False)
class PackingPlan:
    """The plans of all sources of a split, for rows of `sequence_length` + 1 tokens of the shards of a fingerprint."""

    fingerprint: str
    split: str
    sequence_length: int
    sources: Mapping[str, SourcePlan]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the whole plan: two plans with one digest give the same rows."""
        hashed = hashlib.sha256(json.dumps(self._about(), sort_keys=True).encode())
        for name in sorted(self.sources):
            # Little-endian whatever the machine; names, lengths and shards are in `_about` already.
            hashed.update(np.ascontiguousarray(self.sources[name].pieces, "<i8").tobytes())
            hashed.update(np.ascontiguousarray(self.sources[name].rows, "<i8").tobytes())
        return hashed.hexdigest()

    @property
    def planned(self) -> PlannedRows:
        """What `SampleOrder` needs of it."""
        return PlannedRows(self.digest, {name: source.n_rows for name, source in self.sources.items()})

    def save(self, path: Path) -> None:
        """Write the plan, beside its place first, so that it is there whole or not at all; `load_plan` reads it."""
        arrays = {f"{name}.{part}": getattr(plan, part) for name, plan in self.sources.items() for part in _PARTS}
        about = json.dumps({**self._about(), "digest": self.digest}, sort_keys=True)
        temporary = path.with_name(f".tmp-{path.name}")
        with temporary.open("wb") as file:
            # JSON as bytes in an array: an array of strings would need pickle, which `load_plan` does not allow.
            np.savez(file, about=np.frombuffer(about.encode(), np.uint8), **arrays)
        temporary.replace(path)

    def describe(self) -> str:
        """One line a source: how many documents are cut, how much is in no row (crop) and how much is empty (pad)."""
        lines = [f"{'source':<16}{'documents':>12}{'cut':>8}{'rows':>12}{'crop':>9}{'pad':>9}"]
        for name, plan in self.sources.items():
            cut, crop, pad = self._shares(plan)
            lines.append(f"{name:<16}{plan.n_docs:>12,}{cut:>8.2%}{plan.n_rows:>12,}{crop:>9.4%}{pad:>9.4%}")
        return "\n".join(lines)

    def _shares(self, plan: SourcePlan) -> tuple[float, float, float]:
        document, start, length = plan.pieces.T
        continued = start > 0
        # The pieces of a cut document overlap by a token, which counts once.
        kept = int(length.sum()) - int(np.count_nonzero(continued))
        cut = np.unique(document[continued]).size / max(plan.n_docs, 1)
        crop = 1 - kept / max(plan.n_tokens, 1)
        return cut, crop, 1 - int(length.sum()) / max(plan.n_rows * (self.sequence_length + 1), 1)

    def _about(self) -> dict[str, object]:
        sources = {name: [plan.n_tokens, plan.n_docs] for name, plan in self.sources.items()}
        return {
            "fingerprint": self.fingerprint,
            "split": self.split,
            "sequence_length": self.sequence_length,
            "sources": sources,
        }


_PARTS = ("pieces", "rows")


def load_plan(path: Path, shards: Shards) -> PackingPlan:
    """The plan in a file; `PackingError` where it is damaged or was made for other shards."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            sources = {
                name: SourcePlan(file[f"{name}.pieces"], file[f"{name}.rows"], *counts)
                for name, counts in about["sources"].items()
            }
        plan = PackingPlan(about["fingerprint"], about["split"], about["sequence_length"], sources)
    except FileNotFoundError:
        raise PackingError(f"{path}: no such plan; make it with python -m trainer.data.packing") from None
    except Exception as error:
        raise PackingError(f"{path}: no plan can be read ({error or type(error).__name__}); make it again") from error
    if plan.digest != about.get("digest"):
        raise PackingError(f"{path}: what stands in it has another digest than it names; make it again")
    if plan.fingerprint != shards.manifest.fingerprint:
        raise PackingError(
            f"{path}: made for shards {plan.fingerprint[:12]}…, {shards.folder} has "
            f"{shards.manifest.fingerprint[:12]}…; make it again"
        )
    return plan


def plan_packing(shards: Shards, sequence_length: int, split: str = TRAIN) -> PackingPlan:
    """Pack every source of a split into rows of `sequence_length` + 1 tokens; 24 bytes of memory a piece.

    A document longer than a row is cut into pieces that overlap by one token, so that each of its tokens but the first
    is a target once. A document of end-of-text alone has no target and is left out: that is the crop.
    """
    if sequence_length < 1:
        raise PackingError(f"a sequence_length of {sequence_length} holds no token; give at least 1")
    plans = {
        stream.name: _plan_source(stream, sequence_length)
        for stream in shards.streams
        if stream.split == split and stream.n_tokens
    }
    return PackingPlan(shards.manifest.fingerprint, split, sequence_length, plans)


def _plan_source(stream: Stream, sequence_length: int) -> SourcePlan:
    # Documents of 3, 10 and 1 tokens, sequence_length 4, so rows of 5:
    # counts      1  3  0       pieces of each document; one token alone has no target, so no piece
    # document    0  1  1  1    one entry per piece from here on
    # first       0  1  1  1    number of the document's first piece
    # start       0  0  4  8    in the document; neighbours share a token
    # length      3  5  5  2
    # row         2  0  1  2    the pieces of 3 and 2 share a row
    # in_rows     1  2  0  3    pieces by row, document, start; rows = 0 1 2 4
    lengths = np.concatenate([np.diff(offsets) for offsets in stream.offsets])
    counts = -(-(lengths - 1) // sequence_length)
    document = np.repeat(np.arange(len(lengths)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    start = (np.arange(len(document)) - first) * sequence_length
    length = np.minimum(lengths[document] - start, sequence_length + 1)
    row = best_fit(length, sequence_length + 1)
    in_rows = np.lexsort((start, document, row))  # the last key is the first to sort by
    pieces = np.stack([document, start, length], axis=1)[in_rows]
    rows = np.append(0, np.cumsum(np.bincount(row))) if len(row) else np.zeros(1, np.int64)
    return SourcePlan(pieces, rows.astype(np.int64), stream.n_tokens, stream.n_docs)


def best_fit(lengths: np.ndarray, capacity: int) -> np.ndarray:
    """Best-fit decreasing: the row of each piece, int64, so that no row holds more than `capacity`.

    Which amounts of room are open is a whole number with a bit for each, so the fullest row that fits is found by its
    lowest set bit. Equal pieces are taken in their order: the result is the same on every machine.
    """
    if len(lengths) and not 0 < lengths.min() <= lengths.max() <= capacity:
        raise PackingError(f"pieces of {lengths.min()} to {lengths.max()} tokens do not fit rows of {capacity}")
    # with_room[r]: the rows that have room for r tokens; bit r of `is_open`: whether there are any.
    with_room: list[list[int]] = [[] for _ in range(capacity + 1)]
    is_open, count = 0, 0
    row_of = np.empty(len(lengths), np.int64)
    order = np.argsort(-lengths, kind="stable")
    for piece, length in zip(order.tolist(), lengths[order].tolist(), strict=True):
        # Rows with room for 2 and 4 are bits 0b10100. A piece of
        # 3: 0b10100 >> 3 = 0b10, lowest bit 1, so room 3 + 1 = 4.
        fitting = is_open >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = with_room[room].pop()
            if not with_room[room]:
                is_open ^= 1 << room
        else:
            room, row, count = capacity, count, count + 1
        row_of[piece] = row
        # A row with room for less than `_SHORTEST` is in no list any more: it is full.
        left = room - length
        if left >= _SHORTEST:
            with_room[left].append(row)
            is_open |= 1 << left
    return row_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Plan the packing of a folder of shards and print its report; the exit code."""
    flags = CommandParser(COMMAND, "Plan rows of whole documents.")
    flags.add_argument("--data", type=Path, required=True, help="a folder of shards")
    flags.add_argument("--sequence-length", type=COUNT, required=True, help="tokens per row, less the last target")
    flags.add_argument("--split", default=TRAIN)
    flags.add_argument("--output", type=Path, required=True, help="the file of the plan, .npz")
    given = flags.parse_args(arguments)
    return run_command(COMMAND, lambda: _plan(given))


def _plan(given: argparse.Namespace) -> int:
    plan = plan_packing(open_shards(given.data), given.sequence_length, given.split)
    plan.save(given.output)
    print(plan.describe())
    print(f"digest {plan.digest}")
    return ExitCode.DONE


if __name__ == "__main__":
    leave(main())
