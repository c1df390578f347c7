"""Token shards as arrays, with numpy alone: the manifest says where the tokens lie, the file is mapped.

The tokens of a source and split are one long sequence, document after document, batch after batch, shard after shard;
a window is any stretch of it. A window inside one batch is a view of the mapped file; one that crosses a border is put
together from its pieces. Plain arrays over a mapping are used and not `np.memmap`, whose slices cost microseconds each.

Every shard is hashed before the first token is handed out: Arrow has no checksum, and one wrong bit in a token is a
wrong word that no reader would ever notice.
"""

import mmap
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpus.shards.layout import BatchEntry, ShardError, ShardManifest, SourceShards, read_shard_manifest
from corpus.shards.verify import faults


@dataclass(frozen=True, eq=False)
class Stream:
    """The tokens of one source and split, end to end.

    `tokens` holds one array for each record batch, `first_token` int64 [batches + 1] where each begins in the stream;
    `offsets` one int64 array [documents + 1] for each batch, `first_doc` int64 [batches + 1] likewise.
    """

    name: str
    split: str
    tokens: tuple[np.ndarray, ...] = field(repr=False)
    offsets: tuple[np.ndarray, ...] = field(repr=False)
    first_token: np.ndarray = field(repr=False)
    first_doc: np.ndarray = field(repr=False)

    @property
    def n_tokens(self) -> int:
        """All tokens, end-of-text included."""
        return int(self.first_token[-1])

    @property
    def n_docs(self) -> int:
        """All documents."""
        return int(self.first_doc[-1])

    def window(self, start: int, length: int) -> np.ndarray:
        """The tokens start … start + length - 1: a view where they lie in one batch, else a copy."""
        self._check(start, start, length)
        # Batches of 3 and 2 tokens begin at [0 3 5]: token 2 is of batch 0, token 3 of batch 1.
        batch = int(np.searchsorted(self.first_token, start, "right")) - 1
        inside = start - int(self.first_token[batch])
        if batch < len(self.tokens) and inside + length <= len(self.tokens[batch]):
            return self.tokens[batch][inside : inside + length]
        return self._across(batch, inside, length)

    def windows(self, starts: np.ndarray, length: int, dtype: npt.DTypeLike = np.int64) -> np.ndarray:
        """One row of `length` tokens for each start, [starts, length], in the type that the model wants."""
        starts = np.asarray(starts, np.int64)
        self._check(int(starts.min(initial=0)), int(starts.max(initial=0)), length)
        rows = np.empty((len(starts), length), dtype)
        if not rows.size:
            return rows
        batches = np.searchsorted(self.first_token, starts, "right") - 1
        insides = (starts - self.first_token[batches]).tolist()
        for row, batch, inside in zip(rows, batches.tolist(), insides, strict=True):
            piece = self.tokens[batch][inside : inside + length]
            # A slice at the end of a batch is short.
            row[:] = piece if len(piece) == length else self._across(batch, inside, length)
        return rows

    def document(self, number: int) -> np.ndarray:
        """The tokens of one document, end-of-text last; documents are numbered through the stream."""
        if not 0 <= number < self.n_docs:
            raise ShardError(f"{self.name} {self.split}: there is no document {number}, only {self.n_docs}")
        batch = int(np.searchsorted(self.first_doc, number, "right")) - 1
        row = number - int(self.first_doc[batch])
        return self.tokens[batch][self.offsets[batch][row] : self.offsets[batch][row + 1]]

    def documents(self) -> Iterator[np.ndarray]:
        """Every document, in order."""
        for tokens, offsets in zip(self.tokens, self.offsets, strict=True):
            for row in range(len(offsets) - 1):
                yield tokens[offsets[row] : offsets[row + 1]]

    def _across(self, batch: int, inside: int, length: int) -> np.ndarray:
        pieces: list[np.ndarray] = []
        while length:
            piece = self.tokens[batch][inside : inside + length]
            pieces.append(piece)
            batch, inside, length = batch + 1, 0, length - len(piece)
        return np.concatenate(pieces) if pieces else np.empty(0, self.tokens[0].dtype if self.tokens else np.uint16)

    def _check(self, least: int, greatest: int, length: int) -> None:
        if least < 0 or length < 0 or greatest + length > self.n_tokens:
            raise ShardError(
                f"{self.name} {self.split}: a window of {length} tokens at {greatest if least >= 0 else least} is not "
                f"within its {self.n_tokens}"
            )


@dataclass(frozen=True, eq=False)
class Shards:
    """A folder of token shards, mapped: one stream for each source and split."""

    folder: Path
    manifest: ShardManifest
    streams: tuple[Stream, ...] = field(repr=False)

    def stream(self, name: str, split: str = "train") -> Stream:
        """The stream of a source."""
        for stream in self.streams:
            if (stream.name, stream.split) == (name, split):
                return stream
        there = ", ".join(f"{stream.name} {stream.split}" for stream in self.streams)
        raise ShardError(f"{self.folder}: no {name} {split}; there is {there}")


def open_shards(folder: Path, verified: bool = False) -> Shards:
    """Map a folder of shards; `ShardError` names the first shard whose bytes are not those of the manifest.

    `verified=True` skips the hashing: for the second process of a run, where the first has just done it.
    """
    manifest = read_shard_manifest(folder)
    if not verified and (fault := next(faults(folder, manifest), "")):
        raise ShardError(fault)
    _allow_open_files(sum(len(source.shards) for source in manifest.sources))
    dtype = np.dtype(manifest.tokenizer.dtype)
    return Shards(folder, manifest, tuple(_map_source(folder, source, dtype) for source in manifest.sources))


def _map_source(folder: Path, source: SourceShards, dtype: np.dtype) -> Stream:
    tokens: list[np.ndarray] = []
    offsets: list[np.ndarray] = []
    for shard in source.shards:
        # A shard of no documents has no batch, and no file to map of zero bytes.
        mapped = _map_file(folder / shard.path) if shard.batches else b""
        for batch in shard.batches:
            tokens.append(np.frombuffer(mapped, dtype, batch.n_tokens, batch.values_offset))
            offsets.append(_offsets(mapped, batch, shard.path))
    return Stream(
        source.name,
        source.split,
        tuple(tokens),
        tuple(offsets),
        np.cumsum([0, *map(len, tokens)], dtype=np.int64),
        np.cumsum([0, *(len(array) - 1 for array in offsets)], dtype=np.int64),
    )


def _map_file(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _offsets(mapped: mmap.mmap | bytes, batch: BatchEntry, path: str) -> np.ndarray:
    offsets = np.frombuffer(mapped, "<i8", batch.n_docs + 1, batch.offsets_offset)
    if offsets[0] != 0 or offsets[-1] != batch.n_tokens:
        raise ShardError(f"{path}: the documents of the batch at {batch.values_offset} do not fill it")
    return offsets


def _allow_open_files(count: int) -> None:
    """A mapping keeps its file open in Python, and 1,024 open files are a common limit: ask for as many as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 512
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            # A hard limit below 0 is none.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
