"""What a change cannot alter is not done again, and what it alters is: by the parts of a build before and after."""

import shutil

import pytest
from conftest import arguments, build, contents, rows
from forked import run_module

STAGES = ("captures", "extracted", "judged", "signatures")


def stamps(folder):
    """Stage → its parts and when each was written."""
    return {
        stage: {
            path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
            for path in sorted((folder / ".stages" / stage).rglob("part-*"))
        }
        for stage in STAGES
    }


@pytest.fixture
def folder(built, tmp_path):
    """A finished build that may be changed."""
    return shutil.copytree(built, tmp_path / "corpus", copy_function=shutil.copy2)


def test_other_languages_parse_no_page_again(sample, folder, tmp_path):
    before, documents = stamps(folder), rows(folder, "kept")
    after = stamps(build(sample, folder, "--languages", "all", "--replace"))
    for stage in ("captures", "extracted"):
        assert before[stage] and after[stage] == before[stage], stage
    assert set(after["judged"]) != set(before["judged"])
    assert rows(folder, "kept") != documents
    assert contents(folder) == contents(build(sample, tmp_path / "fresh", "--languages", "all"))


def test_rows_taken_over_by_other_runs_of_pages_are_those_of_a_fresh_build(sample, folder, tmp_path):
    """With another karma the runs hold other pages of the same archives."""
    before = stamps(folder)
    after = stamps(build(sample, folder, "--min-karma", "9", "--replace"))
    assert after["captures"] == before["captures"] and after["extracted"] != before["extracted"]
    assert contents(folder) == contents(build(sample, tmp_path / "fresh", "--min-karma", "9"))


def test_another_extractor_extracts_anew_and_scans_nothing(sample, folder):
    before, texts = stamps(folder), {row["id"]: row["text"] for row in rows(folder, "kept")}
    after = stamps(build(sample, folder, "--extractor", "resiliparse", "--replace"))
    assert after["captures"] == before["captures"]
    assert after["extracted"] and not set(after["extracted"]) & set(before["extracted"])
    others = {row["id"]: row["text"] for row in rows(folder, "kept")}
    assert any(texts[name] != others[name] for name in set(texts) & set(others))


def test_the_same_build_elsewhere_does_all_of_it(sample, built, tmp_path):
    elsewhere = build(sample, tmp_path / "elsewhere")
    assert {stage: set(parts) for stage, parts in stamps(elsewhere).items()} == {
        stage: set(parts) for stage, parts in stamps(built).items()
    }
    assert contents(elsewhere) == contents(built)


def test_another_version_of_this_package_does_nothing_again(sample, folder, tmp_path):
    """Stages are known by their code and libraries; a release that changes neither leaves a finished build alone."""
    info = tmp_path / "corpusloom-99.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: corpusloom\nVersion: 99.0\n")
    (tmp_path / "say_version.py").write_text("from corpus.files.provenance import our_version\nprint(our_version())\n")
    assert run_module("say_version", [], tmp_path).stdout == "99.0\n", "what the build below takes itself for"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    ran = run_module("pipelines.build_webtext", arguments(sample, folder)[3:], tmp_path)
    assert ran.returncode == 0, ran.stderr
    changed = {path.name for path, at in before.items() if path.stat().st_mtime_ns != at}
    assert changed <= {"run.json"} and {path for path in folder.rglob("*") if path.is_file()} - before.keys() <= set()
