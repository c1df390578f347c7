"""Pages fetched politely: for each URL its robots.txt, its turn at the server, the answer, its redirects, the records.

A URL is asked for once, whichever links lead to it, and what an earlier run stored is not asked for again. Each host
has a queue of its own, so a slow one holds up nobody else. Every URL ends as one entry of the journal:

| state | |
|---|---|
| `stored` | there is an answer, of whatever status; a redirect's goes on at `location` |
| `target.…` | nothing to connect to, or out of reach (`targets`, `addresses`) |
| `robots.disallowed`, `robots.crawl_delay`, `robots.unreachable` | what its site says (`permission`) |
| `failed.…` | no answer: name, connection, time, TLS; or a server that stays busy (`asking`) |

A host that is dead costs one attempt at its robots.txt, not one for each link.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from corpus.fetching.asking import Asking, Manners
from corpus.fetching.client import Client, FailedRequest
from corpus.fetching.journal import Entry, FetchJournal
from corpus.fetching.permission import MOST_HOPS, UNREACHABLE, Permission
from corpus.fetching.records import location, members
from corpus.fetching.targets import RefusedTarget
from corpus.quarantine import reason_of

STORED = "stored"
_MOST_CHAINS = 1000  # redirects followed at once: what they hold is memory, not connections


class Fetched(msgspec.Struct, frozen=True):
    """How one URL ended; `at` is in seconds since 1970, `archive`, `offset` and `length` say where its records lie."""

    url: str
    state: str
    at: int
    status: int = 0
    location: str = ""
    truncated: str = ""
    detail: str = ""
    attempts: int = 0
    archive: int = 0
    offset: int = 0
    length: int = 0


@dataclass
class Fetcher:
    """Fetches URLs into a journal. `agent` is the product token that robots.txt knows us by."""

    client: Client
    journal: FetchJournal
    agent: str
    manners: Manners = field(default_factory=Manners)
    longest_crawl_delay: float = 30.0
    done: dict[str, Fetched] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asking = Asking(self.client, self.manners)
        self._permission = Permission(self.asking, self.journal, self.agent, self.longest_crawl_delay)
        self._chains = asyncio.Semaphore(_MOST_CHAINS)
        self._running: dict[str, asyncio.Future[Fetched]] = {}

    def take_up(self, entries: Iterable[Entry], again: bool = False) -> None:
        """Know what earlier runs did; with `again` what failed is forgotten, and tried once more."""
        for entry in entries:
            if "robots" in entry:
                self._permission.take_up(entry)
                continue
            fetched = msgspec.convert(entry, Fetched)
            if again and is_passing(fetched.state):
                self.done.pop(fetched.url, None)
            else:
                self.done[fetched.url] = fetched

    async def run(self, urls: Iterable[str]) -> None:
        """Fetch what is not done, and what it redirects to."""
        queues: dict[str, list[str]] = defaultdict(list)
        for url in urls:
            if not self.is_finished(url):
                # Only the first URL of each chain is in a queue; where it leads joins no queue, as its host's turns
                # hold anyway.
                queues[self._host(url)].append(url)
        async with asyncio.TaskGroup() as group:
            for queue in queues.values():
                group.create_task(self._queue(queue, group))

    def way(self, url: str) -> Iterator[Fetched]:
        """The entries from a URL along its redirects, at most `MOST_HOPS`; the last one says how the link ended."""
        for _ in range(MOST_HOPS + 1):
            fetched = self.done.get(url)
            if fetched is None:
                return
            yield fetched
            if not fetched.location:
                return
            url = fetched.location

    def is_finished(self, url: str) -> bool:
        """Whether nothing is left to fetch for a link."""
        way = list(self.way(url))
        # Its end is known: no redirect goes on, or more of them than are followed.
        return bool(way) and (not way[-1].location or len(way) > MOST_HOPS)

    def _host(self, url: str) -> str:
        try:
            return self.client.reach.target(url).host
        except RefusedTarget:
            return ""

    async def _queue(self, urls: list[str], group: asyncio.TaskGroup) -> None:
        for url in urls:
            first = await self._once(url)
            if first.location:
                # Waits here when too many are open, so a queue of redirects cannot outgrow memory.
                await self._chains.acquire()
                group.create_task(self._follow(first.location))

    async def _follow(self, url: str) -> None:
        try:
            for _ in range(MOST_HOPS):
                fetched = await self._once(url)
                if not fetched.location:
                    return
                url = fetched.location
        finally:
            self._chains.release()

    async def _once(self, url: str) -> Fetched:
        """How a URL ended: known, or being found out, or found out now."""
        if url in self.done:
            return self.done[url]
        # Two links may lead to one URL at the same time: the second waits for the first's answer. `shield`, because a
        # waiter that is cancelled must not cancel the fetch of the others.
        if url not in self._running:
            self._running[url] = asyncio.ensure_future(self._fetch(url))
        fetched = await asyncio.shield(self._running[url])
        self._running.pop(url, None)
        return fetched

    async def _fetch(self, url: str) -> Fetched:
        began = int(time.time())
        try:
            target = self.client.reach.target(url)
            if reason := await self._permission.refusal(target):
                return self._end(Fetched(url, reason, began))
            answer, attempts = await self.asking.ask(target)
            leads = location(answer)
            fetched = Fetched(url, STORED, began, answer.status, leads, answer.truncated, attempts=attempts)
            return self._end(fetched, members(answer))
        except (RefusedTarget, FailedRequest) as error:
            return self._end(Fetched(url, error.reason, began, detail=error.detail))
        except Exception as error:  # one odd answer must not end a run of days
            reason, detail = reason_of(error)
            return self._end(Fetched(url, f"failed.{reason}", began, detail=detail))

    def _end(self, fetched: Fetched, data: bytes = b"") -> Fetched:
        entry = self.journal.append(msgspec.to_builtins(fetched), data)
        # As it stands in the journal, with the place of its bytes: a later run reads the same.
        self.done[fetched.url] = msgspec.convert(entry, Fetched)
        return self.done[fetched.url]


def is_passing(state: str) -> bool:
    """Whether another run may find what this one did not."""
    return state.startswith("failed.") or state == UNREACHABLE
