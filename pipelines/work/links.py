"""From submission dumps to the link table.

Two map-only stages. `posts` reads each dump into rows sorted by link key. `links` cuts the key space into equal
ranges; a unit maps every posts file, takes its range of each by binary search, and reduces it. That is a shuffle in
which nothing moves but the slices that are read, and it holds a million posts in memory however many there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus.document import Quarantined
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, map_arrow, write_arrow, write_parquet
from corpus.files.storage import local
from corpus.hashing import file_digest
from corpus.quarantine import check_columns, guard
from corpus.readers.reddit import Submission, read_submissions
from corpus.schema import QUARANTINED_SCHEMA, quarantined_row
from corpus.sources.links import (
    POSTS_SCHEMA,
    REDUCED,
    LinkRules,
    Verdict,
    judge,
    post_row,
    reduce_posts,
    sort_posts,
)
from pipelines.runtime.task import Outcome, Task, note_progress

# Posts that one unit reduces in memory, about 400 bytes each.
POSTS_PER_RANGE = 1_000_000
_BATCH = 50_000  # posts that are Python objects at a time
# About how many bytes of a compressed dump hold one line, for the ETA.
_BYTES_PER_LINE = 100


@dataclass(frozen=True)
class Dump:
    """A dump of submissions."""

    file: InputFile

    @property
    def label(self) -> str:
        """The name of the file."""
        return self.file.name

    counted: ClassVar[str] = "lines"

    @property
    def size(self) -> int:
        """About how many lines it has."""
        return max(self.file.bytes // _BYTES_PER_LINE, 1)


@dataclass(frozen=True)
class PostFacts:
    """`posts` are the rows that take part in the reduction, sorted by link key; `digest` is that of the whole dump."""

    name: str
    bytes: int
    digest: str
    lines: int
    posts: Part
    quarantined: Part


@dataclass(frozen=True)
class LinkRange:
    """A range of link keys, number `number` of `of`, and the posts of all dumps."""

    number: int
    of: int
    posts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"links {self.number}"

    counted: ClassVar[str] = "posts"

    @property
    def size(self) -> int:
        """About how many posts it has."""
        return sum(part.rows for part in self.posts) // self.of + 1


@dataclass(frozen=True)
class LinkFacts:
    """The links of a range, sorted by key."""

    links: Part


def dumps(files: Sequence[InputFile]) -> Iterator[Dump]:
    """A unit for each dump."""
    return map(Dump, files)


def link_ranges(posts: Sequence[PostFacts]) -> Iterator[LinkRange]:
    """As many equal ranges of keys as one worker after the other can hold in memory."""
    parts = tuple(facts.posts for facts in posts)
    # Keys are hashes, so equal ranges of keys hold about equally many posts.
    count = max(1, -(-sum(part.rows for part in parts) // POSTS_PER_RANGE))
    return (LinkRange(number, count, parts) for number in range(count))


@dataclass(frozen=True)
class ReadPosts:
    """The work on one dump."""

    rules: LinkRules

    def __call__(self, task: Task[Dump]) -> Outcome[PostFacts]:
        """Judge every post; those that take part in the reduction become rows, the others are counted."""
        reasons: dict[str, int] = {}
        damage: list[Quarantined] = []
        batches = list(self._batches(task, reasons, damage))
        table = sort_posts(pa.Table.from_batches(batches, POSTS_SCHEMA))
        rejected = sum(reasons.values())
        file = task.unit.file
        kept = write_arrow(task.part("posts", ".arrow"), task.root, table)
        rows = map(quarantined_row, damage)
        quarantined = write_parquet(task.part("quarantined"), task.root, QUARANTINED_SCHEMA, rows)
        lines = table.num_rows + rejected + len(damage)
        counts = Counts(lines, table.num_rows, rejected, len(damage), dict(sorted(reasons.items())))
        facts = PostFacts(file.name, file.bytes, file_digest(local(file.place)), lines, kept, quarantined)
        return Outcome((kept, quarantined), counts, facts)

    def _batches(
        self, task: Task[Dump], reasons: dict[str, int], damage: list[Quarantined]
    ) -> Iterator[pa.RecordBatch]:
        rows: list[dict[str, object]] = []
        file, note = task.unit.file, note_progress(task)
        for number, post in enumerate(read_submissions(local(file.place), file.name)):
            note(number)
            if not isinstance(post, Quarantined):
                post = guard(self._judge, post, file.name, post.offset)
            if isinstance(post, Quarantined):
                damage.append(post)
            elif isinstance(post, Verdict):
                reasons[post.reason] = reasons.get(post.reason, 0) + 1
            else:
                rows.append(post)
            if len(rows) == _BATCH:
                yield pa.RecordBatch.from_pylist(rows, POSTS_SCHEMA)
                rows = []
        # The rest, perhaps none: a dump without a post that counts still gives one batch, so a table with the columns.
        yield pa.RecordBatch.from_pylist(rows, POSTS_SCHEMA)

    def _judge(self, post: Submission) -> Verdict | dict[str, object]:
        """The post as a row where it takes part in the reduction, else the verdict that keeps it out."""
        verdict = judge(post, self.rules)
        # Refused posts take part too: a later record of the same post may overrule an
        # earlier one, and a page for which only they ask is rejected with their reason.
        if verdict not in REDUCED:
            return verdict
        row = post_row(post, verdict)
        check_columns(row.values())
        return row


@dataclass(frozen=True)
class ReduceLinks:
    """The work on one range of link keys."""

    rules: LinkRules

    def __call__(self, task: Task[LinkRange]) -> Outcome[LinkFacts]:
        """All posts of the range → its links."""
        unit = task.unit
        low, high = key_range(unit.number, unit.of)
        slices = [rows_between(map_arrow(task.root / part.path), low, high) for part in unit.posts]
        posts = pa.concat_tables(slices) if slices else pa.table([[] for _ in POSTS_SCHEMA], POSTS_SCHEMA)
        links, reasons, kept = reduce_posts(posts, self.rules)
        counts = Counts(posts.num_rows, kept, posts.num_rows - kept, 0, dict(sorted(reasons.items())))
        part = write_arrow(task.part("links", ".arrow"), task.root, links)
        return Outcome((part,), counts, LinkFacts(part))


def key_range(number: int, of: int) -> tuple[int, int]:
    """The first and the last key of range `number` of `of` equal ranges of the signed 64-bit integers."""
    # Two ranges: -2^63 … -1 and 0 … 2^63 - 1. Whole numbers of Python, which do not overflow.
    width = 2**64
    return -(2**63) + width * number // of, -(2**63) + width * (number + 1) // of - 1


def rows_between(table: pa.Table, low: int, high: int, column: str = "key") -> pa.Table:
    """The rows of a table sorted by `column` whose keys lie from `low` to `high`, both included; nothing is copied."""
    # A mapped file: only the pages that the binary search touches are read, and then the slice.
    keys = table[column].to_numpy()
    start, stop = np.searchsorted(keys, low, "left"), np.searchsorted(keys, high, "right")
    return table.slice(start, stop - start)
