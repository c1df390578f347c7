"""The end of every command of the trainer: one sentence on the error stream, and an exit code from one table.

The table names errors as text, so that nothing heavy is imported to look one up, and an error is found by its nearest
named class. An error may carry a `code` of its own, where one kind of error has several causes. Whatever is not
in the table is a bug of ours: its traceback goes into a file and not over the user's screen.
"""

import argparse
import errno
import math
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

DONE, BUG, FLAGS, DATA, DIVERGED, FULL, HELD, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
EXIT_CODES = """
exit codes: 0 done (or the minutes are over) · 1 a bug · 2 wrong flags or keys · 3 input missing or too damaged
            4 training diverged · 5 disk or memory full, or a device lost · 6 another run holds the output
            130 interrupted
"""
MOST_WHOLE = 2**63 - 1
_CODE_OF = {
    "argparse.ArgumentTypeError": FLAGS,
    "corpus.mixture.MixtureError": FLAGS,
    "corpus.shards.layout.ShardError": DATA,
    "corpus.tokenizer.files.TokenizerError": DATA,
    "trainer.command.FlagError": FLAGS,
    "trainer.data.order.OrderError": FLAGS,
    "trainer.data.packing.PackingError": DATA,
    "trainer.evaluation.tasks.TaskError": DATA,
    "trainer.hugging_face.family.ExportError": DATA,
    "trainer.optim.optimizer.OptimizerError": FLAGS,
    "trainer.optim.schedule.ScheduleError": FLAGS,
    "trainer.run.checkpoint.CheckpointError": FULL,
    "trainer.run.values.ConfigError": FLAGS,
    "trainer.run.distributed.WorldError": FLAGS,
    "trainer.run.loop.Diverged": DIVERGED,
    "trainer.run.metrics.MetricsError": DATA,
    "trainer.run.memory.TooLarge": FULL,
    "trainer.run.runs.RunError": DATA,
    "trainer.run.saved.DamagedError": DATA,
    "trainer.run.saved.UnreadableError": DATA,
    "trainer.run.tensor_file.TensorFileError": DATA,
    "builtins.MemoryError": FULL,
    "torch.OutOfMemoryError": FULL,
    "torch.AcceleratorError": FULL,
    "torch.distributed.DistBackendError": FULL,
}
# Of torch's own errors the first line, and what to do; its texts go on for pages.
_CURES = {
    "torch.OutOfMemoryError": "lower micro_batch, or recompute=true, and start the same command again",
    "torch.AcceleratorError": "the device failed; the same command goes on from the last checkpoint",
    "torch.distributed.DistBackendError": "a process or a card was lost; the same command goes on from the last "
    "checkpoint",
    "builtins.MemoryError": "this machine has no memory left; give the command a smaller micro_batch or model",
}
_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_EXTRAS = {"torch": "PyTorch", "safetensors": "safetensors"}


class FlagError(ValueError):
    """A value of a flag that the command cannot use, and what to write instead."""


def run_command(command: str, act: Callable[[], int]) -> int:
    """Run `act`; its exit code, or that of the error that ended it, which is then said in one sentence."""
    try:
        return act()
    except KeyboardInterrupt:
        print(f"{command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; Python must not try to flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        code = exit_code_of(error)
        print(f"{command}: error: {sentence_of(error)}", file=sys.stderr)
        if code == BUG:
            print(f"{command}: this is a bug of ours; the traceback is in {_written(error)}", file=sys.stderr)
        return code


def exit_code_of(error: BaseException) -> int:
    """The exit code of an error: its own, or that of the nearest class in the table, else 1, a bug."""
    own = getattr(error, "code", None)
    if isinstance(own, int):
        return own
    if isinstance(error, OSError):
        return _code_of_system(error)
    if isinstance(error, ImportError):
        return FLAGS if _missing(error) else BUG
    if named := next((name for name in _names(error) if name in _CODE_OF), ""):
        return _CODE_OF[named]
    # PyTorch has no class of its own for a CPU that is out of memory.
    return FULL if isinstance(error, RuntimeError) and "can't allocate memory" in str(error) else BUG


def sentence_of(error: BaseException) -> str:
    """What is said of an error: the cause, and the cure where it has one."""
    if isinstance(error, ImportError) and (missing := _missing(error)):
        return missing
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    text = str(error) or type(error).__name__
    cure = next((_CURES[name] for name in _names(error) if name in _CURES), "")
    return f"{text.splitlines()[0]} ({cure})" if cure else text


def whole_number(least: int = 0, most: int = MOST_WHOLE) -> Callable[[str], int]:
    """The type of a flag that takes a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            value = int(text.replace("_", ""))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if not least <= value <= most:
            upper = f" to {most:,}" if most < MOST_WHOLE else " up" if value < least else " to 2**63 - 1"
            raise argparse.ArgumentTypeError(f"{text}: give a whole number from {least}{upper}")
        return value

    return parse


def real_number(least: float = 0.0, most: float = math.inf) -> Callable[[str], float]:
    """The type of a flag that takes a finite number from `least` to `most`, both included."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not math.isfinite(value) or not least <= value <= most:
            upper = "" if math.isinf(most) else f" to {most:g}"
            raise argparse.ArgumentTypeError(f"{text}: give a finite number from {least:g}{upper or ' up'}")
        return value

    return parse


def _names(error: BaseException) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]


def _code_of_system(error: OSError) -> int:
    if error.errno in _FULL_ERRORS:
        return FULL
    # One without a number was raised by a library about itself, not by the system about a file.
    return DATA if error.errno else BUG


def _missing(error: ImportError) -> str:
    """What to install, or which file hides a package of ours; empty where an import failed for another reason."""
    package = (error.name or "").partition(".")[0]
    if package in _EXTRAS:
        return f"this needs {_EXTRAS[package]}, which is not installed here: pip install 'corpusloom[train]'"
    if package == "transformers":
        return "this needs transformers, which is not installed here: pip install transformers"
    if package in ("corpus", "trainer"):
        there = getattr(sys.modules.get(package), "__file__", None) or "__init__.py"
        hidden = f"{there} hides the package {package!r}: rename it, or start the command from another folder"
        return "" if Path(there).name == "__init__.py" else hidden
    return ""


def _written(error: BaseException) -> Path:
    """The file with the traceback."""
    handle, name = tempfile.mkstemp(prefix="corpusloom-error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    return Path(name)
