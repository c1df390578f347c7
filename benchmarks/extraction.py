"""How well main text is found: ours, trafilatura and resiliparse against the gold text of real pages.

    python -m benchmarks.extraction [--data ../shared/data/pages] [--only ours] [--json FILE]

The score of a page is the F1 of two bags of tokens: lower-case words (runs of letters, digits and underscore), and
single characters in Chinese, Japanese and Thai, which have no spaces. A page on which nothing is found scores 0, and
the mean is over pages, so a long page counts no more than a short one. `wanted` and `unwanted` are shares of the
snippets that must and must not appear, compared after white space is collapsed. Seconds are processor time of one core.
"""

import argparse
import gzip
import json
import logging
import multiprocessing
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

from corpus.extraction.charset import decode
from corpus.extraction.html import main_text
from corpus.hashing import digest

EXTRACTORS: dict[str, Callable[[str], str]] = {
    "ours": lambda html: main_text(html).text,
    "trafilatura": lambda html: trafilatura.extract(html) or "",
    "resiliparse": lambda html: extract_plain_text(html, main_content=True),
}
_WITHOUT_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_WITHOUT_SPACES}]|[^\W{_WITHOUT_SPACES}]+")

Truth = dict[str, Any]  # url, domain, page_type, and where known: gold, wanted, unwanted


def tokens(text: str) -> Counter[str]:
    """The bag of tokens of a text, as the score counts them."""
    return Counter(_TOKEN.findall(text.lower()))


def precision_recall_f1(found: str, gold: str) -> tuple[float, float, float]:
    """Of the tokens found, the share in the gold text; of those in the gold text, the share found; their F1."""
    found_tokens, gold_tokens = tokens(found), tokens(gold)
    common = (found_tokens & gold_tokens).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / found_tokens.total(), common / gold_tokens.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def share_of_snippets(found: str, snippets: list[str]) -> float | None:
    """The share of the snippets that the text holds; None if there are none."""
    text = " ".join(found.split())
    return fmean(" ".join(snippet.split()) in text for snippet in snippets) if snippets else None


def read_truth(data: Path) -> dict[str, Truth]:
    """What is known of each page that has gold text or snippets, by URL."""

    def rows(name: str) -> Iterator[dict[str, Any]]:
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    truth: dict[str, Truth] = {}
    for row in rows("pages.gold.jsonl.gz"):
        truth[row["url"]] = {"gold": row["text"]}
    for row in rows("pages.snippets.jsonl.gz"):
        truth.setdefault(row["url"], {}).update(wanted=row["with"], unwanted=row["without"])
    for row in rows("pages.meta.jsonl.gz"):
        if row["url"] in truth:
            truth[row["url"]].update(page_type=row["page_type"] or "other", domain=row["domain"])
    return truth


def read_pages(data: Path, urls: set[str]) -> Iterator[tuple[str, str]]:
    """(URL, HTML) of the pages asked for, in the order of the archive."""
    with (data / "pages.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            url = record.headers.get("WARC-Target-URI") or ""
            if url in urls:
                yield url, decode(record.reader.read(), record.http_headers.get("Content-Type") or "")[0]


def measure(task: tuple[str, str, Truth, list[str]]) -> dict[str, Any]:
    """One row: a page, and for each extractor its scores and its seconds."""
    url, html, truth, names = task
    row: dict[str, Any] = {"url": url, "page_type": truth["page_type"], "half": _half(truth["domain"])}
    for name in names:
        start = time.process_time()
        found = EXTRACTORS[name](html)
        seconds = time.process_time() - start
        row[name] = {
            "seconds": seconds,
            "scores": precision_recall_f1(found, truth["gold"]) if "gold" in truth else None,
            "wanted": share_of_snippets(found, truth.get("wanted", [])),
            "unwanted": share_of_snippets(found, truth.get("unwanted", [])),
        }
    return row


def _half(domain: str) -> int:
    """Which half of the pages: rules are chosen on half 0 and have to hold on half 1."""
    return int(digest(domain), 16) % 2


def summary(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The means of one extractor over all rows."""
    scored = [row for row in rows if row[name]["scores"]]
    groups: dict[str, list[float]] = {}
    for row in scored:
        for group in (row["page_type"], f"half {row['half']}"):
            groups.setdefault(group, []).append(row[name]["scores"][2])

    def mean(kind: str) -> float:
        return fmean(row[name][kind] for row in rows if row[name][kind] is not None)

    precision, recall, f1 = (fmean(row[name]["scores"][position] for row in scored) for position in range(3))
    return {
        "F1": f1,
        "precision": precision,
        "recall": recall,
        "wanted": mean("wanted"),
        "unwanted": mean("unwanted"),
        "pages/s": len(rows) / sum(row[name]["seconds"] for row in rows),
        **{group: fmean(scores) for group, scores in sorted(groups.items())},
        "pages scored": len(scored),
    }


def print_table(summaries: dict[str, dict[str, Any]]) -> None:
    """One line per measure, one column per extractor; the last line is the number the project is judged by."""
    print(f"{'':16}" + "".join(f"{name:>13}" for name in summaries))
    for measured in next(iter(summaries.values())):
        values = [summary[measured] for summary in summaries.values()]
        form = ".0f" if measured.startswith("pages") else ".3f"
        print(f"{measured:16}" + "".join(f"{value:>13{form}}" for value in values))
    first = next(iter(summaries.values()))
    print(f"mean word F1: {first['F1']:.3f} over {first['pages scored']} pages")


def main() -> None:
    """Read the pages, run the extractors over two processes, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pages"), help="folder of pages.warc.gz")
    parser.add_argument("--only", choices=EXTRACTORS, help="run one extractor")
    parser.add_argument("--json", type=Path, help="also write one row per page to this file")
    arguments = parser.parse_args()
    if not (arguments.data / "pages.warc.gz").exists():
        sys.exit(f"{arguments.data / 'pages.warc.gz'} is not there; name the folder that holds it with --data")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    names = [arguments.only] if arguments.only else list(EXTRACTORS)
    truth = read_truth(arguments.data)
    tasks = ((url, html, truth[url], names) for url, html in read_pages(arguments.data, set(truth)))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        rows = sorted(pool.imap_unordered(measure, tasks, chunksize=8), key=lambda row: row["url"])
    summaries = {name: summary(rows, name) for name in names}
    if arguments.json:
        arguments.json.write_text(json.dumps({"summaries": summaries, "pages": rows}, indent=1), encoding="utf-8")
    print_table(summaries)


if __name__ == "__main__":
    main()
