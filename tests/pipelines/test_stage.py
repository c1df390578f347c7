"""A stage loses nothing: not in a rerun, not in a crash, not in silence."""

import errno
import json
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")

from corpus.files import transient
from corpus.files.manifest import MANIFEST, Counts, write_arrow
from corpus.hashing import file_digest
from pipelines.runtime.errors import StageError
from pipelines.runtime.map_parts import _run_until_done, run_stage
from pipelines.runtime.stage import Outcome, Stage, Task, Unit
from pipelines.runtime.watched_worker import DIED

IN_PROCESS = ["--direct_num_workers=1"]


@dataclass(frozen=True)
class Square:
    """Work for tests: a part with the square of a number, and a line in a log of who was asked."""

    log: str
    fails_at: int = -1
    loses: bool = False

    def __call__(self, task: Task) -> Outcome:
        number = task.unit.payload["number"]
        with open(self.log, "a") as log:  # noqa: PTH123
            log.write(f"{number}\n")
        if number == self.fails_at:
            raise ValueError("cannot square it")
        part = write_arrow(task.part("squares", ".arrow"), task.root, pa.table({"square": [number**2]}))
        return Outcome((part,), Counts(1, int(not self.loses)), {"number": number})


def make(tmp_path, count=4, **settings):
    stage = Stage("squares", tmp_path, ("squares",), {"setting": 1, **settings})
    return stage, [Unit({"number": number}, f"number {number}") for number in range(count)], str(tmp_path / "log")


def asked(log):
    with open(log) as file:  # noqa: PTH123
        return sorted(int(line) for line in file)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "squares").iterdir())}


def test_a_finished_stage_is_not_done_again(tmp_path):
    stage, units, log = make(tmp_path)
    manifest, fresh = run_stage(stage, units, Square(log), IN_PROCESS)
    assert fresh
    assert manifest["counts"] == {"in": 4, "kept": 4, "rejected": 0, "quarantined": 0, "reasons": {}}
    assert len(manifest["parts"]) == 4
    assert run_stage(stage, units, Square(log), IN_PROCESS) == (manifest, False)
    assert asked(log) == [0, 1, 2, 3]


def test_the_order_of_units_changes_nothing(tmp_path):
    for folder, order in (("a", 1), ("b", -1)):
        stage, units, log = make(tmp_path / folder)
        (tmp_path / folder).mkdir()
        run_stage(stage, units[::order], Square(log), IN_PROCESS)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    manifests = [(tmp_path / folder / ".stages" / "squares" / MANIFEST).read_bytes() for folder in "ab"]
    assert manifests[0] == manifests[1]


def test_only_what_is_missing_or_spoilt_is_done_again(tmp_path):
    stage, units, log = make(tmp_path)
    run_stage(stage, units, Square(log), IN_PROCESS)
    expected = bytes_of(tmp_path)
    parts = {stage.task(unit).unit.payload["number"]: stage.task(unit).part("squares", ".arrow") for unit in units}
    (stage.home / MANIFEST).unlink()
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:-1] + b"?")
    (tmp_path / "squares" / ".tmp-half").write_bytes(b"half a part of a killed run")
    (stage.home / ".tmp-half-pending.jsonl").write_bytes(b"half a list of a killed run")
    run_stage(stage, units, Square(log), IN_PROCESS)
    assert asked(log) == [0, 1, 1, 2, 2, 3]
    assert bytes_of(tmp_path) == expected
    assert not list(tmp_path.rglob(".tmp-*"))


def test_other_settings_make_other_parts_and_clear_the_old(tmp_path):
    stage, units, log = make(tmp_path)
    run_stage(stage, units, Square(log), IN_PROCESS)
    before = set(bytes_of(tmp_path))
    stage, units, log = make(tmp_path, count=3, setting=2)
    run_stage(stage, units, Square(log), IN_PROCESS)
    assert len(bytes_of(tmp_path)) == 3
    assert not before & set(bytes_of(tmp_path))


def test_an_error_reaches_the_driver_whole_and_nothing_is_published(tmp_path):
    stage, units, log = make(tmp_path)
    with pytest.raises(StageError, match="number 2: ValueError: cannot square it") as error:
        run_stage(stage, units, Square(log, fails_at=2), IN_PROCESS)
    assert error.value.code == 1
    assert "cannot square it" in (stage.home / "error.log").read_text()
    assert not (stage.home / MANIFEST).exists()
    run_stage(stage, units, Square(log), IN_PROCESS)
    assert len(bytes_of(tmp_path)) == 4


def test_a_unit_that_loses_a_document_cannot_finish(tmp_path):
    stage, units, log = make(tmp_path)
    with pytest.raises(StageError, match="1 in, but 0 kept") as error:
        run_stage(stage, units, Square(log, loses=True), IN_PROCESS)
    assert error.value.code == 1
    assert not (stage.home / MANIFEST).exists()


def test_an_error_whose_record_cannot_be_written_reaches_the_driver(tmp_path, monkeypatch):
    """On a full disk the record of the error meets the full disk too."""

    def full(path, value):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    stage, units, _ = make(tmp_path)
    monkeypatch.setattr("pipelines.runtime.errors.write_json", full)
    with pytest.raises(StageError, match="number 0: the disk is full; free some space") as error:
        run_stage(stage, units[:1], Failing(OSError(errno.ENOSPC, "No space left on device"), 99), IN_PROCESS)
    assert error.value.code == 5
    assert not (stage.home / MANIFEST).exists()


@dataclass(frozen=True)
class Failing:
    """Work for tests: fails the first `times` times."""

    error: Exception
    times: int

    def __call__(self, task: Task) -> Outcome:
        log = task.root / "tries"
        tries = len(log.read_text()) if log.exists() else 0
        log.write_text("x" * (tries + 1))
        if tries < self.times:
            raise self.error
        return Outcome((), Counts(1, 1))


def test_a_fault_that_passes_costs_nothing_but_time(tmp_path, monkeypatch):
    monkeypatch.setattr(transient, "_FIRST_WAIT", 0.001)
    stage, units, _ = make(tmp_path, count=1)
    run_stage(stage, units, Failing(OSError(errno.EIO, "Input/output error"), 2), IN_PROCESS)
    assert (tmp_path / "tries").read_text() == "xxx"


def test_a_fault_that_stays_is_the_input_s(tmp_path, monkeypatch):
    monkeypatch.setattr(transient, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(transient, "_LONGEST_WAIT", 0.001)
    stage, units, _ = make(tmp_path, count=1)
    with pytest.raises(StageError, match="the disk cannot be read or written") as error:
        run_stage(stage, units, Failing(OSError(errno.EIO, "Input/output error"), 99), IN_PROCESS)
    assert error.value.code == 3


def test_a_growing_input_leaves_no_record(tmp_path):
    """What was read from the grown file must not stand under the digest of the old one."""
    dump = tmp_path / "RS"
    dump.write_bytes(b"one\n")
    stage, _, _ = make(tmp_path, count=0)
    payload = {"file": str(dump), "name": "RS", "digest": file_digest(dump)}
    with pytest.raises(StageError, match="RS has changed since the command began") as error:
        run_stage(stage, [Unit(payload, "RS")], Growing(str(dump)), IN_PROCESS)
    assert error.value.code == 3
    assert not list(stage.records.glob("*.json"))


@dataclass(frozen=True)
class Growing:
    """Work for tests: its input grows while it is read."""

    dump: str

    def __call__(self, task: Task) -> Outcome:
        with Path(self.dump).open("ab") as file:
            file.write(b"two\n")
        return Outcome((), Counts(1, 1))


@dataclass(frozen=True)
class Damaged:
    """Work for tests: many records, a share of them unreadable."""

    quarantined: int
    came: int

    def __call__(self, task: Task) -> Outcome:
        return Outcome((), Counts(self.came, self.came - self.quarantined, 0, self.quarantined))


@pytest.mark.parametrize(
    ("quarantined", "came", "stops"),
    [(5, 100, False), (100, 10_000, False), (600, 10_000, True)],
)
def test_too_much_damage_stops_the_run(tmp_path, quarantined, came, stops):
    stage, units, _ = make(tmp_path, count=1)
    stage = replace(stage, max_quarantined=0.05)
    if not stops:
        run_stage(stage, units, Damaged(quarantined, came), IN_PROCESS)
        return
    with pytest.raises(StageError, match="600 of 10000 records could not be read, more than 5%") as error:
        run_stage(stage, units, Damaged(quarantined, came), IN_PROCESS)
    assert error.value.code == 3


def test_where_a_file_lies_is_no_part_of_a_name(tmp_path):
    stage, _, _ = make(tmp_path)
    here = stage.task(Unit({"name": "a.zst", "digest": "1", "file": "/here/a.zst"}, "a"))
    there = stage.task(Unit({"name": "a.zst", "digest": "1", "file": "/there/a.zst"}, "a"))
    other = stage.task(Unit({"name": "a.zst", "digest": "2", "file": "/here/a.zst"}, "a"))
    assert here.name == there.name != other.name
    assert json.dumps(here.unit.payload)


@dataclass(frozen=True)
class KillOnce:
    """Work for tests: the process that works on unit 3 is killed the first `times` times."""

    log: str
    times: int

    def __call__(self, task: Task) -> Outcome:
        number = task.unit.payload["number"]
        with open(self.log, "a+") as log:  # noqa: PTH123
            log.write(f"{number}\n")
            log.seek(0)
            seen = log.read().splitlines().count("3")
        if number == 3 and seen <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        part = write_arrow(task.part("squares", ".arrow"), task.root, pa.table({"square": [number**2]}))
        return Outcome((part,), Counts(1, 1), {"number": number})


@pytest.fixture
def importable(monkeypatch):
    """Worker processes import this file too."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)]))


# What Beam's threads raise when the process at their other end is gone is no news here.
GONE = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@GONE
def test_a_killed_worker_process_costs_nothing_but_time(tmp_path, importable):
    stage, units, log = make(tmp_path / "killed", 8)
    manifest, _ = run_stage(stage, units, KillOnce(log, 1), ["--direct_num_workers=2"])
    other, others, log = make(tmp_path / "quiet", 8)
    assert manifest == run_stage(other, others, KillOnce(log, 0), IN_PROCESS)[0]
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "quiet")


@pytest.mark.parametrize("said", [f"error: {DIED}", "Channel closed prematurely.", "status = StatusCode.UNAVAILABLE"])
def test_every_word_of_the_engine_for_a_dead_worker_is_known(tmp_path, said):
    """Which of them it says depends on what the worker was doing when it was killed."""
    stage, _, _ = make(tmp_path)
    ran = []

    def run():
        ran.append(1)
        if len(ran) == 1:
            raise RuntimeError(said)

    _run_until_done(stage, [], run)
    assert len(ran) == 2


@GONE
def test_a_unit_that_kills_every_worker_ends_the_run_with_a_clear_error(tmp_path, importable):
    stage, units, log = make(tmp_path, 8)
    with pytest.raises(StageError, match=r"killed 3 times.*number 3") as raised:
        run_stage(stage, units, KillOnce(log, 99), ["--direct_num_workers=2"])
    assert raised.value.code == 5
