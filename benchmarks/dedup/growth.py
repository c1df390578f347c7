"""The growth of deduplication: made-up signatures through all its stages on the in-process engine, with two workers.

Processor time is that of all processes from the first stage after the signatures to the last; memory is the most that
all of them held at one time, each page counted once (PSS).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.dedup.made_up import MakeSignatures, numbers
from corpus.dedup.minhash import MinHash
from corpus.files.manifest import MANIFEST
from pipelines.builds.duplicates import Room, duplicates
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.records import Finished, read_finished
from pipelines.runtime.run import BuildRun
from pipelines.runtime.stage import Stage, in_order


def growth(sizes: Sequence[int], workers: int) -> list[str]:
    """One line for each number of documents."""
    lines = [f"{'documents':>10}  {'µs each':>8}  {'peak MB':>8}  {'disk MB':>8}  largest bucket, pairs left out, kept"]
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "benchmarks.dedup.growth", folder, str(size), str(workers)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            most, ended = [0], threading.Event()
            watch = threading.Thread(target=_watch, args=(process.pid, most, ended))
            watch.start()
            found = json.loads((process.communicate()[0] or "{}").splitlines()[-1])
            ended.set()
            watch.join()
            disk = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        each = 1e6 * found["seconds"] / size
        lines.append(
            f"{size:>10,}  {each:>8.1f}  {most[0] / 1e6:>8,.0f}  {disk / 1e6:>8,.0f}  {found['largest']:,}, "
            f"{found['left_out']:,}, {found['kept']:,}  ({found['tasks']})"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def _watch(pid: int, most: list[int], ended: threading.Event) -> None:
    while not ended.wait(0.2):
        most[0] = max(most[0], _held(pid))


def _held(pid: int) -> int:
    """PSS of a process and all below it, in bytes."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            children = Path(f"/proc/{one}/task").glob("*/children")
            waiting += [int(child) for file in children for child in file.read_text().split()]
        except OSError:
            continue
        # Pages of mapped files are the page cache's, to be dropped at will; anonymous ones are held.
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))
    return total


def seconds_used() -> float:
    """Processor seconds of this process and its children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def main() -> None:
    """One run, measured from outside."""
    flags = argparse.ArgumentParser()
    flags.add_argument("folder", type=Path)
    flags.add_argument("documents", type=int)
    flags.add_argument("workers", type=int)
    given = flags.parse_args()
    config = MinHash()
    plan = partial(numbers, given.documents, given.documents)
    made = Stage("signatures", MakeSignatures(config), plan=plan, units_per_worker=PER_WORKER)
    last = duplicates(config, Room(), made).verdicts
    mode = "in_memory" if given.workers == 1 else "multi_processing"
    engine = ["--runner=FnApiRunner", f"--direct_running_mode={mode}", f"--direct_num_workers={given.workers}"]
    for stage in (made, last):
        before = seconds_used()
        run = new_run(given.folder, MANIFEST)
        run_stages(stage, run, Handing(engine, given.workers))
    seconds = seconds_used() - before
    facts = {stage.name: _facts(stage, run) for stage in in_order(last)}
    left_out = sum(each.left_out for name in ("bands", "pairs", "near") for each in facts[name])
    answer = {
        "seconds": seconds,
        "largest": max(each.largest for each in facts["bands"]),
        "left_out": left_out,
        "kept": facts["duplicates"].counts.kept,
        "tasks": ", ".join(f"{name} {len(found)}" for name, found in facts.items()),
    }
    print(json.dumps(answer))


def _facts(stage: Stage[Any, Any], run: BuildRun) -> Finished[Any]:
    found = read_finished(stage, run.folder(stage))
    assert found is not None, stage.name
    return found


PER_WORKER = 20_000

if __name__ == "__main__":
    main()
