"""Every error is sorted once: by whose fault it is, with its cure, and a traceback for bugs alone."""

import errno

import pytest

from corpus.errors import CorpusloomError, ExitCode, describe
from corpus.files.manifest import ManifestError, Unbalanced
from corpus.mixture import MixtureError
from corpus.shards.layout import ShardError
from corpus.tokenizer.files import TokenizerError


class NoCredentialsError(Exception):
    """As botocore names it."""

    __module__ = "botocore.exceptions"


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.arrow"), 5, "a.arrow: the disk is full; free some space"),
        (OSError(errno.EDQUOT, "Quota"), 5, "quota is used up"),
        (OSError(errno.EMFILE, "Too many"), 5, "ulimit -n"),
        (OSError(errno.EIO, "I/O", "RS.zst"), 3, "RS.zst: the disk cannot be read or written; check the disk"),
        (FileNotFoundError(errno.ENOENT, "No such", "x.warc"), 3, "x.warc: no such file or folder"),
        (PermissionError(errno.EACCES, "Denied", "x.warc"), 3, "x.warc: permission denied"),
        (OSError("Couldn't deserialize thrift"), 3, "Couldn't deserialize thrift; check the file"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), 3, "the connection failed"),
        (MemoryError(), 5, "out of memory"),
        (ImportError("Install s3fs to access S3"), 2, "s3fs is not installed; pip install 'corpusloom[s3]'"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, "pip install 'corpusloom[train]'"),
        (NoCredentialsError("Unable to locate credentials"), 3, "AWS_ACCESS_KEY_ID"),
        (ManifestError("m"), 3, "m"),
        (ShardError("s"), 3, "s"),
        (TokenizerError("t"), 3, "t"),
        (MixtureError("w"), 2, "w"),
        (CorpusloomError("nothing kept", ExitCode.USELESS), 4, "nothing kept"),
    ],
)
def test_what_is_no_bug_has_its_code_and_its_cure(error, code, says):
    described = describe(error)
    assert (described.code, described.trace) == (code, "")
    assert says in described.message


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), Unbalanced("x"), ImportError("no module mine")])
def test_the_rest_is_a_bug_with_its_traceback(error):
    described = describe(error, "part 3")
    assert described.code == 1
    assert described.message.startswith(f"part 3: {type(error).__name__}: ")
    assert type(error).__name__ in described.trace


def test_a_wrapped_error_is_what_it_wraps():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("while running Do") from error
    except RuntimeError as error:
        assert describe(error).code == 5
