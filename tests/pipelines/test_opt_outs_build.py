"""Opt-outs by the command: obeyed unless a flag says otherwise, recorded in any case; a licence with its evidence."""

import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import rows, run
from small_archives import response

from corpus.sample.prose import english_article

BY = "https://creativecommons.org/licenses/by-sa/4.0/"


def page(number: int, head: str = "") -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in english_article(number).text.split("\n"))
    return f"<html><head><title>T{number}</title>{head}</head><body><article>{text}</article></body></html>"


@pytest.fixture(scope="module")
def crawl(tmp_path_factory):
    records = [
        response("http://plain.org/1", {}, page(1, f'<link rel="license" href="{BY}">')),
        response("http://header.org/2", {"X-Robots-Tag": "noai"}, page(2)),
        response("http://meta.org/3", {}, page(3, '<meta name="tdm-reservation" content="1">')),
        response("http://robots.org/private/4", {}, page(4)),
        response("http://robots.org/open/5", {}, page(5)),
        response("http://robots.org/robots.txt", {}, "User-agent: CCBot\nDisallow: /private/\n", "text/plain"),
    ]
    path = tmp_path_factory.mktemp("crawl") / "crawl.warc"
    path.write_bytes(b"".join(records))
    return path


def built(crawl, output, *more):
    command = [sys.executable, "-m", "pipelines.build_commoncrawl", "--recipe", "unfiltered", "--languages", "all"]
    ran = run([*command, "--pages", str(crawl), "--output", str(output), "--max-quarantined", "1", *more])
    assert ran.returncode == 0, ran.stderr
    return {row["title"]: row for row in rows(output, "kept")}, rows(output, "rejected")


def test_pages_that_opt_out_leave_without_their_text(crawl, tmp_path):
    kept, rejected = built(crawl, tmp_path / "out")
    assert sorted(kept) == ["T1", "T5"]
    assert (kept["T1"]["licence"], kept["T1"]["licence_evidence"]) == ("CC BY-SA 4.0", f"rel=license {BY}")
    found = {row["title"]: (row["rule"], row["evidence"], row["text"]) for row in rejected if row["step"] == "optout"}
    assert found == {
        "T2": ("noai", "X-Robots-Tag: noai", ""),
        "T3": ("tdm", "meta tdm-reservation: 1", ""),
        "T4": ("robots", "robots.txt: CCBot", ""),
    }
    kept, _ = built(crawl, tmp_path / "out", "--ignore-opt-outs", "--replace")
    assert {title: row["opt_out"] for title, row in kept.items()} == {
        "T1": "",
        "T2": "X-Robots-Tag: noai",
        "T3": "meta tdm-reservation: 1",
        "T4": "robots.txt: CCBot",
        "T5": "",
    }
