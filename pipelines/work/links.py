"""From submission dumps to the link table.

Two map-only stages. `posts` reads each dump into rows sorted by link key. `links` cuts the key space into equal
ranges; a unit maps every posts file, takes its range of each by binary search, and reduces it. That is a shuffle in
which nothing moves but the slices that are read, and it holds a few million posts in memory however many there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.document import Quarantined
from corpus.files.manifest import Counts, map_arrow, write_arrow, write_parquet
from corpus.files.storage import local
from corpus.quarantine import check_columns, guarded
from corpus.readers.reddit import Submission, read_submissions
from corpus.schema import QUARANTINED_SCHEMA, quarantined_row
from corpus.sources.links import (
    LINKS_SCHEMA,
    POSTS_SCHEMA,
    REDUCED,
    LinkRules,
    Verdict,
    judge,
    post_row,
    reduce_posts,
    sort_posts,
)
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task

POSTS, POSTS_DAMAGE, LINKS = ".stages/posts/posts", ".stages/posts/quarantined", ".stages/links/links"
# Posts that one unit reduces in memory, about 100 bytes each.
POSTS_A_RANGE = 4_000_000
_BATCH = 50_000


@dataclass(frozen=True)
class ReadPosts:
    """Work on one dump: payload `file`, `name`."""

    rules: LinkRules

    def __call__(self, task: Task) -> Outcome:
        """Judge every post; those that take part in the reduction become rows, the others are counted."""
        reasons: dict[str, int] = {}
        damage: list[Quarantined] = []
        batches = list(self._batches(task, reasons, damage))
        table = sort_posts(pa.Table.from_batches(batches, POSTS_SCHEMA))
        rejected = sum(reasons.values())
        parts = (
            write_arrow(task.part(POSTS, ".arrow"), task.root, table),
            write_parquet(task.part(POSTS_DAMAGE), task.root, QUARANTINED_SCHEMA, map(quarantined_row, damage)),
        )
        came = table.num_rows + rejected + len(damage)
        counts = Counts(came, table.num_rows, rejected, len(damage), dict(sorted(reasons.items())))
        return Outcome(parts, counts, {"name": task.unit.payload["name"], "lines": came, "quarantined": len(damage)})

    def _batches(self, task: Task, reasons: dict[str, int], damage: list[Quarantined]) -> Iterator[pa.RecordBatch]:
        rows: list[dict[str, object]] = []
        payload, note = task.unit.payload, note_progress(task)
        for number, post in enumerate(read_submissions(local(task.input()), payload["name"])):
            note(number)
            if not isinstance(post, Quarantined):
                post = guarded(self._judged, post, payload["name"], post.offset)
            if isinstance(post, Quarantined):
                damage.append(post)
            elif isinstance(post, Verdict):
                reasons[post.reason] = reasons.get(post.reason, 0) + 1
            else:
                rows.append(post)
            if len(rows) == _BATCH:
                yield pa.RecordBatch.from_pylist(rows, POSTS_SCHEMA)
                rows = []
        yield pa.RecordBatch.from_pylist(rows, POSTS_SCHEMA)

    def _judged(self, post: Submission) -> Verdict | dict[str, object]:
        """The post as a row where it takes part in the reduction, else the verdict that keeps it out."""
        verdict = judge(post, self.rules)
        if verdict not in REDUCED:
            return verdict
        row = post_row(post, verdict)
        check_columns(row.values())
        return row


@dataclass(frozen=True)
class ReduceLinks:
    """Work on one range of link keys: payload `range`, `of`, `parts` (the posts files)."""

    rules: LinkRules

    def __call__(self, task: Task) -> Outcome:
        """All posts of the range → its links."""
        payload = task.unit.payload
        low, high = key_range(payload["range"], payload["of"])
        slices = [_slice(task.root / path, low, high) for path in payload["parts"]]
        posts = pa.concat_tables(slices) if slices else pa.table([], POSTS_SCHEMA)
        links, reasons, kept = reduce_posts(posts, self.rules)
        counts = Counts(posts.num_rows, kept, posts.num_rows - kept, 0, dict(sorted(reasons.items())))
        part = write_arrow(task.part(LINKS, ".arrow"), task.root, links)
        return Outcome((part,), counts, {"links": links.num_rows})


def key_range(number: int, of: int) -> tuple[int, int]:
    """The first and the last key of range `number` of `of` equal ranges of the signed 64-bit integers."""
    width = 2**64
    return -(2**63) + width * number // of, -(2**63) + width * (number + 1) // of - 1


def load_links(root: Path, paths: list[str]) -> pa.Table:
    """The whole link table, sorted by key."""
    tables = [map_arrow(root / path) for path in paths]
    return pa.concat_tables([pa.table([[]] * len(LINKS_SCHEMA), LINKS_SCHEMA), *tables]).sort_by("key")


def _slice(path: Path, low: int, high: int) -> pa.Table:
    table = map_arrow(path)
    keys = table["key"].to_numpy()
    start, stop = np.searchsorted(keys, low, "left"), np.searchsorted(keys, high, "right")
    return table.slice(start, stop - start)
