"""A build of sound but unusual input, and of input that is broken: it ends, and every record ends somewhere."""

import json
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from conftest import ROOT, rows, run

sys.path.append(str(ROOT / "tests" / "corpus" / "readers" / "warc"))

from archive_bytes import http, members, record

from corpus.sample.prose import english_article


def post(number, url, **fields):
    return {"id": f"p{number}", "url": url, "score": 9, "created_utc": 1_400_000_000, "subreddit": "s", **fields}


def page(number):
    article = english_article(number)
    paragraphs = "".join(f"<p>{each}" for each in article.paragraphs)
    return f"<!DOCTYPE html><title>{article.title}</title><article>{paragraphs}</article>".encode()


def web(folder):
    posts = [
        post(0, "http:&#x2F;&#x2F;a.example&#x2F;0"),
        post(1, "http://a.example/1", retrieved_on=10**30),
        post(2, "http://a.example/2;jsessionid=1AB.n1"),
        post(3, "http://a.example/3_(ships)"),
        post(4, "http://a.example/4", created_utc=1_400_000_000_000),
        post(5, "http://a.example/5", score=2**70),
    ]
    (folder / "RS.json").write_text("\n".join([*map(json.dumps, posts), '{"id": "p6", "url": "http']))
    block = b"HTTP/1.1 100 Continue\r\n\r\n" + http(page(2))
    records = [
        record(0, page(0), "resource", WARC_Target_URI="http://a.example/0", Content_Type="text/html"),
        record(1, http(page(1)), WARC_Target_URI="http://a.example/1", Content_Length=5),
        record(2, block, WARC_Target_URI="http://a.example/2"),
        record(
            3, http(page(3)), WARC_Target_URI="http://a.example/3_%28ships%29", WARC_Block_Digest="sha1:" + "A" * 32
        ),
        record(4, http(page(4)), WARC_Target_URI="http://a.example/4"),
    ]
    name = os.fsencode(folder) + b"/caf\xe9.warc.gz"
    Path(os.fsdecode(name)).write_bytes(members(records))


def test_odd_input_builds_and_balances(tmp_path):
    web(tmp_path)
    inputs = ["--submissions", str(tmp_path / "RS*"), "--pages", str(tmp_path / "*.warc.gz")]
    output = tmp_path / "out"
    ran = run(
        [sys.executable, "-m", "pipelines.build_webtext", *inputs, "--output", str(output), "--max-quarantined", "0.5"]
    )
    assert ran.returncode == 0, ran.stderr
    kept = {row["url"].removeprefix("http://a.example/"): row for row in rows(output, "kept")}
    assert sorted(kept) == ["0", "1", "2", "3_%28ships%29"]
    assert [kept[name]["marks"] for name in sorted(kept)] == ["", "wrong_length", "", "bad_block_digest"]
    assert all(row["warc_file"].endswith("caf\\xe9.warc.gz") for row in kept.values())
    damage = {Path(row["file"]).name: row["reason"] for row in rows(output, "quarantined")}
    assert damage == {"RS.json": "bad_json"}
    counts = json.loads((output / "_MANIFEST.json").read_bytes())["counts"]
    assert counts["posts"] == {
        "in": 7,
        "kept": 5,
        "rejected": 1,
        "quarantined": 1,
        "reasons": {"link.undated": 1},
    }
    for stage, count in counts.items():
        assert count["in"] == count["kept"] + count["rejected"] + count["quarantined"], stage


PROGRAM = """
import sys
from contextlib import ExitStack
from unittest.mock import patch
from pipelines import build_webtext
import pipelines.work.links, pipelines.work.captures, pipelines.work.extraction

def spoilt(original, part):
    def raising(item, *more):
        if part in str(getattr(item, "url", item)):
            raise ZeroDivisionError(f"never thought of {part}")
        return original(item, *more)
    return raising

with ExitStack() as patches:
    for module, name, part in (
        (pipelines.work.links, "judge", "a.example/1"),
        (pipelines.work.captures, "page_key", "a.example/2"),
        (pipelines.work.extraction, "run_steps", "a.example/0"),
    ):
        patches.enter_context(patch.object(module, name, spoilt(getattr(module, name), part)))
    sys.exit(build_webtext.main(sys.argv[1:]))
"""


def test_a_record_that_makes_a_work_function_raise_is_a_row(tmp_path):
    """By patches in the process of the build, in which one worker does every stage."""
    web(tmp_path)
    inputs = ["--submissions", str(tmp_path / "RS*"), "--pages", str(tmp_path / "*.warc.gz")]
    flags = ["--direct_num_workers=1", "--max-quarantined", "0.5"]
    ran = run([sys.executable, "-c", PROGRAM, *inputs, "--output", str(tmp_path / "out"), *flags])
    assert ran.returncode == 0, ran.stderr
    damage = [row for row in rows(tmp_path / "out", "quarantined") if row["reason"] != "bad_json"]
    assert sorted((row["reason"], row["detail"][-1]) for row in damage) == [
        ("raised_ZeroDivisionError", number) for number in "012"
    ]
    assert all(row["file"] and row["offset"] >= 0 for row in damage)
    assert [row["url"] for row in rows(tmp_path / "out", "kept")] == ["http://a.example/3_%28ships%29"]
