"""Commands in a process of their own, without the price of their imports.

`python -m pipelines.build_webtext` imports Beam and Arrow for two to three seconds before it does anything, and the
tests run some hundred commands. Here one server process a session has imported them already, and every command is a
fork of it: a process with its own exit code, streams, environment and folder, and the module as its main program. What
cannot be seen this way is the start of the interpreter (PYTHONHASHSEED, PYTHONPATH, limits of a shell), and what the
module itself imports: tests of those use `subprocess`.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[1]


def run_module(
    module: str, arguments: Sequence[str], folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """`python -m module arguments…` in `folder`, to its end; what it wrote, as text."""
    with tempfile.TemporaryDirectory() as scratch:
        said = [str(Path(scratch) / name) for name in ("out", "err")]
        with started(module, arguments, folder, environment, said) as process:
            process.join()
        out, err = (Path(path).read_text(encoding="utf-8", errors="replace") for path in said)
    return subprocess.CompletedProcess([module, *arguments], process.exitcode or 0, out, err)


@contextmanager
def started(
    module: str,
    arguments: Sequence[str],
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    said: Sequence[str] = (os.devnull, os.devnull),
) -> Iterator[BaseProcess]:
    """The same, while it runs, with the files that take what it writes; after the block it has ended."""
    around = dict(os.environ if environment is None else environment)
    process = _server().Process(target=_main, args=(module, list(arguments), str(folder), around, list(said)))
    process.start()
    try:
        yield process
    finally:
        process.join()


@cache
def _server() -> ForkServerContext:
    """The server, once for this process; it looks for what it imports where this process does."""
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(path or os.getcwd() for path in sys.path)):
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(["forked_imports"])
        forkserver.ensure_running()
    return server


def _main(module: str, arguments: list[str], folder: str, environment: dict[str, str], said: list[str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number, path in enumerate(said, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    sys.argv = [module, *arguments]
    sys.path.insert(0, folder)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
