"""What a build leaves opens with `load_dataset`: the output folder, and each of its folders."""

import json

import pytest

pytest.importorskip("apache_beam")
pytest.importorskip("datasets")

import datasets

from corpus.sample.prose import english_article
from pipelines import build_books


@pytest.fixture
def corpus(tmp_path):
    """Two files: of one everything is rejected, of the other nothing, so each folder lacks the part of one file."""
    leaflets = [{"id": str(number), "title": "Leaflet", "text": f"Short {number}."} for number in range(3)]
    books = [{"id": f"b{number}", "title": "Book", "text": english_article(number).text} for number in range(4)]
    for name, records in (("leaflets", leaflets), ("books", books)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)))
    given = ["--books", str(tmp_path / "leaflets.jsonl"), str(tmp_path / "books.jsonl")]
    assert build_books.main([*given, "--output", str(tmp_path / "out"), "--direct_num_workers=1"]) == 0
    return tmp_path / "out"


def test_the_output_folder_opens_as_it_is(corpus, tmp_path):
    for name, rows in (("kept", 4), ("rejected", 3)):
        loaded = datasets.load_dataset(str(corpus), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded.num_rows == rows
    plain = datasets.load_dataset(str(corpus), split="train", cache_dir=str(tmp_path / "cache"))
    assert plain.num_rows == 4
    assert "text" in plain.column_names


@pytest.mark.parametrize(("folder", "rows"), [("kept", 4), ("rejected", 3)])
def test_each_folder_opens(corpus, tmp_path, folder, rows):
    loaded = datasets.load_dataset(str(corpus / folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == rows


def test_no_part_of_no_rows_lies_beside_others(corpus):
    parts = json.loads((corpus / "_MANIFEST.json").read_bytes())["parts"]
    rows = {part["path"]: part["rows"] for part in parts}
    assert sorted(rows.values()) == [0, 3, 4]  # nothing is quarantined: that folder has its columns only
    assert {path.relative_to(corpus).as_posix() for path in corpus.glob("*/*.parquet")} == set(rows)


def test_the_folders_of_the_build_itself_are_hidden(corpus):
    seen = {path.name for path in corpus.iterdir() if not path.name.startswith(".")}
    assert seen == {"kept", "rejected", "quarantined", "report.html", "run.json", "README.md", "_MANIFEST.json"}
