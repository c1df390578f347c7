"""Tombstones: what must be forgotten, and the rows of a table that they cover.

A tombstone stays for ever: a domain, a page (by the SURT of its URL), an id, or a text (by the digest of its words).
Ids and texts are those of the documents that were found when somebody asked; so the same text is not taken in again
under another address. A text itself is never kept here.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from corpus.block_lists import find_domain
from corpus.dedup.exact import text_key
from corpus.hashing import digest
from corpus.urls import address_or_raw

# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute
IDS = frozenset({"id", "doc_id", "other_id", "cluster"})
URLS = frozenset({"url", "canonical_url", "link_url", "redirected_from"})
# Messages quote bytes as Python and JSON write them: \n, \x00 and \u0000 end a word, \/ is a slash.
_ESCAPE = re.compile(r"\\(?:[abfnrtv0]|x[0-9a-f]{2}|u[0-9a-f]{4})", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_URL = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)


@dataclass(frozen=True)
class Tombstones:
    """`domains` in small letters, `pages` as SURTs with their `urls`, `ids`, `texts` as digests; all sorted."""

    domains: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def __or__(self, other: "Tombstones") -> "Tombstones":
        both = zip(asdict(self).items(), asdict(other).values(), strict=True)
        return Tombstones(**{name: tuple(sorted({*mine, *theirs})) for (name, mine), theirs in both})

    def __bool__(self) -> bool:
        return bool(self.domains or self.pages or self.ids or self.texts)

    def __len__(self) -> int:
        return len(self.domains) + len(self.pages) + len(self.ids)

    @property
    def digest(self) -> str:
        """The identity of all of them; nothing for none."""
        return digest(json.dumps(asdict(self), sort_keys=True)) if self else ""

    def rows(self, table: pa.Table, with_texts: bool = True) -> np.ndarray:
        """(rows,) bool: which rows of a table with our columns are of something forgotten.

        An id counts in the column of the row's own id; `other_id` and `cluster` name other documents.
        """
        found = np.zeros(table.num_rows, bool)
        for name in ("id", "doc_id"):
            if name in table.column_names and self.ids:
                found |= pc.is_in(table[name], value_set=self._ids).to_numpy()
        for name in URLS & {*table.column_names}:
            found |= self._match_addresses(table[name])
        if with_texts and self.texts and "text" in table.column_names:
            texts = (text.as_py() for text in table["text"])
            found |= np.fromiter((text_key(text or "") in self._texts for text in texts), bool, table.num_rows)
        return found

    def addresses(self, url: str) -> bool:
        """Whether a URL is forgotten: its host, a domain above it, or its page."""
        where = address_or_raw(url)
        return bool(find_domain(where.host, self._domains)) or where.surt in self._pages

    def stand_in(self, message: str) -> bool:
        """Whether a message for people names something forgotten: an id, a host or a page, each as a whole word."""
        message = _ESCAPE.sub(" ", message).replace("\\/", "/")
        if any(_is_word_of(message, name) for name in (*self.ids, *self.urls)):
            return True
        if not self._hosts or not re.search(self._hosts, message, re.IGNORECASE):
            return False
        if any(find_domain(domain_of(host), self._domains) for host in _HOST.findall(message)):
            return True
        # A full stop or a bracket behind a URL is of the sentence, or of the URL.
        urls = _URL.findall(message)
        return any(self.addresses(url) or self.addresses(url.rstrip(".,:;!?)]}")) for url in urls)

    def _match_addresses(self, urls: pa.ChunkedArray) -> np.ndarray:
        found = np.zeros(len(urls), bool)
        if self._hosts:  # a look by Arrow first: taking a URL apart costs microseconds
            hits = pc.fill_null(pc.match_substring_regex(urls, self._hosts, ignore_case=True), False)
            for row in np.flatnonzero(hits.to_numpy()).tolist():
                found[row] = self.addresses(urls[row].as_py())
        return found

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(self.ids, pa.string())

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(self.texts)

    @cached_property
    def _domains(self) -> frozenset[str]:
        return frozenset(self.domains)

    @cached_property
    def _pages(self) -> frozenset[str]:
        return frozenset(self.pages)

    @cached_property
    def _hosts(self) -> str:
        """A pattern that every URL of them has: a label of its host. A host in IDN form may be written anyhow."""
        words = {domain.split(".")[0] for domain in (*self.domains, *map(_host, self.urls)) if domain}
        # münchen.example may stand as xn--mnchen-3ya.example: then every URL is looked at.
        plain = {word for word in words if word.isascii() and not word.startswith("xn--")}
        return "|".join(sorted(map(re.escape, plain))) if plain == words else "."


def tombstones_for(
    domains: Iterable[str] = (), urls: Iterable[str] = (), ids: Iterable[str] = (), texts: Iterable[str] = ()
) -> Tombstones:
    """Tombstones of what people write: a domain may stand as a URL, a URL in any of its spellings."""
    pages = sorted(set(urls))
    return Tombstones(
        tuple(sorted({domain_of(name) for name in domains})),
        tuple(sorted({address_or_raw(url).surt for url in pages})),
        tuple(pages),
        tuple(sorted(set(ids))),
        tuple(sorted(set(texts))),
    )


def domain_of(text: str) -> str:
    """A domain as it is compared: `https://WWW.Example.org/` → `www.example.org`."""
    text = text.strip().rstrip(".")
    return address_or_raw(text if "://" in text else f"http://{text}").host or text.lower()


def _is_word_of(message: str, name: str) -> bool:
    # webtext/1 is no word of webtext/12, and http://a.example/b none of http://a.example/b/c.
    return name in message and bool(re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/?&=%-])", message))


def _host(url: str) -> str:
    return address_or_raw(url).host
