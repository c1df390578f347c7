"""Errors of a build: on the worker they become records, on the driver they are reported once."""

import json
import re
from pathlib import Path

from corpus.errors import CorpusloomError, describe
from corpus.files.manifest import write_json
from corpus.json_types import JsonObject

# How an error record travels that could not be written: in the text of the exception that the engine passes on.
_TRAVELS = re.compile(r"corpusloom-error: (\{.*?\}) :end")


class StageError(CorpusloomError):
    """A stage could not finish."""


class RecordLost(RuntimeError):
    """An error whose record could not be written, because the disk is full or gone: its text is the record."""


def describe_error(error: BaseException, label: str) -> JsonObject:
    """An error as a record: a message for people, the exit code, and the traceback for the log."""
    described = describe(error, label)
    return {"code": described.code, "message": described.message, "trace": described.trace}


def leave_record(path: Path, error: BaseException, label: str) -> None:
    """Write the record of an error; `RecordLost` where that fails too, so that the driver hears of it all the same."""
    described = describe_error(error, label)
    try:
        write_json(path, described)
    except OSError as meanwhile:
        # Without the trace, which may be long: this travels inside a message of the engine's own.
        raise RecordLost(f"corpusloom-error: {json.dumps({**described, 'trace': ''})} :end") from meanwhile


def error_within(text: str) -> StageError | None:
    """The error of a worker that could not write its record, out of what the engine says of it."""
    found = _TRAVELS.search(text)
    if found is None:
        return None
    described = json.loads(found.group(1))
    return StageError(described["message"], described["code"])
