"""What becomes of a file: found by patterns, known by its bytes, looked into once."""

import json
from dataclasses import replace

import pytest

from corpus.errors import CorpusloomError
from corpus.sample.months import write_month
from pipelines.refresh.definition import SourceSection
from pipelines.refresh.snapshots import discover, snapshot_of, usable
from pipelines.refresh.sources import flag_of, kind_of

SOURCE = SourceSection(name="webtext", submissions="RS_*", pages="crawl/*/*.warc.gz")


@pytest.fixture
def incoming(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_month(tmp_path, "2016-07", range(2))
    write_month(tmp_path, "2016-09", range(2, 4))
    return tmp_path


def states(source=SOURCE, before=(), taken=frozenset(), held=frozenset()):
    return {each.name or each.snapshot: each for each in discover(source, before, taken, held)}


@pytest.mark.parametrize(
    ("pattern", "name", "snapshot"),
    [
        ("crawl/*/*.gz", "crawl/2016-11/a.gz", "2016-11"),
        ("crawl/*/warc/*.gz", "crawl/CC-MAIN-2016-50/warc/a.gz", "CC-MAIN-2016-50"),
        ("*/[0-9]*/a.gz", "x/7/a.gz", "x/7"),
        ("crawl/**/*.gz", "crawl/a/b/c.gz", "b"),
        ("RS_*", "RS_2016-11.zst", "RS_2016-11.zst"),
        ("in/RS_*", "in/RS_2016-11.zst", "RS_2016-11.zst"),
    ],
)
def test_a_snapshot_is_what_the_wildcard_stands_for(pattern, name, snapshot):
    assert snapshot_of(pattern, name) == snapshot


def test_a_month_is_new_until_it_is_taken_and_late_behind_a_newer_one(incoming):
    found = states()
    assert {each.state for each in found.values()} == {"new"} and len(found) == 4
    taken = frozenset({found["RS_2016-09.jsonl"].sample})
    after = states(taken=taken)
    assert after["RS_2016-09.jsonl"].state == "taken" and after["RS_2016-07.jsonl"].late
    assert usable(after.values(), "submissions") == ["RS_2016-07.jsonl", "RS_2016-09.jsonl"]


def test_the_copy_that_was_taken_is_no_duplicate_of_the_one_that_came_later(incoming):
    sample = states()["RS_2016-09.jsonl"].sample
    (incoming / "RS_2015-01.jsonl").write_bytes((incoming / "RS_2016-09.jsonl").read_bytes())
    seen = states()
    assert (seen["RS_2015-01.jsonl"].state, seen["RS_2016-09.jsonl"].state) == ("new", "duplicate")
    seen = states(before=seen.values(), taken=frozenset({sample}))
    assert {seen[name].state for name in ("RS_2015-01.jsonl", "RS_2016-09.jsonl")} == {"taken", "duplicate"}


def test_a_broken_file_is_looked_into_again_when_its_bytes_change(incoming):
    broken = incoming / "crawl" / "2016-09" / "pages.warc.gz"
    whole = broken.read_bytes()
    broken.write_bytes(b"<html>502 Bad Gateway</html>" * 10)
    seen = states()
    assert seen["crawl/2016-09/pages.warc.gz"].state == "broken"
    assert (
        states(before=seen.values())["crawl/2016-09/pages.warc.gz"].detail == seen["crawl/2016-09/pages.warc.gz"].detail
    )
    broken.write_bytes(whole)
    assert states(before=seen.values())["crawl/2016-09/pages.warc.gz"].state == "new"


def test_an_archive_cut_off_in_the_middle_is_taken_for_what_it_holds(incoming):
    cut = incoming / "crawl" / "2016-09" / "pages.warc.gz"
    cut.write_bytes(cut.read_bytes()[:-200])
    assert states()["crawl/2016-09/pages.warc.gz"].state == "new"


def test_a_list_of_crawls_announces_and_withdraws(incoming):
    (incoming / "collinfo.json").write_text(json.dumps([{"id": "2016-11", "name": "November"}, {"id": "2016-09"}]))
    seen = states(replace_source(collinfo="collinfo.json"))
    assert seen["2016-11"].state == "announced"
    assert seen["crawl/2016-07/pages.warc.gz"].state == "withdrawn"
    assert seen["crawl/2016-09/pages.warc.gz"].state == "new"
    (incoming / "collinfo.json").write_text("<html>")
    with pytest.raises(CorpusloomError, match="no list of crawls"):
        states(replace_source(collinfo="collinfo.json"))


def replace_source(**values):
    return SourceSection(name=SOURCE.name, submissions=SOURCE.submissions, pages=SOURCE.pages, **values)


def test_what_was_taken_and_is_gone_is_withdrawn_and_what_moved_is_not(incoming):
    before = [replace(each, state="taken") for each in states().values()]
    taken = frozenset(each.sample for each in before)
    (incoming / "RS_2016-07.jsonl").rename(incoming / "RS_old.jsonl")
    (incoming / "RS_2016-09.jsonl").unlink()
    seen = states(before=before, taken=taken)
    assert seen["RS_old.jsonl"].state == "taken" and "RS_2016-07.jsonl" not in seen
    assert seen["RS_2016-09.jsonl"].state == "withdrawn"


def test_what_a_rollback_took_out_stays_out(incoming):
    sample = states()["RS_2016-09.jsonl"].sample
    assert states(held=frozenset({sample}))["RS_2016-09.jsonl"].state == "held"


def test_kinds_are_known_by_their_files():
    assert kind_of(SOURCE).name == "webtext"
    assert kind_of(SourceSection(name="c", pages="x")).name == "commoncrawl"
    assert kind_of(SourceSection(name="b", books="x")).name == "books"
    for wrong in (
        SourceSection(name="n"),
        SourceSection(name="n", books="x", dumps="y"),
        SourceSection(name="n", submissions="x"),
    ):
        with pytest.raises(CorpusloomError, match=r"submissions and pages \(webtext\)"):
            kind_of(wrong)


@pytest.mark.parametrize(
    ("name", "value", "flags"),
    [
        ("min_karma", 5, ["--min-karma", "5"]),
        ("keep-deleted", True, ["--keep-deleted"]),
        ("keep-deleted", False, []),
        ("block", ["media", "my.txt"], ["--block", "media", "--block", "my.txt"]),
    ],
)
def test_a_key_of_the_definition_is_a_flag_of_the_command(name, value, flags):
    assert flag_of(name, value) == flags
