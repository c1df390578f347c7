"""The end of every command of the trainer: its exit code, or one sentence about the error that ended it.

Errors are sorted in `corpus.errors`, where those of all packages are; here stands what only PyTorch has. Nothing heavy
is imported, so that a command answers `--help` at once and says what to install where PyTorch is not.
"""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from corpus.command_line import WholeNumber, end_with
from corpus.errors import CorpusloomError, ExitCode

MOST = 2**63 - 1
"""The greatest number that a flag or a key may be: what fits into 64 bits."""
WHOLE, COUNT = WholeNumber(0, MOST), WholeNumber(1, MOST)


class FlagError(CorpusloomError, ValueError):
    """A value of a flag that the command cannot use, and what to write instead."""

    code = ExitCode.FLAGS


def run_command(command: str, act: Callable[[], int]) -> int:
    """Run `act`; its exit code, or that of the error that ended it, which is then said in one sentence."""
    try:
        code = int(act())
        sys.stdout.flush()  # here, where an error of it can still be told
        return code
    except KeyboardInterrupt:
        print(f"{command}: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; Python must not try to flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except RuntimeError as error:
        # PyTorch has no class of its own for a CPU that is out of memory.
        full = "can't allocate memory" in str(error)  # from its DefaultCPUAllocator; a card has OutOfMemoryError
        return end_with(MemoryError() if full else error, command)
    except Exception as error:
        return end_with(error, command)


def leave(code: int) -> NoReturn:
    """End this process with an exit code. A process of a world (torchrun's) skips the interpreter's last steps.

    DistributedDataParallel and FSDP keep their process group, and so gloo's threads, beyond `destroy_process_group`;
    such a thread that frees a tensor while the interpreter ends aborts a process whose run is whole (exit code -6).
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # writes no buffer out, hence the two lines before it
