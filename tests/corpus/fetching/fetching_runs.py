"""What tests of fetching share: a fetcher that reaches loopback servers by made-up names, with little patience."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from corpus.fetching.asking import Manners
from corpus.fetching.client import Bounds, Client
from corpus.fetching.fetcher import Fetched, Fetcher
from corpus.fetching.journal import FetchJournal
from corpus.fetching.network import Reach

HASTY = Manners(delay=0.0, attempts=2, first_pause=0.01, longest_pause=1.0)
AGENT = "weaver (+https://loom.example/crawler)"


def reach_of(
    ports: Iterable[int], names: Mapping[str, Sequence[str]] | None = None, trusted: Iterable[int] | None = None
) -> Reach:
    """`ports` may be named by URLs; on those of `trusted` (default: all) 127.0.0.1 may be connected to."""
    ports = frozenset(ports)
    trusts = ports if trusted is None else frozenset(trusted)
    return Reach(ports | {80, 443}, frozenset(("127.0.0.1", port) for port in trusts), names or {})


def fetch(
    folder: Path,
    urls: Sequence[str],
    reach: Reach,
    manners: Manners = HASTY,
    bounds: Bounds = Bounds(10**6, 1.0, 2.0),  # noqa: B008
    **more: float,
) -> Fetcher:
    """A whole run over `urls`, taking up what is in `folder`."""
    client = Client(AGENT, reach, bounds, 32)

    async def run() -> Fetcher:
        journal = FetchJournal(folder, "pages")
        fetcher = Fetcher(client, journal, "weaver", manners, **more)
        fetcher.take_up(journal.entries())
        async with client:
            await fetcher.run(urls)
        journal.publish()
        return fetcher

    return asyncio.run(run())


def ends(fetcher: Fetcher, urls: Sequence[str]) -> dict[str, Fetched]:
    """How the way of each URL ended."""
    return {url: list(fetcher.way(url))[-1] for url in urls}
