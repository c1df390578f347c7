"""Books as JSON lines under many field names, and as text files in any charset; what is damaged is named."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard

from corpus.document import Quarantined
from corpus.readers import books
from corpus.readers.books import Book, book_document, read_books

DATA = Path(__file__).parents[4] / "shared" / "data" / "books" / "gutenberg.jsonl.zst"
COMPRESS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
ROWS = [{"id": f"pg{n}", "author": "A", "title": f"T{n}", "text": f"Text {n}\n\u2028naïve\n"} for n in range(1, 40)]


def lines(rows):
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def read(path, data):
    path.write_bytes(data)
    items = list(read_books(path, "file"))
    return [item for item in items if isinstance(item, Book)], [i for i in items if isinstance(i, Quarantined)]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("name", ["books.jsonl", "books"])
def test_every_container_gives_the_same_books(tmp_path, name, suffix):
    found, damage = read(tmp_path / (name + suffix), COMPRESS[suffix](lines(ROWS)))
    assert [book.text for book in found] == [row["text"] for row in ROWS]
    assert [book.offset for book in found[:2]] == [0, len(lines(ROWS[:1]))]
    assert damage == []


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"id": "pg1", "author": "B", "title": "T", "text": "x"}, ("pg1", "T", "B", "", "", "x")),
        ({"text": "x", "licence": "CC0", "language": "en"}, ("", "", "", "CC0", "en", "x")),
        ({"content": "x", "license": "PD", "lang": "English"}, ("", "", "", "PD", "en", "x")),
        ({"Text": "x", "Title": "T", "authors": ["B", "C"]}, ("", "T", "B; C", "", "", "x")),
        ({"text": "x", "authors": [{"name": "B", "born": 1}]}, ("", "", "B", "", "", "x")),
        ({"text": ["x", "y"], "book_id": 7}, ("7", "", "", "", "", "x\ny")),
        ({"text": "x", "meta": {"title": "T", "rights": "PD"}}, ("", "T", "", "PD", "", "x")),
        ({"text": "x", "title": "T", "meta": {"title": "other"}}, ("", "T", "", "", "", "x")),
        ({"text": "a\ud800b", "title": None}, ("", "", "", "", "", "a?b")),
    ],
)
def test_fields_have_many_names(tmp_path, record, expected):
    [book], damage = read(tmp_path / "books.jsonl", json.dumps(record).encode() + b"\n")
    assert (book.id, book.title, book.author, book.licence, book.language, book.text) == expected
    assert damage == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "cut of', "bad_json"),
        (b"[1, 2]", "not_an_object"),
        (b'{"title": "T"}', "no_text"),
        (b'{"text": "  "}', "no_text"),
        (b'{"text": 5.5}', "no_text"),
    ],
)
def test_one_bad_line_costs_one_line(tmp_path, line, reason):
    data = lines(ROWS[:1]) + line + b"\n" + lines(ROWS[1:2])
    found, [damage] = read(tmp_path / "books.jsonl", data)
    assert [book.id for book in found] == ["pg1", "pg2"]
    assert (damage.file, damage.offset, damage.reason) == ("file", len(lines(ROWS[:1])), reason)


def test_damaged_compression_keeps_the_books_before_and_after(tmp_path):
    parts = [bytearray(bz2.compress(lines(ROWS[start : start + 13]))) for start in (0, 13, 26)]
    parts[1][len(parts[1]) // 2] ^= 0xFF
    found, damage = read(tmp_path / "books.jsonl.bz2", b"".join(parts))
    assert [book.id for book in found] == [row["id"] for row in ROWS[:13] + ROWS[26:]]
    assert [each.reason for each in damage] == ["bad_bzip2"]


HEADED = (
    "The Project Gutenberg EBook of Emma\r\n\r\nTitle: Emma\r\nAuthor: J. Austen\r\nLanguage: English\r\n\r\nText.\r\n"
)


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chapter I\n\n\n\n   Žluťoučký kůň\n", ("emma-0", "emma-0", "", "")),
        (HEADED, ("emma-0", "Emma", "J. Austen", "en")),
        ("Title: a poem\n\nTitle: more", ("emma-0", "emma-0", "", "")),
    ],
)
def test_a_text_file_is_one_book_to_the_last_blank(tmp_path, suffix, text, expected):
    [book], damage = read(tmp_path / f"emma-0.txt{suffix}", COMPRESS[suffix](text.encode()))
    assert (book.id, book.title, book.author, book.language) == expected
    assert book.text == text.replace("\r\n", "\n")
    assert damage == []


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8-sig", "utf-16"])
def test_a_text_file_may_be_in_any_charset(tmp_path, encoding):
    text = "Le cœur a ses raisons – que la raison ne connaît point ; « à coup sûr ». " * 9
    [book], _ = read(tmp_path / "pascal.txt", text.encode(encoding))
    assert book.text == text


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt.gz", gzip.compress(b"half a book " * 400, mtime=0)[:-20], "damaged_book"),
        ("a.txt.bz2", bz2.compress(b"half a book " * 400)[:-20], "damaged_book"),
        ("a.txt.xz", b"\xfd7zXZ\x00nonsense and more", "damaged_book"),
        ("a.txt", b" \n\n", "no_text"),
        ("a.txt", b"x" * 5001, "overlong_book"),
    ],
    ids=["gz", "bz2", "xz", "blank", "long"],
)
def test_half_a_book_is_no_book(tmp_path, monkeypatch, name, data, reason):
    monkeypatch.setattr(books, "MAX_LINE", 5000)
    found, [damage] = read(tmp_path / name, data)
    assert found == []
    assert (damage.file, damage.offset, damage.reason) == ("file", 0, reason)


@pytest.mark.parametrize(
    ("identity", "url"),
    [
        ("pg1342", "https://www.gutenberg.org/ebooks/1342"),
        ("pg90476248", ""),
        ("1342", ""),
        ("emma", ""),
    ],
)
def test_a_document_has_gutenberg_s_address_if_it_has_one(identity, url):
    book = Book(identity, "T", "A", "", "en", "text", 12)
    document = book_document(book, "file")
    assert (document.url, document.source, document.title, document.language) == (url, "books", "T", "en")
    assert (document.warc_file, document.warc_offset, document.text) == ("file", 12, "text")


def test_an_id_is_the_content_not_the_place():
    here, there = Book("a", "T", "A", "", "", "text", 0), Book("a", "T", "A", "", "", "text", 99)
    assert book_document(here, "x").id == book_document(there, "y").id
    assert book_document(here, "x").id != book_document(Book("a", "T", "A", "", "", "texts", 0), "x").id


def test_the_real_books_are_all_there():
    if not DATA.is_file():
        pytest.skip(f"no real books: {DATA} is absent")
    items = list(read_books(DATA))
    assert len(items) == 126
    assert all(isinstance(item, Book) and item.title and item.author and len(item.text) > 10_000 for item in items)
