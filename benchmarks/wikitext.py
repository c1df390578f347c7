"""Wikitext to text beside other extractors: residue, holes, words kept, processor seconds, on the same pages.

    python -m benchmarks.wikitext --data FOLDER [--read 50]

`FOLDER` holds MediaWiki dumps (`*.xml*`) and may hold JSON lines with `title` and `wikitext`. Peers run where they
are installed: `mwparserfromhell` (`strip_code`) and `wikiextractor`, called page by page. `--read N` writes
N texts, chosen by the hash of their titles, to standard output instead.

- residue: places where markup is left over, formulas between dollar signs and code not counted
- holes: templates inside a sentence that named a number or a word of which nothing is shown
- words: of all texts; tables apart, because the peers leave them out
"""

import argparse
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.document import Document, Quarantined
from corpus.extraction.wiki.expand import is_silent
from corpus.extraction.wiki.opaque import take_out
from corpus.extraction.wikitext import prose
from corpus.hashing import digest
from corpus.readers.lines import Line, parse_object, read_lines
from corpus.readers.mediawiki.articles import article_document, read_articles

_RESIDUE = re.compile(
    r"\[\[|\]\]|\{\{|\}\}|\{\||\|\}|<ref|</|&nbsp;|&lt;|'''|''|__[A-Z]{3,}__|==[ \t]*$|\|?\bstyle=|\|-|thumb\||<br",
    re.MULTILINE,
)
_FORMULA = re.compile(r"\$[^$\n]*\$")
# A call in the middle of a line, between words, whose first parameter is a short number or word.
_CALL = re.compile(r"(?<=[a-z,] )\{\{([^{}|\n]+)\|([^{}|=\n]{1,30})(?:\|[^{}\n]*)?\}\}(?= [a-z]|[,.])")
_OF_ANOTHER_PARAMETER = re.compile(r"lang|transl|sort|color|ipa|chem|zh\b|inflation|formatnum|#", re.IGNORECASE)
_SEPARATOR = re.compile(r"(?<=\d)[,\u00a0](?=\d{3})")
Extractor = Callable[[Document], str]


@dataclass
class Figures:
    """What one extractor did over all pages."""

    residue: int = 0
    holes: int = 0
    calls: int = 0
    words: int = 0
    table_words: int = 0
    failed: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, page: Document, text: str) -> None:
        """Measure one text."""
        plain = _FORMULA.sub("$", text)
        left = [*_RESIDUE.finditer(plain)]
        self.residue += len(left)
        self.examples += [f"{page.title}: {plain[max(0, m.start() - 40) : m.end() + 30]!r}" for m in left[:1]]
        rows = [line for line in text.split("\n") if " | " in line]
        self.table_words += sum(len(row.split()) for row in rows)
        self.words += len(text.split())
        shown = set(re.findall(r"\w+", _SEPARATOR.sub("", text)))
        for value in calls_in_sentences(page.text):
            self.calls += 1
            self.holes += not shown.intersection(re.findall(r"\w+", _SEPARATOR.sub("", value)))


def calls_in_sentences(wikitext: str) -> Iterator[str]:
    """The first parameter of every template that stands inside a sentence and shows it."""
    for call in _CALL.finditer(take_out(wikitext)[0]):
        name = " ".join(call[1].replace("_", " ").split()).casefold()
        if not is_silent(name) and not _OF_ANOTHER_PARAMETER.match(name):
            yield call[2]


def pages_of(folder: Path) -> Iterator[Document]:
    """Every article of the folder, still wikitext."""
    for path in sorted(folder.glob("*.xml*")):
        for article in read_articles(path, path.name):
            document = article if isinstance(article, Quarantined) else article_document(article, path.name)
            if isinstance(document, Document):
                yield document
    for path in sorted(folder.glob("*.jsonl*")):
        for line in read_lines(path, path.name):
            record = parse_object(line, path.name) if isinstance(line, Line) else line
            if isinstance(record, dict) and isinstance(text := record.get("wikitext"), str):
                yield Document(id=path.name, url="", text=text, title=str(record.get("title", "")))


def extractors() -> dict[str, Extractor]:
    """Ours, and the peers that are installed."""
    found: dict[str, Extractor] = {"ours": lambda page: prose(page).text}
    try:
        import mwparserfromhell

        found["strip_code"] = lambda page: mwparserfromhell.parse(page.text).strip_code()
    except ImportError:
        print("mwparserfromhell is not installed: left out", file=sys.stderr)
    try:
        from wikiextractor.extract import Extractor as Peer  # pyright: ignore[reportMissingImports]

        def extract(page: Document) -> str:
            peer = Peer("1", "1", "", page.title, [])
            return "\n".join(peer.clean_text(page.text))

        found["wikiextractor"] = extract
    except ImportError:
        print("wikiextractor is not installed: left out", file=sys.stderr)
    return found


def measure(pages: list[Document], extract: Extractor) -> Figures:
    """One extractor over all pages, its own time alone."""
    figures = Figures()
    for page in pages:
        start = time.process_time()
        try:
            text = extract(page)
        except Exception:
            figures.failed += 1
            continue
        finally:
            figures.seconds += time.process_time() - start
        figures.add(page, text)
    return figures


def main() -> None:
    """The table, or the texts to read."""
    flags = argparse.ArgumentParser(
        prog="python -m benchmarks.wikitext", description=(__doc__ or "").partition("\n")[0]
    )
    flags.add_argument("--data", type=Path, required=True, help="a folder of dumps and of JSON lines with wikitext")
    flags.add_argument("--read", type=int, default=0, help="write this many texts, chosen by hash, instead of figures")
    given = flags.parse_args()
    logging.disable(logging.WARNING)
    pages = sorted(pages_of(given.data), key=lambda page: digest(page.title))
    if given.read:
        for page in pages[: given.read]:
            print(f"\n\n======== {page.title}\n\n{prose(page).text}")
        return
    print(f"{len(pages)} pages, {sum(len(page.text.encode()) for page in pages) / 1e6:.1f} MB of wikitext")
    print(f"{'':14} {'residue':>8} {'holes':>6} {'of':>6} {'words':>9} {'in tables':>9} {'failed':>7} {'seconds':>8}")
    for name, extract in extractors().items():
        own = measure(pages, extract)
        print(
            f"{name:14} {own.residue:8,} {own.holes:6,} {own.calls:6,} {own.words:9,} {own.table_words:9,}"
            f" {own.failed:7} {own.seconds:8.2f}"
        )
        for example in own.examples[:5] if name == "ours" else ():
            print(f"    {example}")


if __name__ == "__main__":
    main()
