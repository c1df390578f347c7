"""Finished corpora as what later commands read: their kept parts, by their manifests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST, parquet_footer, read_manifest
from corpus.files.storage import lasting, place
from corpus.hashing import digest


@dataclass(frozen=True)
class CorpusPart:
    """A kept part: `file` is where it lies, `path` its name in the corpus."""

    file: str
    path: str
    rows: int
    digest: str


def kept_parts(corpus: str) -> list[CorpusPart]:
    """The kept parts of a finished corpus that have rows."""
    folder = lasting(corpus)
    if not folder.is_dir():
        raise CorpusloomError(f"{folder}: no such corpus; build it first", ExitCode.INPUT)
    # "rejected/" and "quarantined/" are beside them.
    parts = [part for part in read_manifest(folder)["parts"] if part["path"].startswith("kept/")]
    return [CorpusPart(str(folder / part["path"]), part["path"], part["rows"], part["digest"]) for part in parts]


def corpora_read(folders: Mapping[str, str]) -> list[dict[str, str]]:
    """The corpora by name, as the settings of an output have them: known by their manifests."""
    found = {name: digest((place(folder) / MANIFEST).read_bytes()) for name, folder in folders.items()}
    return [{"name": name, "digest": known} for name, known in found.items()]


def text_bytes(parts: Sequence[CorpusPart]) -> int:
    """The bytes of text in some parts, from their footers alone."""
    total = 0
    for part in parts:
        metadata: Any = parquet_footer(place(part.file))
        column = metadata.schema.to_arrow_schema().names.index("text")
        groups = (metadata.row_group(number).column(column) for number in range(metadata.num_row_groups))
        # Uncompressed bytes of the column's pages, encodings and levels included: a good estimate of the text.
        total += sum(group.total_uncompressed_size for group in groups)
    return total
