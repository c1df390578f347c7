"""Any bytes at all give a text or a named rejection, in time, the same each time, and the next page is unaffected."""

import random
import time

import pytest
from hostile_pages import KINDS, ordinary, page_body

from corpus.document import Document, Page, Rejected
from corpus.extraction.html import extract
from corpus.extraction.sandbox import Sandbox

SEEDS = 6
NAMED = {"extract.too_complex", "extract.no_text", "page.not_html", "page.empty"}


def page(body: bytes, number: int = 0) -> Page:
    return Page(f"http://example.com/{number}", "2020-01-01T00:00:00Z", 200, "text/html", body, "a.warc", number)


def test_any_bytes_give_a_text_or_a_named_rejection():
    good = page(ordinary(random.Random(1)).encode())
    expected = extract(good)
    assert isinstance(expected, Document)
    hostile = [page(page_body(kind, seed), number) for number, kind in enumerate(KINDS) for seed in range(SEEDS)]
    given = [each for one in hostile for each in (one, good)]
    with Sandbox() as sandbox:
        answers = list(sandbox.extract_each(given))
    assert answers[1::2] == [expected] * len(hostile)
    reasons = {answer.reason for answer in answers if isinstance(answer, Rejected)}
    assert reasons <= NAMED
    assert [extract(one) for one in hostile] == answers[::2]
    for answer in answers:
        assert "\0" not in (answer.text if isinstance(answer, Document) else "")


@pytest.mark.parametrize(
    "body",
    [
        b"<p>" + b"word " * 10_000_000,
        b"<div class='" + b"a " * 10_000_000 + b"'>text",
        b"<!--" + b"->" * 10_000_000,
        b"<" * 20_000_000,
        b"&" * 20_000_000,
        b"<script/>" * 400_000 + b"</style>" * 400_000,
        b"<pre>" + b"\n" * 20_000_000 + b"a",
        b"<p>a" * 300_000,
        b"<a>" * 4_000 + b"</b>" * 900_000,
        b"<p>x<sup>" * 300_000,
    ],
    ids=lambda body: body[:12].decode(),
)
def test_time_is_linear(body):
    """Fifty megabytes on one line, a million tags: seconds, of a limit of thirty."""
    start = time.process_time()
    result = extract(page(body))
    assert time.process_time() - start < 12
    assert isinstance(result, Document) or result.reason in NAMED
