"""Which captured pages do the links ask for, and which links found no page?

`matched` looks the pages of some archives up in the sorted table of wanted pages, one range of keys after the other: no
join moves a page, and an archive costs the reading of its keys. What is asked for is cut into runs, the units that read
pages. `links_without_page` takes one range of links and asks whether any of the pages they lead to was matched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from corpus.files.manifest import Counts, Part, map_arrow, write_arrow, write_parquet
from corpus.hashing import digest
from corpus.sources.redirects import WANTED_SCHEMA
from pipelines.runtime.task import Outcome, Task
from pipelines.work.captures import CaptureFacts
from pipelines.work.links import LinkFacts, PostFacts, key_range, rows_between
from pipelines.work.redirects import RedirectFacts, WantedFacts

# Captures that one unit looks up.
CAPTURES_PER_BATCH = 2_000_000
MATCHED_SCHEMA = pa.schema([("offset", pa.int64()), *WANTED_SCHEMA])
LOST_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("canonical_url", pa.string()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("reason", pa.string()),
    ]
)
_ANSWERED_SCHEMA = pa.schema([("key", pa.int64())])
# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute


@dataclass(frozen=True)
class ArchivePages:
    """The pages of one archive."""

    name: str
    pages: Part
    seekable: bool


@dataclass(frozen=True)
class Batch:
    """Some archives, and all wanted pages."""

    archives: tuple[ArchivePages, ...]
    wanted: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The first archive."""
        return f"{self.archives[0].name} and {len(self.archives) - 1} more"

    @property
    def size(self) -> int:
        """How many captures are looked up."""
        return sum(archive.pages.rows for archive in self.archives) + 1


@dataclass(frozen=True)
class PageRun:
    """Matched pages of one archive that are read together: rows `start` to `stop` of its matches.

    `first` and `last` are offsets in the archive. `offsets` is the digest of which pages they are, `links` the digest
    of what the links say of them: another karma reads no page again.
    """

    start: int
    stop: int
    first: int
    last: int
    offsets: str
    links: str


@dataclass(frozen=True)
class ArchiveMatches:
    """What of an archive is asked for, by offset, and the runs it is read in."""

    name: str
    matched: Part
    runs: tuple[PageRun, ...]


@dataclass(frozen=True)
class MatchFacts:
    """The matches of each archive of a batch, and the keys of the pages that were found, sorted."""

    archives: tuple[ArchiveMatches, ...]
    answered: Part


@dataclass(frozen=True)
class LinksAndAnswers:
    """A range of links, number `number` of `of`, where they lead, and what was found."""

    number: int
    of: int
    links: Part
    leads: Part
    answered: tuple[Part, ...]
    posts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"links {self.number}"

    @property
    def size(self) -> int:
        """How many links there are."""
        return self.links.rows + 1


@dataclass(frozen=True)
class LostFacts:
    """The links without a page, those with most karma first."""

    lost: Part


def batches(captures: Sequence[CaptureFacts], wanted: Sequence[WantedFacts]) -> Iterator[Batch]:
    """Archives in groups of about two million captures."""
    tables, group = tuple(facts.wanted for facts in wanted), list[ArchivePages]()
    for facts in captures:
        group.append(ArchivePages(facts.name, facts.pages, facts.seekable))
        if sum(archive.pages.rows for archive in group) >= CAPTURES_PER_BATCH:
            yield Batch(tuple(group), tables)
            group = []
    if group:
        yield Batch(tuple(group), tables)


def links_and_answers(
    posts: Sequence[PostFacts],
    links: Sequence[LinkFacts],
    redirects: Sequence[RedirectFacts],
    matched: Sequence[MatchFacts],
) -> Iterator[LinksAndAnswers]:
    """A unit for each range of links."""
    answered, found = tuple(facts.answered for facts in matched), tuple(facts.posts for facts in posts)
    for number, (link, lead) in enumerate(zip(links, redirects, strict=True)):
        yield LinksAndAnswers(number, len(links), link.links, lead.leads, answered, found)


@dataclass(frozen=True)
class MatchPages:
    """The work on some archives. A file that cannot be entered in the middle is one run, however many pages it has."""

    pages_per_run: int

    def __call__(self, task: Task[Batch]) -> Outcome[MatchFacts]:
        """The captures that a link asks for, by offset, with what the link says of them."""
        wanted = [map_arrow(task.root / part.path) for part in task.unit.wanted]
        found = [self._matches(task, archive, wanted) for archive in task.unit.archives]
        keys = np.unique(np.concatenate([table["key"].to_numpy() for table, _ in found]))
        answered = write_arrow(task.part("answered", ".arrow"), task.root, pa.table([keys], _ANSWERED_SCHEMA))
        matches = tuple(one for _, one in found)
        looked_up = sum(archive.pages.rows for archive in task.unit.archives)
        hits = sum(one.matched.rows for one in matches)
        reasons = {"capture.not_asked_for": looked_up - hits} if looked_up > hits else {}
        counts = Counts(looked_up, hits, looked_up - hits, 0, reasons)
        return Outcome((answered, *(one.matched for one in matches)), counts, MatchFacts(matches, answered))

    def _matches(
        self, task: Task[Batch], archive: ArchivePages, wanted: Sequence[pa.Table]
    ) -> tuple[pa.Table, ArchiveMatches]:
        pages = map_arrow(task.root / archive.pages.path)
        table = pa.concat_tables([pa.table([[] for _ in MATCHED_SCHEMA], MATCHED_SCHEMA)] + [
            _lookup(pages, some) for some in wanted if some.num_rows
        ]).sort_by("offset")  # fmt: skip
        suffix = f"-{digest(archive.name, length=6)}.arrow"
        part = write_arrow(task.part("matched", suffix), task.root, table)
        step = self.pages_per_run if archive.seekable else max(table.num_rows, 1)
        starts = range(0, table.num_rows, step)
        return table, ArchiveMatches(
            archive.name, part, tuple(_run(table.slice(start, step), start) for start in starts)
        )


def _lookup(pages: pa.Table, wanted: pa.Table) -> pa.Table:
    """The rows of `pages` (sorted by key) that are in `wanted` (one range of keys, sorted), with what it says of them."""
    keys = wanted["key"].to_numpy()
    some = rows_between(pages, int(keys[0]), int(keys[-1]))
    asked = some["key"].to_numpy()
    place = np.searchsorted(keys, asked)
    hit = np.flatnonzero(keys[place] == asked)
    return wanted.take(pa.array(place[hit])).add_column(0, "offset", some["offset"].take(pa.array(hit)))


def _run(table: pa.Table, start: int) -> PageRun:
    offsets = table["offset"].to_pylist()
    links = [str(column.to_pylist()) for column in table.columns]
    return PageRun(start, start + len(offsets), offsets[0], offsets[-1], digest(str(offsets)), digest(*links))


@dataclass(frozen=True)
class ListLost:
    """The work on one range of links."""

    def __call__(self, task: Task[LinksAndAnswers]) -> Outcome[LostFacts]:
        """Links that no page answered, as they were posted, those with most karma first."""
        unit = task.unit
        links = map_arrow(task.root / unit.links.path)
        links = links.filter(pc.equal(links["refused"], ""))
        leads = map_arrow(task.root / unit.leads.path)
        link, page = leads["link"].to_numpy(), leads["key"].to_numpy()
        answered = np.zeros(len(page), bool)
        for part in unit.answered:  # one batch of archives after the other
            answered |= np.isin(page, map_arrow(task.root / part.path)["key"].to_numpy())
        keys = links["key"].to_numpy()
        lost = links.filter(pa.array(~np.isin(keys, link[answered])))
        redirected = frozenset(np.unique(link[link != page]).tolist())
        rows = sorted(self._rows(task, lost, redirected), key=lambda row: (-row["karma"], row["url"]))
        part = write_parquet(task.part("links"), task.root, LOST_SCHEMA, rows)
        reasons: dict[str, int] = {}
        for row in rows:
            reasons[f"link.{row['reason']}"] = reasons.get(f"link.{row['reason']}", 0) + 1
        counts = Counts(len(keys), len(keys) - lost.num_rows, lost.num_rows, 0, dict(sorted(reasons.items())))
        return Outcome((part,), counts, LostFacts(part))

    def _rows(
        self, task: Task[LinksAndAnswers], lost: pa.Table, redirected: frozenset[int]
    ) -> Iterator[dict[str, Any]]:
        """One row for each lost link, under the URL of the post that names it in the link table."""
        missing = {row["key"]: row for row in lost.to_pylist()}
        low, high = key_range(task.unit.number, task.unit.of)
        for part in task.unit.posts:
            posts = rows_between(map_arrow(task.root / part.path), low, high)
            mask = np.isin(posts["key"].to_numpy(), np.fromiter(missing, np.int64, len(missing)))
            for post in posts.filter(pa.array(mask)).to_pylist():
                link = missing.get(post["key"])
                if link and link["post"] == post["post"]:
                    del missing[post["key"]]
                    reason = "leads_nowhere" if post["key"] in redirected else "not_captured"
                    names = {name: post[name] for name in ("url", "canonical_url")}
                    yield {**names, "karma": link["karma"], "first_posted": link["first_posted"], "reason": reason}
