"""Ranges read from a server of archives, politely, and each no more than once.

An answer to a range counts if it is a 206 of just that range. A 200 (the whole file), another range or one that is cut
short is asked for again, with the patience of `corpus.fetching.asking`; a server that goes on like this makes the
records of the range damage, with file and offset. A 404 or 416 is an answer: the index is wrong about that place. What
a busy or dead server does not give is no damage but work that is left for another run.

A range that is done is an entry of a journal: its good records lie in the journal's archive, its bad ones are named.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from corpus.fetching.asking import Asking
from corpus.fetching.client import Answer, FailedRequest
from corpus.fetching.journal import Entry, FetchJournal
from corpus.sources.commoncrawl.members import wrong_with

# Common Crawl answers 403 to those who ask too often; the others are 429 and what passes by itself.
BUSY = frozenset((403, 408, 429, 500, 502, 503, 504))
_CONTENT_RANGE = re.compile(r"bytes[ \t]+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)


@dataclass(frozen=True)
class ByteRange:
    """Bytes `start` to `stop` (exclusive) of a file, and the records in it: (number, offset, length, URL)."""

    number: int
    warc: str
    start: int
    stop: int
    records: tuple[tuple[int, int, int, str], ...]


def ranges_of(records: pa.Table) -> Iterator[ByteRange]:
    """The ranges of a table of `RECORDS_SCHEMA`."""
    columns = ("range", "warc", "start", "stop", "offset", "length", "url")
    rows = enumerate(zip(*(records[name].to_pylist() for name in columns), strict=True))
    # Rows of one range are neighbours.
    for (number, warc, start, stop), group in groupby(rows, key=lambda row: row[1][:4]):
        yield ByteRange(number, warc, start, stop, tuple((at, *row[4:]) for at, row in group))


def _is_partial(status: int, content_type: str) -> bool:
    """Whether to read a body: one that answers a range with the whole file may be a gigabyte."""
    return status == 206


def wrong_answer(answer: Answer, start: int, stop: int) -> str:
    """What is wrong with an answer to the range of bytes, so that it is worth asking again; "" where nothing is.

    A range may end at the end of the file, if the server says that it does. A status that is no success is no doubt.
    """
    if answer.status == 200:
        return "range.whole_file"
    if answer.status != 206:
        return ""
    found = _CONTENT_RANGE.fullmatch(answer.header("Content-Range").strip())
    if not found or int(found[1]) != start:
        return "range.another_range"
    # bytes 0-9/100 is the range from 0 to 10. The file may end before `stop`: then `total` says so.
    end, total = int(found[2]), found[3]
    last = stop - 1 if total == "*" else min(stop, int(total)) - 1
    if end != last or end < start:
        return "range.another_range"
    return "" if len(answer.body) == end - start + 1 else "range.incomplete"


@dataclass
class RangeReader:
    """Reads the ranges of one table into a journal. `archives` is the address below which the files lie."""

    asking: Asking
    journal: FetchJournal
    archives: str
    done: dict[int, Entry] = field(default_factory=dict)
    failures: list[FailedRequest] = field(default_factory=list)

    async def run(self, ranges: Iterable[ByteRange], at_once: int) -> None:
        """Read what is not done; `failures` has what a later run must do."""
        # One iterator for all workers: each takes the next range.
        waiting = iter([each for each in ranges if each.number not in self.done])

        async def work() -> None:
            for each in waiting:
                try:
                    await self._read(each)
                except FailedRequest as failure:
                    self.failures.append(failure)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())

    async def _read(self, wanted: ByteRange) -> None:
        target = self.asking.client.reach.target(f"{self.archives.rstrip('/')}/{quote(wanted.warc)}")
        # No coding: offsets count the bytes of the file.
        headers = {"Range": f"bytes={wanted.start}-{wanted.stop - 1}", "Accept": "*/*", "Accept-Encoding": "identity"}
        try:
            answer, _ = await self.asking.ask(
                target, headers, _is_partial, lambda answer: wrong_answer(answer, wanted.start, wanted.stop)
            )
        except FailedRequest as failure:
            # "failed.…" is the server's state: another run may have it. "range.…" is about the place.
            if failure.reason.startswith("failed."):
                raise
            self._end(wanted, [(number, failure.reason, failure.detail) for number, *_ in wanted.records])
            return
        if answer.status != 206:
            reason = f"range.http_{answer.status}"
            self._end(wanted, [(number, reason, wanted.warc) for number, *_ in wanted.records])
            return
        bad, good, pieces, at = list[tuple[int, str, str]](), list[tuple[int, int, int]](), list[bytes](), 0
        for number, offset, length, url in wanted.records:
            data = answer.body[offset - wanted.start : offset - wanted.start + length]
            reason, detail = wrong_with(data, length, url)
            if reason:
                bad.append((number, reason, detail))
            else:
                good.append((number, at, length))
                pieces.append(data)
                at += length
        self._end(wanted, bad, good, b"".join(pieces))

    def _end(self, wanted: ByteRange, bad: list[Any], good: list[Any] | None = None, data: bytes = b"") -> None:
        self.done[wanted.number] = self.journal.append({"range": wanted.number, "good": good or [], "bad": bad}, data)
