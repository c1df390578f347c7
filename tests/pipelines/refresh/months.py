"""Small invented months: a dump of posts and an archive of the pages that they link to, the same bytes on every run."""

import json
import os
from random import Random

import pytest

from corpus.sample.archive import Response, response, warcinfo, write_warc
from corpus.sample.pages import article_page
from corpus.sample.prose import english_article
from corpus.sample.web import SITES

DEFINITION = """
output = "data"
[[source]]
name = "webtext"
submissions = "incoming/RS_*"
pages = "incoming/crawl/*/*.warc.gz"
{source}
[tokenizer]
{tokenizer}
[shards]
validation_share = 0.2
write = {shards}
[run]
flags = ["--direct_num_workers=1"]
{more}
"""


def url_of(month, number):
    """The URL of a page of a month; each month has its own numbers."""
    site = SITES[(int(month[-2:]) + number) % len(SITES)]
    return f"{site.scheme}://{site.host}/{month}/page-{number}.html"


def write_month(folder, month, articles, extra=()):
    """`RS_<month>.jsonl` and `crawl/<month>/pages.warc.gz`; `articles` are numbers of the invented prose.

    `extra` are (URL, number of an article) beside those.
    """
    pages = [(url_of(month, number), number) for number in articles] + list(extra)
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


def _post(month, place, url, title):
    return {
        "id": f"5{month[2:4]}{month[-2:]}{place:03}",
        "url": url,
        "title": title,
        "score": Random(f"{month} {place}").randint(3, 90),
        "created_utc": 1467000000 + int(month[-2:]) * 86400 + place,
        "retrieved_on": 1467900000 + place,
        "subreddit": "slowcrafts",
        "author": "user1",
        "over_18": False,
        "is_self": False,
    }


def define(folder, source="", tokenizer="vocab_size = 300", shards="true", more=""):
    """Write `corpus.toml`; its path."""
    path = folder / "corpus.toml"
    path.write_text(DEFINITION.format(source=source, tokenizer=tokenizer, shards=shards, more=more))
    return path


def refresh(*arguments):
    """Run the command in this process, which stays where it is; the exit code."""
    from pipelines.refresh.__main__ import main

    here = os.getcwd()
    try:
        return main([str(word) for word in arguments])
    finally:
        os.chdir(here)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    """A tokenizer for all refreshes of these tests: a byte is a token."""
    from corpus.tokenizer.encoding import tokenizer_from
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.models import byte_characters, gpt2_model

    folder = tmp_path_factory.mktemp("bytes")
    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)
    return folder
