"""A request that waits for its turn, and is made again when the server was busy: what pages and ranges share.

A server that stays busy, or asks to be left alone for longer than we wait, is given up for this run: it is not asked
again, and everything that was still to be asked of it fails at once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from corpus.fetching.client import Answer, Client, FailedRequest, Reads, holds_text
from corpus.fetching.politeness import BUSY, Turns, back_off, retry_after
from corpus.fetching.targets import Target

BUSY_SERVER = "failed.busy"
_MOST_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class Manners:
    """How servers are treated: `delay` seconds between requests to a host, `at_once` answers from it at a time.

    A request is made `attempts` times. A server that asks to be left alone for more than `longest_pause` is given up.
    `first_pause` is where the back-off begins, `busy` are the statuses that mean it.
    """

    delay: float = 2.0
    at_once: int = 1
    attempts: int = 3
    longest_pause: float = 300.0
    first_pause: float = 1.0
    busy: frozenset[int] = BUSY


def no_doubt(answer: Answer) -> str:
    """Every answer is taken."""
    return ""


@dataclass
class Asking:
    """Asks servers, each in its turn; made in the event loop in which it is used."""

    client: Client
    manners: Manners
    given_up: set[str] = field(default_factory=set)
    requests: int = 0

    def __post_init__(self) -> None:
        self.turns = Turns(self.manners.delay, self.manners.at_once)
        # All servers together: as many requests as the client has connections.
        self._places = asyncio.Semaphore(self.client.at_once)
        self._failures: Counter[str] = Counter()

    async def ask(
        self,
        target: Target,
        headers: Mapping[str, str] | None = None,
        reads: Reads = holds_text,
        doubt: Callable[[Answer], str] = no_doubt,
    ) -> tuple[Answer, int]:
        """The answer and the number of attempts that it took; `FailedRequest` where there is none to be had.

        `doubt` says what is wrong with an answer for which it is worth asking again ("": nothing); the reason of the
        failure is then what it said.
        """
        failure = FailedRequest(BUSY_SERVER, "given up in this run", True)  # what a host that was given up before gets
        for attempt in range(self.manners.attempts):
            if target.host in self.given_up:
                break
            asked = None
            try:
                answer = await self._in_turn(target, headers, reads)
                # A busy status decides alone: its body is no page, so there is nothing to doubt.
                reason = BUSY_SERVER if answer.status in self.manners.busy else doubt(answer)
                if not reason:
                    self._failures.pop(target.host, None)
                    return answer, attempt + 1
                asked = retry_after(answer.header("Retry-After"))
                failure = FailedRequest(reason, f"status {answer.status}", True)
            except FailedRequest as error:
                # A host without an address will have none in a second either: no further attempt.
                if not error.passing:
                    raise
                failure = error
            self._leave_alone(target.host, back_off(target.host, attempt, asked, self.manners.first_pause))
        # Doubts are about one page; only failures of the server count against it.
        if failure.reason.startswith("failed."):
            self._failures[target.host] += 1
            if self._failures[target.host] >= _MOST_FAILURES_IN_A_ROW:
                self.given_up.add(target.host)
        raise failure

    async def _in_turn(self, target: Target, headers: Mapping[str, str] | None, reads: Reads) -> Answer:
        # First the server's turn, then a place: a host that waits for its delay takes no place from others.
        async with self.turns.turn(target.host) as turn, self._places:
            self.requests += 1
            return await self.client.ask(target, turn.answered, headers, reads)

    def _leave_alone(self, host: str, pause: float) -> None:
        if pause > self.manners.longest_pause:
            self.given_up.add(host)
        self.turns.leave_alone(host, min(pause, self.manners.longest_pause))
