"""Kills over refreshes: `python -m benchmarks.refresh_faults [--trials N] [--seed N] [--pairs N]`.

Six months are refreshed once without a fault, one late, one with what must be set aside, one withdrawn, one with
another recipe, then something is forgotten and a release rolled back. A trial takes one of these steps, kills it
(SIGKILL, the whole process group) at a random moment, and gives the same command again: what is published must be the
clean step's.
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.trial import Command, exit_code_of
from corpus.files.manifest import ManifestError
from corpus.hashing import digest, file_digest
from corpus.releases.layout import Releases, visible_files
from corpus.releases.manifest import read_release
from corpus.sample.months import write_month

DOMAIN = "forgetme.example"
_DEFINITION = """
output = "data"
[[source]]
name = "webtext"
submissions = "incoming/RS_*"
pages = "incoming/crawl/*/*.warc.gz"
{flags}
[tokenizer]
path = "tokenizer"
[shards]
validation_share = 0.2
[run]
flags = ["--direct_num_workers=1"]
"""


@dataclass(frozen=True)
class Step:
    """A command over a folder: how the folder is changed before it, and its flags."""

    name: str
    change: Callable[[Path], None]
    flags: tuple[str, ...] = ("run",)


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


def month(name: str, first: int, **more: int) -> Callable[[Path], None]:
    """A month of five pages; `more` maps paths on the domain that is forgotten to articles."""
    extra = [(f"https://{DOMAIN}/{path}", number) for path, number in more.items()]
    return lambda folder: write_month(folder / "incoming", name, range(first, first + 5), extra)


def aside(folder: Path) -> None:
    """A month that came twice, one broken, one empty."""
    incoming = folder / "incoming"
    shutil.copytree(incoming / "crawl" / "2016-09", incoming / "crawl" / "2016-10")
    shutil.copy(incoming / "RS_2016-09.jsonl", incoming / "RS_2016-10.jsonl")
    for name, data in (("2016-11", b"<html>502</html>\n" * 9), ("2016-12", b"")):
        (incoming / "crawl" / name).mkdir()
        (incoming / "crawl" / name / "pages.warc.gz").write_bytes(data)
        (incoming / f"RS_{name}.jsonl").write_bytes(data)


def withdrawn(folder: Path) -> None:
    """The first month goes."""
    shutil.rmtree(folder / "incoming" / "crawl" / "2016-07")
    (folder / "incoming" / "RS_2016-07.jsonl").unlink()


def recipe(folder: Path) -> None:
    """Another recipe."""
    (folder / "corpus.toml").write_text(_DEFINITION.format(flags='flags = { languages = "all" }'))


def same(folder: Path) -> None:
    """Nothing changes."""


STEPS = (
    Step("first", month("2016-07", 0)),
    Step("second", month("2016-09", 5, one=40)),
    Step("late", month("2016-08", 10, two=41)),
    Step("aside", aside),
    Step("withdrawn", withdrawn),
    Step("recipe", recipe),
    Step("forget", same, ("forget", "--domain", DOMAIN)),
    Step("rollback", same, ("rollback", "--to", "1")),
)


@dataclass(frozen=True)
class Clean:
    """A step without a fault: the folder before it, what it published, and how long it took."""

    step: Step
    before: Path
    published_digest: str
    releases: tuple[int, ...]
    seconds: float


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


def clean_steps(root: Path) -> list[Clean]:
    """Every step once, without a fault."""
    folder = root / "world"
    (folder / "incoming").mkdir(parents=True)
    (folder / "corpus.toml").write_text(_DEFINITION.format(flags=""))
    _write_tokenizer(folder / "tokenizer")
    found = []
    for step in STEPS:
        step.change(folder)
        before = copy_shared(folder, root / f"before-{step.name}")
        began = time.monotonic()
        run = command(folder, step)
        (folder / "data").mkdir(exist_ok=True)
        if code := run.run():
            raise RuntimeError(f"{step.name} ended with {code} without a fault: {run.said}")
        numbers = tuple(Releases(folder / "data" / "releases").numbers())
        found.append(Clean(step, before, published_digest(folder), numbers, time.monotonic() - began))
        print(f"clean {step.name}: releases {numbers}, {found[-1].seconds:.1f} s", flush=True)
    return found


def _write_tokenizer(folder: Path) -> None:
    from corpus.tokenizer.encoding import tokenizer_from
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.models import byte_characters, gpt2_model

    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    folder.mkdir()
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)


def kill(clean: Clean, target: Path, chance: random.Random, reader: Reader) -> str:
    """One trial; what was wrong, if anything."""
    folder = copy_shared(clean.before, target)
    (folder / "data").mkdir(exist_ok=True)
    run = command(folder, clean.step)
    child = run.start()
    until = time.monotonic() + chance.random() * clean.seconds
    alive = True
    while alive and time.monotonic() < until:
        reader.look(folder)
        time.sleep(0.01)
        alive = not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if alive:
        os.killpg(child, signal.SIGKILL)
    code = exit_code_of(child)
    reader.look(folder)
    child = run.start()
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        reader.look(folder)
        time.sleep(0.02)
    again = exit_code_of(child)
    if again or "bug of ours" in run.said:
        return f"exit code {again} after {code}: {run.said[-300:]}"
    return "" if published_digest(folder) == clean.published else f"published otherwise after {code}: {run.said[-300:]}"


def pair(clean: Clean, target: Path, reader: Reader) -> str:
    """Two refreshes at once; what was wrong, if anything."""
    folder = copy_shared(clean.before, target)
    (folder / "data").mkdir(exist_ok=True)
    children = [command(folder, clean.step).start() for _ in range(2)]
    while not all(os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) for child in children):
        reader.look(folder)
        time.sleep(0.01)
    codes = sorted(map(exit_code_of, children))
    if codes not in ([0, 0], [0, 6]):
        return f"exit codes {codes}"
    return "" if published_digest(folder) == clean.published else f"published otherwise, exit codes {codes}"


def main(arguments: list[str] | None = None) -> int:
    """Run the trials; 1 where one of them is not right."""
    flags = argparse.ArgumentParser(prog="python -m benchmarks.refresh_faults", description=__doc__)
    flags.add_argument("--trials", type=int, default=200, help="kills (default 200)")
    flags.add_argument("--pairs", type=int, default=12, help="of refreshes at once (default 12)")
    flags.add_argument("--seed", type=int, default=1, help="of the first trial (default 1)")
    given = flags.parse_args(arguments)
    import apache_beam  # noqa: F401 (loaded once, before any fork)

    from pipelines.refresh import commands  # noqa: F401 (as above)

    with tempfile.TemporaryDirectory() as name:
        root, reader, wrong = Path(name), Reader(), 0
        steps = clean_steps(root)
        for seed in range(given.seed, given.seed + given.trials):
            chance = random.Random(f"kill {seed}")
            clean = steps[seed % len(steps)]
            said = kill(clean, root / "trial", chance, reader)
            wrong += bool(said)
            print(f"kill seed {seed}: {clean.step.name}: {said or 'right'}", flush=True)
        for number in range(given.pairs):
            clean = steps[number % 6]
            said = pair(clean, root / "trial", reader)
            wrong += bool(said)
            print(f"pair {number}: {clean.step.name}: {said or 'right'}", flush=True)
    print(f"{given.trials} kills and {given.pairs} pairs: {wrong} not right; {reader.looks:,} looks of a reader at "
          f"{len(reader.numbers)} releases, {len(reader.broken)} of them at something that was not whole")  # fmt: skip
    print("\n".join(reader.broken[:20]), end="")
    return 1 if wrong or reader.broken else 0


if __name__ == "__main__":
    sys.exit(main())
