"""The robots.txt of a site where the archive has it: whom it names, what it forbids, what says nothing."""

import numpy as np
import pytest
from small_archives import response

from corpus.readers.warc.captures import Capture, scan
from corpus.readers.warc.robots_at_hand import RobotsAtHand
from pipelines.work.captures import page_key

ROBOTS = {
    "http://all.org": "User-agent: *\nDisallow: /\n",
    "https://named.org": "User-agent: *\nDisallow:\n\nUser-agent: GPTBot\nDisallow: /private\n",
    "http://both.org": "user-agent: ccbot\nuser-agent: Other\nDisallow: /\nAllow: /open/\n",
    "http://mentions.org": "# CCBot is welcome\nUser-agent: notccbot\nDisallow: /\n",
}


@pytest.fixture
def robots(tmp_path):
    records = [response(f"{site}/robots.txt", {}, body, "text/plain") for site, body in ROBOTS.items()]
    (tmp_path / "crawl.warc").write_bytes(b"".join([response("http://all.org/", {}, "<p>page"), *records]))
    found = [item for item in scan(tmp_path / "crawl.warc") if isinstance(item, Capture)]
    pairs = sorted((page_key(item.url), item.offset) for item in found)
    keys, offsets = (np.array(column) for column in zip(*pairs, strict=True))
    return RobotsAtHand(tmp_path / "crawl.warc", "crawl.warc", keys, offsets)


@pytest.mark.parametrize(
    ("url", "signal"),
    [
        ("http://all.org/page", ""),
        ("https://named.org/private/page", "robots.txt: GPTBot"),
        ("https://named.org/public", ""),
        ("http://both.org/page?x=1", "robots.txt: CCBot"),
        ("http://both.org/open/page", ""),
        ("http://mentions.org/page", ""),
        ("http://unknown.org/page", ""),
        ("urn:isbn:1", ""),
    ],
)
def test_what_a_page_may_be_used_for(robots, url, signal):
    assert robots.opt_out(url) == signal
    assert robots.opt_out(url) == signal, "and again"


def test_an_archive_without_pages(tmp_path):
    (tmp_path / "no.warc").write_bytes(b"")
    assert (
        RobotsAtHand(tmp_path / "no.warc", "no.warc", np.zeros(0, int), np.zeros(0, int)).opt_out("http://a.org/") == ""
    )
