"""One error for all four packages: the cause, the cure, and the exit code of the command that ends with it.

A command fails in one of few ways, and its exit code says in which: a script that started it can free disk space on 5,
fetch an input again on 3, and page a programmer on 1 only. So every error is sorted here, once. Errors of our own carry
their code; errors of the system and of libraries are known by their kind (`describe`). Whatever is left is a bug of
ours, and only then does anybody need a traceback.

Only the standard library is imported: the machine that trains has no Beam and no Arrow, and a library that an extra
would install cannot be imported to be recognised. Its errors are known by name.
"""

import errno
import traceback
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    BUG = 1
    FLAGS = 2
    INPUT = 3
    USELESS = 4
    MACHINE = 5
    HELD = 6
    NOTHING_NEW = 10  # not a failure: a refresh that found no new snapshot or tombstone
    INTERRUPTED = 130


EXIT_CODES = """
exit codes: 0 done · 1 a bug of ours · 2 wrong flags · 3 input missing or too damaged · 4 nothing useful to publish,
            or a training that diverged · 5 disk, memory or open files exhausted · 6 another run holds the output
            130 interrupted
"""


class CorpusloomError(Exception):
    """An end that is no bug: the cause, the cure after a semicolon, and the exit code of the command."""

    code: int = ExitCode.INPUT

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = int(code)


@dataclass(frozen=True)
class Description:
    """An error for people: one sentence, the exit code, and the traceback where the error is a bug."""

    message: str
    code: int
    trace: str = ""


# Which extra of the distribution brings a library: `pip install 'corpusloom[s3]'`.
EXTRAS = {
    "aiohttp": "fetch",
    "yarl": "fetch",
    "s3fs": "s3",
    "gcsfs": "gcs",
    # Beam's wording, as it stands in the ImportError.
    "apache_beam[gcp]": "dataflow",
    "apache-beam[gcp]": "dataflow",
    "google": "dataflow",
    "torch": "train",
    "safetensors": "train",
    "datatrove": "datatrove",
    "trafilatura": "trafilatura",
    "cronsim": "serve",
    "prometheus_client": "serve",
}
_SYSTEM = {
    errno.ENOSPC: (ExitCode.MACHINE, "the disk is full", "free some space"),
    errno.EDQUOT: (ExitCode.MACHINE, "the disk quota is used up", "free some space or raise the quota"),
    errno.EFBIG: (ExitCode.MACHINE, "a file outgrew its limit", "raise it (ulimit -f) or use another file system"),
    errno.EMFILE: (ExitCode.MACHINE, "too many open files", "raise the limit (ulimit -n 65536) or run fewer workers"),
    errno.ENFILE: (
        ExitCode.MACHINE,
        "the machine has too many open files",
        "close other programs or run fewer workers",
    ),
    errno.ENOMEM: (ExitCode.MACHINE, "out of memory", "run with fewer workers or on a machine with more"),
    errno.EAGAIN: (ExitCode.MACHINE, "no further process can be started", "raise the limit (ulimit -u) or run fewer"),
    errno.EIO: (ExitCode.INPUT, "the disk cannot be read or written", "check the disk and its cable, or copy the file"),
    errno.EROFS: (ExitCode.FLAGS, "the file system is read-only", "choose another folder"),
    errno.ENOENT: (ExitCode.INPUT, "no such file or folder", "check the path"),
    errno.EEXIST: (ExitCode.FLAGS, "a file of that name stands there already", "choose another path"),
    errno.EACCES: (ExitCode.INPUT, "permission denied", "give yourself access or choose another path"),
    errno.EPERM: (ExitCode.INPUT, "not permitted", "give yourself access or choose another path"),
    errno.EISDIR: (ExitCode.INPUT, "a folder stands where a file is expected", "give a file"),
    errno.ENOTDIR: (ExitCode.INPUT, "a file stands where a folder is expected", "give a folder"),
    errno.ENAMETOOLONG: (ExitCode.FLAGS, "the path is too long", "choose a shorter one"),
}
# Errors of libraries that may be absent, by the name of a class or of one of its bases.
_LIBRARIES = {
    "NoCredentialsError": (ExitCode.INPUT, "no credentials for S3", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or FSSPEC_S3_ANON=true for a public bucket"),
    "PartialCredentialsError": (ExitCode.INPUT, "credentials for S3 are incomplete", "set both AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY"),
    "GoogleAuthError": (ExitCode.INPUT, "no valid credentials for Google Cloud", "run `gcloud auth "
        "application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"),
    "ClientError": (ExitCode.INPUT, "the store refuses or cannot be reached", "check name, rights and network"),
    "BotoCoreError": (ExitCode.INPUT, "the store cannot be reached", "check the endpoint and the network"),
    "HttpError": (ExitCode.INPUT, "the store refuses", "check name and rights"),
    "OutOfMemoryError": (ExitCode.MACHINE, "out of memory", "use a smaller batch or a machine with more"),
    "AcceleratorError": (ExitCode.MACHINE, "the device failed", "the same command goes on from the last checkpoint"),
    "DistBackendError": (ExitCode.MACHINE, "a process or a device was lost", "the same command goes on from the last "
        "checkpoint"),
}  # fmt: skip


def describe(error: BaseException, label: str = "") -> Description:
    """Sort an error. `label` says what was being done, a file or a command, and begins the sentence.

    An error that wraps another, as engines wrap those of their workers, is what the wrapped one is.
    """
    described = None
    seen: BaseException | None = error
    while seen is not None and described is None:
        described = _describe_known(seen, label)
        seen = seen.__cause__
    if described is not None:
        return described
    trace = "".join(traceback.format_exception(error))
    return Description(_with_label(label, f"{type(error).__name__}: {error}"), ExitCode.BUG, trace)


def _describe_known(error: BaseException, label: str) -> Description | None:
    """The description of an error that is no bug."""
    if isinstance(error, CorpusloomError):
        return Description(str(error), error.code)
    if isinstance(error, MemoryError):
        more = "run with fewer workers, a smaller bound, or on a machine with more"
        return Description(_with_label(label, f"out of memory; {more}"), ExitCode.MACHINE)
    if isinstance(error, ImportError):
        return _missing_library(error)
    # By name along the bases: botocore's EndpointConnectionError is a BotoCoreError, and neither need be installed.
    for kind in type(error).__mro__:
        if kind.__name__ in _LIBRARIES and not kind.__module__.startswith("builtins"):
            code, cause, cure = _LIBRARIES[kind.__name__]
            said = next(iter(str(error).splitlines()), type(error).__name__)
            return Description(_with_label(label, f"{cause} ({said}); {cure}"), code)
    return _of_the_system(error, label) if isinstance(error, OSError) else None


def _of_the_system(error: OSError, label: str) -> Description:
    """A failed call of the system; without a number it is a library's, of a damaged file or a broken connection."""
    named = str(error.filename) if error.filename is not None else ""
    if isinstance(error, ConnectionError | TimeoutError):
        cause, cure = f"the connection failed ({error})", "check the network and run the same command again"
        return Description(_with_label(label, f"{cause}; {cure}"), ExitCode.INPUT)
    # pyarrow and gzip raise OSError without errno for damaged data.
    code, cause, cure = _SYSTEM.get(error.errno or 0, (ExitCode.INPUT, str(error), "check the file and its disk"))
    where = named if named and named not in label else ""
    return Description(_with_label(label, f"{_with_label(where, cause)}; {cure}"), code)


def _missing_library(error: ImportError) -> Description | None:
    text = f"{error.name or ''} {error}"
    for library, extra in EXTRAS.items():
        # "No module named 's3fs'", or "… install apache_beam[gcp] …": it is in the name or in the text.
        if library in text:
            return Description(
                f"{library.partition('[')[0]} is not installed; pip install 'corpusloom[{extra}]'", ExitCode.FLAGS
            )
    return None


def _with_label(label: str, text: str) -> str:
    return f"{label}: {text}" if label else text
