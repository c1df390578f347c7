"""One trial: a command under a fault, what it left, and the same command again without the fault.

A trial is right when
- the command ends with 0 or with the exit code of the fault, says one sentence, and calls nothing a bug;
- whatever is published, by a manifest, is to the byte what an undisturbed command publishes;
- the same command again ends with 0 and those bytes.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from corpus.hashing import digest, file_digest

# Not of the corpus: what this run said of itself.
_OF_THE_RUN = {"run.json", ".lock"}
_MANIFESTS = ("_MANIFEST.json", "manifest.json", "training.json")
Main = Callable[[list[str]], int]


@dataclass(frozen=True)
class Command:
    """A command whose module is loaded: `main`, its flags, its output folder, and the digest of its clean output."""

    name: str
    main: Main
    flags: list[str]
    output: Path

    def start(self, before: Callable[[], None] = lambda: None) -> int:
        """Fork a process that runs the command; its id. `before` is called in it first."""
        sys.stdout.flush()
        child = os.fork()
        if child:
            return child
        code = 99
        try:
            os.setpgid(0, 0)
            log = os.open(f"{self.output}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            before()
            code = self.main(self.flags)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
        return 0

    def run(self, before: Callable[[], None] = lambda: None) -> int:
        """Run the command to its end; its exit code, negative for a signal."""
        return exit_code_of(self.start(before))

    @property
    def said(self) -> str:
        """What the last call printed."""
        return Path(f"{self.output}.log").read_text(errors="replace")


@dataclass
class TrialOutcome:
    """What came of a trial: the exit code under the fault, and what was wrong, if anything."""

    code: int
    faults: list[str] = field(default_factory=list)


def exit_code_of(child: int) -> int:
    """Wait for a process; its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait_for(child: int, seconds: float) -> bool:
    """Let the process work for so long; whether it is still there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return False
        time.sleep(0.005)
    return True


def published_digest(folder: Path) -> str:
    """The digest of everything that a finished output consists of; nothing where no manifest stands."""
    if not any((folder / name).is_file() for name in _MANIFESTS):
        return ""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in _OF_THE_RUN]
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return digest(*(f"{path.relative_to(folder)} {file_digest(path)}" for path in shown if path.suffix != ".html"))


def judge(command: Command, code: int, allowed: set[int], clean: str) -> TrialOutcome:
    """The outcome of a run under a fault, and of the same command again."""
    outcome, said = TrialOutcome(code), command.said
    if code not in allowed | {0}:
        outcome.faults.append(f"exit code {code}, not one of {sorted(allowed)}: {said[-300:]}")
    if "Traceback (most recent call last)" in said or "bug of ours" in said:
        outcome.faults.append(f"called a bug: {said[-300:]}")
    if code > 0 and "error: " not in said and code != 130:
        outcome.faults.append("no sentence")
    if (left := published_digest(command.output)) not in ("", clean):
        outcome.faults.append("published wrong")
    if code == 0 and left != clean:
        outcome.faults.append("exit code 0 without the clean output")
    again = command.run()
    if again or published_digest(command.output) != clean:
        outcome.faults.append(f"the same command again: exit code {again}, {command.said[-300:]}")
    return outcome
