"""Whether a site lets its pages be fetched: its robots.txt, read once a day, kept in the archive, obeyed.

By RFC 9309 a robots.txt that is not there (4xx) allows everything, and one that cannot be had (5xx, no answer) nothing
(§2.3.1). A 429 counts as the latter, although it is a 4xx: a server that is too busy to say its rules gives no leave.
Redirects are followed, to other hosts too, each with its own turn and its own checks.
"""

import asyncio
import time
from dataclasses import dataclass

from corpus.document import Quarantined
from corpus.fetching.asking import Asking
from corpus.fetching.client import Answer, FailedRequest, always
from corpus.fetching.journal import Entry, FetchJournal
from corpus.fetching.records import location, members
from corpus.fetching.robots import Robots
from corpus.fetching.targets import RefusedTarget, Target
from corpus.readers.warc.pages import read_pages

MOST_HOPS = 5
UNREACHABLE = "robots.unreachable"
_DAY = 24 * 3600.0
# For redirects that do not end within five hops: RFC 9309 §2.3.1.2 lets them count as unavailable, so as no rules.
_ABSENT = 404
# Without a server there are no rules either; the reason says more than that they cannot be read.
_NO_SERVER = frozenset(("failed.unknown_host", "failed.no_connection", "failed.tls"))


@dataclass
class Permission:
    """The robots.txt of all origins. `agent` is the product token that they know us by."""

    asking: Asking
    journal: FetchJournal
    agent: str
    longest_crawl_delay: float = 30.0

    def __post_init__(self) -> None:
        self._stored: dict[str, Entry] = {}
        self._known: dict[str, tuple[float, asyncio.Future[Robots | str]]] = {}

    def take_up(self, entry: Entry) -> None:
        """Know a robots.txt that an earlier run stored."""
        self._stored[entry["robots"]] = entry

    async def refusal(self, target: Target) -> str:
        """Why a URL may not be fetched: `robots.…`, or `failed.…` without a server; "" where it may.

        Slows its host down to the delay that it asks for. `RefusedTarget` where the origin is out of reach.
        """
        read, robots = self._known.get(target.origin, (0.0, None))
        # Read again after a day (RFC 9309 §2.4); the future is stored at once, so that others wait for the same
        # request.
        if robots is None or time.monotonic() - read > _DAY:
            robots = asyncio.ensure_future(self._rules(target))
            self._known[target.origin] = time.monotonic(), robots
        rules = await asyncio.shield(robots)
        if isinstance(rules, str):
            return rules
        if (rules.crawl_delay or 0.0) > self.longest_crawl_delay:
            return "robots.crawl_delay"
        self.asking.turns.slow_down(target.host, rules.crawl_delay or 0.0)
        return "" if rules.allows(target.url) else "robots.disallowed"

    async def _rules(self, target: Target) -> Robots | str:
        entry = self._stored.pop(target.origin, None)  # once: a day later it is asked for again
        if entry is None or time.time() - entry["at"] > _DAY:
            try:
                answer, whole = await self._answer(target)
            except FailedRequest as failure:
                return failure.reason if failure.reason in _NO_SERVER else UNREACHABLE
            status = answer.status if whole else _ABSENT
            said = {"robots": target.origin, "at": int(time.time()), "status": status, "cut": answer.truncated}
            entry = self.journal.append(said, members(answer))
        return self._read(entry)

    async def _answer(self, target: Target) -> tuple[Answer, bool]:
        """The answer at the end of the redirects, and whether their end was reached."""
        answer, _ = await self.asking.ask(self.asking.client.reach.target(target.robots), reads=always)
        for _ in range(MOST_HOPS):
            url = location(answer)
            if not url:
                return answer, True
            try:
                answer, _ = await self.asking.ask(self.asking.client.reach.target(url), reads=always)
            except (RefusedTarget, FailedRequest) as error:
                # A redirect into nowhere: the rules exist but cannot be had.
                raise FailedRequest(UNREACHABLE, error.detail, False) from error
        return answer, not location(answer)

    def _read(self, entry: Entry) -> Robots | str:
        """The rules in a stored answer. One that broke off says what it had not come to say: nobody knows."""
        if entry["status"] >= 500 or entry["status"] == 429 or entry["cut"] in ("time", "disconnect"):
            return UNREACHABLE
        if not 200 <= entry["status"] < 300:  # 3xx without a place, 4xx: no rules
            return Robots()
        page = next(read_pages(self.journal.path(entry), [entry["offset"]]))
        return UNREACHABLE if isinstance(page, Quarantined) else Robots.parse(page.body, self.agent)
