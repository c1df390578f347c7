"""A MediaWiki dump cut into its head and its pages: bytes in, whole `<page>…</page>` out, damage named.

A dump is one XML document of up to 100 GB; a parser of the whole stops at the first broken byte. But inside a dump
`<page>` and `</page>` stand for themselves only (in text they are escaped), so the stream is cut there: flat memory,
any export version, and after damage reading goes on at the next `<page>`.

The stream comes from `corpus.readers.lines`: plain, bzip2 (one stream or many), gzip, zstd or xz, told by content.
Trap: that reader leaves blank lines out, which part paragraphs; the gap between the offsets says how long they were.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.document import Quarantined
from corpus.readers.lines import read_lines

# MediaWiki saves at most 2 MiB of text a page, which escaping makes 12 MiB at most; only full histories are longer.
MAX_PAGE = 32 * 2**20
_MAX_HEAD = 2**20
_TAG = re.compile(rb"<(/?)page\s*>")


@dataclass(frozen=True)
class Span:
    """A stretch of a dump, in bytes of the file as it lies; `end` None is the end of the file."""

    start: int = 0
    end: int | None = None


WHOLE = Span()


def _chunks(path: Path, name: str, span: Span) -> Iterator[tuple[int, bytes] | Quarantined]:
    """The dump's lines with their ends and offsets, blank ones given back as line ends: no gaps but damage."""
    end = 0
    for line in read_lines(path, name, span.start, span.end):
        if isinstance(line, Quarantined):
            end = -1  # after damage there is no gap to fill
            yield line
            continue
        # A blank line was left out between two lines: from the end of the one to the offset of the other.
        if 0 <= end < line.offset:
            yield end, b"\n" * (line.offset - end)
        data = line.data + b"\n"
        yield line.offset, data
        end = line.offset + len(data)


def cut_pages(path: Path, name: str, span: Span) -> Iterator[tuple[int, bytes] | Quarantined]:
    """The head of the dump (all that stands before its first page) and then its whole pages, with their offsets.

    A span that does not begin the file has no head.
    """
    cutter = _Cutter(name, span)
    for chunk in _chunks(path, name, span):
        if isinstance(chunk, Quarantined):
            cutter.forget()
            yield chunk
            continue
        offset, data = chunk
        position = 0
        for tag in _TAG.finditer(data):
            cutter.add(data[position : tag.start()])
            yield from cutter.close(tag[0]) if tag[1] else cutter.open(offset + tag.start())
            # The opening tag goes into the page; the closing one was added by `close`.
            position = tag.end() if tag[1] else tag.start()
        cutter.add(data[position:])
    yield from cutter.finish()


class _Cutter:
    """Where we are in the dump: in its head, inside a page, between two pages, or lost after damage."""

    def __init__(self, name: str, span: Span) -> None:
        self.name, self.state = name, "between" if span.start else "head"
        self.held: list[bytes] = []
        self.size = self.start = 0
        self.whole = span.end is not None  # a span need not have the end of the dump

    def add(self, data: bytes) -> None:
        """Bytes that hold no tag of a page; a head or page past its limit is counted on, but not held."""
        self.size += len(data)
        # Whether the document was closed: </mediawiki> between or after pages.
        self.whole = self.whole or (self.state != "page" and b"</mediawiki" in data)
        if self.state == "page" and self.size > MAX_PAGE:
            self.held.clear()  # counted on, to say how long it was
        elif self.state == "page" or (self.state == "head" and self.size <= _MAX_HEAD):
            self.held.append(data)

    def open(self, offset: int) -> Iterator[tuple[int, bytes] | Quarantined]:
        """A page begins: what came before is the head, or a page that was never closed."""
        if self.state == "page":
            yield Quarantined(self.name, self.start, "unclosed_page", f"another page begins at {offset}")
        elif self.state == "head":
            yield 0, b"".join(self.held)
        self._enter("page", offset)

    def close(self, tag: bytes) -> Iterator[tuple[int, bytes] | Quarantined]:
        """A page ends; an end without a beginning is damage, and reported unless damage was reported just before."""
        if self.state == "head":
            yield 0, b"".join(self.held)
        self.add(tag)
        if self.state == "page" and self.size > MAX_PAGE:
            yield Quarantined(self.name, self.start, "overlong_page", f"{self.size} bytes, at most {MAX_PAGE} are read")
        elif self.state == "page":
            yield self.start, b"".join(self.held)
        # After damage the end of a page is expected, and no second damage.
        elif self.state != "lost":
            yield Quarantined(self.name, self.start, "page_without_start", f"{self.size} bytes before its end")
        self._enter("between", self.start + self.size)

    def forget(self) -> None:
        """The stream broke: half a page is no page."""
        self._enter("lost", 0)

    def finish(self) -> Iterator[Quarantined]:
        """The stream is at its end."""
        if self.state == "page":
            yield Quarantined(self.name, self.start, "truncated_page", "the dump ends inside a page")
        elif self.state == "head":
            yield Quarantined(self.name, 0, "no_pages", "no <page> in the file: is it a MediaWiki XML export?")
        elif self.state == "between" and not self.whole:
            yield Quarantined(
                self.name, self.start, "truncated_dump", "no </mediawiki> at its end: pages may be missing"
            )

    def _enter(self, state: str, start: int) -> None:
        self.state, self.start, self.size = state, start, 0
        self.held = []
