"""Forgotten rows taken out of what the stages of a build keep, as if their work had never met them.

Only stages that read inputs are touched: what later stages make of their parts is named by those parts' digests, so a
changed part makes just its readers work again. A task keeps its name, and its record says what was taken out.

A text leaves a row without a word (`forgotten.asked`), since rows of one stage belong to rows of another; a post or a
redirect leaves none. Killed in the middle, a task has no record, and its input is read again by the next refresh.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, get_type_hints

import numpy as np
import pyarrow as pa

from corpus.files.inputs import InputFile
from corpus.files.manifest import (
    MANIFEST,
    CountsEntry,
    Part,
    PartEntry,
    RowWriter,
    appearing,
    map_arrow,
    open_parquet,
    part_of,
    write_arrow,
    write_bytes,
)
from corpus.hashing import digest
from corpus.releases.tombstones import Tombstones
from corpus.schema import Row
from pipelines.builds.build import Build
from pipelines.runtime.run import StageFolder
from pipelines.runtime.stage import Stage, in_order

REASON = "forgotten.asked"
# Parts whose rows are no items of the stage: they are not among its counts.
_BESIDE = frozenset({"edges", "quarantined"})
# No words of the page; rows of later stages are matched with these by archive and offset.
_KEPT_IN_PLACE = frozenset({"warc_file", "warc_offset", "source", "snapshot", "repeated_characters", "karma"})


class _Record(TypedDict):
    """What is changed here of the record of a task (`pipelines.runtime.records`)."""

    parts: list[PartEntry]
    counts: CountsEntry


@dataclass(frozen=True)
class Redaction:
    """How many rows were taken out, and the digests of the parts that have none."""

    rows: int
    clean: tuple[str, ...]


def redact(build: Build, tombstones: Tombstones, clean: frozenset[str]) -> Redaction:
    """Take forgotten rows out of the stages of a build that read inputs; parts known to be `clean` are skipped."""
    rows, found = 0, list[str]()
    for stage in in_order(build.last):
        if _reads_inputs(stage):
            done = _redact_stage(StageFolder(build.output.root, stage.name), tombstones, clean)
            rows, found = rows + done.rows, [*found, *done.clean]
    return Redaction(rows, tuple(found))


def root_tables(build: Build) -> Iterator[pa.Table]:
    """The tables of all stages of a build that read inputs."""
    for stage in in_order(build.last):
        if _reads_inputs(stage):
            folder = StageFolder(build.output.root, stage.name)
            for path in sorted(folder.records.glob("*.json")):
                for part in _read(path)["parts"]:
                    yield from _tables(folder.root / part["path"])


def _reads_inputs(stage: Stage[Any, Any]) -> bool:
    # By the type of a unit's fields: `ArchiveFile`, `Dump`, `TextSpan`, `Pages` have an InputFile.
    return InputFile in get_type_hints(stage.unit_type).values()


def _redact_stage(folder: StageFolder, tombstones: Tombstones, clean: frozenset[str]) -> Redaction:
    dirty: list[tuple[Path, _Record, list[Part]]] = []
    found, rows = list[str](), 0
    for path in sorted(folder.records.glob("*.json")):
        record = _read(path)
        parts = [Part(**part) for part in record["parts"]]
        hit = [part for part in parts if part.digest not in clean and _holds(folder.root / part.path, tombstones)]
        found += [part.digest for part in parts if part not in hit]
        if hit:
            dirty.append((path, record, hit))
    if dirty:
        (folder.home / MANIFEST).unlink(missing_ok=True)  # the stage is unfinished until all of them are done
    for path, record, hit in dirty:
        # In this order, a kill at any point leaves the old record with its old parts, or no record (the task is done
        # again from its input, and redacted again), or the new record with the new parts.
        path.unlink()
        for part in hit:
            rows += _redact_part(folder.root, record, part, tombstones)
        # As `runtime.records` writes it: one line of JSON, and its digest in the second.
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        write_bytes(path, b"%s\n%s\n" % (line, digest(line).encode()))
    return Redaction(rows, tuple(found))


def _read(path: Path) -> _Record:
    return json.loads(path.read_bytes().splitlines()[0])


def _tables(path: Path) -> Iterator[pa.Table]:
    if path.suffix == ".arrow":
        yield map_arrow(path)
        return
    file = open_parquet(path)
    yield from (file.read_row_group(number) for number in range(file.num_row_groups))


def _holds(path: Path, tombstones: Tombstones) -> bool:
    return any(_mask(table, tombstones).any() for table in _tables(path))


def _mask(table: pa.Table, tombstones: Tombstones) -> np.ndarray:
    """Which rows are forgotten; of what could not be read, those whose detail names something forgotten."""
    if "detail" in table.column_names:
        # A quarantined row has no id: all that can tell is a URL or id in its detail.
        return np.array([tombstones.stand_in(row.as_py() or "") for row in table["detail"]], bool)
    return tombstones.rows(table, with_texts=False)


def _redact_part(root: Path, record: _Record, part: Part, tombstones: Tombstones) -> int:
    """Write the part again and let the record, its facts and its counts say so; how many rows it concerns."""
    # ".stages/captures/edges/part-1.arrow" lies in the folder edges.
    path, folder = root / part.path, part.path.split("/")[-2]
    if path.suffix == ".arrow":
        table = map_arrow(path)
        mask = _mask(table, tombstones)
        new = write_arrow(path, root, table.filter(pa.array(~mask)))
        count = int(mask.sum())
        if folder not in _BESIDE:
            # Rows of Arrow parts are posts, pages or edges: they leave none behind. Those of texts stay, emptied.
            _count(record["counts"], {"": count})
    else:
        new, reasons = _rewritten(path, root, tombstones)
        count = sum(reasons.values())
        if folder not in _BESIDE:
            _count(record["counts"], reasons)
    _replace(record, part.to_json(), new.to_json())
    return count


def _rewritten(path: Path, root: Path, tombstones: Tombstones) -> tuple[Part, dict[str, int]]:
    """The part with empty rows where rows are forgotten; how many, by the reason they had before ("" for a text)."""
    reasons: dict[str, int] = {}
    with appearing(path) as temporary:
        file = open_parquet(path)
        # Row by row through the schema of the part: its order stays, since rows of later stages stand beside these.
        writer = RowWriter(temporary, file.schema_arrow.remove_metadata())
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            for row, gone in zip(table.to_pylist(), _mask(table, tombstones).tolist(), strict=True):
                if gone:
                    before = f"{row['step']}.{row['rule']}" if row.get("step") else ""
                    reasons[before] = reasons.get(before, 0) + 1
                writer.add(redacted_row(row) if gone else row)
        writer.close()
    return part_of(path, root, writer.rows), reasons


def redacted_row(row: Row) -> Row:
    """The row of a document without a word of it; of what could not be read, without its detail."""
    if "detail" in row:
        return {**row, "detail": ""}
    step, _, rule = REASON.partition(".")
    kept = {name: value if name in _KEPT_IN_PLACE else _nothing(value) for name, value in row.items()}
    return {**kept, "step": step, "rule": rule}


def _nothing(value: object) -> str | None:
    return "" if isinstance(value, str) else None


def _count(counts: CountsEntry, reasons: dict[str, int]) -> None:
    """Move rows from what they were to `forgotten.asked`; `reasons` as of `_rewritten`."""
    for before, count in reasons.items():
        # Redacted before, for other tombstones: it is counted as such already.
        if before == REASON:
            continue
        if before:
            counts["reasons"][before] -= count
        else:
            counts["kept"] -= count
            counts["rejected"] += count
        counts["reasons"][REASON] = counts["reasons"].get(REASON, 0) + count
    counts["reasons"] = {why: count for why, count in sorted(counts["reasons"].items()) if count}


def _replace(value: Any, old: PartEntry, new: PartEntry) -> None:
    """Put a part in place of another wherever a record names it."""
    # A part stands in a record twice, among `parts` and within `facts`; the fields of both are equal, so == finds it.
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        if item == old:
            value[key] = new
        else:
            _replace(item, old, new)
