"""The reductions of a build on keys alone, at growing sizes: processor time and memory of each stage per item.

    python -m benchmarks.scale                          # 1, 4 and 16 million
    python -m benchmarks.scale --millions 0.25,1 --share-answered 0.5

No text, no crawl: posts and captures are made up as the stages before would write them, keys spread evenly, one link in
ten redirected once. Then the stages of `pipelines.builds.webtext` plan their units from those facts and every unit is
done in a process of its own, as a cluster would. A stage that scales has the same microseconds per item in every
column, and a greatest memory that stops growing: the number of its units grows instead. Memory is what a process
allocated, without the files that it has mapped.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.files.manifest import Part, write_arrow
from corpus.sources.links import POSTS_SCHEMA, LinkRules, Verdict, sort_posts
from corpus.sources.redirects import EDGES_SCHEMA
from pipelines.runtime.task import Outcome, Task
from pipelines.work.captures import PAGES_SCHEMA, CaptureFacts
from pipelines.work.links import PostFacts, ReduceLinks, link_ranges
from pipelines.work.lost_links import ListLost, links_and_answers
from pipelines.work.matching import MatchPages, batches
from pipelines.work.redirects import (
    FollowLinks,
    MergeEdges,
    ReduceWanted,
    links_and_edges,
    merges,
    page_ranges,
)

DUMPS, PAGES_PER_ARCHIVE, REDIRECTED = 8, 40_000, 10
NOTHING = Part("", 0, 0, "")


@dataclass(frozen=True)
class StageCost:
    """Of one stage: units, processor seconds of all, the greatest memory of one, in bytes."""

    units: int
    seconds: float
    memory: int


def keys_of(numbers: np.ndarray) -> np.ndarray:
    """int64 numbers → int64 keys, spread evenly and one to one (a multiplication by an odd number, modulo 2^64)."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)


def made_posts(root: Path, links: int) -> list[PostFacts]:
    """Dumps that hold a post for each link, link number i in dump i modulo `DUMPS`."""
    facts = []
    for dump in range(DUMPS):
        numbers = np.arange(dump, links, DUMPS)
        urls = pa.array([f"http://host{number % 9973}.example/page/{number}" for number in numbers.tolist()])
        columns = {
            "key": keys_of(numbers),
            "post": numbers,
            "score": numbers % 50,
            "created": 1_400_000_000 + numbers % 10_000_000,
            "retrieved": np.zeros(len(numbers), np.int64),
            "verdict": np.full(len(numbers), int(Verdict.COUNTS), np.int8),
            "url": urls,
            "canonical_url": urls,
        }
        table = sort_posts(pa.table(columns, POSTS_SCHEMA))
        part = write_arrow(root / "made" / f"posts-{dump}.arrow", root, table)
        facts.append(PostFacts(f"RS_{dump}", 0, "", len(numbers), part, NOTHING))
    return facts


def made_captures(root: Path, captures: int, answered: float) -> list[CaptureFacts]:
    """Archives whose pages answer a share `answered` of the links, others nobody asks for; a tenth are redirects."""
    facts = []
    for start in range(0, captures, PAGES_PER_ARCHIVE):
        numbers = np.arange(start, min(start + PAGES_PER_ARCHIVE, captures))
        asked = numbers % 1000 < 1000 * answered
        pages = keys_of(np.where(asked, numbers, numbers + captures))
        redirecting = np.sort(numbers[numbers % REDIRECTED == 0])
        # Number n redirects to n + 2 · captures, whose page is here too.
        sources, targets = keys_of(redirecting), keys_of(redirecting + 2 * captures)
        pages = np.sort(np.concatenate([pages, targets]))
        table = pa.table({"key": pages, "offset": np.arange(len(pages))}, PAGES_SCHEMA)
        urls = ["http://a.example/b"] * len(redirecting)
        edges = pa.table({"source": sources, "target": targets, "url": urls}, EDGES_SCHEMA)
        name = f"archive-{start // PAGES_PER_ARCHIVE:05}"
        page_part = write_arrow(root / "made" / f"{name}-pages.arrow", root, table)
        edge_part = write_arrow(root / "made" / f"{name}-edges.arrow", root, edges.sort_by("source"))
        facts.append(CaptureFacts(name, 0, "", {}, True, page_part, edge_part, NOTHING))
    return facts


def stages(karma: LinkRules) -> Iterator[tuple[str, Any, Callable[..., Any], tuple[str, ...]]]:
    """(stage, its work, its plan, the stages whose facts it plans with), as `pipelines.builds.webtext` has them."""
    yield "links", ReduceLinks(karma), link_ranges, ("posts",)
    yield "edges", MergeEdges(), merges, ("captures",)
    yield "redirects", FollowLinks(), links_and_edges, ("links", "edges")
    yield "wanted", ReduceWanted(karma.karma), page_ranges, ("redirects",)
    yield "matched", MatchPages(200), batches, ("captures", "wanted")
    yield "links_without_page", ListLost(), links_and_answers, ("posts", "links", "redirects", "matched")


def measure(root: Path, items: int, answered: float) -> dict[str, StageCost]:
    """The cost of each stage on `items` links and as many captures."""
    facts: dict[str, Sequence[Any]] = {
        "posts": made_posts(root, items),
        "captures": made_captures(root, items, answered),
    }
    costs = {}
    for name, work, plan, reads in stages(LinkRules(min_karma=3)):
        units = list(plan(*(facts[other] for other in reads)))
        found = [run_alone(work, Task(f"{number:024}", name, unit, str(root))) for number, unit in enumerate(units)]
        outcomes: list[Outcome[Any]] = [outcome for outcome, _, _ in found]
        for outcome in outcomes:
            outcome.counts.check(name)
        facts[name] = [outcome.facts for outcome in outcomes]
        costs[name] = StageCost(len(units), sum(each[1] for each in found), max(each[2] for each in found))
    kept = sum(matches.matched.rows for each in facts["matched"] for matches in each.archives)
    lost = sum(each.lost.rows for each in facts["links_without_page"])
    print(f"{items:>12,} links: {kept:,} pages matched, {lost:,} links without a page", flush=True)
    return costs


def run_alone(work: Any, task: Task[Any]) -> tuple[Outcome[Any], float, int]:
    """Do a task in a new process; its outcome, its processor seconds and the most memory it had allocated."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_do, args=(work, task, theirs))
    process.start()
    theirs.close()
    outcome = ours.recv()
    process.join()
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _do(work: Any, task: Task[Any], answer: Any) -> None:
    try:
        most, ended = [_allocated_bytes()], threading.Event()
        before, watch = _allocated_bytes(), threading.Thread(target=_watch, args=(most, ended))
        watch.start()
        began = time.process_time()
        outcome = work(task)
        seconds = time.process_time() - began
        ended.set()
        watch.join()
        answer.send((outcome, seconds, max(most) - before))
    except Exception as error:
        answer.send(error)


def _watch(most: list[int], ended: threading.Event) -> None:
    while not ended.wait(0.01):
        most.append(max(_allocated_bytes(), most.pop()))


def _allocated_bytes() -> int:
    """The memory of this process that no file backs, in bytes."""
    lines = Path(f"/proc/{os.getpid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def main() -> int:
    """Print the table."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--millions", default="1,4,16", help="links, and as many captures (default %(default)s)")
    flags.add_argument("--share-answered", type=float, default=0.3, help="of the links (default %(default)s)")
    given = flags.parse_args()
    sizes = [int(float(size) * 1_000_000) for size in given.millions.split(",")]
    found: dict[int, dict[str, StageCost]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            found[size] = measure(Path(scratch), size, given.share_answered)
    print(f"{'stage':<20}" + "".join(f"{size / 1e6:>14,g} million" + " " * 12 for size in sizes))
    for name in next(iter(found.values())):
        cells = []
        for size in sizes:
            cost = found[size][name]
            cells.append(f"{cost.units:>5} x {1e6 * cost.seconds / size:7.2f} µs {cost.memory / 2**20:8,.0f} MiB")
        print(f"{name:<20}" + "   ".join(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
