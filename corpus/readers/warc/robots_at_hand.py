"""The robots.txt files in an archive, asked whether a crawler of training data may have a page of it.

A crawl holds the robots.txt of a site only where the crawler kept it; where it is at hand, a group that names CCBot or
GPTBot and forbids a page is an opt-out of it. A group for all robots says nothing of training. Each file is read once,
when the first page of its site comes by; of a file that cannot be entered at a record none is read.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from corpus.document import Page
from corpus.fetching.robots import Robots
from corpus.hashing import key64
from corpus.readers.warc.pages import read_pages
from corpus.urls import address_or_raw

AGENTS = ("CCBot", "GPTBot")
_SITE = re.compile(r"https?://[^/?#]+", re.IGNORECASE)  # scheme and host, as the key of all pages of a site
_NAMED = {agent: re.compile(rb"^[ \t]*user-?agent[ \t]*:?[ \t]*%s\b" % agent.encode(), re.I | re.M) for agent in AGENTS}
_SITES = 10_000  # whose verdicts are kept


class RobotsAtHand:
    """The robots.txt files of one archive; `keys` (ascending) and `offsets` are those of all its pages."""

    def __init__(self, path: Path, name: str, keys: np.ndarray, offsets: np.ndarray) -> None:
        self._path, self._name, self._keys, self._offsets = path, name, keys, offsets
        self._of_site = lru_cache(maxsize=_SITES)(self._read)

    def opt_out(self, url: str) -> str:
        """As in `robots.txt: GPTBot`, whose group forbids this address; "" where none does."""
        site = _SITE.match(url)
        forbidding = (agent for agent, robots in (self._of_site(site[0]) if site else ()) if not robots.allows(url))
        return "".join(f"robots.txt: {agent}" for agent in list(forbidding)[:1])

    def _read(self, site: str) -> tuple[tuple[str, Robots], ...]:
        """The agents that the site's robots.txt names, with their rules."""
        key = key64(address_or_raw(f"{site}/robots.txt").surt)
        # `keys` ascend: the first row that is not below, and all equal ones after it (the file may have been fetched
        # twice).
        first = int(np.searchsorted(self._keys, key))
        for row in range(first, len(self._keys)):
            if self._keys[row] != key:
                break
            for page in read_pages(self._path, [int(self._offsets[row])], self._name):
                if isinstance(page, Page) and page.status == 200:
                    named = [agent for agent in AGENTS if _NAMED[agent].search(page.body)]
                    return tuple((agent, Robots.parse(page.body, agent)) for agent in named)
        return ()
