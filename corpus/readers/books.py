"""Books: one a line in JSON lines, or one a file in plain text.

Collections of books name their fields differently (PG-19, the Pile, Gutenberg dumps, one's own), so every field has a
few names, and a "meta" object is looked into. Plain text says nothing about itself; a Gutenberg file does, in the
lines "Title:", "Author:" and "Language:" of its header, which `corpus.extraction.gutenberg` takes off later. Which of
the two a file is, its name says (.txt, .jsonl, and .gz and the like after them), or else its first line.

A text file is read whole: half a book from a damaged file would pass for a book, so it is quarantined instead.
"""

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from corpus.document import Document, Quarantined
from corpus.extraction.charset import decode
from corpus.files.storage import in_utf8
from corpus.hashing import digest
from corpus.readers.lines import MAX_LINE, Line, parse_object, read_lines, read_records

_ID = ("id", "gutenberg_id", "book_id", "identifier", "etext", "_id")
_TITLE = ("title", "book_title", "short_book_title", "name")
_AUTHOR = ("author", "authors", "creator", "book_author")
_TEXT = ("text", "content", "body", "book_text", "document")
_LICENCE = ("licence", "license", "rights", "copyright")
_LANGUAGE = ("language", "lang", "languages", "language_code")
_META = ("meta", "metadata")
# What a header or a field writes out, to the code that steps compare.
_CODES = {
    **{"english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it", "portuguese": "pt"},
    **{
        "dutch": "nl",
        "finnish": "fi",
        "swedish": "sv",
        "danish": "da",
        "norwegian": "no",
        "greek": "el",
        "latin": "la",
    },
    **{"chinese": "zh", "japanese": "ja", "russian": "ru", "polish": "pl", "hungarian": "hu", "esperanto": "eo"},
}
_HEADER = re.compile(r"^(Title|Author|Language):[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_HEADER_CHARACTERS = 5_000
_GUTENBERG_ID = re.compile(r"(?:pg)?(\d{1,6})")  # "pg1342" and "1342"; longer numbers are somebody else's
_DAMAGE = (zstandard.ZstdError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, OSError, ValueError)
_OPENERS = (
    (b"\x1f\x8b\x08", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"\x28\xb5\x2f\xfd", zstandard.open),
)


@dataclass(frozen=True, slots=True)
class Book:
    """One title. `id` is its collection's; "" = not said. `offset` in bytes of the inflated file, 0 in a text file."""

    id: str
    title: str
    author: str
    licence: str
    language: str
    text: str
    offset: int


def read_books(path: Path, name: str = "") -> Iterator[Book | Quarantined]:
    """Every book of a file in file order; what cannot be read, or has no text, is `Quarantined`."""
    name = name or str(path)
    if not _is_json_lines(path):
        yield _text_file(path, name)
        return
    yield from read_records(path, name, parse_line)


def parse_line(line: Line, name: str) -> Book | Quarantined:
    """One line of JSON lines."""
    record = parse_object(line, name)
    if isinstance(record, Quarantined):
        return record
    # The record after its "meta", so that its own field wins where both have one.
    fields = {key.lower(): value for each in (*map(record.get, _META), record) for key, value in _items(each)}
    text = _field(fields, _TEXT, "\n")  # a list of paragraphs is a text with line breaks
    if not text.strip():
        return Quarantined(name, line.offset, "no_text", f"none of the fields {', '.join(_TEXT)} holds any")
    return Book(
        id=_field(fields, _ID),
        title=_field(fields, _TITLE),
        author=_field(fields, _AUTHOR),
        licence=_field(fields, _LICENCE),
        language=_code(_field(fields, _LANGUAGE)),
        text=text,
        offset=line.offset,
    )


def book_document(book: Book, name: str) -> Document:
    """The document of a book of the file `name`. Its id says which title with which text, never where it lay.

    The address is Gutenberg's when the id is one of Gutenberg's ("pg1342"), else "".
    """
    # A bare number may be another collection's.
    number = _GUTENBERG_ID.fullmatch(book.id) if book.id.startswith("pg") else None
    return Document(
        id=f"books/{digest(book.id, book.title, book.author, book.text)}",
        url=f"https://www.gutenberg.org/ebooks/{number[1]}" if number else "",
        text=book.text,
        title=book.title,
        source="books",
        language=book.language,
        warc_file=name,
        warc_offset=book.offset,
    )


def _is_json_lines(path: Path) -> bool:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    # `book.txt.jsonl` is text, as it says so somewhere; a name that says nothing is decided by the first line.
    if suffixes & {".jsonl", ".json", ".ndjson", ".txt"}:
        return ".txt" not in suffixes
    first = next((line for line in read_lines(path) if isinstance(line, Line)), None)
    return first is not None and isinstance(parse_line(first, ""), Book)


def _text_file(path: Path, name: str) -> Book | Quarantined:
    """A whole text file as one book."""
    with path.open("rb") as file:
        start = file.read(8)
    opener = next((each for magic, each in _OPENERS if start.startswith(magic)), None)
    try:
        with opener(path, "rb") if opener else path.open("rb") as file:
            body = file.read(MAX_LINE + 1)  # one byte more shows that there is more
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the data
            raise
        return Quarantined(name, 0, "damaged_book", str(error))
    if len(body) > MAX_LINE:
        return Quarantined(name, 0, "overlong_book", f"more than {MAX_LINE} bytes; one file is one book")
    text = decode(body)[0].replace("\r\n", "\n")
    if not text.strip():
        return Quarantined(name, 0, "no_text", "the file is blank")
    head = text[:_HEADER_CHARACTERS]
    # `dict` keeps the last of equal keys; reversed, that is the first line "Title:", the header's.
    said = dict(reversed(_HEADER.findall(head))) if "Project Gutenberg" in head else {}
    stem = in_utf8(path.name).partition(".")[0]
    return Book(
        id=stem,
        title=said.get("Title", stem),
        author=said.get("Author", ""),
        licence="",
        language=_code(said.get("Language", "")),
        text=text,
        offset=0,
    )


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _field(fields: Mapping[str, object], names: tuple[str, ...], joint: str = "; ") -> str:
    """The first of these fields that says something, as text: numbers are written out, lists joined."""
    return next((shown for name in names if (shown := _to_text(fields.get(name), joint))), "")


def _to_text(value: Any, joint: str) -> str:
    """Text free of surrogates; "" for what is no text."""
    if isinstance(value, list):
        return joint.join(filter(None, (_to_text(each, joint) for each in value)))
    if isinstance(value, dict):  # {"name": "Jane Austen", "birth_year": 1775}
        return _to_text(value.get("name"), joint)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _code(language: str) -> str:
    """The code of a language that is written out in English; anything else as it stands, in lower case."""
    return _CODES.get(language.strip().lower(), language.strip().lower())
