"""The real text that lies in a folder, whatever form it is in: what the benchmarks of tokens train on and encode.

Told by their names: JSON lines (every string in them that holds a blank), text and tables, web archives (all visible
text of their HTML pages, as a WET file has it), MediaWiki dumps (prose). Anything else is left alone and counted so.
Two texts are the same when their bytes are; what remains twice (a page and its gold text) the count of lines shows.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resiliparse.extract.html2text import extract_plain_text

from corpus.document import Document, Page, Quarantined
from corpus.extraction import blocks
from corpus.extraction.charset import decode
from corpus.extraction.wikitext import prose
from corpus.hashing import key64, uniform
from corpus.readers.lines import Line, read_lines
from corpus.readers.mediawiki.articles import article_document, read_articles
from corpus.readers.warc.captures import Capture, scan
from corpus.readers.warc.pages import read_pages

_JSON_LINES, _TEXT = (".jsonl", ".ndjson"), (".txt", ".tsv", ".csv", ".md")
_ARCHIVES, _DUMPS = (".warc", ".arc", ".wet"), (".xml",)


@dataclass
class Tally:
    """What a folder held: documents and bytes by the first folder below it, all and distinct; distinct lines' bytes."""

    documents: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    distinct_bytes: Counter[str] = field(default_factory=Counter)
    bytes_in_distinct_lines: int = 0
    left_alone: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As the report has it."""
        return {
            "documents": self.documents.total(),
            "bytes": self.bytes.total(),
            "distinct_bytes": self.distinct_bytes.total(),
            "bytes_in_distinct_lines": self.bytes_in_distinct_lines,
            "by_folder": {
                name: {"documents": self.documents[name], "bytes": size, "distinct_bytes": self.distinct_bytes[name]}
                for name, size in sorted(self.bytes.items())
            },
        }


def gather(data: Path, out: Path) -> Tally:
    """Write every text below `data` to `out`, a JSON line each: `folder`, `text`, `again` (a text seen before)."""
    tally, texts, lines = Tally(), set[int](), set[int]()
    with out.open("w", encoding="utf-8") as file:
        for path in sorted(data.rglob("*")):
            if not path.is_file():
                continue
            name = path.relative_to(data).as_posix()
            folder, found = name.partition("/")[0], tally.documents.total()
            for text in texts_of(path):
                key, size = key64(text), len(text.encode())
                tally.documents[folder] += 1
                tally.bytes[folder] += size
                again = key in texts
                texts.add(key)
                if not again:
                    tally.distinct_bytes[folder] += size
                    tally.bytes_in_distinct_lines += _fresh(text, lines)
                file.write(json.dumps({"folder": folder, "text": text, "again": again}, ensure_ascii=False) + "\n")
            if tally.documents.total() == found:
                tally.left_alone.append(name)
    return tally


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows that `gather` wrote."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def split(rows: Iterable[dict[str, Any]], share: float, most: int) -> tuple[list[str], list[str], int]:
    """(train, held out, bytes of repeats in train): distinct texts, parted and put in order by hash.

    `share` of them is held out. Train is cut at `most` bytes; where there are fewer, its texts come again until there
    are as many.
    """
    train: list[tuple[int, str]] = []
    held: list[tuple[int, str]] = []
    for row in rows:
        if not row["again"]:
            key = key64(row["text"])
            (held if uniform(str(key), "held out") < share else train).append((key, row["text"]))
    chosen, size, repeats = [], 0, 0
    ordered = [text for _, text in sorted(train)]
    distinct = sum(len(text.encode()) for text in ordered)
    while size < most and distinct:
        for text in ordered:
            if size >= most:
                break
            chosen.append(text)
            size += len(text.encode())
        repeats = max(0, size - distinct)
    return chosen, [text for _, text in sorted(held)], repeats


def texts_of(path: Path) -> Iterator[str]:
    """The texts of one file, in file order; nothing from a file of no form that is known here."""
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if suffixes.intersection(_JSON_LINES):
        yield from _json_lines(path)
    elif suffixes.intersection(_ARCHIVES):
        yield from filter(str.strip, _archive(path))
    elif suffixes.intersection(_DUMPS):
        yield from _dump(path)
    elif suffixes.intersection(_TEXT):
        yield from _plain(path)


def _fresh(text: str, seen: set[int]) -> int:
    """The bytes of a text's lines that were not seen before."""
    size = 0
    for line in text.split("\n"):
        key = hash(line)
        if key not in seen:
            seen.add(key)
            size += len(line.encode()) + 1
    return size


def _json_lines(path: Path) -> Iterator[str]:
    for line in read_lines(path):
        if isinstance(line, Line):
            with suppress(ValueError):
                yield from (text for text in _strings(json.loads(line.data)) if " " in text.strip())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.encode("utf-8", "replace").decode()
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _plain(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    with suppress(UnicodeDecodeError):
        yield (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def _archive(path: Path) -> Iterator[str]:
    offsets = [
        each.offset
        for each in scan(path)
        if isinstance(each, Capture) and each.record_type in ("response", "conversion")
    ]
    for page in read_pages(path, offsets):
        if isinstance(page, Quarantined) or not _is_text(page):
            continue
        text = decode(page.body, page.content_type)[0]
        if page.kind == "text":
            yield text
        elif not _is_too_complex(text):
            yield extract_plain_text(text, main_content=False)


def _is_text(page: Page) -> bool:
    return bool(page.body) and (page.kind == "text" or "html" in page.content_type)


def _is_too_complex(html: str) -> bool:
    with blocks.read(html) as reading:
        return reading.excess() is not None


def _dump(path: Path) -> Iterator[str]:
    for article in read_articles(path):
        document = article if isinstance(article, Quarantined) else article_document(article, "")
        if isinstance(document, Document):
            yield prose(document).text
