"""Links × redirects → the pages that links ask for, each range of keys on its own.

`edges` merges the redirects of some hundred archives into one sorted file, so that nobody opens a hundred thousand.
`redirects` follows one range of links over all of them. `wanted` takes, of what every range leads to, one range of page
keys, and gives each page one row: several links may end at one page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from corpus.files.manifest import Counts, Part, map_arrow, write_arrow
from corpus.sources.redirects import EDGES_SCHEMA, RESOLVED_SCHEMA, resolve_links, wanted_pages
from pipelines.runtime.task import Outcome, Task
from pipelines.work.captures import CaptureFacts
from pipelines.work.links import LinkFacts, key_range, rows_between

ARCHIVES_PER_MERGE = 256
# Rows that one unit of `wanted` reduces in memory, about 400 bytes each.
ROWS_PER_RANGE = 1_000_000


@dataclass(frozen=True)
class SomeEdges:
    """The redirects of some archives."""

    edges: tuple[Part, ...]
    label: str

    counted: ClassVar[str] = "redirects"

    @property
    def size(self) -> int:
        """How many redirects there are."""
        return sum(part.rows for part in self.edges) + 1


@dataclass(frozen=True)
class EdgeFacts:
    """The redirects, sorted by source, target and URL, each once."""

    edges: Part


@dataclass(frozen=True)
class LinksAndEdges:
    """A range of links, and all redirects."""

    links: Part
    edges: tuple[Part, ...]
    label: str

    counted: ClassVar[str] = "links"

    @property
    def size(self) -> int:
        """How many links there are."""
        return self.links.rows + 1


@dataclass(frozen=True)
class RedirectFacts:
    """Each (page, link) that a link of the range leads to, sorted by the key of the page."""

    resolved: Part


@dataclass(frozen=True)
class PageRange:
    """A range of page keys, number `number` of `of`, and where all links lead."""

    number: int
    of: int
    resolved: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"pages {self.number}"

    counted: ClassVar[str] = "rows"

    @property
    def size(self) -> int:
        """About how many rows it has."""
        return sum(part.rows for part in self.resolved) // self.of + 1


@dataclass(frozen=True)
class WantedFacts:
    """The pages of a range that links ask for, sorted by key."""

    wanted: Part


def merges(captures: Sequence[CaptureFacts]) -> Iterator[SomeEdges]:
    """The redirects of all archives, in groups."""
    edges = [facts.edges for facts in captures if facts.edges.rows]
    for start in range(0, len(edges), ARCHIVES_PER_MERGE):
        yield SomeEdges(tuple(edges[start : start + ARCHIVES_PER_MERGE]), f"archives from {start}")


def links_and_edges(links: Sequence[LinkFacts], edges: Sequence[EdgeFacts]) -> Iterator[LinksAndEdges]:
    """A unit for each range of links."""
    merged = tuple(facts.edges for facts in edges)
    return (LinksAndEdges(facts.links, merged, f"links {number}") for number, facts in enumerate(links))


def page_ranges(redirects: Sequence[RedirectFacts]) -> Iterator[PageRange]:
    """As many equal ranges of page keys as one worker after the other can hold in memory."""
    resolved = tuple(facts.resolved for facts in redirects)
    count = max(1, -(-sum(part.rows for part in resolved) // ROWS_PER_RANGE))
    return (PageRange(number, count, resolved) for number in range(count))


@dataclass(frozen=True)
class MergeEdges:
    """The work on the redirects of some archives."""

    def __call__(self, task: Task[SomeEdges]) -> Outcome[EdgeFacts]:
        """One sorted file, each redirect once."""
        table = pa.concat_tables([map_arrow(task.root / part.path) for part in task.unit.edges])
        order = [(name, "ascending") for name in EDGES_SCHEMA.names]
        table = table.group_by(EDGES_SCHEMA.names).aggregate([]).sort_by(order)  # each row once
        part = write_arrow(task.part("edges", ".arrow"), task.root, table)
        return Outcome((part,), Counts(part.rows, part.rows), EdgeFacts(part))


@dataclass(frozen=True)
class FollowLinks:
    """The work on one range of links."""

    def __call__(self, task: Task[LinksAndEdges]) -> Outcome[RedirectFacts]:
        """Every page that a link leads to, with what the link says of it."""
        links = map_arrow(task.root / task.unit.links.path)
        edges = [map_arrow(task.root / part.path) for part in task.unit.edges]
        table = resolve_links(links, edges)
        part = write_arrow(task.part("resolved", ".arrow"), task.root, table)
        return Outcome((part,), Counts(links.num_rows, links.num_rows), RedirectFacts(part))


@dataclass(frozen=True)
class ReduceWanted:
    """The work on one range of page keys. `karma` is the policy for several links that end at one page: max or sum."""

    karma: str

    def __call__(self, task: Task[PageRange]) -> Outcome[WantedFacts]:
        """One row for each page."""
        # `resolved` of every range of links has some of these pages: a shuffle without moving more than the slices.
        low, high = key_range(task.unit.number, task.unit.of)
        slices = [rows_between(map_arrow(task.root / part.path), low, high) for part in task.unit.resolved]
        empty = pa.table([[] for _ in RESOLVED_SCHEMA], RESOLVED_SCHEMA)
        resolved = pa.concat_tables([empty, *slices]).combine_chunks()
        part = write_arrow(task.part("wanted", ".arrow"), task.root, wanted_pages(resolved, self.karma))
        return Outcome((part,), Counts(part.rows, part.rows), WantedFacts(part))
