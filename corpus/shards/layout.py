"""The layout of a folder of token shards, as `manifest.json` has it: enough to map them with numpy alone.

An Arrow file is uncompressed buffers with a description around them. Where each buffer of tokens lies is written into
the manifest, so a trainer needs neither Arrow nor its parser; and because Arrow files carry no checksum (of 200
flipped bits 190 went unseen), the digest of every shard stands there too. The fingerprint covers everything but the
paths: two folders with one fingerprint hold the same tokens in the same order.

Only the standard library is used here: SHA-256 and not BLAKE3, because the machine that trains may have no more than
numpy and torch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from corpus.errors import CorpusloomError
from corpus.json_types import JsonObject

SHARD_MANIFEST = "manifest.json"
VERSION = 1
TRAIN, VALIDATION = SPLITS = ("train", "validation")
# The largest vocabulary whose ids 0 … 65,535 fit an unsigned 16-bit number.
_FITS_UINT16 = 1 << 16


class ShardError(CorpusloomError):
    """Shards that are not what their manifest says, or tokens that cannot be written."""


@dataclass(frozen=True)
class TokenizerEntry:
    """The tokenizer the tokens come from: its name, the digest of its files, and what a reader needs of it."""

    name: str
    digest: str
    vocab_size: int
    end_of_text: int

    def __post_init__(self) -> None:
        if not 0 <= self.end_of_text < self.vocab_size:
            raise ShardError(f"{self.name}: end of text is {self.end_of_text}, the vocabulary has {self.vocab_size}")
        if self.vocab_size > 1 << 32:
            raise ShardError(f"{self.name}: a vocabulary of {self.vocab_size} does not fit 32 bits")

    @property
    def dtype(self) -> str:
        """The numpy type of a token in the shards, little-endian."""
        return "<u2" if self.vocab_size <= _FITS_UINT16 else "<u4"


@dataclass(frozen=True)
class BatchEntry:
    """One record batch: `n_tokens` tokens from byte `values_offset` of the file on, end-of-text after each document.

    At `offsets_offset` lie `n_docs` + 1 numbers, int64: where each document begins, counted in tokens of the batch.
    """

    values_offset: int
    n_tokens: int
    offsets_offset: int
    n_docs: int


@dataclass(frozen=True)
class Shard:
    """One file: its path relative to the manifest, its size and SHA-256, what it holds, and where."""

    path: str
    bytes: int
    digest: str
    n_tokens: int
    n_docs: int
    n_bytes: int
    batches: tuple[BatchEntry, ...]


@dataclass(frozen=True)
class SourceShards:
    """The shards of one source and split, in the order in which their tokens follow each other."""

    name: str
    split: str
    weight: int
    n_tokens: int
    n_docs: int
    n_bytes: int
    shards: tuple[Shard, ...]


@dataclass(frozen=True)
class ShardManifest:
    """All shards of a folder, by source and split, and the tokenizer they share.

    `about` is what people may want to know of the build (how the split was made, what was left out); no token depends
    on it, so it is not part of the fingerprint.
    """

    tokenizer: TokenizerEntry
    sources: tuple[SourceShards, ...]
    about: JsonObject = field(default_factory=dict, compare=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON without the paths: moving or renaming a shard makes no other data of it."""
        values = asdict(self)
        del values["about"]
        for source in values["sources"]:
            for shard in source["shards"]:
                del shard["path"]
        return _sha256(values)

    def to_json(self) -> JsonObject:
        """The form that stands in `manifest.json`; its `digest` covers all the rest."""
        # By way of JSON: tuples become lists, as they will be read.
        values = json.loads(json.dumps({"version": VERSION, "fingerprint": self.fingerprint, **asdict(self)}))
        return {**values, "digest": _sha256(values)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> "ShardManifest":
        """The inverse of `to_json`; `ShardError` if the fingerprint or a sum is not that of what stands there."""
        if values.get("version") != VERSION:
            raise ShardError(f"the version is {values.get('version')!r}, this code reads {VERSION}")
        keys = {"version", "fingerprint", "tokenizer", "sources"}
        if values.keys() != keys:  # the first edition had neither `about` nor `digest`
            rest = {name: value for name, value in values.items() if name != "digest"}
            if values.keys() != keys | {"about", "digest"} or _sha256(rest) != values["digest"]:
                raise ShardError("what stands in it has another digest than it names")
        entry, sources = TokenizerEntry(**values["tokenizer"]), tuple(map(_source, values["sources"]))
        manifest = ShardManifest(entry, sources, values.get("about", {}))
        if manifest.fingerprint != values["fingerprint"]:
            raise ShardError(f"what stands in it has the fingerprint {manifest.fingerprint}, not the one it names")
        for source in manifest.sources:
            _check(source, manifest.tokenizer)
        return manifest


def _sha256(values: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _source(values: dict[str, Any]) -> SourceShards:
    shards = [
        Shard(**{**shard, "batches": tuple(BatchEntry(**batch) for batch in shard["batches"])})
        for shard in values["shards"]
    ]
    return SourceShards(**{**values, "shards": tuple(shards)})


def _check(source: SourceShards, tokenizer: TokenizerEntry) -> None:
    """Counts must add up, buffers lie inside their file, files inside the folder: nothing here is taken on trust."""
    for name in ("n_tokens", "n_docs", "n_bytes"):
        total = sum(getattr(shard, name) for shard in source.shards)
        if total != getattr(source, name):
            raise ShardError(
                f"{source.name} {source.split}: {name} is {getattr(source, name)}, its shards have {total}"
            )
    width = int(tokenizer.dtype[-1])  # "<u2" is 2 bytes, "<u4" 4
    for shard in source.shards:
        place = PurePosixPath(shard.path)
        if place.is_absolute() or ".." in place.parts:
            raise ShardError(f"{shard.path}: a shard must lie in the folder of its manifest")
        if sum(batch.n_tokens for batch in shard.batches) != shard.n_tokens:
            raise ShardError(f"{shard.path}: its batches do not add up to {shard.n_tokens} tokens")
        for batch in shard.batches:
            ends = batch.values_offset + batch.n_tokens * width, batch.offsets_offset + (batch.n_docs + 1) * 8
            if min(asdict(batch).values()) < 0 or max(ends) > shard.bytes:
                raise ShardError(f"{shard.path}: a buffer lies outside its {shard.bytes} bytes")


def read_shard_manifest(folder: Path) -> ShardManifest:
    """The manifest of a finished folder of shards; `ShardError` where there is none, or a damaged one."""
    path = folder / SHARD_MANIFEST
    try:
        return ShardManifest.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise ShardError(f"{folder}: no {SHARD_MANIFEST}; the build is unfinished, run build_shards again") from None
    except (ShardError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ShardError(f"{path}: {error or type(error).__name__}; run build_shards again") from error


def shard_digest(path: Path) -> str:
    """The SHA-256 of a file, in hex; the interpreter's lock is free meanwhile, so threads hash side by side."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
