"""The price of parsing pages in a child process: processor time beside the same function called directly.

    python -m benchmarks.isolation [--data ../shared/data/pages/pages.warc.gz] [--pages 400] [--rounds 3]

Parent and child are added up; the least of the rounds counts, since other programs only add to it. `first_words` parses
nothing, so all of its price is the way there and back. The start is that of a child that extracts one empty page.
"""

import argparse
import resource
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from corpus.document import Document, Page, Rejected
from corpus.extraction.html import extract
from corpus.extraction.sandbox import Sandbox

WORDS = 5_000  # characters, about the text of a page

Way = Callable[[Callable[[Page], Document | Rejected], list[Page]], Iterable[Document | Rejected]]


def first_words(page: Page) -> Document | Rejected:
    """A document as long as most, without a look at the page."""
    return page.document(page.body[:WORDS].decode("latin-1"))


def directly(function: Callable[[Page], Document | Rejected], pages: list[Page]) -> list[Document | Rejected]:
    """No child at all."""
    return [function(page) for page in pages]


def in_batches(function: Callable[[Page], Document | Rejected], pages: list[Page]) -> list[Document | Rejected]:
    """The way of a build."""
    with Sandbox(function) as sandbox:
        return list(sandbox.extract_each(pages))


def one_by_one(function: Callable[[Page], Document | Rejected], pages: list[Page]) -> list[Document | Rejected]:
    """A message for every page."""
    with Sandbox(function) as sandbox:
        return [sandbox.extract(page) for page in pages]


def seconds(way: Way, function: Callable[[Page], Document | Rejected], pages: list[Page], rounds: int) -> float:
    """The least processor seconds of this process and its children."""
    spent = []
    for _ in range(rounds):
        before = _processor_seconds()
        way(function, pages)
        spent.append(_processor_seconds() - before)
    return min(spent)


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def read(path: Path, count: int) -> list[Page]:
    """The first pages of an archive."""
    from corpus.readers.warc.captures import Capture, scan
    from corpus.readers.warc.pages import read_pages

    found = (item.offset for item in scan(path) if isinstance(item, Capture) and item.record_type == "response")
    return [page for page in read_pages(path, list(islice(found, count))) if isinstance(page, Page)]


def main() -> None:
    """Measure, and print one line per function and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pages/pages.warc.gz"), help="a WARC file")
    parser.add_argument("--pages", type=int, default=400, help="how many of its pages")
    parser.add_argument("--rounds", type=int, default=3, help="of which the least counts")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        sys.exit(f"{arguments.data} is not there; name a WARC file with --data")
    pages = read(arguments.data, arguments.pages)
    print(f"{len(pages)} pages of {sum(len(page.body) for page in pages) / len(pages) / 1000:.0f} kB")
    for function in (first_words, extract):
        empty = Page("http://a.example/", "", 200, "text/html", b"", "", 0)
        start = seconds(in_batches, function, [empty], 3 * arguments.rounds)
        direct = seconds(directly, function, pages, arguments.rounds)
        print(f"{function.__name__}: directly {1000 * direct / len(pages):.2f} ms per page")
        for way in (in_batches, one_by_one):
            more = seconds(way, function, pages, arguments.rounds) - start - direct
            print(f"  {way.__name__:<11} {1000 * more / len(pages):+.2f} ms per page, {more / direct:+.1%}")
    print(f"start {start:.3f} s")


if __name__ == "__main__":
    from benchmarks import isolation  # under its own name, by which the child finds `first_words`

    isolation.main()
