"""The fate of a page: which step decided, by which value and bound, in favour of which other, and where it lies now.

Everything is read from what is published: rows of kept and rejected documents, the recipe in the manifest, the shards.
A page is named by its URL in any spelling, or by the id of a document; one URL may have several captures.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import open_published, read_manifest
from corpus.releases.figures import CORPORA, SHARDS
from corpus.schema import Row
from corpus.shards.layout import SHARD_MANIFEST, read_shard_manifest
from corpus.urls import address_or_raw

# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute
_LOST = "links_without_page.parquet"
# How the settings of a recipe begin that a reason is measured against, where the step's name does not tell.
_SETTINGS = {
    "link": ("links",),
    "duplicates": ("near_duplicates",),
    "earlier": ("near_duplicates",),
    "repeated": ("repeated_", "contained"),
}


@dataclass(frozen=True)
class TokenPlace:
    """Where a document lies among the shards: its row in a file, and its tokens there, end of text included."""

    shard: str
    row: int
    first_token: int
    tokens: int


@dataclass(frozen=True)
class PageExplanation:
    """What became of one capture of a page, or of a link without one.

    `outcome` is kept, rejected or no page; `bounds` the settings of the step that decided; `other` the document that it
    duplicates, with what became of that one; `copies` the ids that left in its favour.
    """

    source: str
    outcome: str
    reason: str = ""
    value: float | None = None
    evidence: str = ""
    bounds: tuple[str, ...] = ()
    row: Row = field(default_factory=dict)
    other: Row = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    place: TokenPlace | None = None
    part: str = ""


def explain(folder: Path, what: str) -> list[PageExplanation]:
    """Everything that a release, or one corpus, knows of a URL or an id; `CorpusloomError` (3) where it is none."""
    corpora = _corpora(folder)
    shards = folder / SHARDS if (folder / SHARDS / SHARD_MANIFEST).is_file() else None
    found: list[PageExplanation] = []
    for name, corpus in corpora.items():
        manifest = read_manifest(corpus)
        for kind in ("kept", "rejected"):
            for part, row in _rows(corpus, kind, what):
                found.append(_explain_row((name, corpus, shards), manifest, kind, row, part))
        found += [_lost(name, row) for row in _lost_links(corpus, what)]
    return found


def _corpora(folder: Path) -> dict[str, Path]:
    if (folder / CORPORA).is_dir():
        return {path.name: path for path in sorted((folder / CORPORA).iterdir())}
    if (folder / "kept").is_dir():
        return {folder.resolve().name: folder}
    raise CorpusloomError(f"{folder}: neither a release nor a corpus; give releases/current, say", ExitCode.INPUT)


def _rows(corpus: Path, kind: str, what: str) -> Iterator[tuple[str, Row]]:
    """The rows of an id or a URL, without their texts, each with the part that it stands in."""
    for path in sorted((corpus / kind).glob("*.parquet")):
        file = open_published(path)
        names = [name for name in file.schema_arrow.names if name != "text"]
        # A row group's three keys are read first, and its other columns only where one of them matches.
        for group in range(file.num_row_groups):
            keys = file.read_row_group(group, ["id", "surt", "link_url"])
            mask = _names(keys, what)
            if pc.any(mask).as_py():
                yield from ((path.name, row) for row in file.read_row_group(group, names).filter(mask).to_pylist())


def _names(keys: pa.Table, what: str) -> Any:
    """Which rows are of an id (whole, or what stands after its source), or of a page."""
    by_id = pc.or_(pc.equal(keys["id"], what), pc.ends_with(keys["id"], f"/{what}"))
    # Without a dot it is no page: a column of False.
    by_page = pc.equal(keys["surt"], address_or_raw(what).surt) if "." in what else pc.equal(keys["id"], "")
    by_link = pc.equal(keys["link_url"], what)
    # Null in a column is no match.
    return pc.fill_null(pc.and_(pc.or_(pc.or_(by_id, by_page), by_link), pc.not_equal(keys["id"], "")), False)


def _explain_row(
    where: tuple[str, Path, Path | None], manifest: Mapping[str, Any], kind: str, row: Row, part: str
) -> PageExplanation:
    name, corpus, shards = where
    if kind == "kept":
        cluster = str(row.get("cluster") or "")
        copies = tuple(sorted(_in_cluster(corpus, cluster))) if cluster else ()
        place = place_of(shards, name, str(row["id"])) if shards else None
        return PageExplanation(name, "kept", row=row, copies=copies, place=place, part=f"kept/{part}")
    other = next(_other(corpus, str(row["other_id"])), {}) if row.get("other_id") else {}
    value = row["value"]
    return PageExplanation(
        source=name,
        outcome="rejected",
        reason=f"{row['step']}.{row['rule']}",
        value=value if isinstance(value, float) else None,
        evidence=str(row["evidence"] or ""),
        bounds=tuple(bounds_of(manifest["recipe"], str(row["step"]))),
        row=row,
        other=other,
        part=f"rejected/{part}",
    )


def _other(corpus: Path, identity: str) -> Iterator[Row]:
    for kind in ("kept", "rejected"):
        for _, row in _rows(corpus, kind, identity):
            if row["id"] == identity:
                reason = f"{row['step']}.{row['rule']}" if "step" in row else ""
                yield {"id": identity, "url": row["url"], "outcome": kind, "reason": reason}


def _in_cluster(corpus: Path, cluster: str) -> Iterator[str]:
    for path in sorted((corpus / "rejected").glob("*.parquet")):
        table = open_published(path).read(["id", "cluster"])
        yield from table.filter(pc.fill_null(pc.equal(table["cluster"], cluster), False))["id"].to_pylist()


def bounds_of(recipe: Mapping[str, Any], step: str) -> Iterator[str]:
    """The settings that a step was measured against, a line each: `corpus.rules.prose.stubs.least: 200`."""
    for name in recipe:
        if name.startswith(_SETTINGS.get(step, ())):
            yield from _settings(recipe[name], name)
    for kind in ("page_steps", "extraction", "text_steps"):
        for each in recipe.get(kind, []):
            # "prose" is in corpus.rules.prose.stubs: one line for each of its settings.
            if step in each["step"].split("."):
                yield from _settings({key: value for key, value in each.items() if key != "step"}, each["step"])


def _settings(values: Any, prefix: str) -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _settings(value, f"{prefix}.{key}")
    else:
        yield f"{prefix}: {values}"


def place_of(shards: Path, source: str, doc_id: str) -> TokenPlace | None:
    """Where a document lies among the shards of its source; None where it is in none."""
    for entry in read_shard_manifest(shards).sources:
        for shard in entry.shards if entry.name == source else ():
            with pa.memory_map(str(shards / shard.path)) as file:
                if place := _in_shard(pa.ipc.open_file(file), shard.path, doc_id):
                    return place
    return None


def _in_shard(reader: Any, path: str, doc_id: str) -> TokenPlace | None:
    row = tokens = 0
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        line = pc.index(batch.column("doc_id"), doc_id).as_py()
        # The list's offsets say where each document's tokens begin. A batch may be a slice, so the first is not always
        # 0.
        offsets = batch.column("tokens").offsets.to_numpy()
        if line >= 0:
            first, last = int(offsets[line] - offsets[0]), int(offsets[line + 1] - offsets[0])
            return TokenPlace(path, row + line, tokens + first, last - first)
        row, tokens = row + batch.num_rows, tokens + int(offsets[-1] - offsets[0])
    return None


def _lost_links(corpus: Path, what: str) -> Sequence[Row]:
    if not (corpus / _LOST).is_file() or "." not in what:
        return []
    surt = address_or_raw(what).surt
    table = open_published(corpus / _LOST).read()
    return [row for row in table.to_pylist() if address_or_raw(row["url"]).surt == surt]


def _lost(name: str, row: Row) -> PageExplanation:
    return PageExplanation(name, "no page", f"link.{row['reason']}", row=row)


def lines_of(one: PageExplanation) -> Iterator[str]:
    """An explanation for a terminal."""
    row = one.row
    yield f"{one.outcome:<9} {row.get('id') or ''} {row.get('url') or ''}".rstrip()
    yield f"source    {one.source}" + (f", crawl {row['snapshot']}" if row.get("snapshot") else "")
    if one.reason:
        said = f", value {one.value:g}" if one.value is not None else ""
        yield f"decided   {one.reason}{said}" + (f", evidence {one.evidence!r}" if one.evidence else "")
    yield from (f"bound     {line}" for line in one.bounds)
    if one.other:
        why = f" by {one.other['reason']}" if one.other["reason"] else ""
        yield f"other     {one.other['id']} {one.other['url']}, {one.other['outcome']}{why}"
    for name in ("language", "quality_score", "karma", "link_url", "first_posted", "marks"):
        if row.get(name) not in (None, ""):
            yield f"{name[:13]:<9} {row[name]}"
    if row.get("measures"):
        yield from (f"measured  {name} {value:g}" for name, value in json.loads(str(row["measures"])).items())
    if row.get("warc_file"):
        yield f"read from {row['warc_file']} at {row['warc_offset']}"
    yield from (f"copy      {identity} left in its favour" for identity in one.copies)
    if one.part:
        yield f"row in    {one.part}"
    if one.place:
        last = one.place.first_token + one.place.tokens - 1
        yield f"tokens    {one.place.first_token:,} to {last:,} of {SHARDS}/{one.place.shard}, row {one.place.row:,}"
