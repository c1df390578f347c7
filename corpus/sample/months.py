"""The embedded sample in months: a dump of posts and a small archive of the pages that they link to, one by one.

For what happens over time: refreshes, their tests, and kills in the middle of them. The prose is that of the sample;
the same month is the same bytes on every run.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from corpus.json_types import JsonObject
from corpus.sample.archive import Response, response, warcinfo, write_warc
from corpus.sample.pages import article_page
from corpus.sample.prose import english_article
from corpus.sample.web import SITES

_FIRST_POST = 1_467_000_000


def page_url(month: str, number: int) -> str:
    """The URL of page `number` of a month (`2016-07`); each month has its own."""
    site = SITES[(int(month[-2:]) + number) % len(SITES)]
    return f"{site.scheme}://{site.host}/{month}/page-{number}.html"


def write_month(folder: Path, month: str, articles: Iterable[int], extra: Iterable[tuple[str, int]] = ()) -> None:
    """Write `RS_<month>.jsonl` and `crawl/<month>/pages.warc.gz`.

    `articles` are numbers of the sample's articles, `extra` further URLs, each with the number of its article.
    """
    pages = [(page_url(month, number), number) for number in articles] + list(extra)
    crawl = folder / "crawl" / month
    crawl.mkdir(parents=True, exist_ok=True)
    records = [warcinfo("pages.warc.gz", f"{month}-03T09:00:00Z")]
    posts = []
    for place, (url, number) in enumerate(pages):
        article = english_article(number)
        site = next((site for site in SITES if site.host in url), SITES[0])
        page = Response(article_page(article, site).encode())
        records.append(response(url, f"{month}-03T09:{place // 60:02}:{place % 60:02}Z", page))
        posts.append(_post(month, place, url, article.title))
    write_warc(crawl / "pages.warc.gz", records)
    lines = b"".join(json.dumps(post).encode() + b"\n" for post in posts)
    (folder / f"RS_{month}.jsonl").write_bytes(lines)


def _post(month: str, place: int, url: str, title: str) -> JsonObject:
    return {
        "id": f"5{month[2:4]}{month[-2:]}{place:03}",
        "url": url,
        "title": title,
        "score": Random(f"{month} {place}").randint(3, 90),
        "created_utc": _FIRST_POST + int(month[-2:]) * 86400 + place,
        "retrieved_on": _FIRST_POST + 900_000 + place,
        "subreddit": "slowcrafts",
        "author": "user1",
        "over_18": False,
        "is_self": False,
    }
