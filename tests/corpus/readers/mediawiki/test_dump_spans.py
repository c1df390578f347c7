"""Dumps in spans: every page is in one of them, whatever the container, the damage and the size."""

import bz2
import gzip
from itertools import pairwise

import pytest
from test_articles import END, HEAD, PAGES, WHOLE, ids, multistream, page

from corpus.document import Quarantined
from corpus.readers.mediawiki.articles import Article, read_articles
from corpus.readers.mediawiki.dump_spans import dump_spans


def streams(pages=PAGES, each=10):
    groups = ["".join(pages[start : start + each]) for start in range(0, len(pages), each)]
    return [part.encode() for part in (HEAD, *groups, END)]


def read(path, size):
    """(articles, damage, how many spans) of a dump read span by span."""
    spans = dump_spans(path, size)
    assert spans[0].start == 0
    assert spans[-1].end is None
    assert all(one.end == two.start for one, two in pairwise(spans))
    items = [item for span in spans for item in read_articles(path, "dump", span)]
    articles = [item for item in items if isinstance(item, Article)]
    return articles, [item for item in items if isinstance(item, Quarantined)], len(spans)


@pytest.mark.parametrize("size", [500, 2000, 10**6])
@pytest.mark.parametrize("data", [multistream(streams()), WHOLE], ids=["multistream", "plain"])
def test_spans_hold_every_page_once(tmp_path, data, size):
    (tmp_path / "dump").write_bytes(data)
    articles, damage, number = read(tmp_path / "dump", size)
    assert ids(articles) == list(range(1, 301))
    assert damage == []
    assert (number > 1) == (size < 10**6)
    assert {article.language for article in articles} == {"de"}
    assert {article.site for article in articles} == {"https://de.wikipedia.org/wiki/"}
    whole = [item for item in read_articles(tmp_path / "dump") if isinstance(item, Article)]
    assert [article.text for article in articles] == [article.text for article in whole]


def cut_anywhere():
    """As a parallel compressor leaves it: many streams, and pages across them."""
    return b"".join(bz2.compress(WHOLE[start : start + 1234]) for start in range(0, len(WHOLE), 1234))


@pytest.mark.parametrize(
    "data",
    [
        bz2.compress(WHOLE),
        gzip.compress(WHOLE, mtime=0),
        cut_anywhere(),
        WHOLE.decode().encode("utf-16"),
        b"",
        b"BZh9" * 999,
    ],
    ids=["one stream", "gzip", "cut anywhere", "utf-16", "empty", "no dump"],
)
def test_what_cannot_be_divided_is_one_span(tmp_path, data):
    (tmp_path / "dump").write_bytes(data)
    assert len(dump_spans(tmp_path / "dump", 300)) == 1


def test_a_broken_stream_costs_its_own_pages(tmp_path):
    parts = [bytearray(bz2.compress(part)) for part in streams()]
    parts[9][len(parts[9]) // 2] ^= 0xFF
    (tmp_path / "dump").write_bytes(b"".join(parts))
    articles, damage, number = read(tmp_path / "dump", 1000)
    assert number > 5
    assert ids(articles) == [*range(1, 81), *range(91, 301)]
    assert [each.reason for each in damage] == ["bad_bzip2"]
    assert damage[0].offset == sum(map(len, parts[:9]))


@pytest.mark.parametrize("form", ["multistream", "plain"])
def test_a_page_that_is_never_closed_is_named_once(tmp_path, form):
    pages = [*PAGES[:49], page(50).partition("</text>")[0], *PAGES[50:]]
    data = multistream(streams(pages)) if form == "multistream" else (HEAD + "".join(pages) + END).encode()
    (tmp_path / "dump").write_bytes(data)
    articles, damage, _ = read(tmp_path / "dump", 700)
    assert ids(articles) == [number for number in range(1, 301) if number != 50]
    assert len(damage) == 1
    assert damage[0].reason in {"unclosed_page", "truncated_page"}


@pytest.mark.parametrize("form", ["multistream", "plain"])
def test_a_dump_cut_short_says_so_in_its_last_span(tmp_path, form):
    data = multistream(streams()[:-1]) if form == "multistream" else WHOLE[: -len(END)]
    (tmp_path / "dump").write_bytes(data)
    articles, damage, _ = read(tmp_path / "dump", 1000)
    assert ids(articles) == list(range(1, 301))
    assert [each.reason for each in damage] == ["truncated_dump"]
