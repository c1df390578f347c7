"""--index through commands: a corpus into an index, a later build without it, and what is forgotten."""

import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import rows, run
from test_against_flag import books, write_books

from corpus.files.manifest import MANIFEST, read_manifest, verify
from pipelines.dedup import main


def test_what_an_earlier_snapshot_kept_is_left_out(tmp_path, capsys):
    first, index, second = tmp_path / "first", tmp_path / "index", tmp_path / "second"
    books(write_books(tmp_path / "a.jsonl", range(3)), first)
    before = (first / MANIFEST).read_bytes()
    command = [sys.executable, "-m", "pipelines.build_index", "--corpus", first, "--output", index / "2024-10"]
    ran = run([*map(str, command), "--direct_num_workers=1"])
    assert ran.returncode == 0, ran.stderr
    assert f"builders take --index {index}" in ran.stdout
    assert verify(index / "2024-10") == []
    books(write_books(tmp_path / "b.jsonl", range(1, 6)), second, "--index", index)
    assert (first / MANIFEST).read_bytes() == before
    left_out = {row["title"]: row for row in rows(second, "rejected")}
    ids = {row["title"]: row["id"] for row in rows(first, "kept")}
    assert left_out.keys() == {"Book 1", "Book 2"}
    for title, row in left_out.items():
        assert (row["step"], row["other_id"], row["evidence"]) == ("earlier", ids[title], "2024-10")
        assert row["rule"] in ("same_page", "same_text")
    assert read_manifest(second)["counts"]["earlier_snapshots"]["rejected"] == 2
    assert "pairs were not compared" in (second / "report.html").read_text()
    (tmp_path / "ids.txt").write_text(f"{ids['Book 1']}\n")
    assert main(["forget", "--index", str(index), "--ids", str(tmp_path / "ids.txt")]) == 0
    assert capsys.readouterr().out == "2024-10: 1 of 1 ids taken out\n"
    assert verify(index / "2024-10") == []


def test_forget_names_what_it_cannot_read(tmp_path, capsys):
    assert main(["forget", "--index", str(tmp_path / "none"), "--ids", str(tmp_path / "none.txt")]) == 3
    assert "none.txt: no such file" in capsys.readouterr().err
    (tmp_path / "ids.txt").write_text("a\n")
    assert main(["forget", "--index", str(tmp_path / "none"), "--ids", str(tmp_path / "ids.txt")]) == 3
    assert "no snapshot is in this index" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
