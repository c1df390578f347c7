"""The links that found no page: of each range of links those to whose pages nothing was matched.

At the end the ranges become one list, the links with most karma first.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute

from corpus.files.manifest import Counts, Part, RowWriter, appearing, map_arrow, part_of, read_parquet, write_parquet
from pipelines.runtime.task import Outcome, Task
from pipelines.work.links import LinkFacts, PostFacts, key_range, rows_between
from pipelines.work.matching import CaptureMatchFacts
from pipelines.work.redirects import RedirectFacts

LOST_LINKS = "links_without_page.parquet"
LOST_SCHEMA = pa.schema(
    [
        ("url", pa.string()),  # as it was posted
        ("canonical_url", pa.string()),
        ("karma", pa.int64()),  # by the policy, of all posts of the link
        ("first_posted", pa.int64()),  # seconds since 1970, null where unknown
        ("reason", pa.string()),  # not_captured, leads_nowhere; not_in_index, capture_unreadable
    ]
)
# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute


class LostLink(TypedDict):
    """A row of `LOST_SCHEMA`; `first_posted` is None where nobody knows it."""

    url: str
    canonical_url: str
    karma: int
    first_posted: int | None
    reason: str


@dataclass(frozen=True)
class LinksAndAnswers:
    """A range of links, number `number` of `of`, where they lead, and what was found."""

    number: int
    of: int
    links: Part
    resolved: Part
    answered: tuple[Part, ...]
    posts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"links {self.number}"

    counted: ClassVar[str] = "links"

    @property
    def size(self) -> int:
        """How many links there are."""
        return self.links.rows + 1


@dataclass(frozen=True)
class LostFacts:
    """The links without a page, those with most karma first."""

    lost: Part


def links_and_answers(
    posts: Sequence[PostFacts],
    links: Sequence[LinkFacts],
    redirects: Sequence[RedirectFacts],
    matched: Sequence[CaptureMatchFacts],
) -> Iterator[LinksAndAnswers]:
    """A unit for each range of links."""
    answered, found = tuple(facts.answered for facts in matched), tuple(facts.posts for facts in posts)
    for number, (link, lead) in enumerate(zip(links, redirects, strict=True)):
        yield LinksAndAnswers(number, len(links), link.links, lead.resolved, answered, found)


@dataclass(frozen=True)
class ListLost:
    """The work on one range of links."""

    def __call__(self, task: Task[LinksAndAnswers]) -> Outcome[LostFacts]:
        """Links that no page answered, as they were posted, those with most karma first."""
        unit = task.unit
        links = map_arrow(task.root / unit.links.path)
        links = links.filter(pc.equal(links["refused"], ""))
        resolved = map_arrow(task.root / unit.resolved.path)
        link, page = resolved["link"].to_numpy(), resolved["key"].to_numpy()
        # A link may lead to several pages (the one posted, and where its redirects end); it is lost if none was found.
        answered = np.zeros(len(page), bool)
        for part in unit.answered:  # one batch of archives after the other
            answered |= np.isin(page, map_arrow(task.root / part.path)["key"].to_numpy())
        keys = links["key"].to_numpy()
        lost = links.filter(pa.array(~np.isin(keys, link[answered])))
        redirected = frozenset(np.unique(link[link != page]).tolist())  # leads somewhere else than itself
        rows = sorted(self._rows(task, lost, redirected), key=_most_karma_first)
        part = write_parquet(task.part("links"), task.root, LOST_SCHEMA, rows)
        reasons: dict[str, int] = {}
        for row in rows:
            reasons[f"link.{row['reason']}"] = reasons.get(f"link.{row['reason']}", 0) + 1
        counts = Counts(len(keys), len(keys) - lost.num_rows, lost.num_rows, 0, dict(sorted(reasons.items())))
        return Outcome((part,), counts, LostFacts(part))

    def _rows(self, task: Task[LinksAndAnswers], lost: pa.Table, redirected: frozenset[int]) -> Iterator[LostLink]:
        """One row for each lost link, under the URL of the post that names it in the link table."""
        # The link table names the post that gave a link its karma; the URL as it was posted stands with that post only.
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
                    yield {
                        "url": post["url"],
                        "canonical_url": post["canonical_url"],
                        "karma": link["karma"],
                        "first_posted": link["first_posted"],
                        "reason": reason,
                    }


def merge_lost(root: Path, parts: Sequence[Part]) -> Part:
    """Write the sorted lists of all ranges as one file beside the corpus, a row at a time."""
    with appearing(root / LOST_LINKS) as temporary:
        writer = RowWriter(temporary, LOST_SCHEMA)
        lists: list[Iterator[Any]] = [read_parquet(root / part.path) for part in parts]
        # Every list is sorted this way, so a row of each is all that is held.
        for row in heapq.merge(*lists, key=_most_karma_first):
            writer.add(row)
        writer.close()
    return part_of(root / LOST_LINKS, root, writer.rows)


def _most_karma_first(row: LostLink) -> tuple[int, str]:
    return -row["karma"], row["url"]
