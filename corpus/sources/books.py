"""Books: plain text, or JSON lines with one book each (`corpus.readers.books`)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from corpus.document import Document, Quarantined
from corpus.readers.books import book_document, read_books
from corpus.readers.mediawiki.dump_pages import Span
from corpus.sources.texts import Templates, TextSource


def read(path: Path, name: str, span: Span, templates: Templates) -> Iterator[Document | Quarantined]:
    """Every book of a file."""
    for book in read_books(path, name):
        yield book if isinstance(book, Quarantined) else replace(book_document(book, name), licence=book.licence)


BOOKS = TextSource("books", read)
