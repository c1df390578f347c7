"""The quality and speed of main text: `blocks` and its peers against the gold text of real pages, in one run.

    python -m benchmarks.extraction --data ../shared/data/pages [--more ../shared/data/pages_more]
        [--rs-python rs/bin/python] [--only blocks trafilatura] [--folds 4] [--every 10] [--json FILE]

`blocks` is cross-validated: the model that reads a page was trained without the pages of its fold of domains (a minute
and a half for four folds; --folds 0 takes the released weights, which have seen all pages). `--more` are further pages
to train on. Scores are those of `benchmarks.gold_pages`; milliseconds are processor time of one core, for the main
text alone. The last lines give the whole way, page bytes in and document out, inside the isolation, and the start of a
worker's child with its first page: processor time of parent and child together.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from benchmarks.extractors import PEERS, Timed, rs_trafilatura, with_time
from benchmarks.gold_pages import (
    GoldPage,
    precision_recall_f1,
    read_captures,
    read_gold,
    read_html,
    share_of_snippets,
)
from benchmarks.isolation import in_batches, seconds
from corpus.document import Page
from corpus.extraction import blocks
from corpus.extraction.blocks.native import Forest
from corpus.extraction.html import extract

SMALLEST_GROUP = 30  # pages of a type, for it to be compared
STARTS = 10  # of a worker's child; the least processor time counts

Row = dict[str, Any]


def cross_validated_blocks(folders: list[Path], folds: int, domains: dict[str, str]) -> Callable[[str, str], str]:
    """`blocks`, with the model that has not seen the domain of the URL."""
    if not folds:
        return lambda html, url: _main_text(html, url, blocks.forest())
    from benchmarks.train_blocks import cross_validated, training_pages

    start = time.process_time()
    forest_for = cross_validated(list(training_pages(folders)), folds)
    print(f"trained {folds} models in {time.process_time() - start:.0f} s", file=sys.stderr)
    return lambda html, url: _main_text(html, url, forest_for(domains[url]))


def _main_text(html: str, url: str, forest: Forest) -> str:
    with blocks.read(html, url) as reading:
        return reading.write(forest).text


def measure(page: GoldPage, html: str, extractors: dict[str, Timed]) -> Row:
    """One row: a page, and for each extractor its scores and its seconds."""
    row: Row = {"url": page.url, "page_type": page.page_type}
    for name, extractor in extractors.items():
        found, spent = extractor(html, page.url)
        row[name] = {
            "seconds": spent,
            "scores": precision_recall_f1(found, page.gold) if page.gold is not None else None,
            "wanted": share_of_snippets(found, page.wanted),
            "unwanted": share_of_snippets(found, page.unwanted),
        }
    return row


def summary(rows: list[Row], name: str) -> dict[str, float]:
    """The means of one extractor over all rows."""
    scored = [row for row in rows if row[name]["scores"]]
    groups: dict[str, list[float]] = {}
    for row in scored:
        groups.setdefault(row["page_type"], []).append(row[name]["scores"][2])

    def mean(kind: str) -> float:
        return fmean([row[name][kind] for row in rows if row[name][kind] is not None] or [0])

    f1, precision, recall = (fmean(row[name]["scores"][position] for row in scored) for position in (2, 0, 1))
    milliseconds = [1000 * row[name]["seconds"] for row in rows]
    return {
        "F1": f1,
        "precision": precision,
        "recall": recall,
        "wanted": mean("wanted"),
        "unwanted": mean("unwanted"),
        "ms/page": fmean(milliseconds),
        "ms, p99": quantiles(milliseconds, n=100)[-1],
        **{f"{kind} ({len(f1s)})": fmean(f1s) for kind, f1s in sorted(groups.items(), key=lambda item: -len(item[1]))},
    }


def print_table(summaries: dict[str, dict[str, float]]) -> None:
    """One line per measure, one column per extractor; a star where `blocks` is not above every peer."""
    print(f"{'':22}" + "".join(f"{name:>15}" for name in summaries))
    for measured in next(iter(summaries.values())):
        values = [each[measured] for each in summaries.values()]
        is_group = measured.endswith(")") and int(measured.split("(")[1][:-1]) >= SMALLEST_GROUP
        mark = " *" if is_group and values[0] <= max(values[1:], default=0) else ""
        form = ".2f" if measured.startswith("ms") else ".3f"
        print(f"{measured:22}" + "".join(f"{value:>15{form}}" for value in values) + mark)


def time_the_whole_way(data: Path, urls: set[str]) -> dict[str, float]:
    """Milliseconds per page from bytes to document inside the isolation, and seconds of a start with its first page."""
    pages = [
        Page(url, "2020-01-01T00:00:00Z", 200, content_type, body, "pages.warc.gz", 0)
        for url, body, content_type in read_captures(data, urls)
    ]
    return {
        "whole way, ms/page": 1000 * seconds(in_batches, extract, pages, 1) / len(pages),
        "start and first page, s": seconds(in_batches, extract, pages[:1], STARTS),
    }


def main() -> None:
    """Train, read the pages, run the extractors in this one process, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pages"), help="folder of pages.warc.gz")
    parser.add_argument("--more", type=Path, nargs="*", default=[], help="further folders, to train on only")
    parser.add_argument("--folds", type=int, default=4, help="parts of the domains; 0: the released weights")
    parser.add_argument("--rs-python", type=Path, help="interpreter of an environment with rs-trafilatura")
    parser.add_argument("--only", nargs="+", choices=["blocks", *PEERS], help="run these extractors")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run on every Nth page of the archive only")
    parser.add_argument("--json", type=Path, help="also write one row per page to this file")
    arguments = parser.parse_args()
    if not (arguments.data / "pages.warc.gz").exists():
        sys.exit(f"{arguments.data / 'pages.warc.gz'} is not there; name the folder that holds it with --data")
    gold = {url: page for url, page in read_gold(arguments.data).items() if page.is_judged}
    names = arguments.only or ["blocks", *PEERS]
    extractors: dict[str, Timed] = {}
    if "blocks" in names:
        domains = {url: page.domain for url, page in gold.items()}
        extractors["blocks"] = with_time(
            cross_validated_blocks([arguments.data, *arguments.more], arguments.folds, domains)
        )
    extractors |= {name: with_time(PEERS[name]) for name in names if name in PEERS}
    if arguments.rs_python:
        extractors["rs-trafilatura"] = rs_trafilatura(arguments.rs_python)
    pages = islice(read_html(arguments.data, set(gold)), 0, None, arguments.every)
    rows = [measure(gold[url], html, extractors) for url, html in pages]
    summaries = {name: summary(rows, name) for name in extractors}
    print_table(summaries)
    for what, value in time_the_whole_way(arguments.data, {row["url"] for row in rows}).items():
        print(f"{what:23}{value:>14.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"summaries": summaries, "pages": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
