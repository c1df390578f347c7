"""An installation that lacks a part of ours says so; it does not reject every page."""

import pytest

from corpus.document import Page
from corpus.extraction import engines, html

BODY = b"<html><body><p>Text.</p></body></html>"
PAGE = Page("http://a.example/", "2016-12-01T00:00:00Z", 200, "text/html", BODY, "a.warc", 0)


@pytest.mark.parametrize("error", [ImportError("no compiled part"), MemoryError()])
def test_what_is_about_the_machine_is_no_verdict(monkeypatch, error):
    def fails(text, url):
        raise error

    monkeypatch.setattr(engines, "by_trafilatura", fails)
    with pytest.raises(type(error)):
        html.extract_by_trafilatura(PAGE)


def test_what_is_about_the_page_is_one(monkeypatch):
    def fails(text, url):
        raise ValueError("this page")

    monkeypatch.setattr(engines, "by_trafilatura", fails)
    assert html.extract_by_trafilatura(PAGE).reason == "extract.failed"
