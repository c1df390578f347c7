"""The guess at a licence: where it is looked for, what it is called, what it rests on."""

import time

import pytest

from corpus.document import Document, Page
from corpus.extraction.html import extract
from corpus.extraction.licence import guess, name_of

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("html", "licence", "evidence"),
    [
        (f'<a rel="license" href="{BY}">CC</a>', "CC BY 4.0", f"rel=license {BY}"),
        (f"<link href='{BY}' rel='copyright license'>", "CC BY 4.0", f"rel=license {BY}"),
        ('<a href=/terms rel=license>', "/terms", "rel=license /terms"),
        ('{"@type": "Article", "license": "https:\\/\\/creativecommons.org\\/licenses\\/by-nc-sa\\/3.0\\/"}',
         "CC BY-NC-SA 3.0", "JSON-LD https://creativecommons.org/licenses/by-nc-sa/3.0/"),
        ('"license" : {"@id": "https://opensource.org/licenses/MIT"}', "MIT", "JSON-LD https://opensource.org/licenses/MIT"),
        (f'<p>See <a href="{BY}deed.de">', "CC BY 4.0", f"link {BY}deed.de"),
        ('<a href="http://creativecommons.org/publicdomain/zero/1.0/">', "CC0 1.0",
         "link http://creativecommons.org/publicdomain/zero/1.0/"),
        (f'<a href="{BY}"><a rel="license" href="https://www.gnu.org/licenses/fdl.html">', "GFDL",
         "rel=license https://www.gnu.org/licenses/fdl.html"),
    ],
)  # fmt: skip
def test_a_licence_is_guessed(html, licence, evidence):
    assert guess(html) == (licence, evidence)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>A driving license</p>",
        '<div rel="license" href="/x">',
        '"license": "https://example.org/imprint"',
        '<a href="https://creativecommons.org/about">',
        "<a rel=license>no address</a>",
    ],
)
def test_no_guess(html):
    assert guess(html) == ("", "")


def test_names():
    assert name_of("//creativecommons.org/licenses/by-sa/2.5/") == "CC BY-SA 2.5"
    assert name_of("http://creativecommons.org/publicdomain/mark/1.0") == "Public Domain Mark 1.0"
    assert name_of("https://creativecommons.org/licenses/by-evil/4.0/") == ""


def test_it_stands_in_the_document():
    text = "<p>" + "A sentence of a page that says what it may be used for. " * 20
    page = Page("http://example.org/", "", 200, "text/html", f"<link rel=license href={BY}>{text}".encode(), "", 0)
    document = extract(page)
    assert isinstance(document, Document)
    assert (document.licence, document.licence_evidence) == ("CC BY 4.0", f"rel=license {BY}")


@pytest.mark.parametrize(
    "piece", ["rel=license ", "<a rel=license", '"license":{', "creativecommons.org/", "<", "rel "]
)
def test_hostile_html_takes_no_time(piece):
    html = "license creativecommons.org" + piece * (2_000_000 // len(piece))
    began = time.process_time()
    guess(html)
    assert time.process_time() - began < 2
