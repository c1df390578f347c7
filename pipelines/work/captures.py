"""Which captured pages do the links ask for?

`captures` scans each archive once, bodies skipped, and notes every page and every redirect by key. `targets` follows
the links over the redirects of all files. `asked` looks the pages of each file up in that sorted table, which every
worker maps: no join moves a page. `unanswered` lists the links that found none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.document import Quarantined
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow, write_parquet
from corpus.files.storage import local
from corpus.hashing import key64
from corpus.quarantine import check_columns, guarded
from corpus.readers.containers import container
from corpus.readers.warc.captures import Capture, scan
from corpus.schema import QUARANTINED_SCHEMA, quarantined_row
from corpus.sources.redirects import TARGETS_SCHEMA, follow, targets_of
from corpus.urls import address_or_raw
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task
from pipelines.work.links import load_links

PAGES, EDGES, DAMAGE = ".stages/captures/pages", ".stages/captures/edges", ".stages/captures/quarantined"
TARGETS, LEADS = ".stages/targets/targets", ".stages/targets/leads"
ASKED = ".stages/asked/asked"
UNANSWERED = ".stages/unanswered/links"

PAGES_SCHEMA = pa.schema([("key", pa.int64()), ("offset", pa.int64())])
EDGES_SCHEMA = pa.schema([("source", pa.int64()), ("target", pa.int64()), ("url", pa.string())])
LEADS_SCHEMA = pa.schema([("key", pa.int64()), ("page", pa.int64())])
ASKED_SCHEMA = pa.schema([("offset", pa.int64()), *TARGETS_SCHEMA])
UNANSWERED_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("canonical_url", pa.string()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("reason", pa.string()),
    ]
)
_PAGE_TYPES = frozenset({"response", "resource", "conversion"})


def page_key(url: str) -> int:
    """The join key of a URL: that of its SURT, or of the text itself where no browser could read it."""
    return key64(address_or_raw(url).surt)


@dataclass
class _Found:
    """What one archive holds."""

    records: dict[str, int] = field(default_factory=dict)
    pages: list[tuple[int, int]] = field(default_factory=list)
    edges: list[tuple[int, int, str]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    damage: list[Quarantined] = field(default_factory=list)

    def add(self, item: Capture | Quarantined, name: str) -> None:
        if not isinstance(item, Quarantined):
            item = guarded(self._note, item, name, item.offset) or item
        if isinstance(item, Quarantined):
            self.damage.append(item)

    def _note(self, item: Capture) -> None:
        page, leads_to = page_key(item.url), item.location or item.refers_to
        check_columns((item.url, item.offset))
        self.records[item.record_type] = self.records.get(item.record_type, 0) + 1
        if leads_to:
            self.edges.append((page, page_key(leads_to), item.url))
        if item.record_type in _PAGE_TYPES and item.url and not item.location:
            self.pages.append((page, item.offset))
            return
        reason = "capture.redirect" if item.location else f"capture.{item.record_type}_record"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


@dataclass(frozen=True)
class ScanCaptures:
    """Work on one archive: payload `file`, `name`."""

    def __call__(self, task: Task) -> Outcome:
        """Note every page and every edge; keep what could not be read."""
        found, payload, note = _Found(), task.unit.payload, note_progress(task)
        file = local(task.input())
        for item in scan(file, payload["name"]):
            found.add(item, payload["name"])
            note(max(item.offset, 0))
        parts = (
            _write(task, PAGES, PAGES_SCHEMA, sorted(found.pages)),
            _write(task, EDGES, EDGES_SCHEMA, sorted(set(found.edges))),
            write_parquet(task.part(DAMAGE), task.root, QUARANTINED_SCHEMA, map(quarantined_row, found.damage)),
        )
        rejected, damaged = sum(found.reasons.values()), len(found.damage)
        came = len(found.pages) + rejected + damaged
        counts = Counts(came, len(found.pages), rejected, damaged, dict(sorted(found.reasons.items())))
        records = dict(sorted(found.records.items()))
        facts = {
            "name": payload["name"],
            "records": records,
            "quarantined": damaged,
            "captures": len(found.pages),
            "pages": parts[0].path,
            "seekable": _is_seekable(file),
        }
        return Outcome(parts, counts, facts)


@dataclass(frozen=True)
class FollowLinks:
    """The one unit of `targets`: payload `links` and `edges`, both lists of files."""

    karma: str

    def __call__(self, task: Task) -> Outcome:
        """Links and edges of all files → the pages asked for, and which link leads to which page."""
        payload = task.unit.payload
        links = load_links(task.root, payload["links"])
        edges = _load(task.root, payload["edges"], EDGES_SCHEMA).sort_by(
            [(name, "ascending") for name in EDGES_SCHEMA.names]
        )
        sources, ends = edges["source"].to_numpy(), edges["target"].to_numpy()
        leads = follow(links["key"].to_numpy(), sources, ends)
        targets = targets_of(leads, links, self.karma, edges["url"])
        pairs = pa.table([links["key"].to_numpy()[leads.link], leads.key], LEADS_SCHEMA)
        parts = (
            write_arrow(task.part(TARGETS, ".arrow"), task.root, targets),
            write_arrow(task.part(LEADS, ".arrow"), task.root, pairs),
        )
        return Outcome(parts, Counts(links.num_rows, links.num_rows), {"targets": targets.num_rows})


@dataclass(frozen=True)
class FindAsked:
    """Work on the pages of one archive: payload `pages`, `targets` (files), `name`."""

    def __call__(self, task: Task) -> Outcome:
        """The captures that a link asks for, by offset, with what the link says of them."""
        payload = task.unit.payload
        pages, targets = map_arrow(task.root / payload["pages"]), map_arrow(task.root / payload["targets"])
        keys, wanted = pages["key"].to_numpy(), targets["key"].to_numpy()
        place = np.minimum(np.searchsorted(wanted, keys), max(len(wanted) - 1, 0))
        hit = np.flatnonzero(wanted[place] == keys) if len(wanted) else np.zeros(0, int)
        asked = targets.take(pa.array(place[hit]))
        asked = asked.add_column(0, "offset", pages["offset"].take(pa.array(hit))).sort_by("offset")
        part = write_arrow(task.part(ASKED, ".arrow"), task.root, asked)
        missed = len(keys) - len(hit)
        counts = Counts(len(keys), len(hit), missed, 0, {"capture.not_asked_for": missed} if missed else {})
        return Outcome((part,), counts, {"name": payload["name"], "asked": len(hit), "part": part.path})


@dataclass(frozen=True)
class ListUnanswered:
    """The one unit of `unanswered`: payload `links`, `leads`, `asked`, `posts`, lists of files."""

    def __call__(self, task: Task) -> Outcome:
        """Links that no page answered, as they were posted, those with most karma first."""
        payload = task.unit.payload
        links = load_links(task.root, payload["links"])
        links = links.filter(pc.field("refused") == "")
        leads = _load(task.root, payload["leads"], LEADS_SCHEMA)
        answered = _load(task.root, payload["asked"], ASKED_SCHEMA)["key"].to_numpy()
        link, page = leads["key"].to_numpy(), leads["page"].to_numpy()
        found = np.unique(link[np.isin(page, answered)])
        redirected = np.unique(link[link != page])
        keys = links["key"].to_numpy()
        lost = links.filter(pa.array(~np.isin(keys, found)))
        rows = sorted(
            self._rows(task.root, payload["posts"], lost, redirected), key=lambda row: (-row["karma"], row["url"])
        )
        part = write_parquet(task.part(UNANSWERED), task.root, UNANSWERED_SCHEMA, rows)
        reasons = {
            f"link.{reason}": sum(row["reason"] == reason for row in rows)
            for reason in ("not_captured", "leads_nowhere")
        }
        reasons = {reason: count for reason, count in reasons.items() if count}
        return Outcome((part,), Counts(len(keys), len(keys) - lost.num_rows, lost.num_rows, 0, reasons))

    def _rows(self, root: Path, posts: list[str], lost: pa.Table, redirected: np.ndarray) -> Iterator[dict[str, Any]]:
        """One row for each lost link, under the URL of the post that names it in the link table."""
        wanted = {row["key"]: row for row in lost.to_pylist()}
        moved = set(redirected.tolist())
        for path in posts:
            table = map_arrow(root / path)
            mask = np.isin(table["key"].to_numpy(), np.fromiter(wanted, np.int64, len(wanted)))
            for post in table.filter(pa.array(mask)).to_pylist():
                link = wanted.get(post["key"])
                if link and link["post"] == post["post"]:
                    del wanted[post["key"]]
                    reason = "leads_nowhere" if post["key"] in moved else "not_captured"
                    names = {name: post[name] for name in ("url", "canonical_url")}
                    yield {**names, "karma": link["karma"], "first_posted": link["first_posted"], "reason": reason}


def _is_seekable(path: Path) -> bool:
    """Can one enter the file at a record? Then several units may share it."""
    with path.open("rb") as file:
        return container(file) in ("plain", "members")


def _write(task: Task, folder: str, schema: pa.Schema, rows: list[Any]) -> Part:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return write_arrow(task.part(folder, ".arrow"), task.root, pa.table(columns, schema))


def _load(root: Path, paths: list[str], schema: pa.Schema) -> pa.Table:
    empty = pa.table([[] for _ in schema], schema)
    return pa.concat_tables([empty, *(map_arrow(root / path) for path in paths)])
