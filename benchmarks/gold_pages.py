"""Real pages with gold text: how they are read, and how a text is scored against them.

The score of a page is the F1 of two bags of tokens: lower-case words (runs of letters, digits and underscore), and
single characters in Chinese, Japanese and Thai, which have no spaces. A page on which nothing is found scores 0, and
a mean is over pages, so a long page counts no more than a short one. `wanted` and `unwanted` are shares of the
snippets that must and must not appear, compared after white space is collapsed.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecordType

from corpus.extraction.charset import decode

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


@dataclass
class GoldPage:
    """What is known of a page: its gold text and its snippets, where there are any."""

    url: str
    domain: str
    page_type: str = "other"
    gold: str | None = None
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

    @property
    def is_judged(self) -> bool:
        """Whether anything is known about what its text should be."""
        return self.gold is not None or bool(self.wanted or self.unwanted)


def token_list(text: str) -> list[str]:
    """The tokens of a text, as the score counts them."""
    return _TOKEN.findall(text.lower())


def precision_recall_f1(found: str, gold: str) -> tuple[float, float, float]:
    """Of the tokens found, the share in the gold text; of those in the gold text, the share found; their F1."""
    found_tokens, gold_tokens = Counter(token_list(found)), Counter(token_list(gold))
    common = (found_tokens & gold_tokens).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / found_tokens.total(), common / gold_tokens.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def share_of_snippets(found: str, snippets: list[str]) -> float | None:
    """The share of the snippets that the text holds; None if there are none."""
    text = " ".join(found.split())
    return fmean(" ".join(snippet.split()) in text for snippet in snippets) if snippets else None


def read_gold(data: Path) -> dict[str, GoldPage]:
    """All real pages of a folder by URL, judged or not."""

    def rows(name: str) -> Iterator[dict[str, Any]]:
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    pages = {
        row["url"]: GoldPage(row["url"], row["domain"] or row["url"], row["page_type"] or "other")
        for row in rows("pages.meta.jsonl.gz")
        if row["kind"] == "page"
    }
    for row in rows("pages.gold.jsonl.gz"):
        pages[row["url"]].gold = row["text"]
    for row in rows("pages.snippets.jsonl.gz"):
        pages[row["url"]].wanted, pages[row["url"]].unwanted = row["with"], row["without"]
    return pages


def read_captures(data: Path, urls: set[str]) -> Iterator[tuple[str, bytes, str]]:
    """(URL, body, content type) of the pages asked for, in the order of the archive."""
    with (data / "pages.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            url = record.headers.get("WARC-Target-URI") or ""
            if url in urls:
                yield url, record.reader.read(), record.http_headers.get("Content-Type") or ""


def read_html(data: Path, urls: set[str]) -> Iterator[tuple[str, str]]:
    """(URL, HTML) of the pages asked for, in the order of the archive."""
    return ((url, decode(body, content_type)[0]) for url, body, content_type in read_captures(data, urls))
