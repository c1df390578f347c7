"""The outcome of every link: one row each, in the order of the list, and the counts that must add up to it.

A link is kept if its page was stored, with status 200. The reason of any other is the state of the last URL on its way
(`corpus.fetching.fetcher`), or

| reason | |
|---|---|
| `target.not_a_url` | no browser could follow the link |
| `http.404`, … | the page was answered with another status; the answer is stored |
| `content.not_a_page` | its type holds no text, so its body was not read; the head is stored |
| `redirects.too_many` | more than five, or in a circle |
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from corpus.fetching.fetcher import STORED, Fetched, Fetcher
from corpus.fetching.links import Link
from corpus.files.manifest import Counts, Part, write_parquet
from corpus.schema import Row

OUTCOMES = "outcomes.parquet"
OUTCOMES_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("canonical_url", pa.string()),
        ("reason", pa.string()),
        ("status", pa.int32()),
        ("final_url", pa.string()),
        ("redirects", pa.int32()),
        ("downgraded", pa.bool_()),
        ("truncated", pa.string()),
        ("detail", pa.string()),
        ("fetched", pa.int64()),
        ("warc_file", pa.string()),
        ("warc_offset", pa.int64()),
    ]
)
_NOT_A_URL = "target.not_a_url"


def write_outcomes(folder: Path, links: Iterable[Link], fetcher: Fetcher) -> tuple[Part, Counts]:
    """One row for each link; "" is the reason of one whose page was stored."""
    reasons = Counter[str]()

    def rows() -> Iterator[Row]:
        for link in links:
            row = _row(link, fetcher)
            reasons[str(row["reason"])] += 1
            yield row

    part = write_parquet(folder / OUTCOMES, folder, OUTCOMES_SCHEMA, rows())
    kept = reasons.pop("", 0)
    counts = Counts(part.rows, kept, part.rows - kept, 0, dict(sorted(reasons.items())))
    counts.check(OUTCOMES)
    return part, counts


def _row(link: Link, fetcher: Fetcher) -> Row:
    # The last entry of the way says how the link ended.
    way = list(fetcher.way(link.canonical_url)) if link.canonical_url else []
    last = way[-1] if way else Fetched(link.url, _NOT_A_URL, 0)
    secure = [fetched.url.startswith("https:") for fetched in way]
    return {
        # A lone surrogate, which Arrow refuses, becomes "?".
        "url": link.url.encode("utf-8", "replace").decode(),
        "canonical_url": link.canonical_url,
        "reason": _reason(last),
        "status": last.status,
        "final_url": last.url.encode("utf-8", "replace").decode(),
        "redirects": max(len(way) - 1, 0),
        # https, then http somewhere on the way.
        "downgraded": any(before and not after for before, after in pairwise(secure)),
        "truncated": last.truncated,
        "detail": last.detail,
        "fetched": last.at,
        # An entry without bytes (a refusal) has no record: "" and -1.
        "warc_file": fetcher.journal.archive(last.archive) if last.length else "",
        "warc_offset": last.offset if last.length else -1,
    }


def _reason(last: Fetched) -> str:
    if last.state != STORED:
        return last.state
    if last.location:  # `way` stops at MOST_HOPS with a further place to go
        return "redirects.too_many"
    if last.status != 200:
        return f"http.{last.status}"
    return "content.not_a_page" if last.truncated == "unspecified" else ""
