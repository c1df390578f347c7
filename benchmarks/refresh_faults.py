"""Kills over refreshes: `python -m benchmarks.refresh_faults [--trials N] [--seed N] [--pairs N] [--steps N]`.

Six months are refreshed once without a fault, one late, one with what must be set aside, one withdrawn, one with
another recipe, then something is forgotten and a release rolled back. A trial takes one of these steps, kills it
(SIGKILL, the whole process group) at a random moment, and gives the same command again: what is published must be the
clean step's. The moment is drawn from the processor time of the clean step, so that the load of the machine does not
move it; a trial whose command had ended before is not counted as a kill. What a process does once (imports, templates,
digests of the code) is done before the forks, so that kills fall on the work.

All the while the parent reads `releases/current` as a reader does, and counts what is not whole. A pair starts two
refreshes at once: one release may come of it. The exit status is 1 where anything is not right.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.trial import Command, exit_code_of
from benchmarks.refresh_steps import STEPS, Step, begin
from corpus.files.manifest import ManifestError
from corpus.hashing import digest, file_digest
from corpus.releases.layout import Releases, visible_files
from corpus.releases.manifest import read_release

_PAUSE = 0.01  # seconds between two looks at a child


@dataclass
class Reader:
    """Somebody who reads the current release again and again; `broken` says what was not whole."""

    looks: int = 0
    numbers: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def look(self, folder: Path) -> None:
        """Read the release that the pointer names now: its manifest, and every part by its size."""
        pointer = folder / "data" / "releases" / "current"
        if not pointer.is_symlink():
            return
        there = pointer.resolve()
        try:
            release = read_release(there)
            short = [part.path for part in release.parts if (there / part.path).stat().st_size != part.bytes]
            self.broken += [f"{there.name}: {name}" for name in short]
            self.numbers[release.release] += 1
        except (ManifestError, OSError) as error:
            if there.is_dir():  # a release that was purged while it was read is gone, and not half there
                self.broken.append(f"{there.name}: {error}")
        self.looks += 1


@dataclass(frozen=True)
class Clean:
    """A step without a fault: the folder before it, what it published, and how long it took."""

    step: Step
    before: Path
    published_digest: str
    releases: tuple[int, ...]
    seconds: float  # of processor time


def command(folder: Path, step: Step) -> Command:
    """The command of a step over a folder."""
    from pipelines.refresh.__main__ import main

    verb, *flags = step.flags
    return Command(step.name, main, [verb, str(folder / "corpus.toml"), *flags], folder / "data")


def published_digest(folder: Path) -> str:
    """The digest of every release and of what is current, apart from pages that hold times."""
    releases = Releases(folder / "data" / "releases")
    found = [f"current {releases.current}"]
    for number in releases.numbers():
        there = releases.folder(number)
        files = (path for path in visible_files(there) if path.suffix != ".html")
        found += [f"{number} {path.relative_to(there)} {file_digest(path)}" for path in files]
    return digest(*found)


def copy_shared(folder: Path, target: Path) -> Path:
    """A copy that shares the parts, as releases do: nothing writes into one."""
    shutil.rmtree(target, ignore_errors=True)

    def share(source: str, to: str) -> None:
        os.link(source, to) if source.endswith((".parquet", ".arrow")) else shutil.copy2(source, to)

    shutil.copytree(folder, target, symlinks=True, copy_function=share)
    return target


def clean_steps(root: Path, count: int) -> list[Clean]:
    """The first `count` steps once, without a fault."""
    folder = root / "world"
    begin(folder)
    found = []
    for step in STEPS[:count]:
        step.change(folder)
        before = copy_shared(folder, root / f"before-{step.name}")
        run = command(folder, step)
        (folder / "data").mkdir(exist_ok=True)
        child, seconds = run.start(), 0.0
        while not _ended(child):
            time.sleep(_PAUSE)
            seconds = _processor_seconds(child)
        if code := exit_code_of(child):
            raise RuntimeError(f"{step.name} ended with {code} without a fault: {run.said}")
        numbers = tuple(Releases(folder / "data" / "releases").numbers())
        found.append(Clean(step, before, published_digest(folder), numbers, seconds))
        print(f"clean {step.name}: releases {numbers}, {seconds:.2f} processor s", flush=True)
    return found


def warm_up(root: Path) -> None:
    """Do once in this process what every process does first: imports, templates, digests of the code.

    Without shards: the libraries that encode keep threads, which a fork would not have.
    """
    from pipelines.runtime.engine import output_to

    folder, here = root / "warm", os.getcwd()
    begin(folder)
    definition = folder / "corpus.toml"
    definition.write_text(definition.read_text().replace("[shards]", "[shards]\nwrite = false"))
    STEPS[0].change(folder)
    sys.stdout.flush()
    with output_to(root / "warm.log"):
        code = command(folder, STEPS[0]).main(["run", str(definition)])
    os.chdir(here)
    if code:
        raise RuntimeError(f"the first month without shards ended with {code}: {(root / 'warm.log').read_text()}")


def _ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _processor_seconds(child: int) -> float:
    """What a process has used, with those of its children that ended (man 5 proc, fields 14 to 17)."""
    words = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def kill(clean: Clean, target: Path, chance: random.Random, reader: Reader) -> tuple[bool, str]:
    """One trial: whether the command was still at work when it was killed, and what was wrong, if anything."""
    folder = copy_shared(clean.before, target)
    (folder / "data").mkdir(exist_ok=True)
    run = command(folder, clean.step)
    child = run.start()
    until, alive = chance.random() * clean.seconds, True
    while alive and _processor_seconds(child) < until:
        reader.look(folder)
        time.sleep(_PAUSE)
        alive = not _ended(child)
    if alive:
        os.killpg(child, signal.SIGKILL)
    code = exit_code_of(child)
    reader.look(folder)
    child = run.start()
    while not _ended(child):
        reader.look(folder)
        time.sleep(_PAUSE)
    again = exit_code_of(child)
    killed = code == -signal.SIGKILL
    if again or "bug of ours" in run.said:
        return killed, f"exit code {again} after {code}: {run.said[-300:]}"
    if published_digest(folder) != clean.published_digest:
        return killed, f"published otherwise after {code}: {run.said[-300:]}"
    return killed, ""


def pair(clean: Clean, target: Path, reader: Reader) -> str:
    """Two refreshes at once; what was wrong, if anything."""
    folder = copy_shared(clean.before, target)
    (folder / "data").mkdir(exist_ok=True)
    children = [command(folder, clean.step).start() for _ in range(2)]
    while not all(map(_ended, children)):
        reader.look(folder)
        time.sleep(_PAUSE)
    codes = sorted(map(exit_code_of, children))
    if codes not in ([0, 0], [0, 6]):
        return f"exit codes {codes}"
    return "" if published_digest(folder) == clean.published_digest else f"published otherwise, exit codes {codes}"


def main(arguments: list[str] | None = None) -> int:
    """Run the trials; 1 where one of them is not right."""
    flags = argparse.ArgumentParser(prog="python -m benchmarks.refresh_faults", description=__doc__)
    flags.add_argument("--trials", type=int, default=200, help="kills (default 200)")
    flags.add_argument("--pairs", type=int, default=12, help="of refreshes at once (default 12)")
    flags.add_argument("--seed", type=int, default=1, help="of the first trial (default 1)")
    flags.add_argument("--steps", type=int, default=len(STEPS), help="the first steps only (default: all)")
    given = flags.parse_args(arguments)
    from pipelines.runtime.beam_import import import_beam

    import_beam()
    import gigatoken  # noqa: F401 (with Beam: loaded once, before any fork)
    import tokenizers  # noqa: F401 (as above)

    with tempfile.TemporaryDirectory() as name:
        root, reader, wrong, kills = Path(name), Reader(), 0, 0
        warm_up(root)
        steps = clean_steps(root, given.steps)
        for seed in range(given.seed, given.seed + given.trials):
            chance = random.Random(f"kill {seed}")
            clean = steps[seed % len(steps)]
            killed, said = kill(clean, root / "trial", chance, reader)
            kills, wrong = kills + killed, wrong + bool(said)
            print(
                f"kill seed {seed}: {clean.step.name}{'' if killed else ', ended before'}: {said or 'right'}",
                flush=True,
            )
        for number in range(given.pairs):
            clean = steps[number % min(6, len(steps))]
            said = pair(clean, root / "trial", reader)
            wrong += bool(said)
            print(f"pair {number}: {clean.step.name}: {said or 'right'}", flush=True)
    print(f"{given.trials} trials, {kills} of them kills, and {given.pairs} pairs: {wrong} not right")
    print(f"{reader.looks:,} looks of a reader at {len(reader.numbers)} releases: {len(reader.broken)} not whole")
    print("\n".join(reader.broken[:20]), end="")
    return 1 if wrong or reader.broken else 0


if __name__ == "__main__":
    sys.exit(main())
