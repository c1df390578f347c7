"""Asked captures → documents and rejections, and the signatures of the documents.

A unit is a run of asked captures of one archive, cut by their number: the same cuts for any number of workers. The page
steps and the text steps run here, extraction in the worker's child process that can be killed. Signatures are a stage
of their own, so that another MinHash setting does not extract a page twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.exact import text_key
from corpus.dedup.minhash import MinHash, signature
from corpus.document import Document, Page, Quarantined, Rejected, run_steps
from corpus.extraction.sandbox import process_sandbox
from corpus.files.manifest import Counts, map_arrow, read_parquet, write_arrow, write_parquet
from corpus.files.storage import is_remote, local
from corpus.hashing import key64
from corpus.quarantine import guarded, storable
from corpus.readers.warc.pages import read_pages
from corpus.recipes import Recipe
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA, kept_row, quarantined_row, rejected_row
from corpus.urls import address_or_raw
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task

KEPT, REJECTED = ".stages/documents/kept", ".stages/documents/rejected"
DAMAGE = ".stages/documents/quarantined"
SIGNATURES = ".stages/signatures/signatures"
DEADLY = ".stages/deadly"


@dataclass(frozen=True)
class ReadDocuments:
    """Work on a run of asked captures: payload `file`, `name`, `snapshot`, `part` (asked captures), `start`, `stop`."""

    recipe: Recipe
    max_body: int = 10 * 2**20

    def __call__(self, task: Task) -> Outcome:
        """Each asked capture ends as a document, a rejection or a quarantined record."""
        payload, note = task.unit.payload, note_progress(task)
        asked = map_arrow(task.root / payload["part"]).slice(payload["start"], payload["stop"] - payload["start"])
        results: list[Document | Rejected | Quarantined] = []
        sandbox = process_sandbox()
        if not is_remote(task.root_path):
            sandbox.share_deadly_pages(task.root / DEADLY / task.version)
        for result in sandbox.extract_each(self._pages(task, asked)):
            results.append(result if isinstance(result, Quarantined) else self._judge(result))
            note(len(results))
        kept = [item for item in results if isinstance(item, Document)]
        rejected = [item for item in results if isinstance(item, Rejected)]
        damage = [item for item in results if isinstance(item, Quarantined)]
        parts = (
            write_parquet(task.part(KEPT), task.root, KEPT_SCHEMA, map(kept_row, kept)),
            write_parquet(task.part(REJECTED), task.root, REJECTED_SCHEMA, map(rejected_row, rejected)),
            write_parquet(task.part(DAMAGE), task.root, QUARANTINED_SCHEMA, map(quarantined_row, damage)),
        )
        reasons: dict[str, int] = {}
        for item in rejected:
            reasons[item.reason] = reasons.get(item.reason, 0) + 1
        counts = Counts(len(results), len(kept), len(rejected), len(damage), dict(sorted(reasons.items())))
        run = {"kept": parts[0].path, "rejected": parts[1].path, "documents": len(kept)}
        return Outcome(parts, counts, {"runs": [run]})

    def _pages(self, task: Task, asked: pa.Table) -> Iterator[Page | Rejected | Quarantined]:
        """What is asked for, after the page steps. Steps are guarded; what a reader or the sandbox raises is not."""
        payload = task.unit.payload
        read = read_pages(local(task.input()), asked["offset"].to_pylist(), payload["name"], self.max_body)
        for row, item in zip(asked.to_pylist(), read, strict=True):
            if isinstance(item, Page):
                steps = partial(self._look_at, row=row, snapshot=payload["snapshot"])
                yield guarded(steps, item, item.warc_file, item.warc_offset)
            else:
                yield item

    def _look_at(self, page: Page, row: dict[str, Any], snapshot: str) -> Page | Rejected:
        return run_steps(located(page, row, snapshot), self.recipe.page_steps)

    def _judge(self, result: Document | Rejected) -> Document | Rejected | Quarantined:
        def judge(result: Document | Rejected) -> Document | Rejected:
            return storable(result if isinstance(result, Rejected) else run_steps(result, self.recipe.text_steps))

        document = result.document if isinstance(result, Rejected) else result
        return guarded(judge, result, document.warc_file, document.warc_offset)


def located(page: Page, row: dict[str, Any], snapshot: str) -> Page:
    """The page with the forms of its address and what the link that asked for it says."""
    where = address_or_raw(page.url)
    return replace(
        page,
        canonical_url=where.canonical,
        surt=where.surt,
        domain=where.domain,
        snapshot=snapshot,
        link_url=row["redirected_from"] or page.url,
        link_refused=row["refused"],
        karma=row["karma"],
        first_posted=datetime.fromtimestamp(row["first_posted"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def signatures_schema(config: MinHash) -> pa.Schema:
    """What deduplication needs to know of a document, without its text."""
    texts = ("id", "text_key", "date")
    numbers = ("page", "karma", "characters")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            *((name, pa.int64()) for name in numbers),
            ("signature", pa.list_(pa.uint32(), config.minima)),
        ]
    )


@dataclass(frozen=True)
class SignDocuments:
    """Work on one documents part: payload `kept`."""

    config: MinHash

    def __call__(self, task: Task) -> Outcome:
        """One row a document, in the order of the part."""
        rows = [self._row(row) for row in self._counted(read_parquet(task.root / task.unit.payload["kept"]), task)]
        signatures = np.array([row.pop("signature") for row in rows], np.uint32).reshape(-1)
        schema = signatures_schema(self.config)
        columns = [pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names[:-1]]
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(signatures), self.config.minima))
        part = write_arrow(task.part(SIGNATURES, ".arrow"), task.root, pa.Table.from_arrays(columns, schema=schema))
        facts = {"kept": task.unit.payload["kept"], "signatures": part.path, "documents": len(rows)}
        return Outcome((part,), Counts(len(rows), len(rows)), facts)

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "page": key64(row["surt"] or row["id"]),
            "text_key": text_key(row["text"]),
            "date": row["date"],
            "karma": row["karma"] or 0,
            "characters": len(row["text"]),
            "signature": signature(row["text"], self.config),
        }

    def _counted(self, rows: Iterator[dict[str, Any]], task: Task) -> Iterator[dict[str, Any]]:
        note: Callable[[int], None] = note_progress(task)
        for number, row in enumerate(rows):
            note(number)
            yield row
