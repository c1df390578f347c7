"""One run at a time in an output folder: the one lock of builds, refreshes and trainings.

The machine that trains has no client of stores, so a folder of a store is known by not being a `Path` of this machine.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from corpus.errors import CorpusloomError, ExitCode, describe


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the output folder; `CorpusloomError` (exit code 6) when another run has it.

    The lock only spares work: correctness rests on files that appear whole. A store has no locks that end with
    their owner, so there two runs do the same work twice.
    """
    if not isinstance(folder, Path):
        yield
        return
    # The system releases it when its holder dies, by whatever signal.
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        message = f"another run is writing {folder}; wait for it or choose another --output"
        raise CorpusloomError(message, ExitCode.HELD) from None
    except (FileExistsError, NotADirectoryError) as error:
        message = f"--output {folder}: a file stands there or above it; give a folder"
        raise CorpusloomError(message, ExitCode.FLAGS) from error
    except OSError as error:
        # A full disk or a broken one is no mistake in --output.
        if describe(error).code == ExitCode.MACHINE or error.errno == errno.EIO:
            raise
        message = f"--output {folder}: {error.strerror}; choose a folder that you may write to"
        raise CorpusloomError(message, ExitCode.FLAGS) from error
    try:
        yield
    finally:
        lock.release()
