"""Ways to take the main text from a page: `blocks`, our own and the default, and three that others made.

An engine is a function of HTML and URL alone. `blocks` needs linear time for any input; another may raise whatever its
parser raises, and take very long on hostile input: a `Sandbox` stands behind it. The others are here for comparison,
and for corpora that must be made as somebody else's were; their texts are laid out as each of them does it, not as
docs/text.md says.

Traps: lxml, and so trafilatura, returns nothing for HTML nested deeper than 256 and for lines of tens of megabytes;
resiliparse needs time quadratic in nesting. Trafilatura's `deduplicate` remembers earlier pages, so it stays off, also
where datatrove has it on: a text must not depend on its neighbours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from corpus.extraction import blocks


@dataclass(frozen=True, slots=True)
class Extracted:
    """What is worth reading on a page: its title, and its text."""

    title: str
    text: str


class TooComplexError(Exception):
    """A page that would keep a parser busy for very long: what there is too much of, and how much."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"{what}: {number}")
        self.what, self.number = what, number


def by_blocks(html: str, url: str = "") -> Extracted:
    """Our own: see `corpus.extraction.blocks`."""
    # `Reading` holds memory of the library: freed at the end of the `with`, also when the text does not fit.
    with _read(html, url) as reading:
        return Extracted(reading.title(), reading.write(blocks.forest()).text)


def by_trafilatura(html: str, url: str = "") -> Extracted:
    """Trafilatura with its default settings (Barbaresi 2021)."""
    return _with_title(html, lambda: _trafilatura().extract(html, url=url or None))


def by_resiliparse(html: str, url: str = "") -> Extracted:
    """Resiliparse's extraction of main content (Bevendorff et al. 2018)."""
    from resiliparse.extract.html2text import extract_plain_text

    return _with_title(html, lambda: extract_plain_text(html, main_content=True))


def by_datatrove(html: str, url: str = "") -> Extracted:
    """Datatrove's own block with its own settings, with which FineWeb was made (Penedo et al. 2024), §3.1."""
    return _with_title(html, lambda: _datatrove().extract(html))


def _read(html: str, url: str = "") -> blocks.Reading:
    """The pass over a page, unless there is too much in it for any engine."""
    reading = blocks.read(html, url)
    excess = reading.excess()
    # The pass itself has limits (`blocks.MOST_TAGS` …), and every engine is asked only after it.
    if excess:
        reading.close()
        raise TooComplexError(*excess)
    return reading


def _with_title(html: str, extract: Callable[[], str | None]) -> Extracted:
    """The text of another engine, where the page is not too much for it, with the title that the pass finds."""
    # The limits hold for other engines too: they are the ones that need quadratic time.
    with _read(html) as reading:
        return Extracted(reading.title(), extract() or "")


@cache
def _trafilatura() -> Any:
    """The library, imported when first needed (a quarter of a second) and without its log lines."""
    import logging

    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura


@cache
def _datatrove() -> Any:
    _trafilatura()
    try:
        from datatrove.pipeline.extractors import Trafilatura
    except ImportError as error:
        raise ImportError(f"{error}; pip install 'corpusloom[datatrove]'") from error
    return Trafilatura(deduplicate=False)
