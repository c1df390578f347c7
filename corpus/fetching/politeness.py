"""Politeness: how often a server is asked, and how long it is left alone after it said that it is busy.

A turn at a server begins no sooner than `delay` seconds after the server is known to have received the request before:
after that one's answer began, or failed. So the gap between two requests, as the server itself measures it, is never
under the delay, however slow the network was in between. (Counted from when requests were sent, a first one that is
held up and a second one that is not arrive together.) Up to `at_once` answers may still be on their way meanwhile.

    t=0.0 request A sent · 0.3 A's answer begins · [delay 1.0] · 1.3 request B sent, though A's body still arrives

The back-off is exponential with jitter, as several clients that failed together must not come back together. The jitter
is a hash, as all chance here: the same host and attempt wait equally long, different hosts do not.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from corpus.hashing import uniform

# Answers after which a server wants to be left alone (RFC 6585 §4, RFC 9110 §15.6.4).
BUSY = frozenset((429, 503))
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_FORGET_EVERY = 1000  # servers made; a dictionary of all hosts of a crawl would not fit


class Turn:
    """The right to one request."""

    # `gate` is held from the turn's begin until its answer begins, so that the next one counts its delay from there;
    # `places` until the body is read.
    def __init__(self, server: "_Server") -> None:
        self._server, self._waiting = server, True

    def answered(self) -> None:
        """The server has the request: its answer begins. From now on the delay counts for the next turn."""
        if self._waiting:
            self._waiting = False
            self._server.not_before = max(self._server.not_before, time.monotonic() + self._server.delay)
            # The next turn may start to wait, while this one's body still arrives.
            self._server.gate.release()


class _Server:
    def __init__(self, delay: float, at_once: int) -> None:
        self.delay, self.not_before = delay, 0.0
        self.places, self.gate = asyncio.Semaphore(at_once), asyncio.Lock()
        self.users = 0


class Turns:
    """Turns at many servers, each known by a key such as its host name; made and used in one event loop."""

    def __init__(self, delay: float, at_once: int = 1) -> None:
        self._delay, self._at_once = delay, at_once
        self._servers: dict[str, _Server] = {}
        self._made = 0

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[Turn]:
        """Wait for a turn at a server and hold it."""
        server = self._server(key)
        server.users += 1
        try:
            async with server.places:
                # Whoever holds the gate waits out the delay alone; the others queue behind it, in their order.
                await server.gate.acquire()
                turn = Turn(server)
                try:
                    while (wait := server.not_before - time.monotonic()) > 0:
                        await asyncio.sleep(wait)
                    yield turn
                finally:
                    turn.answered()  # also after a failure without an answer
        finally:
            server.users -= 1

    def slow_down(self, key: str, delay: float) -> None:
        """Let turns at a server be at least `delay` seconds apart from now on: what its robots.txt asks for."""
        server = self._server(key)
        server.delay = max(server.delay, delay)

    def leave_alone(self, key: str, seconds: float) -> None:
        """No turn at a server for so long."""
        server = self._server(key)
        server.not_before = max(server.not_before, time.monotonic() + seconds)

    def _server(self, key: str) -> _Server:
        if key not in self._servers:
            self._made += 1
            if self._made % _FORGET_EVERY == 0:
                self._forget_idle()
            self._servers[key] = _Server(self._delay, self._at_once)
        return self._servers[key]

    def _forget_idle(self) -> None:
        """Drop the servers about which nothing is left to remember."""
        now = time.monotonic()
        # A delay that a robots.txt asked for, or a pause that has not passed, must not be forgotten.
        idle = [key for key, server in self._servers.items()
                if not server.users and server.not_before < now and server.delay <= self._delay]  # fmt: skip
        for key in idle:
            del self._servers[key]


def back_off(key: str, attempt: int, retry_after: float | None = None, first: float = _FIRST_PAUSE) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 0): what the server asked for, or 1–2, 2–4, 4–8 …

    A server that asks for less than the back-off gets the back-off.
    """
    longest = min(first * 2 ** (attempt + 1), _LONGEST_PAUSE)
    # For attempt 1: between 2 and 4 seconds, 3.05 for example.org.
    pause = longest * (0.5 + 0.5 * uniform(f"{key}\x00{attempt}", "back-off"))
    return max(pause, retry_after or 0.0)


def retry_after(value: str, now: float | None = None) -> float | None:
    """The seconds that a `Retry-After` asks for, a number or a date (RFC 9110 §10.2.3); None where it says neither.

    `now` is in seconds since 1970. A date that has passed asks for 0.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        # A number of more than 9 digits is some 30 years or more: never.
        return float(value[:9]) if len(value) < 10 else float(10**9)
    try:
        date = parsedate_to_datetime(value)
        then = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    current = datetime.now(UTC).timestamp() if now is None else now
    return max(then - current, 0.0)
