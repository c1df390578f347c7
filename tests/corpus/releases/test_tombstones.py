"""Which rows a tombstone covers: hosts label by label, pages in any spelling, ids, texts by their words."""

import pyarrow as pa
import pytest

from corpus.releases.matches import ForgottenRows, pieces_of
from corpus.releases.tombstones import Tombstones, tombstones_for


def rows(tombstones, **columns):
    return tombstones.rows(pa.table(columns)).tolist()


@pytest.mark.parametrize(
    ("url", "gone"),
    [
        ("https://gone.example/a", True),
        ("http://WWW.Gone.Example:8080/?q=1", True),
        ("https://notgone.example/", False),
        ("https://gone.example.org/", False),
        ("https://other.example/?u=gone.example", False),
        ("not a url of gone.example", False),
        (None, False),
    ],
)
def test_a_domain_covers_its_hosts_and_no_others(url, gone):
    assert rows(tombstones_for(domains=["https://Gone.example/"]), url=pa.array([url], pa.string())) == [gone]


def test_a_page_is_covered_in_every_spelling():
    stones = tombstones_for(urls=["http://site.example/a/b/?utm_source=x"])
    spelled = ["https://site.example/a/b", "HTTP://SITE.example/a/b/#top", "https://site.example/a/c"]
    assert rows(stones, url=spelled) == [True, True, False]


def test_an_id_is_the_rows_own():
    stones = tombstones_for(ids=["webtext/1"])
    assert rows(stones, id=["webtext/1", "webtext/2"], other_id=["webtext/2", "webtext/1"]) == [True, False]


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("ValueError in a.b: http://microsoft.com/x", False),
        ("ValueError in a.b: http://t.co/x", True),
        ("no JSON but b'https://WWW.T.CO', as servers answer", True),
        ("t.co.", True),
        ("(at t.co:443)", True),
        (r"b'{\n\x00\nt.co'", True),
        (r'"http:\/\/t.co\/x"', True),
        ("https://t.company/", False),
        ("https://not-t.co/", False),
        ("https://t.co.uk/", False),
        ("page https://site.example/a/b.", True),
        ("page <HTTP://site.example/a/b/#top>", True),
        ("page https://site.example/a/bc", False),
        ("page https://site.example/a/b/c", False),
        ("row webtext/1: no text", True),
        ("row webtext/12: no text", False),
        ("of münchen.example", True),
        ("of xn--mnchen-3ya.example", True),
        ("", False),
    ],
)
def test_a_message_names_what_is_forgotten_by_whole_words(message, named):
    stones = tombstones_for(["t.co", "münchen.example"], ["http://site.example/a/b"], ["webtext/1"])
    assert stones.stand_in(message) is named


def test_a_text_is_covered_wherever_it_stands():
    found = ForgottenRows(tombstones_for(ids=["a"]))
    found.look(pa.table({"id": ["a", "b"], "url": ["https://x.example/", ""], "text": ["one  two", "three"]}))
    stones = found.tombstones
    assert rows(stones, id=["c", "d"], url=["", ""], text=["one two\n", "one three"]) == [True, False]
    assert stones.pages == tombstones_for(urls=["https://x.example/"]).pages


def test_tombstones_only_grow_and_know_what_they_are():
    both = tombstones_for(domains=["a.example"]) | tombstones_for(domains=["b.example"], ids=["1"])
    assert both.domains == ("a.example", "b.example") and len(both) == 3
    assert both | tombstones_for(ids=["1"]) == both
    assert both.digest == (tombstones_for(ids=["1"], domains=["b.example", "a.example"])).digest
    assert not Tombstones() and Tombstones().digest == ""


def test_what_matches_nothing_is_named():
    found = ForgottenRows(tombstones_for(domains=["a.example", "b.example"], urls=["http://c.example/"], ids=["1"]))
    found.look(pa.table({"id": ["9"], "url": ["https://sub.a.example/"], "text": [""]}))
    assert found.missed == ["b.example", "http://c.example/", "1"]


def test_pieces_lie_inside_a_text_and_tell_short_ones_whole():
    text = "".join(map(str, range(400)))
    assert len(pieces_of(text)) == 8 and all(piece in text and len(piece) == 100 for piece in pieces_of(text))
    assert pieces_of(" a text of some forty characters, in one ") == {"a text of some forty characters, in one"}
    assert pieces_of("short") == set()
