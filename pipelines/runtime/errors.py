"""Errors of a build as values: a message for people and an exit code, on the worker and on the driver alike."""

from typing import Any

from corpus.files.manifest import ManifestError


class StageError(Exception):
    """A stage could not finish. `code` is the exit code of the command, the message says what to do next."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def describe_error(error: BaseException, label: str) -> dict[str, Any]:
    """An error as a record: a message for people, the exit code, and the traceback for the log."""
    import errno
    import traceback

    trace = "".join(traceback.format_exception(error))
    if isinstance(error, StageError):
        return {"code": error.code, "message": str(error), "trace": ""}
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        message = f"{label}: the disk is full ({error}); free some space"
        return {"code": 5, "message": message, "trace": ""}
    if isinstance(error, MemoryError):
        return {"code": 5, "message": f"{label}: out of memory; run with fewer workers", "trace": trace}
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return {"code": 3, "message": f"{label}: {error}", "trace": ""}
    if isinstance(error, ManifestError):
        return {"code": 3, "message": str(error), "trace": ""}
    return {"code": 1, "message": f"{label}: {type(error).__name__}: {error}", "trace": trace}
