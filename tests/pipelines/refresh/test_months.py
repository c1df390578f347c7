"""Six months come late, twice, broken, empty, or are withdrawn: each refresh makes what a build of it all would."""

import json
import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("apache_beam")

from datasets import load_dataset
from months import define, refresh, tokenizer_folder  # noqa: F401

from corpus.files.manifest import verify
from corpus.releases.layout import Releases, shared_bytes
from corpus.sample.months import page_url, write_month
from corpus.shards.trace import trace
from pipelines.refresh.corpus import corpus_at
from pipelines.refresh.state import State

pytestmark = pytest.mark.timeout(900)  # some refreshes in one fixture, on a machine that does other work

STAGES = ("posts", "captures", "extracted")


def stamps(folder):
    """The parts of the stages that read inputs, and when each was written."""
    work = folder / "data" / "work" / "webtext" / ".stages"
    return {
        path.relative_to(work).as_posix(): path.stat().st_mtime_ns
        for stage in STAGES
        for path in sorted((work / stage).rglob("part-*"))
    }


def look(folder, code, cache):
    """What stands after a refresh."""
    releases = Releases(folder / "data" / "releases")
    current = releases.read_current()
    return SimpleNamespace(
        code=code,
        number=current.release,
        release=current,
        states={(each.flag, each.snapshot): each.state for each in State(folder / "data" / "index").seen()},
        late={each.snapshot for each in current.inputs if each.late},
        rows=load_dataset(str(releases.root / "current"), cache_dir=str(cache))["train"].num_rows,
        stamps=stamps(folder),
        check=refresh("check", folder / "corpus.toml"),
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory, tokenizer_folder):
    """The months one after the other; what stood after each."""
    folder, cache = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("cache")
    incoming = folder / "incoming"
    tokenizer = f'path = "{tokenizer_folder}"'
    definition = define(folder, tokenizer=tokenizer)
    after = {}

    def step(name):
        after[name] = look(folder, refresh("run", definition), cache)

    write_month(incoming, "2016-07", range(0, 6))
    step("first")
    write_month(incoming, "2016-09", range(6, 12), [("https://example.org/page", 40)])
    step("second")
    write_month(incoming, "2016-08", range(12, 18))
    step("late")
    shutil.copytree(incoming / "crawl" / "2016-09", incoming / "crawl" / "2016-10")
    shutil.copy(incoming / "RS_2016-09.jsonl", incoming / "RS_2016-10.jsonl")
    step("duplicate")
    (incoming / "crawl" / "2016-11").mkdir()
    (incoming / "crawl" / "2016-11" / "pages.warc.gz").write_bytes(b"<html>502 Bad Gateway</html>\n" * 9)
    (incoming / "RS_2016-11.jsonl").write_bytes(b"\x28\xb5\x2f\xfdbroken")
    step("broken")
    (incoming / "crawl" / "2016-12").mkdir()
    (incoming / "crawl" / "2016-12" / "pages.warc.gz").touch()
    (incoming / "RS_2016-12.jsonl").touch()
    step("empty")
    shutil.rmtree(incoming / "crawl" / "2016-07")
    (incoming / "RS_2016-07.jsonl").unlink()
    step("withdrawn")
    define(folder, source='flags = { languages = "all" }', tokenizer=tokenizer)
    step("recipe")
    return SimpleNamespace(folder=folder, definition=definition, after=after)


def test_each_month_leaves_the_state_that_it_should(story):
    after = story.after
    assert [one.code for one in after.values()] == [0] * 8
    assert {name: one.number for name, one in after.items()} == {
        "first": 1, "second": 2, "late": 3, "duplicate": 3, "broken": 3, "empty": 3, "withdrawn": 4, "recipe": 5,
    }  # fmt: skip
    assert after["late"].late == {"2016-08", "RS_2016-08.jsonl"}
    states = after["recipe"].states
    assert states["pages", "2016-08"] == states["submissions", "RS_2016-08.jsonl"] == "taken"
    for month, state in (("10", "duplicate"), ("11", "broken"), ("12", "empty"), ("07", "withdrawn")):
        assert states["pages", f"2016-{month}"] == states["submissions", f"RS_2016-{month}.jsonl"] == state


def test_a_refresh_after_it_finds_nothing_new(story):
    assert [one.check for one in story.after.values()] == [10] * 8


def test_load_dataset_opens_every_release_as_it_came(story):
    rows = [one.rows for one in story.after.values()]
    assert rows == [one.release.sources["webtext"].documents for one in story.after.values()]
    assert 0 < rows[0] < rows[1] < rows[2] == rows[5] > rows[6] > 0


def test_no_document_is_read_twice(story):
    """The parts of what was read stay, name and time, until their input is withdrawn."""
    steps = list(story.after)
    for before, after in pairwise(steps):
        old, new = story.after[before].stamps, story.after[after].stamps
        if after == "withdrawn":
            assert new and new.items() <= old.items()
        else:
            assert old and old.items() <= new.items(), after


def test_the_releases_share_what_they_have_in_common(story):
    releases = Releases(story.folder / "data" / "releases")
    assert releases.numbers() == [1, 2, 3, 4, 5]
    total, shared = shared_bytes(releases.folder(3), [releases.folder(2)])
    assert 0 < shared < total
    for number in releases.numbers():
        assert verify(releases.folder(number)) == []
        for name in ("README.md", "croissant.json", "report.html", "corpora/webtext/_MANIFEST.json"):
            assert (releases.folder(number) / name).is_file()


def test_increments_are_what_a_build_of_it_all_at_once_makes(story, tmp_path):
    shutil.copytree(story.folder / "incoming", tmp_path / "incoming")
    shutil.copy(story.definition, tmp_path)
    assert refresh("run", tmp_path / "corpus.toml") == 0
    at_once = Releases(tmp_path / "data" / "releases").read_current()
    last = story.after["recipe"].release
    assert at_once.release == 1
    assert {part.path: part.digest for part in at_once.parts} == {part.path: part.digest for part in last.parts}
    assert at_once.content == last.content


def test_notes_and_diff_say_what_changed(story, capsys):
    text = (story.folder / "data" / "releases" / "4" / "README.md").read_text()
    assert "Since release 3:" in text and "left by `not in the inputs`" in text
    assert "`incoming/RS_2016-07.jsonl`" in text.split("Inputs gone:")[1]
    assert "(broken:" in text and "(duplicate: the same bytes as" in text
    rows = [story.after[name].rows for name in ("second", "late")]
    capsys.readouterr()
    assert refresh("diff", story.definition, 2, 3) == 0
    said = capsys.readouterr().out
    assert f"{rows[0]} → {rows[1]} documents: {rows[1] - rows[0]} added, 0 removed, 0 changed" in said
    assert "input     + incoming/RS_2016-08.jsonl" in said


def test_a_trainer_is_led_over_to_the_next_release(story, tmp_path, capsys):
    main = pytest.importorskip("trainer.train").main
    current, releases = tmp_path / "current", story.folder / "data" / "releases"
    small = ["layers=1", "heads=2", "width=32", "sequence_length=16", "batch_tokens=128", "validate_every=0"]

    def train(output, *more):
        flags = ["--data", str(current / "shards"), "--output", str(tmp_path / output), "--preset", "tiny"]
        return main([*flags, *small, *more])

    current.symlink_to(releases / "3")
    assert train("third", "steps=2") == 0
    assert json.loads((tmp_path / "third" / "config.json").read_text())["data"] == str(releases / "3" / "shards")
    current.unlink()
    current.symlink_to(releases / "4")
    capsys.readouterr()
    assert train("third", "steps=4") == 2
    said = capsys.readouterr().err
    assert (
        "the shards of webtext train are not those of the run" in said and f"--init-from {tmp_path / 'third'}" in said
    )
    assert train("fourth", "--init-from", str(tmp_path / "third"), "steps=2") == 0
    flags = ["--data", str(releases / "3" / "shards"), "--output", str(tmp_path / "third"), "--preset", "tiny"]
    assert main([*flags, *small, "steps=4"]) == 0


def test_the_plan_names_what_is_taken_over(story, capsys):
    capsys.readouterr()
    assert refresh("plan", story.definition) == 0
    said = capsys.readouterr().out
    assert "to do: nothing" in said and "0.0 MB to read" in said


def test_a_definition_is_read_in_its_own_folder(story, monkeypatch):
    monkeypatch.chdir(story.folder.parent)
    assert corpus_at(story.definition).releases.current == 5


def test_a_page_is_explained_down_to_its_tokens(story, capsys):
    from pipelines.explain import main

    release = story.folder / "data" / "releases" / "current"
    capsys.readouterr()
    assert main([str(release), page_url("2016-09", 7) + "#part", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["outcome"] == "kept" and one["row"]["url"] == page_url("2016-09", 7)
    place = trace(release / "shards" / one["place"]["shard"], one["place"]["first_token"])
    assert (place.doc_id, place.row, place.token) == (one["row"]["id"], one["place"]["row"], 0)
    assert main([str(release), one["row"]["id"].rpartition("/")[2]]) == 0
    assert "kept" in capsys.readouterr().out
    assert main([str(release), page_url("2016-07", 0)]) == 3
    assert "knows nothing of" in capsys.readouterr().err


def test_the_lines_of_the_documentation_run_in_their_order(story, tmp_path, monkeypatch, capsys):
    """Those of docs/commands.md, on a copy of the five releases; `serve`, which runs until it is stopped, apart."""
    shutil.copytree(story.folder, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    shown = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
    lines = [
        shlex.split(line, comments=True) for line in re.findall(r"^python -m pipelines\.refresh (.*)", shown, re.M)
    ]
    assert [line[0] for line in lines] == ["check", "run", "serve", "diff", "rollback", "forget"]
    codes = {line[0]: refresh(*line) for line in lines if line[0] != "serve"}
    assert codes == {"check": 10, "run": 0, "diff": 0, "rollback": 0, "forget": 0}
    assert "verified: no file of release 7 has it" in capsys.readouterr().out
