"""Faults that pass by themselves: a reset connection, a store that is busy, a disk or mount that answers again.

A build reads for hours, and one such fault must not end it. What is retried can be done again from its start: a file
fetched, a digest made, a unit of work, whose parts appear whole or not at all. A fault that stays is reported after
four attempts, about ten seconds.
"""

import errno
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

ATTEMPTS = 4  # waits of 1, 2 and 4 seconds, each up to a second longer
_PASSING = {
    errno.EIO,
    errno.EINTR,
    errno.ESTALE,
    errno.EBUSY,
    errno.ETIMEDOUT,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EPIPE,
    errno.EREMOTEIO,
}
# Of libraries that may be absent: by name.
_PASSING_KINDS = frozenset(
    "EndpointConnectionError ConnectTimeoutError ReadTimeoutError ConnectionClosedError IncompleteReadError "
    "ClientConnectionError ServerDisconnectedError ClientPayloadError ChunkedEncodingError".split()
)
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 8.0
_Result = TypeVar("_Result")


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed a moment later."""
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in _PASSING:
        return True
    if type(error).__name__ == "HttpError":  # gcsfs: what the store answered
        return str(getattr(error, "code", "")) in {"408", "429", "500", "502", "503", "504"}
    # Of libraries: by the name of a class or of its bases.
    return any(kind.__name__ in _PASSING_KINDS for kind in type(error).__mro__)


def patiently(call: Callable[..., _Result], *arguments: Any) -> _Result:
    """The result of a call that is tried again after a fault that may pass; the last error where it stays."""
    attempts = Retrying(
        retry=retry_if_exception(is_transient),
        wait=wait_exponential_jitter(initial=_FIRST_WAIT, max=_LONGEST_WAIT),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    return attempts(call, *arguments)
