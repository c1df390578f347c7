"""Links as the index is searched for them: the link table, or a list of links, cut into ranges of keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa

from corpus.fetching.links import read_links
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts, Part, map_arrow, parquet_footer, write_arrow
from corpus.hashing import key64
from corpus.sources.commoncrawl.index import SOUGHT_SCHEMA, hosts_of, loose_keys
from corpus.urls import address
from pipelines.runtime.task import Outcome, Task
from pipelines.work.links import LinkFacts, PostFacts, key_range, rows_between

LINKS_PER_RANGE = 1_000_000
# A link without a time wants the latest capture: the one nearest to a day that is far away.
UNTIMED = 2**40
_BYTES_PER_LINE = 60


@dataclass(frozen=True)
class SomeLinks:
    """Range `number` of `of` of the links: of the link table and the posts behind it, or of a list in a file."""

    number: int
    of: int
    links: Part | None = None
    posts: tuple[Part, ...] = ()
    file: InputFile | None = None
    size: int = 1

    @property
    def label(self) -> str:
        """The number of the range."""
        return f"links {self.number}"


class SoughtLink(TypedDict):
    """A row of `SOUGHT_SCHEMA`."""

    key: int
    karma: int
    first_posted: int
    url: str
    canonical_url: str


@dataclass(frozen=True)
class SoughtFacts:
    """Links sorted by key; their loose keys, sorted, each once; their hosts, sorted, each once."""

    links: Part
    loose: Part
    hosts: Part


def links_of_posts(posts: Sequence[PostFacts], links: Sequence[LinkFacts]) -> Iterator[SomeLinks]:
    """A unit for each range of the link table."""
    found = tuple(facts.posts for facts in posts)
    for number, facts in enumerate(links):
        yield SomeLinks(number, len(links), facts.links, found, size=facts.links.rows + 1)


def links_of_list(file: InputFile) -> Iterator[SomeLinks]:
    """As many equal ranges of keys of a list as hold about `LINKS_PER_RANGE` of its links."""
    parquet = file.name.endswith(".parquet")
    count = parquet_footer(file.place).num_rows if parquet else file.bytes // _BYTES_PER_LINE
    # A list is read whole for each range; what falls outside of it is dropped.
    of = max(1, count // LINKS_PER_RANGE)
    return (SomeLinks(number, of, file=file, size=count // of + 1) for number in range(of))


@dataclass(frozen=True)
class ListSought:
    """The work on one range of links."""

    def __call__(self, task: Task[SomeLinks]) -> Outcome[SoughtFacts]:
        """The links under the URLs that were posted, and what the index is compared with."""
        unit = task.unit
        low, high = key_range(unit.number, unit.of)
        rows = _of_list(unit.file, low, high) if unit.file else _of_table(task)
        table = pa.Table.from_pylist(sorted(rows, key=lambda row: row["key"]), SOUGHT_SCHEMA)
        surts = pa.array([address(url).surt for url in table["canonical_url"].to_pylist()], pa.string())
        loose = pa.table({"loose": np.unique(loose_keys(surts)[0])})
        parts = [
            write_arrow(task.part(name, ".arrow"), task.root, each)
            for name, each in (("links", table), ("loose", loose), ("hosts", pa.table({"host": hosts_of(surts)})))
        ]
        return Outcome(tuple(parts), Counts(table.num_rows, table.num_rows), SoughtFacts(*parts))


def _of_table(task: Task[SomeLinks]) -> list[SoughtLink]:
    """The links of the table that count, each with the URL of the post that names it."""
    assert task.unit.links
    links = {row["key"]: row for row in map_arrow(task.root / task.unit.links.path).to_pylist() if not row["refused"]}
    low, high = key_range(task.unit.number, task.unit.of)
    found = dict[int, SoughtLink]()
    for part in task.unit.posts:
        posts = rows_between(map_arrow(task.root / part.path), low, high)
        mask = np.isin(posts["key"].to_numpy(), np.fromiter(links, np.int64, len(links)))
        for post in posts.filter(pa.array(mask)).to_pylist():
            link = links[post["key"]]
            if link["post"] == post["post"]:
                least = found.get(post["key"])
                row: SoughtLink = {
                    "key": link["key"],
                    "karma": link["karma"],
                    "first_posted": link["first_posted"],
                    "url": post["url"],
                    "canonical_url": post["canonical_url"],
                }
                # Two dumps may hold the post that names the link, with
                # two spellings of the URL: the lesser one, in any order.
                if least is None or row["url"] < least["url"]:
                    found[post["key"]] = row
    return list(found.values())


def _of_list(file: InputFile, low: int, high: int) -> list[SoughtLink]:
    """The links of a list whose keys lie from `low` to `high`; of several for one page the first posted."""
    found = dict[int, SoughtLink]()
    with file.held():
        for link in read_links(file.place):
            key = key64(address(link.canonical_url).surt) if link.canonical_url else None
            if key is None or not low <= key <= high:
                continue
            posted = UNTIMED if link.first_posted is None else link.first_posted
            row: SoughtLink = {"key": key, "karma": 0, "first_posted": posted, "url": link.url,
                   "canonical_url": link.canonical_url}  # fmt: skip
            least = found.setdefault(key, row)
            if (posted, link.url) < (least["first_posted"], least["url"]):
                found[key] = row
    return list(found.values())
