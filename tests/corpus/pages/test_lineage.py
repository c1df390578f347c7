"""Links between the pages of a corpus, a tokenizer, shards and a run: both ways, and only to what is there."""

import shutil

import pytest

from corpus.files.run_file import RUN_FILE, RunNote, StageRun, note_inputs, note_stages, read_run
from corpus.pages.lineage import relatives

PAGES = {"webtext": "report.html", "books": "report.html", "tokenizer": "report.html", "shards": "README.md"}


@pytest.fixture
def outputs(tmp_path):
    """Two corpora, a tokenizer of both, shards of one, and a run in a folder of runs, all with their pages."""
    for name, page in {**PAGES, "my run #1": "index.html"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / page).touch()
    note_inputs(tmp_path / "webtext", "corpus", [])
    note_inputs(tmp_path / "books", "corpus", [])
    note_inputs(tmp_path / "tokenizer", "tokenizer", [str(tmp_path / "webtext"), tmp_path / "books", "s3://far/away"])
    (tmp_path / "tokenizer" / "tokenizer.json").touch()
    note_inputs(tmp_path / "shards", "shards", [tmp_path / "books", tmp_path / "tokenizer" / "tokenizer.json"])
    note_inputs(tmp_path / "my run #1", "run", [tmp_path / "shards"])
    return tmp_path


def test_a_run_leads_to_all_that_it_was_made_from_the_nearest_first(outputs):
    assert list(relatives(outputs / "my run #1", "index.html").items()) == [
        ("shards", "../shards/README.md"),
        ("corpus books", "../books/report.html"),
        ("tokenizer", "../tokenizer/report.html"),
        ("corpus webtext", "../webtext/report.html"),
    ]


def test_a_corpus_leads_to_all_that_was_made_from_it(outputs):
    assert relatives(outputs / "webtext", "report.html") == {
        "tokenizer": "../tokenizer/report.html",
        "shards": "../shards/README.md",
        "run my run #1": "../my%20run%20%231/index.html",
    }


def test_a_tokenizer_leads_both_ways(outputs):
    assert list(relatives(outputs / "tokenizer", "report.html")) == [
        *("corpus webtext", "corpus books"),
        *("shards", "run my run #1"),
    ]


def test_what_has_moved_gets_no_link_and_what_moved_together_keeps_its_own(outputs):
    shutil.rmtree(outputs / "webtext")
    (outputs / "shards" / "README.md").unlink()
    assert list(relatives(outputs / "tokenizer", "report.html")) == ["corpus books", "run my run #1"]
    moved = outputs.rename(outputs.with_name("elsewhere"))
    assert list(relatives(moved / "tokenizer", "report.html")) == ["corpus books", "run my run #1"]


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"made_from": "x"}', '{"made_from": [1]}', '{"other": 1}', "null"])
def test_a_damaged_note_is_none(outputs, damage):
    (outputs / "tokenizer" / RUN_FILE).write_text(damage)
    assert relatives(outputs / "tokenizer", "report.html").keys() <= {"shards", "run my run #1"}


def test_outputs_that_name_each_other_end(outputs):
    note_inputs(outputs / "webtext", "corpus", [outputs / "tokenizer"])
    assert set(relatives(outputs / "webtext", "report.html")) == {
        "tokenizer",
        "corpus books",
        "shards",
        "run my run #1",
    }


def test_inputs_and_stages_are_noted_beside_each_other(tmp_path):
    note_stages(tmp_path, {"words": StageRun(1.23456, 10**8), "sanity": StageRun(2.0)})
    note_inputs(tmp_path, "tokenizer", [tmp_path])
    assert read_run(tmp_path) == RunNote("tokenizer", ["."], {"words": 1.235, "sanity": 2.0}, {"words": 10**8})
    assert read_run(tmp_path).stages["sanity"] == StageRun(2.0, 0)
    assert read_run(tmp_path / RUN_FILE) == read_run(tmp_path / "none") == RunNote()


def test_a_note_that_says_the_same_is_left_alone(tmp_path):
    note_inputs(tmp_path, "corpus", [])
    before = (tmp_path / RUN_FILE).stat()
    note_inputs(tmp_path, "corpus", [])
    assert (tmp_path / RUN_FILE).stat() == before
