"""The links that found no page: of each range of links those to whose pages nothing was matched.

At the end the ranges become one list, the links with most karma first.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
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
        low, high = key_range(unit.number, unit.of)
        # A link may lead to several pages (the one posted, and where its redirects end); it is lost if none was found.
        found = answered_of(np.unique(page), low, high, self._answered(task))
        keys = links["key"].to_numpy()
        lost = links.filter(pa.array(~np.isin(keys, link[np.isin(page, found)])))
        redirected = frozenset(np.unique(link[link != page]).tolist())  # leads somewhere else than itself
        rows = sorted(self._rows(task, lost, redirected), key=_most_karma_first)
        part = write_parquet(task.part("links"), task.root, LOST_SCHEMA, rows)
        reasons: dict[str, int] = {}
        for row in rows:
            reasons[f"link.{row['reason']}"] = reasons.get(f"link.{row['reason']}", 0) + 1
        counts = Counts(len(keys), len(keys) - lost.num_rows, lost.num_rows, 0, dict(sorted(reasons.items())))
        return Outcome((part,), counts, LostFacts(part))

    def _answered(self, task: Task[LinksAndAnswers]) -> Iterator[np.ndarray]:
        """The sorted keys of the pages that were found, of one batch of archives after the other."""
        for part in task.unit.answered:
            yield map_arrow(task.root / part.path)["key"].to_numpy()

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


def answered_of(pages: np.ndarray, low: int, high: int, answered: Iterable[np.ndarray]) -> np.ndarray:
    """Which of `pages` (keys, sorted, none twice) are among the sorted keys `answered`.

    A page that no redirect leads to has its link's key, from `low` to `high`. So most pages meet the answers of that
    range alone, and the work of all units together grows with the links and not with their square.
    """
    first, last = np.searchsorted(pages, low, "left"), np.searchsorted(pages, high, "right")
    found = [pages[:0]]
    for keys in answered:
        for some in (pages[:first], pages[first:last], pages[last:]):
            if len(some):
                near = keys[np.searchsorted(keys, some[0], "left") : np.searchsorted(keys, some[-1], "right")]
                few, many = (near, some) if len(near) < len(some) else (some, near)
                # few [4, 9] in many [1, 4, 7]: places [1, 3]; 3 is past the end and is read as 2.
                place = np.searchsorted(many, few)
                found.append(few[many[np.minimum(place, len(many) - 1)] == few])
    return np.concatenate(found)


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
