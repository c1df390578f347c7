"""A build loses nothing: not in a rerun, not in a crash, not in silence."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from squares import IN_PROCESS, Number, build, digits, stages

from corpus.files.manifest import MANIFEST, map_arrow
from pipelines.runtime.errors import StageError
from pipelines.runtime.task import STAGES


@pytest.fixture(autouse=True)
def workers_find_the_tests(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[3]), str(Path(__file__).parent)]))


def asked(log):
    return sorted(int(line) for line in Path(log).read_text().split())


def total(root):
    (part,) = (root / "sums").iterdir()
    return map_arrow(part)["sum"].to_pylist()


def output(root):
    """Every file that is output: parts, leaves, manifests; not what says how a run went."""
    names = ("*.arrow", "*.jsonl", MANIFEST)
    return {path.relative_to(root).as_posix(): path.read_bytes() for name in names for path in sorted(root.rglob(name))}


def test_a_finished_build_is_not_done_again(tmp_path):
    log = tmp_path / "log"
    assert build(tmp_path / "out", stages(log))
    assert total(tmp_path / "out") == [14]
    before = output(tmp_path / "out")
    assert not build(tmp_path / "out", stages(log))
    assert asked(log) == [0, 1, 2, 3]
    assert output(tmp_path / "out") == before


@pytest.mark.parametrize("change", [{"order": -1}, {"count": 4}])
def test_the_order_of_units_changes_no_part(tmp_path, change):
    build(tmp_path / "a", stages(tmp_path / "log"))
    build(tmp_path / "b", stages(tmp_path / "log", **change))
    parts = [sorted(p.name for p in (tmp_path / f / STAGES / "squares" / "squares").iterdir()) for f in "ab"]
    assert parts[0] == parts[1]
    assert total(tmp_path / "a") == total(tmp_path / "b")


def test_two_worker_processes_give_the_same_bytes(tmp_path):
    build(tmp_path / "a", stages(tmp_path / "log", count=20))
    build(tmp_path / "b", stages(tmp_path / "log", count=20), ["--direct_num_workers=2"], workers=2)
    assert output(tmp_path / "a") == output(tmp_path / "b")


def test_only_what_is_new_is_done(tmp_path):
    log = tmp_path / "log"
    build(tmp_path / "out", stages(log, count=4))
    log.write_text("")
    build(tmp_path / "out", stages(log, count=6))
    assert asked(log) == [4, 5]
    assert total(tmp_path / "out") == [55]


def test_another_setting_does_everything_anew_and_leaves_nothing_of_the_old(tmp_path):
    log = tmp_path / "log"
    build(tmp_path / "out", stages(log))
    old = set(output(tmp_path / "out"))
    build(tmp_path / "out", stages(log, power=3))
    assert total(tmp_path / "out") == [36]
    assert {name for name in old & set(output(tmp_path / "out")) if name.endswith(".arrow")} == set()


@pytest.mark.parametrize("kind", ["part", "record", "leaf", "manifest"])
def test_what_is_missing_or_spoilt_is_made_again_alone(tmp_path, kind):
    log, home = tmp_path / "log", tmp_path / "out" / STAGES / "squares"
    build(tmp_path / "out", stages(log))
    before = output(tmp_path / "out")
    log.write_text("")
    if kind == "part":
        min((home / "squares").iterdir()).unlink()
        min((home / "leaves").iterdir()).unlink()
    elif kind == "record":
        min((home / "records").iterdir()).write_bytes(b"{}")
        (home / MANIFEST).unlink()
    elif kind == "leaf":
        leaf = min((home / "leaves").iterdir())
        leaf.write_bytes(leaf.read_bytes().replace(b"number 1", b"number 2"))
    else:
        (home / MANIFEST).write_bytes(b"{")
    assert build(tmp_path / "out", stages(log))
    assert output(tmp_path / "out") == before
    assert len(asked(log)) == (1 if kind in ("part", "record") else 0)


def test_an_error_ends_the_build_with_one_sentence_and_a_mended_rerun_does_the_rest(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(StageError, match="number 2: ValueError: cannot square it") as caught:
        build(tmp_path / "out", stages(log, fails_at=2))
    assert caught.value.code == 1
    assert not (tmp_path / "out" / STAGES / "squares" / MANIFEST).exists()
    done = set(asked(log)) - {2}
    log.write_text("")
    build(tmp_path / "out", stages(log))
    assert set(asked(log)) == {0, 1, 2, 3} - done
    assert total(tmp_path / "out") == [14]


def test_counts_that_do_not_balance_are_an_error(tmp_path):
    with pytest.raises(StageError, match="1 in, but 0 kept"):
        build(tmp_path / "out", stages(tmp_path / "log", loses=True))


def test_groups_of_a_shuffle_hold_what_was_cut_for_them(tmp_path):
    build(tmp_path / "a", digits(tmp_path / "log", 20))
    build(tmp_path / "b", digits(tmp_path / "log", 20), ["--direct_num_workers=2"], workers=2)
    assert output(tmp_path / "a") == output(tmp_path / "b")
    leaves = (tmp_path / "a" / STAGES / "digits" / "leaves" / "00000.jsonl").read_text().splitlines()
    found = {fact["group"]: fact["squares"] for fact in (json.loads(line)["facts"] for line in leaves)}
    expected = [number**2 % 10 for number in range(20)]
    assert found == {digit: expected.count(digit) for digit in range(10)}


def test_a_group_without_its_record_is_cut_again_alone(tmp_path):
    build(tmp_path / "out", digits(tmp_path / "log", 20))
    before, home = output(tmp_path / "out"), tmp_path / "out" / STAGES / "digits"
    kept = {path: path.stat().st_mtime_ns for path in (home / "digits").iterdir()}
    gone = min(kept)
    gone.unlink()
    assert build(tmp_path / "out", digits(tmp_path / "log", 20))
    assert output(tmp_path / "out") == before
    assert {path: path.stat().st_mtime_ns for path in kept if path != gone} == {
        path: time for path, time in kept.items() if path != gone
    }


def test_a_worker_that_is_killed_costs_what_it_was_doing(tmp_path):
    """The first worker process to do number 3 kills itself, once."""
    import killer

    log, last = tmp_path / "log", killer.stages(str(tmp_path / "log"), str(tmp_path / "killed"))
    build(tmp_path / "out", last, ["--direct_num_workers=2"], workers=2)
    assert (tmp_path / "killed").read_text() == str(int(signal.SIGKILL))
    assert total(tmp_path / "out") == [sum(number**2 for number in range(8))]
    assert set(asked(log)) == set(range(8))


def test_nothing_to_do_starts_no_job(tmp_path, monkeypatch):
    build(tmp_path / "out", stages(tmp_path / "log"))
    monkeypatch.setattr("pipelines.runtime.driver.start", lambda *_: pytest.fail("a job was started"))
    assert not build(tmp_path / "out", stages(tmp_path / "log"), IN_PROCESS)


def test_units_that_are_the_same_are_tasks_of_their_own(tmp_path):
    last = stages(tmp_path / "log", count=3)
    twice = replace(last.reads[0], plan=lambda: [Number(3), Number(3)])
    build(tmp_path / "out", replace(last, reads=(twice,)))
    assert total(tmp_path / "out") == [18]
