"""From a token back to where it came from: shard and position → document → its row in the corpus, with its address.

When a loss jumps at some batch, or a model recites a text, the question is which document that was. The answer is
only given by a shard whose bytes are those of the manifest.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.files.manifest import open_published
from corpus.schema import Row
from corpus.shards.layout import SHARD_MANIFEST, Shard, ShardError, ShardManifest, SourceShards, read_shard_manifest
from corpus.shards.verify import fault_of


@dataclass(frozen=True)
class Place:
    """The document that holds a token: its id, its row in the shard, and where in the document the token stands."""

    source: str
    split: str
    doc_id: str
    row: int
    token: int
    n_bytes: int
    score: float | None


def trace(path: Path, position: int) -> Place:
    """The document of the token at `position` (counted from 0, end-of-text included) of the shard at `path`."""
    folder, manifest = manifest_above(path)
    source, shard = _entry(manifest, path.absolute().relative_to(folder).as_posix(), folder)
    if not 0 <= position < shard.n_tokens:
        raise ShardError(f"{path}: there is no token {position}, only 0 … {shard.n_tokens - 1}")
    if fault := fault_of(path, shard):
        raise ShardError(fault)
    # Batches of 5 and 4 tokens, position 7: the first is passed, and 2 tokens into the second is the one. There offsets
    # [0, 2, 4] say that it is token 0 of the second document.
    number, row, inside = 0, 0, position
    while inside >= shard.batches[number].n_tokens:
        inside -= shard.batches[number].n_tokens
        row += shard.batches[number].n_docs
        number += 1
    with pa.memory_map(str(path)) as file:
        batch = pa.ipc.open_file(file).get_batch(number)
        offsets = batch.column("tokens").offsets.to_numpy()
        line = int(offsets.searchsorted(inside, "right")) - 1
        values = {name: batch.column(name)[line].as_py() for name in ("doc_id", "n_bytes", "score")}
    return Place(source.name, source.split, row=row + line, token=inside - int(offsets[line]), **values)


def tokens_near(path: Path, place: Place, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Up to `width` tokens of the document before the place, and as many from it on."""
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        number, row = 0, place.row
        # Rows are numbered through the shard; batch after batch they are passed.
        while row >= (batch := reader.get_batch(number)).num_rows:
            number, row = number + 1, row - batch.num_rows
        tokens = batch.column("tokens")[row].values.to_numpy()
        return tokens[max(place.token - width, 0) : place.token].copy(), tokens[place.token :][:width].copy()


def ledger_row(corpus: Path, doc_id: str) -> tuple[Path, int] | None:
    """The part among the kept documents of a corpus that has a document, and its row there; None if there is none."""
    parts = sorted(part for part in (corpus / "kept").glob("*.parquet") if not part.name.startswith("."))
    if not parts:
        raise ShardError(f"{corpus}: no kept/*.parquet; give the folder that build_shards read this source from")
    for part in parts:
        file, before = open_published(part), 0
        for group in range(file.num_row_groups):
            row = pc.index(file.read_row_group(group, ["id"])["id"], doc_id).as_py()  # -1: not in this row group
            if row >= 0:
                return part, before + row
            before += file.metadata.row_group(group).num_rows
    return None


def origin(corpus: Path, doc_id: str) -> Row | None:
    """The row of a document among the kept documents of a corpus, without its text; None if it is not there."""
    found = ledger_row(corpus, doc_id)
    if found is None:
        return None
    file, row, group = open_published(found[0]), found[1], 0
    while row >= file.metadata.row_group(group).num_rows:
        row -= file.metadata.row_group(group).num_rows
        group += 1
    columns = [name for name in file.schema_arrow.names if name != "text"]
    return file.read_row_group(group, columns).slice(row, 1).to_pylist()[0]


def manifest_above(path: Path) -> tuple[Path, ShardManifest]:
    """The folder of shards that a shard lies in, and its manifest."""
    for folder in path.absolute().parents:
        if (folder / SHARD_MANIFEST).is_file():
            return folder, read_shard_manifest(folder)
    raise ShardError(f"{path}: no {SHARD_MANIFEST} in any folder above it; give a shard of a finished build")


def _entry(manifest: ShardManifest, name: str, folder: Path) -> tuple[SourceShards, Shard]:
    for source in manifest.sources:
        for shard in source.shards:
            if shard.path == name:
                return source, shard
    raise ShardError(f"{folder}: the manifest names no shard {name}; it is left over from another build")
