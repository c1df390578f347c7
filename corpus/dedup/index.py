"""An index of what earlier builds kept: layers of sorted files, one layer for each snapshot.

    INDEX/2024-10/_MANIFEST.json            how it was made; written last
                  signatures/part-….arrow   a row for each document: id, date, keys, minima
                  entries/part-….arrow      (hash, number) sorted by hash, a range of hashes in each file

An entry is what two documents must have in common to be compared: a band, the page, or the text. A document has one for
each band (none without words) and two for its keys. Its number is that of its row in the signatures; a row keeps its
number when others are forgotten. Layers are never changed otherwise, so adding a snapshot writes a folder, and a build
reads of each layer what its own hashes lead to.

Layers can be compared with a build of the same hashes, words, keys and numbering only: the manifest says which they
are, and another is refused by name.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from corpus.dedup.exact import TEXT_KEY
from corpus.dedup.minhash import FAMILY, MinHash, band_hashes, has_words
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST, Part, map_arrow, part_of, read_manifest, write_arrow, write_manifest
from corpus.files.storage import folders_in, is_remote, lasting, read
from corpus.hashing import digest
from corpus.splitmix import mixed

FORMAT, KIND = 1, "index"
ENTRY_ROWS = np.dtype([("hash", "<u8"), ("number", "<i8")])
# Added to a key before it is mixed, so that the hash of a page is none of a text.
_PAGE, _TEXT = np.uint64(0x70616765), np.uint64(0x74657874)  # "page" and "text" in ASCII


@dataclass(frozen=True)
class IndexSettings:
    """What must be equal in two builds that are to know each other's documents."""

    minhash: MinHash
    documents_per_run: int
    format: int = FORMAT
    hashes: str = FAMILY
    text_key: str = TEXT_KEY


@dataclass(frozen=True)
class LayerManifest:
    """The manifest of a layer: `signatures` of so many `signed` documents each, `entries` in the order of hashes."""

    source: str
    settings: IndexSettings
    documents: int
    signed: tuple[int, ...]
    signatures: tuple[Part, ...]
    entries: tuple[Part, ...]
    id_bytes: int
    date_bytes: int
    kind: str = KIND

    def write(self, folder: Path) -> None:
        """Put it into its folder. All parts stand below `parts` too, where every reader of manifests looks."""
        plain = msgspec.to_builtins(self)
        write_manifest(folder / MANIFEST, {**plain, "parts": [*plain["signatures"], *plain["entries"]]})


@dataclass(frozen=True)
class LayerPart:
    """A file of a layer: of signatures (`documents` of the part they are from), or of entries (in their order)."""

    file: str
    rows: int
    digest: str
    documents: int = 0

    @property
    def identity(self) -> str:
        """The content; where it lies is another matter."""
        return self.digest


@dataclass(frozen=True)
class Layer:
    """A snapshot in an index. `id_bytes` and `date_bytes` are the widths of these columns."""

    snapshot: str
    signatures: tuple[LayerPart, ...]
    entries: tuple[LayerPart, ...]
    id_bytes: int
    date_bytes: int


def entries_of(rows: np.ndarray, config: MinHash) -> np.ndarray:
    """Documents (fields number, page, text, text_low, signature) → their `ENTRY_ROWS`, in no order."""
    words = np.flatnonzero(has_words(rows["signature"]))
    found = np.empty(len(words) * config.bands + 2 * len(rows), ENTRY_ROWS)
    # Views of one array: bands of documents with words, then pages, then texts, of all.
    bands, keys = found[: len(words) * config.bands].reshape(-1, config.bands), found[len(words) * config.bands :]
    bands["hash"] = band_hashes(rows["signature"][words], config).view(np.uint64)
    bands["number"] = rows["number"][words][:, None]
    page, text = np.split(keys, 2)
    page["number"] = text["number"] = rows["number"]
    page["hash"] = mixed(rows["page"].view(np.uint64) + _PAGE)
    # 128 bits of the digest in one hash.
    text["hash"] = mixed(rows["text"].view(np.uint64) ^ mixed(rows["text_low"].view(np.uint64) + _TEXT))
    return found


def range_of(hashes: np.ndarray, ranges: int) -> np.ndarray:
    """(n,) uint64 → the range of each, of so many equal ones: 0 for the least hashes."""
    # A hash's upper 32 bits, as a fraction of 2^32, times the ranges: of 3, hash 2^63 is in the second (1).
    return ((hashes >> np.uint64(32)) * np.uint64(ranges) >> np.uint64(32)).astype(np.int64)


def entry_table(entries: np.ndarray) -> pa.Table:
    """Entries as a file has them: sorted by hash, then number, in two columns that a reader searches without a copy."""
    entries = entries[np.lexsort((entries["number"], entries["hash"]))]
    return pa.table({name: np.ascontiguousarray(entries[name]) for name in ("hash", "number")})


def layer_folders(index: str) -> list[Path]:
    """The folders of the layers, by name."""
    root = lasting(index)
    found = [root / name for name in sorted(folders_in(root)) if not name.startswith(".")]
    if not found:
        cure = "make one with python -m pipelines.build_index"
        raise CorpusloomError(f"--index {index}: no snapshot is in this index; {cure}", ExitCode.INPUT)
    return found


def index_digest(index: str) -> list[str]:
    """The layers as the settings of an output have them: the name and the manifest of each."""
    return [f"{folder.name} {digest(read(folder / MANIFEST))}" for folder in layer_folders(index)]


def read_layer(folder: Path, config: MinHash, documents_per_run: int) -> Layer:
    """A layer; `CorpusloomError` where it is unfinished (3), or was made with other settings than are wanted (2)."""
    manifest = _manifest_of(folder)
    differs = _difference(manifest.settings, IndexSettings(config, documents_per_run))
    if differs:
        raise CorpusloomError(
            f"{folder}: {differs}; documents of such a snapshot cannot be known here. Index its corpus again, with the "
            "recipe of this build",
            ExitCode.FLAGS,
        )
    signed = zip(manifest.signatures, manifest.signed, strict=True)
    signatures = tuple(LayerPart(str(folder / part.path), part.rows, part.digest, count) for part, count in signed)
    entries = tuple(LayerPart(str(folder / part.path), part.rows, part.digest) for part in manifest.entries)
    return Layer(folder.name, signatures, entries, manifest.id_bytes, manifest.date_bytes)


def _manifest_of(folder: Path) -> LayerManifest:
    found: Any = read_manifest(folder)
    try:
        manifest = msgspec.convert(found, LayerManifest)
    except msgspec.ValidationError:
        manifest = None
    if manifest is None or manifest.kind != KIND:
        raise CorpusloomError(f"{folder} is no snapshot of an index; give the folder that holds those of build_index")
    return manifest


def _difference(one: IndexSettings, wanted: IndexSettings) -> str:
    """The first setting in which a layer is another than is wanted, as a clause; "" where there is none."""
    pairs = [(one, wanted, field.name) for field in fields(IndexSettings) if field.name != "minhash"]
    pairs += [(one.minhash, wanted.minhash, field.name) for field in fields(MinHash)]
    for there, here, name in pairs:
        if getattr(there, name) != getattr(here, name):
            return f"its {name.replace('_', ' ')} is {getattr(there, name)}, this build has {getattr(here, name)}"
    return ""


def forget(index: str, ids: Collection[str]) -> dict[str, int]:
    """Take documents out of every layer: snapshot → how many were in it.

    Entries are replaced first, then the signatures that say whose they are, then the manifest: killed at any moment,
    the same call does the rest. `CorpusloomError` (2) for an index in a bucket: nothing there holds off a build that
    reads it, and what was replaced stays in old versions of an object and in the copies that workers fetched.
    """
    if is_remote(index):
        raise CorpusloomError(
            f"--index {index}: nothing is taken out of an index in a bucket: old versions and workers' copies keep it; "
            "take the documents out of the corpus, remove the snapshot, and index the corpus again",
            ExitCode.FLAGS,
        )
    # Where nothing is asked for b"" stands in, which is no id: an array of strings needs a width.
    wanted = np.array(sorted(each.encode() for each in ids) or [b""], "S")
    return {folder.name: _forget(folder, wanted) for folder in layer_folders(index)}


def _forget(folder: Path, wanted: np.ndarray) -> int:
    manifest = _manifest_of(folder)
    starts = _starts(manifest.signed, manifest.settings.documents_per_run)
    gone, staying = [np.zeros(0, np.int64)], dict[str, np.ndarray]()
    for part, start in zip(manifest.signatures, starts, strict=True):
        table = map_arrow(folder / part.path)
        staying[part.path] = ~np.isin(_ids(table), wanted)
        # A row's number in its part, after that of the part's first document.
        gone.append(start + table["row"].to_numpy()[~staying[part.path]])
    numbers = np.concatenate(gone)
    for part in manifest.entries:
        staying[part.path] = ~np.isin(map_arrow(folder / part.path)["number"].to_numpy(), numbers)
    entries = tuple(_with_rows(folder, part, staying[part.path]) for part in manifest.entries)
    signatures = tuple(_with_rows(folder, part, staying[part.path]) for part in manifest.signatures)
    documents = sum(part.rows for part in signatures)
    replace(manifest, entries=entries, signatures=signatures, documents=documents).write(folder)
    return len(numbers)


def _ids(table: pa.Table) -> np.ndarray:
    column = table["id"].combine_chunks()
    # The column is of fixed width: its buffer, read as bytes strings of that width.
    return np.frombuffer(column.buffers()[1] or b"", f"S{column.type.byte_width}")[: len(column)]


def _with_rows(folder: Path, part: Part, staying: np.ndarray) -> Part:
    """The part with the rows that stay; as it is where all do and nobody was killed over it."""
    path = folder / part.path
    if not staying.all():
        return write_arrow(path, folder, map_arrow(path).filter(pa.array(staying)))
    # A killed call may have replaced the file and not the manifest: then its size tells, and its entry is made again.
    return part if path.stat().st_size == part.bytes else part_of(path, folder, len(staying))


def _starts(documents: Sequence[int], per_run: int) -> Iterator[int]:
    """The number of the first document of each part of signatures (`pipelines.work.signatures.runs_of`)."""
    run = before = 0
    for count in documents:
        # Counts [3 2 4] with 5 documents a run: numbers begin at 0, 3 and 2^32, which is document 0 of run 1.
        yield (run << 32) + before
        before += count
        if before >= per_run:
            run, before = run + 1, 0
