"""`croissant.json` of a release: file sets beside it, which mlcroissant can read where it is installed."""

import json
from fnmatch import fnmatch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.files.manifest import Part
from corpus.releases.card import croissant
from corpus.releases.manifest import Release

PART = "corpora/webtext/kept/part-1.parquet"
RELEASE = Release(3, "refresh", {"webtext": None, "empty": None}, (), (Part(PART, 2, 9, "digest"),), "")
ROWS = [{"id": f"webtext/{number}", "url": None, "text": f"Text {number}.", "language": "en"} for number in range(2)]


def test_every_kept_part_is_in_a_file_set_that_lies_beside_the_file():
    found = croissant("ours", RELEASE)
    assert [record["@id"] for record in found["recordSet"]] == ["webtext"]
    (files,) = found["distribution"]
    assert files["@type"] == "cr:FileSet" and fnmatch(PART, files["includes"])
    assert "containedIn" not in files  # mlcroissant would look for the files in that object


def test_mlcroissant_reads_the_records(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    (tmp_path / PART).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / PART)
    (tmp_path / "croissant.json").write_text(json.dumps(croissant("ours", RELEASE)))
    data = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert not data.metadata.ctx.issues.errors
    assert [row["webtext/text"] for row in data.records("webtext")] == [row["text"].encode() for row in ROWS]
