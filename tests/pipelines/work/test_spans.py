"""Which templates the articles of a dump are read with: those of all dumps of its wiki, and of no other."""

import bz2

import pytest

pytest.importorskip("apache_beam")

from corpus.files.inputs import InputFile
from corpus.files.manifest import Part
from corpus.readers.mediawiki.articles import TEMPLATES, read_articles
from corpus.sample.shelves import HEAD
from corpus.sources.books import BOOKS
from corpus.sources.wikipedia import WIKIPEDIA
from pipelines.work.spans import spans
from pipelines.work.templates import TemplateFacts


def facts(file, *wikis, rows=1):
    return TemplateFacts(file, wikis, Part(f"templates/{file}", rows, 1, "digest"))


def test_a_dump_of_another_wiki_changes_no_span(tmp_path):
    files = []
    for name in ("en-1", "en-2", "de-1"):
        (tmp_path / name).write_bytes(b"<mediawiki></mediawiki>")
        files.append(InputFile(name, 23, name, str(tmp_path / name)))
    english = [facts("en-1", "enwiki"), facts("en-2", "enwiki"), facts("none", "enwiki", rows=0)]
    before = list(spans(WIKIPEDIA, files[:2], english))
    after = list(spans(WIKIPEDIA, files, [*english, facts("de-1", "dewiki")]))
    assert after[:2] == before
    assert [[part.path for part in span.templates] for span in after] == [
        ["templates/en-1", "templates/en-2"], ["templates/en-1", "templates/en-2"], ["templates/de-1"],
    ]  # fmt: skip


def test_books_have_none():
    assert [span.templates for span in spans(BOOKS, [InputFile("b", 1, "b", "b")])] == [()]


def test_each_head_of_a_file_names_its_wiki(tmp_path):
    page = "<page><title>A</title><ns>0</ns><id>1</id></page>\n</mediawiki>\n"
    dumps = [HEAD.replace("enwiki", wiki) + page for wiki in ("enwiki", "dewiki")]
    (tmp_path / "both.xml.bz2").write_bytes(b"".join(bz2.compress(dump.encode()) for dump in dumps))
    wikis = set()
    assert list(read_articles(tmp_path / "both.xml.bz2", namespace=TEMPLATES, note_wiki=wikis.add)) == []
    found = {page.wiki for page in read_articles(tmp_path / "both.xml.bz2")}
    assert found == wikis >= {"enwiki"}
