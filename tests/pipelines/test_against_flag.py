"""--against through a command: the other corpus is as it was, and this one names what it left out."""

import json
import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import rows, run

from corpus.files.manifest import MANIFEST, read_manifest
from corpus.sample.prose import english_article


def write_books(path, numbers):
    lines = [{"id": str(number), "title": f"Book {number}", "text": english_article(number).text} for number in numbers]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def books(file, output, *more):
    command = [sys.executable, "-m", "pipelines.build_books", "--books", file, "--output", output, *more]
    ran = run([*map(str, command), "--direct_num_workers=1"])
    assert ran.returncode == 0, ran.stderr


def test_what_another_corpus_has_is_left_out(tmp_path):
    known, ours = tmp_path / "known", tmp_path / "ours"
    books(write_books(tmp_path / "a.jsonl", range(3)), known)
    before = (known / MANIFEST).read_bytes()
    books(write_books(tmp_path / "b.jsonl", range(1, 6)), ours, "--against", known)
    assert (known / MANIFEST).read_bytes() == before
    left_out = {row["title"]: row for row in rows(ours, "rejected")}
    ids = {row["title"]: row["id"] for row in rows(known, "kept")}
    assert left_out.keys() == {"Book 1", "Book 2"}
    for title, row in left_out.items():
        assert (row["step"], row["rule"], row["value"], row["other_id"]) == ("overlap", "books", 1.0, ids[title])
    nothing = {"pairs_not_compared": 0, "largest_bucket": 2}
    assert read_manifest(ours)["against_comparisons"] == nothing
    assert "0 pairs were not compared" in (ours / "report.html").read_text()
    assert read_manifest(ours)["counts"]["overlap"]["reasons"] == {"overlap.books": 2}
