"""What pages say against their use: every form that is known, and what only looks like one."""

import time

import pytest
from small_archives import page_with

from corpus.document import Document, Rejected
from corpus.readers.opt_outs import opt_out_of
from corpus.rules.opt_outs import obey


@pytest.mark.parametrize(
    ("headers", "html", "signal", "reason"),
    [
        ({"X-Robots-Tag": "noai"}, "", "X-Robots-Tag: noai", "optout.noai"),
        ({"x-robots-tag": "noindex, NoAI, noimageai"}, "", "X-Robots-Tag: noindex, NoAI, noimageai", "optout.noai"),
        ({"TDM-Reservation": "1"}, "", "tdm-reservation: 1", "optout.tdm"),
        ({}, '<META content="NOAI" name="ROBOTS">', "meta robots: noai", "optout.noai"),
        ({}, "<meta name=robots content='index, noimageai'/>", "meta robots: index, noimageai", "optout.noai"),
        ({}, '<meta name="GPTBot" content="noai">', "meta gptbot: noai", "optout.noai"),
        ({}, '<meta http-equiv="X-Robots-Tag" content="noai">', "meta x-robots-tag: noai", "optout.noai"),
        ({}, '<meta name="tdm-reservation" content="1">', "meta tdm-reservation: 1", "optout.tdm"),
    ],
)
def test_a_signal_is_recorded_and_obeyed(tmp_path, headers, html, signal, reason):
    page = page_with(tmp_path, headers, f"<html><head>{html}</head><body><p>A text.</body></html>")
    assert page.opt_out == signal
    result = obey(page.document("A text."))
    assert isinstance(result, Rejected)
    assert (result.reason, result.evidence, result.document.text) == (reason, signal, "")


@pytest.mark.parametrize(
    ("headers", "html"),
    [
        ({"X-Robots-Tag": "noindex, noaind, max-image-preview:large"}, ""),
        ({"TDM-Reservation": "0"}, '<meta name="tdm-reservation" content="0">'),
        ({}, '<!-- <meta name="robots" content="noai"> --><p>noai'),
        ({}, '<meta name="description" content="what noai means"><meta name="robots" content="noindex">'),
        ({}, '<meta name="robots" content="noai'),
    ],
)
def test_no_signal(tmp_path, headers, html):
    page = page_with(tmp_path, headers, html)
    assert page.opt_out == ""
    document = Document("a", "u", "text")
    assert obey(document) is document


@pytest.mark.parametrize(
    "piece", [b"<meta ", b"<!--", b"<meta a=", b"<meta name=robots content=noai ", b"x" * 99 + b"="]
)
def test_hostile_html_takes_no_time(piece):
    body = b"noai " + piece * (2_000_000 // len(piece))
    began = time.process_time()
    opt_out_of([], [], body)
    assert time.process_time() - began < 2
