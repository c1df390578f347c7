"""Places where a MediaWiki dump may be divided, so that its spans are read side by side.

A compressed stream cannot be entered in the middle. But Wikimedia's multistream dumps are thousands of bzip2 streams of
a hundred pages, each a file of its own; and a plain dump may be entered at any `<page>`. A border is taken only where
the inflated bytes begin with a page, so that no page lies across it: a file that was merely compressed in parallel,
or in any other container, is one span. Borders follow from the file and the size asked for, and from nothing else.
"""

import bz2
import mmap
import re
from pathlib import Path

from corpus.readers.foreign import SNIFFED, find_foreign
from corpus.readers.lines import is_compressed
from corpus.readers.mediawiki.dump_pages import WHOLE, Span

# The header of a bzip2 stream and of its first block, pi in binary-coded decimal: ten bytes that chance does not make.
_STREAM = re.compile(rb"BZh[1-9]1AY&SY")  # the digit is the size of its blocks in 100 kB
_PAGE = re.compile(rb"<page\s*>")
_FIRST_PAGE = re.compile(rb"\s*<page\s*>")
_PIECE, _MOST_PIECES = 1 << 16, 40  # a block is at most 900 kB, and compressed little more
_MOST_TRIES = 50
_PLAIN_FOR_PACKED = 4  # bytes of a plain dump for a byte of a packed one


def dump_spans(path: Path, size: int) -> list[Span]:
    """The spans of a dump, of about `size` bytes each (four times as many where it is plain); together they are all."""
    total = path.stat().st_size
    if total < 2 * size:
        return [WHOLE]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        packed = data[:3] == b"BZh"
        if not packed and (is_compressed(data[:8]) or find_foreign(data[:SNIFFED])):
            return [WHOLE]
        step = size if packed else size * _PLAIN_FOR_PACKED
        borders = [0]
        # The last span has at least half a step, so that none is tiny.
        while borders[-1] + step < total - step // 2:
            border = _stream_border(data, borders[-1] + step) if packed else _page_border(data, borders[-1] + step)
            if border < 0:
                break
            borders.append(border)
    # The borders in pairs; the last span ends with the file, whatever is appended meanwhile.
    return [Span(start, end) for start, end in zip(borders, [*borders[1:], None], strict=True)]


def _page_border(data: mmap.mmap, start: int) -> int:
    found = _PAGE.search(data, start)
    return found.start() if found else -1


def _stream_border(data: mmap.mmap, start: int) -> int:
    """The next stream that begins with a page; -1 when there is none among the next few."""
    for _ in range(_MOST_TRIES):
        found = _STREAM.search(data, start)
        if not found:
            return -1
        if _begins_with_a_page(data, found.start()):
            return found.start()
        start = found.end()
    return -1


def _begins_with_a_page(data: mmap.mmap, start: int) -> bool:
    inflater = bz2.BZ2Decompressor()
    for number in range(_MOST_PIECES):
        piece = data[start + number * _PIECE : start + (number + 1) * _PIECE]
        try:
            # Past the end of the file: no page begins here.
            inflated = inflater.decompress(piece) if piece else b"no page"
        except (OSError, EOFError):
            return False
        if inflated:
            return _FIRST_PAGE.match(inflated) is not None
    return False
