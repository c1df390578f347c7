"""The kinds of fault, each as one trial drawn from a seed: failing calls, kills, flipped bits, inputs that change."""

import errno
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.faults.injection import EVENTS, Fault, inject
from benchmarks.faults.trial import Command, TrialOutcome, exit_code_of, judge, published_digest, wait_for
from pipelines.runtime.worker import PROCESS_NAME

# The exit codes that a failed call may end with.
_CODES = {
    errno.ENOSPC: {5},
    errno.EDQUOT: {5},
    errno.EMFILE: {5},
    errno.EIO: {3},
    errno.EACCES: {2, 3},
}
_MOST_CALLS = 60
_OF_THE_RUN = ("run.json", ".lock", "report.html", "report.json", "README.md")


@dataclass(frozen=True)
class Bench:
    """Commands with their clean outputs: `clean` has the digest and the seconds of each by its name."""

    commands: tuple[Command, ...]
    clean: dict[str, tuple[str, float]]
    inputs: Path

    def fresh(self, command: Command) -> Command:
        """The command into an empty folder."""
        target = command.output.with_name(f"{command.output.name}-trial")
        shutil.rmtree(target, ignore_errors=True)
        flags = [str(target) if word == str(command.output) else word for word in command.flags]
        return replace(command, flags=flags, output=target)


def failing_call(bench: Bench, chance: random.Random) -> tuple[str, TrialOutcome]:
    """One call of the file system fails, or it and all after it."""
    command = bench.fresh(chance.choice(bench.commands))
    number = chance.choice(list(_CODES))
    event = chance.choice(EVENTS)
    if event == "size":
        number = errno.EFBIG
    below = str(command.output if chance.random() < 0.8 else bench.inputs)
    fault = Fault(event, number, int(_MOST_CALLS * chance.random() ** 2), below, chance.random() < 0.5)
    code = command.run(lambda: inject(fault))
    outcome = judge(command, code, _CODES.get(number, {5}), bench.clean[command.name][0])
    return f"{command.name}, {fault}", outcome


def kill(bench: Bench, chance: random.Random) -> tuple[str, TrialOutcome]:
    """SIGKILL of the driver, a worker process or the extraction child, at any moment."""
    victim = chance.choice(("driver", "worker", "extraction child"))
    only = {"worker": "build_books", "extraction child": "build_webtext"}.get(victim)
    command = bench.fresh(chance.choice([one for one in bench.commands if only in (None, one.name)]))
    clean, seconds = bench.clean[command.name]
    workers = "2" if victim == "worker" else "1"
    command = replace(command, flags=[*command.flags, "--direct_num_workers", workers])
    moment = chance.random() * seconds
    child = command.start(_many_workers if victim == "worker" else lambda: None)
    killed = wait_for(child, moment) and _kill(child, victim)
    while not killed and wait_for(child, 0.01):
        killed = _kill(child, victim)
    code = exit_code_of(child)
    allowed = {"driver": {-signal.SIGKILL}, "worker": {5}, "extraction child": set()}[victim] if killed else set()
    time.sleep(0.7)  # the workers of a killed driver look for it twice a second
    outcome = judge(command, code, allowed, clean)
    return f"{command.name}, kill of the {victim} after {moment:.2f} s{'' if killed else ' (not found)'}", outcome


def flipped_bit(bench: Bench, chance: random.Random) -> tuple[str, TrialOutcome]:
    """One bit of any file that a finished command left is flipped; from a stage on everything is made again."""
    command = chance.choice(bench.commands)
    trial = bench.fresh(command)
    shutil.copytree(command.output, trial.output)
    stages = sorted((path.parent for path in trial.output.glob(".stages/*/_MANIFEST.json")), key=_age)
    for stage in stages[chance.randrange(len(stages) + 1) :]:
        (stage / "_MANIFEST.json").unlink()
        shutil.rmtree(stage / "records")
    for name in ("_MANIFEST.json", "manifest.json", "training.json"):
        (trial.output / name).unlink(missing_ok=True)
    files = [path for path in sorted(trial.output.rglob("*")) if path.is_file() and path.name not in _OF_THE_RUN]
    victim = chance.choice([path for path in files if path.stat().st_size])
    place = flip(victim, chance)
    clean = bench.clean[command.name][0]
    outcome = TrialOutcome(trial.run())
    named = victim.name in trial.said or victim.parent.name in trial.said
    if outcome.code not in (0, 3) or (outcome.code and not named) or "bug of ours" in trial.said:
        outcome.faults.append(f"exit code {outcome.code}: {trial.said[-300:]}")
    if published_digest(trial.output) not in ("", clean) or (
        outcome.code == 0 and published_digest(trial.output) != clean
    ):
        outcome.faults.append("published wrong")
    if outcome.code:  # the cure that the sentence names
        victim.unlink(missing_ok=True)
        if trial.run() or published_digest(trial.output) != clean:
            outcome.faults.append(f"after the cure: {trial.said[-300:]}")
    return f"{command.name}, bit {place} of {victim.relative_to(trial.output)}", outcome


def changing_input(bench: Bench, chance: random.Random) -> tuple[str, TrialOutcome]:
    """An input grows, or is replaced by another of the same size and time, while the command runs."""
    command = bench.fresh(next(one for one in bench.commands if one.name == "build_books"))
    books = bench.inputs / "books.jsonl"
    mine = bench.inputs / "changing.jsonl"
    whole = books.read_bytes()
    mine.write_bytes(whole)
    flags = [str(mine) if word == str(books) else word for word in command.flags]
    command = replace(command, flags=flags)
    clean = _clean(command)
    shutil.rmtree(command.output)
    how = chance.choice(("grows", "is cut", "changes with its time kept"))
    moment = chance.random() * bench.clean["build_books"][1]
    child = command.start()
    wait_for(child, moment)
    _change(mine, whole, how)
    outcome = TrialOutcome(exit_code_of(child))
    said = command.said
    if outcome.code not in (0, 3) or (outcome.code and mine.name not in said) or "bug of ours" in said:
        outcome.faults.append(f"exit code {outcome.code}: {said[-300:]}")
    found = published_digest(command.output)
    again = replace(command, flags=[*command.flags, "--replace", "--max-quarantined", "1"])
    other = bench.fresh(replace(again, output=command.output.with_name("changed")))
    other = replace(other, flags=[str(other.output) if word == str(command.output) else word for word in again.flags])
    after = _clean(other)
    if found not in ("", clean, after):
        outcome.faults.append("published wrong")
    if again.run() or published_digest(again.output) != after:
        outcome.faults.append(f"the same command again: {again.said[-300:]}")
    return f"build_books, its input {how} after {moment:.2f} s", outcome


KINDS: dict[str, Callable[[Bench, random.Random], tuple[str, TrialOutcome]]] = {
    "calls": failing_call,
    "kills": kill,
    "flips": flipped_bit,
    "inputs": changing_input,
}


def flip(path: Path, chance: random.Random) -> int:
    """Flip one bit of a file; which."""
    content = bytearray(path.read_bytes())
    place = chance.randrange(8 * len(content))
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    return place


def _change(path: Path, whole: bytes, how: str) -> None:
    times = path.stat()
    if how == "grows":
        with path.open("ab") as file:
            file.write(b"\n" + whole.splitlines()[0].replace(b'"id":', b'"id": "more", "was":'))
    elif how == "is cut":
        os.truncate(path, len(whole) // 2)
    else:
        path.write_bytes(whole.replace(b" the ", b" teh "))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _clean(command: Command) -> str:
    if command.run():
        raise RuntimeError(f"an undisturbed run failed: {command.said}")
    return published_digest(command.output)


def _many_workers() -> None:
    """Let every build have two worker processes, however little work there is."""
    from pipelines.builds import texts, webtext

    for build in (texts, webtext):
        setattr(build, "workers_for", lambda amounts: 2)  # noqa: B010 (a module has no such attribute for a type checker)


def _age(stage: Path) -> int:
    return (stage / "_MANIFEST.json").stat().st_mtime_ns


def _kill(driver: int, victim: str) -> bool:
    """Kill the driver with nothing else, or one process below it; whether there was one."""
    if victim == "driver":
        os.kill(driver, signal.SIGKILL)
        return True
    file, word = {"worker": ("comm", PROCESS_NAME), "extraction child": ("cmdline", "corpus.extraction.")}[victim]
    for process in _below(driver):
        try:
            if word in Path(f"/proc/{process}/{file}").read_bytes().decode(errors="replace"):
                os.kill(process, signal.SIGKILL)
                return True
        except OSError:
            continue
    return False


def _below(parent: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                above = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(above, []).append(int(entry.name))
    found, waiting = [], [parent]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.append(child)
            waiting.append(child)
    return found
