"""Faults that pass are waited for; those that stay are reported as they are."""

import errno

import pytest

from corpus.files import transient
from corpus.files.transient import ATTEMPTS, patiently


class HttpError(Exception):
    """As gcsfs names it."""

    def __init__(self, code):
        super().__init__(str(code))
        self.code = code


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(transient, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(transient, "_LONGEST_WAIT", 0.001)


def failing(times, error):
    calls = []

    def call(value):
        calls.append(value)
        if len(calls) <= times:
            raise error
        return value * 2

    return call, calls


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "I/O"), OSError(errno.ESTALE, "stale"), ConnectionResetError(), TimeoutError(), HttpError(503)],
)
def test_what_passes_is_waited_for(error):
    call, calls = failing(2, error)
    assert patiently(call, 21) == 42
    assert calls == [21, 21, 21]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("bug"), HttpError(403), MemoryError()])
def test_what_stays_is_reported_at_once(error):
    call, calls = failing(9, error)
    with pytest.raises(type(error)):
        patiently(call, 1)
    assert len(calls) == 1


def test_patience_ends():
    call, calls = failing(99, OSError(errno.EIO, "I/O"))
    with pytest.raises(OSError, match="I/O"):
        patiently(call, 1)
    assert len(calls) == ATTEMPTS
