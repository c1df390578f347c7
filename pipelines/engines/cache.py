"""Programs of other makers, made once and kept outside the project: job servers, Prism, Spark's daemons.

What is made is named by the digest of what it is made from, so a changed `pom.xml` makes another jar and an unchanged
one is never made again. A folder appears under its name when it is whole; two processes that want the same one wait
for each other.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from corpus.errors import CorpusloomError, ExitCode
from corpus.hashing import digest

LAST_LINES = 20


class EngineMissing(CorpusloomError):
    """A program that an engine needs is not on this machine; the message says which."""

    code = ExitCode.FLAGS


class EngineFailed(CorpusloomError):
    """Everything was there, and an engine could still not be made or started; the message ends with what it said."""


def cache_folder() -> Path:
    """Where made things are kept: `$XDG_CACHE_HOME/corpusloom`, by default under `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corpusloom"


def need(*programs: str) -> None:
    """`EngineMissing` when a program is not on the path."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise EngineMissing(f"needs {' and '.join(missing)} on the path; install it (see docs/engines.md)")


def cached_folder(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made now or found from before. `recipe` is everything its content depends on.

    `EngineFailed` when `make` cannot; nothing half-made is left under the name.
    """
    folder = cache_folder() / f"{name}-{digest(name, recipe)[:12]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # NAME-DIGEST.making/   being filled; left by a kill, removed by the next
    # NAME-DIGEST/          whole: a rename is one step
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():  # another process may have made it while this one waited for the lock
            fresh = folder.with_name(f"{folder.name}.making")
            shutil.rmtree(fresh, ignore_errors=True)  # half-made, by a process that was killed
            fresh.mkdir()
            make(fresh)
            fresh.rename(folder)
    return folder


def run(command: Sequence[str | Path], folder: Path, **environment: str) -> None:
    """Run one command of a making in its folder; `EngineFailed` with its last lines when it fails."""
    words = [str(word) for word in command]
    ran = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if ran.returncode:
        said = "\n".join(ran.stdout.splitlines()[-LAST_LINES:])
        raise EngineFailed(f"`{' '.join(words)}` ended with {ran.returncode}:\n{said}")
