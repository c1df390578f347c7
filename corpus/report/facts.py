"""The facts of a finished build for its report: counts, distributions, and examples to look at.

The kept and rejected parts are read once, some columns, a batch at a time: of a text its length is taken, and its
beginning only where it becomes an example. Examples are the documents whose hash is least, so that a rewritten report
shows the same ones, whatever the order of the parts. The rows must agree with the manifest; a report of anything else
would be worse than none.
"""

import bisect
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.files.manifest import ManifestError, open_parquet
from corpus.hashing import uniform
from corpus.pages.figures import score_bin
from corpus.report.tallies import Amount, DocumentTally, compute, count
from corpus.schema import Row

KEPT = "kept"
PAIRED = "duplicates.near"
EXAMPLES, PAIRS, BEGINNING = 8, 10, 600  # examples of a reason, pairs of duplicates, characters of each
TENTHS = 10
QUARANTINED_SHOWN, LINKS_SHOWN, REJECTED_SHOWN = 60, 20, 1000
_LONGEST_URL, _LONGEST_TITLE, _LONGEST_EVIDENCE = 2000, 240, 400
_ROWS = 1000
_SHARED = (
    "id", "url", "title", "text", "domain", "date", "language", "karma", "first_posted", "cluster", "quality_score"
)  # fmt: skip
_OF_REJECTED = ("step", "rule", "value", "evidence", "other_id")


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document to look at: the beginning of its text, why it left, and the document it was too like.

    `text` has one character more than is shown, to tell a text that ends there from one that goes on. `place` says
    where the row of a rejected document stands.
    """

    id: str
    url: str
    title: str
    text: str
    characters: int
    language: str
    karma: int | None
    value: float | None
    evidence: str
    other_id: str
    quality_score: float | None = None
    domain: str = ""
    reason: str = ""
    place: str = ""
    other: "ShownDocument | None" = None


@dataclass(frozen=True)
class Listing:
    """The first rows of a table, and how many it has."""

    total: int
    rows: list[Row]


@dataclass(frozen=True)
class ReportFacts:
    """Everything that the report needs from the parts. `clusters`: size → how many clusters of duplicates have it.

    `scale` are documents by the tenth of [0, 1] that their quality score lies in, kept or not; `by_host` the reasons of
    each host's rejections, `some_rejected` documents to search: of all, and of each reason its examples. `named` are
    those that containment names, by id.
    """

    kept: DocumentTally
    rejected: DocumentTally
    reasons: dict[str, Amount]
    clusters: Counter[int]
    examples: dict[str, list[ShownDocument]]
    scale: dict[int, list[ShownDocument]]
    by_host: dict[str, Counter[str]]
    some_rejected: list[ShownDocument]
    named: dict[str, ShownDocument]
    quarantined: Listing
    without_page: Listing


def gather(root: Path, manifest: Mapping[str, Any]) -> ReportFacts:
    """Read the parts of a finished build; `ManifestError` where they are not what the manifest says."""
    tallies = {KEPT: DocumentTally(), "rejected": DocumentTally()}
    reasons: dict[str, Amount] = {}
    members: Counter[str] = Counter()
    best: _Sample = {}
    scale: _Sample = {}
    some: _Sample = {}
    by_host: dict[str, Counter[str]] = {}
    for folder, tally in tallies.items():
        columns = [*_SHARED, *(_OF_REJECTED if folder == "rejected" else ())]
        for part, first, batch in _batches(root, manifest, f"{folder}/", columns):
            tally.add(batch)
            why = [KEPT] * batch.num_rows if folder == KEPT else _reasons(batch)
            places = [f"{part}, row {first + row}" if folder != KEPT else "" for row in range(batch.num_rows)]
            _sample(best, batch, why, places)
            _sample(scale, batch, list(map(_tenth, batch["quality_score"].to_pylist())), places)
            if folder != KEPT:
                _add_reasons(reasons, batch, why)
                _sample(some, batch, ["rejected"] * batch.num_rows, places, REJECTED_SHOWN)
                for host, reason in zip(batch["domain"].to_pylist(), why, strict=True):
                    by_host.setdefault(host, Counter())[reason] += 1
            # A cluster is named by the document that stays, which is no follower: of three documents two are counted
            # here, and one is added below.
            followers = compute.and_(
                compute.not_equal(batch["cluster"], batch["id"]), compute.not_equal(batch["cluster"], "")
            )
            count(members, batch["cluster"].filter(followers))
    _check(manifest, tallies[KEPT], reasons)
    named = {one[key] for said in containment(manifest).values() for one in said["most"] for key in ("id", "other_id")}
    others = {example.other_id for chosen in best.values() for _, example in chosen}
    found = _find(root, manifest, named | others)
    return ReportFacts(
        kept=tallies[KEPT],
        rejected=tallies["rejected"],
        reasons=reasons,
        clusters=Counter(size + 1 for size in members.values()),  # and the one that stays
        examples={
            why: [replace(one, other=found.get(one.other_id)) for _, one in some] for why, some in sorted(best.items())
        },
        scale={tenth: [example for _, example in chosen] for tenth, chosen in sorted(scale.items())},
        by_host=by_host,
        named={name: found[name] for name in sorted(named & found.keys())},
        some_rejected=_searched(some, best),
        quarantined=_read_quarantined(root, manifest),
        without_page=_without_page(root, manifest),
    )


def containment(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the rules on runs of words say of how much documents share, by the name of the rule."""
    start = "containment_of_"
    return {name.removeprefix(start): said for name, said in manifest.items() if name.startswith(start)}


_Sample = dict[Any, list[tuple[float, ShownDocument]]]


def _searched(some: _Sample, best: _Sample) -> list[ShownDocument]:
    """The rejected documents with the least hashes, and of each reason its examples, by host."""
    chosen = [*some.values(), *(examples for reason, examples in best.items() if reason != KEPT)]
    found = {example.place: example for examples in chosen for _, example in examples}
    return sorted(found.values(), key=lambda one: (one.domain, one.reason, one.id))


def _batches(
    root: Path, manifest: Mapping[str, Any], prefix: str, columns: list[str]
) -> Iterator[tuple[str, int, pa.RecordBatch]]:
    """(the path of the part, the number of its first row, rows)."""
    for path, file in _files(root, manifest, prefix):
        first = 0
        for batch in file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False):
            yield path, first, batch
            first += batch.num_rows


def _files(root: Path, manifest: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, pq.ParquetFile]]:
    """The parts whose path begins with `prefix`, by path, opened; each must have the rows that the manifest names."""
    for part in sorted(manifest["parts"], key=lambda part: part["path"]):
        if part["path"].startswith(prefix):
            path = root / part["path"]
            if not path.is_file():
                raise ManifestError(f"{path}: missing, though the manifest names it; run the build's command again")
            with open_parquet(path) as file:
                rows = file.metadata.num_rows
                if rows != part["rows"]:
                    raise ManifestError(f"{path}: {rows} rows, the manifest says {part['rows']}; run the build again")
                yield part["path"], file


def _reasons(batch: pa.RecordBatch) -> list[str]:
    return compute.binary_join_element_wise(batch["step"], batch["rule"], ".").to_pylist()


def _add_reasons(reasons: dict[str, Amount], batch: pa.RecordBatch, why: list[str]) -> None:
    for reason, length in zip(why, compute.binary_length(batch["text"]).to_pylist(), strict=True):
        before = reasons.get(reason, Amount())
        reasons[reason] = Amount(before.documents + 1, before.text_bytes + (length or 0))


def _tenth(score: float | None) -> int | None:
    return None if score is None else score_bin(score, TENTHS)


def _sample(
    best: _Sample, batch: pa.RecordBatch, why: Sequence[Any], places: Sequence[str], most: int = EXAMPLES
) -> None:
    """Keep, for each reason, the documents with the least hashes. A capture that was given twice counts once."""
    for row, (identity, reason) in enumerate(zip(batch["id"].to_pylist(), why, strict=True)):
        if reason is None:
            continue
        key = uniform(identity, "report")
        chosen = best.setdefault(reason, [])
        limit = PAIRS if reason == PAIRED else most
        # Full, and not nearer to 0 than the last: the usual case, which costs a hash.
        full = len(chosen) >= limit and key >= chosen[-1][0]
        if not full and all(other.id != identity for _, other in chosen):
            example = _example(batch.slice(row, 1).to_pylist()[0], places[row])
            bisect.insort(chosen, (key, example), key=lambda entry: entry[0])
            del chosen[limit:]


def _example(row: Mapping[str, Any], place: str = "") -> ShownDocument:
    text = row["text"] or ""
    return ShownDocument(
        id=row["id"],
        url=(row["url"] or "")[:_LONGEST_URL],
        title=(row["title"] or "")[:_LONGEST_TITLE],
        text=text[: BEGINNING + 1],
        characters=len(text),
        language=row["language"] or "",
        karma=row["karma"],
        value=row.get("value"),
        evidence=(row.get("evidence") or "")[:_LONGEST_EVIDENCE],
        other_id=row.get("other_id") or "",
        quality_score=row.get("quality_score"),
        domain=row["domain"] or "",
        reason=f"{row['step']}.{row['rule']}" if row.get("step") else "",
        place=place,
    )


def _find(root: Path, manifest: Mapping[str, Any], names: set[str]) -> dict[str, ShownDocument]:
    """Documents by their ids, as far as they are there; ids alone are read until one is found."""
    found: dict[str, ShownDocument] = {}
    # Ids first: the texts of a row group are read where it has one of them.
    missing = names - {""}
    for _, file in (each for prefix in ("kept/", "rejected/") for each in _files(root, manifest, prefix)):
        for group in range(file.num_row_groups if missing else 0):
            here = missing.intersection(file.read_row_group(group, columns=["id"])["id"].to_pylist())
            if here:
                rows = file.read_row_group(group, columns=list(_SHARED))
                rows = rows.filter(compute.is_in(rows["id"], pa.array(sorted(here), rows["id"].type))).to_pylist()
                found.update((row["id"], _example(row)) for row in rows)
                missing -= here
    return found


def _check(manifest: Mapping[str, Any], kept: DocumentTally, reasons: Mapping[str, Amount]) -> None:
    """The rows must be those that the stages counted."""
    expected = {KEPT: manifest["counts"]["corpus"]["kept"], **manifest["counts"]["corpus"]["reasons"]}
    found = {KEPT: kept.documents, **{reason: amount.documents for reason, amount in reasons.items()}}
    for reason in sorted({*expected, *found}):
        if expected.get(reason, 0) != found.get(reason, 0):
            raise ManifestError(
                f"{reason}: the parts hold {found.get(reason, 0)} documents, the manifest says "
                f"{expected.get(reason, 0)}; run the build's command again"
            )


def _read_quarantined(root: Path, manifest: Mapping[str, Any]) -> Listing:
    rows = _rows(root, manifest, "quarantined/")
    first = heapq.nsmallest(QUARANTINED_SHOWN, rows, key=lambda row: (row["file"], row["offset"], row["reason"]))
    total = sum(part["rows"] for part in manifest["parts"] if part["path"].startswith("quarantined/"))
    return Listing(total, first)


def _without_page(root: Path, manifest: Mapping[str, Any]) -> Listing:
    rows = _rows(root, manifest, "links_without_page.parquet")
    first = heapq.nsmallest(LINKS_SHOWN, rows, key=lambda row: (-row["karma"], row["url"]))
    for row in first:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=row["first_posted"])
        row["first_posted"] = day.strftime("%Y-%m-%d")
    return Listing(manifest.get("links_without_page", 0), first)


def _rows(root: Path, manifest: Mapping[str, Any], prefix: str) -> Iterable[dict[str, Any]]:
    for _, file in _files(root, manifest, prefix):
        for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
            yield from batch.to_pylist()
