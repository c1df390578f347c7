"""Every kind of source is refreshed: Wikipedia, books and Common Crawl beside each other, over two snapshots."""

import bz2
import json
from types import SimpleNamespace

import pytest

pytest.importorskip("apache_beam")

from conftest import rows
from months import refresh

from corpus.files.manifest import verify
from corpus.releases.layout import Releases
from corpus.sample.archive import Response, conversion, response, warcinfo, write_warc
from corpus.sample.pages import article_page
from corpus.sample.prose import english_article
from corpus.sample.shelves import HEAD
from corpus.sample.web import SITES

pytestmark = pytest.mark.timeout(600)
DEFINITION = """
output = "data"
[[source]]
name = "wikipedia"
dumps = "incoming/wiki/*.xml.bz2"
[[source]]
name = "books"
books = "incoming/books/*.jsonl"
[[source]]
name = "crawl"
recipe = "unfiltered"
pages = "incoming/crawl/*/*.gz"
collinfo = "incoming/collinfo.json"
[shards]
write = false
[gates]
languages = { change = 9 }
[run]
flags = ["--direct_num_workers=1"]
"""
# The stages that read inputs, of each source.
STAGES = {"wikipedia": ("templates", "extracted"), "books": ("extracted",), "crawl": ("captures", "extracted")}


def write_dump(path, wiki, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = [
        f"<page><title>{wiki} {number}</title><ns>0</ns><id>{number}</id><revision><id>{number}</id>"
        f"<timestamp>2016-01-01T00:00:00Z</timestamp><text>'''It''' is this. {{{{Hatted}}}}\n\n"
        f"{english_article(number).text}</text></revision></page>\n"
        for number in numbers
    ]
    template = (
        "<page><title>Template:Hatted</title><ns>10</ns><id>9999</id><revision><id>9999</id>"
        f"<timestamp>2016-01-01T00:00:00Z</timestamp><text>So says {wiki}.</text></revision></page>\n"
    )
    head = HEAD.replace("enwiki", wiki)
    path.write_bytes(bz2.compress("".join([head, template, *pages, "</mediawiki>\n"]).encode()))


def write_books(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"id": f"b{number}", "title": f"Book {number}", "text": english_article(number).text})
        for number in numbers
    ]
    path.write_text("".join(line + "\n" for line in lines))


def page(number):
    return f"https://site-{number}.example/{number}.html"


def write_crawl(folder, numbers, texts):
    folder.mkdir(parents=True, exist_ok=True)
    when = "2017-01-17T03:00:00Z"
    answers = [
        response(page(number), when, Response(article_page(english_article(number), SITES[0]).encode()))
        for number in numbers
    ]
    write_warc(folder / "a.warc.gz", [warcinfo("a.warc.gz", when), *answers])
    told = [conversion(page(number), when, english_article(number).text) for number in texts]
    write_warc(folder / "b.warc.wet.gz", [warcinfo("b.warc.wet.gz", when), *told])


def stamps(folder):
    """The parts of the stages that read inputs, and when each was written."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for source, stages in STAGES.items()
        for stage in stages
        for path in sorted((folder / "data" / "work" / source / ".stages" / stage).rglob("part-*"))
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Two snapshots of each source; then an article, a book and a domain are forgotten."""
    folder = tmp_path_factory.mktemp("corpus")
    definition, incoming = folder / "corpus.toml", folder / "incoming"
    definition.write_text(DEFINITION)
    codes, seen = [], []

    def step(*command):
        codes.append(refresh(*command))
        seen.append(stamps(folder))

    write_dump(incoming / "wiki" / "enwiki-1.xml.bz2", "enwiki", range(1, 4))
    write_books(incoming / "books" / "shelf-1.jsonl", range(11, 14))
    write_crawl(incoming / "crawl" / "CC-1", range(21, 24), range(31, 33))
    incoming.joinpath("collinfo.json").write_text(json.dumps([{"id": "CC-2"}, {"id": "CC-1"}]))
    step("run", definition)
    write_dump(incoming / "wiki" / "simplewiki-1.xml.bz2", "simplewiki", range(4, 6))
    write_books(incoming / "books" / "shelf-2.jsonl", [*range(14, 16), 11])
    write_crawl(incoming / "crawl" / "CC-2", [*range(24, 26), 21], [33])
    step("run", definition)
    step("forget", definition, "--url", "https://en.wikipedia.org/wiki/enwiki_2", "--verify")
    ids = folder / "ids.txt"
    book = next(row["id"] for row in kept(folder, "books") if "Book 12" in json.dumps(row, default=str))
    ids.write_text(book + "\n")
    step("forget", definition, "--ids", ids, "--verify")
    step("forget", definition, "--domain", "site-22.example", "--verify")
    return SimpleNamespace(folder=folder, definition=definition, codes=codes, stamps=seen, book=book)


def kept(folder, source):
    return rows(folder / "data" / "releases" / "current" / "corpora" / source, "kept")


def test_every_refresh_ends_well_and_the_second_reads_the_new_snapshots_only(story):
    assert story.codes == [0] * 5
    first, second = story.stamps[:2]
    assert all(any(name.split("/")[2] == source for name in first) for source in STAGES)
    assert first.items() <= second.items() and len(second) > len(first)


def test_a_release_has_the_documents_of_both_snapshots_once(story):
    counts = {source: len(kept(story.folder, source)) for source in STAGES}
    assert counts == {"wikipedia": 5 - 1, "books": 5 - 1, "crawl": 8 - 1}
    assert verify(Releases(story.folder / "data" / "releases").folder(5)) == []


def test_what_was_forgotten_is_gone_and_the_rest_stays(story):
    urls = {row["url"] for source in STAGES for row in kept(story.folder, source)}
    assert page(21) in urls and page(33) in urls and page(22) not in urls
    assert story.book not in {row["id"] for row in kept(story.folder, "books")}
    assert refresh("run", story.definition) == 0
    assert refresh("check", story.definition) == 10
