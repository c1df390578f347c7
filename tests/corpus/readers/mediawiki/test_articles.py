"""Dumps of every container, encoding and version, whole and damaged: each good page is read, each damage is named."""

import bz2
import gzip
import lzma
from itertools import islice
from pathlib import Path

import pytest
import zstandard

from corpus.document import Document, Quarantined, Rejected
from corpus.hashing import digest
from corpus.readers.mediawiki import dump_pages
from corpus.readers.mediawiki.articles import Article, article_document, read_articles

DATA = Path(__file__).parents[5] / "shared" / "data" / "wikipedia"
HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>dewiki</dbname>
    <base>https://de.wikipedia.org/wiki/Wikipedia:Hauptseite</base>
    <namespaces>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Diskussion</namespace>
      <namespace key="4" case="first-letter">Wikipedia</namespace>
    </namespaces>
  </siteinfo>
"""
END = "</mediawiki>\n"
TEXT = "Nüsse &amp; &lt;ref&gt;\n\n  \nzweiter Absatz"


def page(number, title="", text=TEXT, extra="<ns>0</ns>"):
    return f"""  <page>
    <title>{title or f"Nuß {number}"}</title>
    {extra}
    <id>{number}</id>
    <revision>
      <id>{number + 1000}</id>
      <timestamp>2024-01-02T03:04:05Z</timestamp>
      <contributor><username>x</username><id>9</id></contributor>
      <text bytes="9" xml:space="preserve">{text}</text>
    </revision>
  </page>
"""


def dump(*pages, head=HEAD, end=END):
    return (head + "".join(pages) + end).encode()


PAGES = [page(number, text=f"{TEXT} {digest(str(number), length=40)}") for number in range(1, 301)]
WHOLE = dump(*PAGES)


def multistream(streams):
    return b"".join(map(bz2.compress, streams))


def streams():
    """As Wikimedia packs it: the head, then a hundred pages a stream, then the end."""
    hundreds = ["".join(PAGES[start : start + 100]) for start in range(0, 300, 100)]
    return [part.encode() for part in (HEAD, *hundreds, END)]


def read(path, data=None):
    if data is not None:
        path.write_bytes(data)
    items = list(read_articles(path, "dump"))
    return [item for item in items if isinstance(item, Article)], [i for i in items if isinstance(i, Quarantined)]


def ids(articles):
    return [article.id for article in articles]


@pytest.mark.parametrize(
    "data",
    [WHOLE, bz2.compress(WHOLE), multistream(streams()), gzip.compress(WHOLE, mtime=0), lzma.compress(WHOLE),
     zstandard.compress(WHOLE), WHOLE.replace(b"\n", b"\r\n")],
    ids=["plain", "bz2", "multistream", "gz", "xz", "zst", "crlf"],
)  # fmt: skip
def test_every_container_gives_the_same_pages(tmp_path, data):
    articles, damage = read(tmp_path / "dump", data)
    assert ids(articles) == list(range(1, 301))
    assert damage == []


def test_an_article_is_what_the_dump_says(tmp_path):
    articles, _ = read(tmp_path / "dump", dump(page(7)))
    assert articles == [
        Article(
            id=7,
            revision=1007,
            title="Nuß 7",
            namespace=0,
            redirect="",
            text="Nüsse & <ref>\n\n\n\n\nzweiter Absatz",  # white space alone in a line comes back as line ends
            timestamp="2024-01-02T03:04:05Z",
            language="de",
            dbname="dewiki",
            site="https://de.wikipedia.org/wiki/",
            offset=len(HEAD.encode()) + 2,
        )
    ]


@pytest.mark.parametrize(
    ("extra", "title", "text", "namespace", "redirect"),
    [
        ("<ns>0</ns><redirect title='Walnuß' />", "A", "#WEITERLEITUNG [[Walnuß]]", 0, "Walnuß"),
        ("<ns>0</ns>", "A", "#redirect: [[Walnuß#Baum|x]]", 0, "Walnuß"),
        ("", "A", "\n# PATRZ [[Orzech]]", 0, "Orzech"),
        ("<ns>0</ns>", "A", "# [[Walnuß]] ist eine Liste", 0, ""),
        ("", "A", "#ΑΝΑΚΑΤΕΥΘΥΝΣΗ [[Walnuß|x]]\n[[Κατηγορία:Y]] {{R}}", 0, "Walnuß"),
        ("", "A", "#Eins [[Walnuß]]\n#Zwei [[Nuß]]", 0, ""),
        ("<ns>4</ns>", "Wikipedia:A", "x", 4, ""),
        ("", "Diskussion:A", "x", 1, ""),
        ("", "Star Trek: A", "x", 0, ""),
    ],
)
def test_namespace_and_redirect_of_any_export_version(tmp_path, extra, title, text, namespace, redirect):
    [article], _ = read(tmp_path / "dump", dump(page(1, title, text, extra)))
    assert (article.namespace, article.redirect) == (namespace, redirect)


def test_files_and_categories_go_by_their_english_names(tmp_path):
    head = HEAD.replace(
        "</namespaces>",
        '<namespace key="6">Fil Foto</namespace><namespace key="14">Kategoreja</namespace></namespaces>',
    )
    text = "[[Fil Foto:a.jpg|thumb|b]] [[ fil_foto : c]] [[kategoreja:d]] [[:Kategoreja:e]] [[Filfoto:f]]"
    [article], _ = read(tmp_path / "dump", dump(page(1, text=text), head=head))
    assert article.text == "[[File:a.jpg|thumb|b]] [[File: c]] [[Category:d]] [[:Kategoreja:e]] [[Filfoto:f]]"


def test_of_several_revisions_the_newest_counts_and_a_page_without_text_is_a_page(tmp_path):
    newer = "<revision><id>5</id><timestamp>2025-01-01T00:00:00Z</timestamp><text>neu</text></revision>"
    deleted = page(2).replace(f">{TEXT}</text>", ' deleted="deleted" />')
    articles, damage = read(tmp_path / "dump", dump(page(1).replace("<revision>", newer + "<revision>"), deleted))
    assert [(article.revision, article.text) for article in articles] == [(5, "neu"), (1002, "")]
    assert damage == []


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-8"])
def test_the_declared_encoding_is_honoured(tmp_path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + HEAD + page(1, "Орех", "орех") + END
    [article], _ = read(tmp_path / "dump", text.encode(encoding))
    assert (article.title, article.text) == ("Орех", "орех")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_two_bytes_a_character_and_byte_order_marks_are_read(tmp_path, encoding):
    declared = "utf-16" if "16" in encoding else "utf-8"
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + HEAD + page(1, "Орех", "орех\n\nਊਅ") + page(2) + END
    [article, other], damage = read(tmp_path / "dump", text.encode(encoding))
    assert (article.title, article.text, article.language, other.id) == ("Орех", "орех\n\nਊਅ", "de", 2)
    assert damage == []


def test_an_encoding_that_is_declared_and_not_used_does_no_harm(tmp_path):
    text = '<?xml version="1.0" encoding="UTF-16"?>\n' + HEAD + page(1, "Орех", "орех") + END
    [article], damage = read(tmp_path / "dump", text.encode())
    assert (article.title, damage) == ("Орех", [])


BAD_BYTE = page(2, "Kaputt").encode().replace(b"Kaputt", b"K\xffputt")


@pytest.mark.parametrize(
    ("middle", "reason"),
    [
        (page(2, text="a < b").encode(), "bad_xml"),
        (page(2, text="&bomb;").encode(), "bad_xml"),
        (page(2, text="Größe " * 30).encode("latin-1"), "bad_encoding"),
        (page(2).partition("</text>")[0].encode(), "unclosed_page"),
        (page(2).replace("<page>", "<pa\0e>").encode(), "page_without_start"),
        (page(2, text="x" * 5000).encode(), "overlong_page"),
    ],
    ids=["tag", "entity", "encoding", "unclosed", "no start", "long"],
)
def test_one_bad_page_costs_one_page(tmp_path, monkeypatch, middle, reason):
    monkeypatch.setattr(dump_pages, "MAX_PAGE", 3000)
    data = HEAD.encode() + page(1).encode() + middle + page(3).encode() + END.encode()
    articles, [damage] = read(tmp_path / "dump", data)
    assert ids(articles) == [1, 3]
    assert (damage.file, damage.reason) == ("dump", reason)
    assert len(HEAD) <= damage.offset < len(data)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"caf\xe9 on the quay", "caf\ufffd on the quay"),
        (b"a\x02b\x00c\x0bd", "a\ufffdb\ufffdc\ufffdd"),
        (b"a&#2;b&#x0;c&#xFFFF;d&#55357;e&#99999999;", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"),
        (b"a&nbsp;b &LT;br&gt; &eacute;", "a\xa0b <br> é"),
        (b"Marks & Spencer&Co; AT&T &#x; &#", None),
        (b"Marks & Spencer, AT&T, &#x; &# &", "Marks & Spencer, AT&T, &#x; &# &"),
        ("\ufffe\ud800".encode("utf-8", "surrogatepass"), "\ufffd" * 4),
    ],
    ids=["byte", "control", "reference", "entity", "unknown entity", "ampersand", "no character"],
)
def test_a_broken_character_does_not_cost_the_article(tmp_path, written, text):
    body = page(2, text="HERE").encode().replace(b"HERE", written)
    articles, damage = read(tmp_path / "dump", (HEAD + page(1)).encode() + body + (page(3) + END).encode())
    assert [article.text for article in articles if article.id == 2] == ([text] if text else [])
    assert ids(articles) == ([1, 2, 3] if text else [1, 3])
    assert bool(damage) == (text is None)


def test_a_number_that_is_none_does_not_cost_the_article(tmp_path):
    spoilt = page(2).replace("<id>2</id>", "<id>zwei</id>").replace("<ns>0</ns>", "<ns></ns>")
    articles, damage = read(tmp_path / "dump", (HEAD + spoilt + END).encode())
    assert [(article.id, article.namespace) for article in articles] == [(0, 0)]
    assert damage == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "hostile",
    [
        "<mediawiki " * 90_000,
        "<namespace " * 90_000,
        "<namespace " + 'key="1" ' * 120_000,
        "<mediawiki " + "xml:lang=" * 100_000 + ">",
        "<base>" * 160_000,
        "<mediawiki " + "a" * 1_000_000 + ">",
        "<mediawiki a" + " " * 1_000_000 + ">",
    ],
    ids=["tags", "namespaces", "attributes", "keys", "elements", "name", "blanks"],
)
def test_a_hostile_head_takes_no_longer_than_another(tmp_path, hostile):
    articles, _ = read(tmp_path / "dump", (HEAD + hostile + "\n" + page(1) + END).encode())
    assert ids(articles) == [1]


@pytest.mark.timeout(60)
def test_a_redirect_of_blanks_takes_no_longer_than_another(tmp_path):
    articles, _ = read(tmp_path / "dump", (HEAD + page(1, text="#redirect" + " \t" * 1_000_000) + END).encode())
    assert ids(articles) == [1]


def test_no_entity_is_declared_let_alone_expanded(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
    articles, [damage] = read(tmp_path / "dump", (bomb + HEAD + page(1, text="&b;") + page(2) + END).encode())
    assert ids(articles) == [2]
    assert damage.reason == "bad_xml"


def test_after_a_broken_stream_reading_goes_on_at_the_next(tmp_path):
    parts = [bytearray(bz2.compress(part)) for part in streams()]
    middle = parts[2]
    middle[len(middle) // 2] ^= 0xFF
    articles, damage = read(tmp_path / "dump", b"".join(parts))
    assert ids(articles) == [*range(1, 101), *range(201, 301)]
    assert [each.reason for each in damage] == ["bad_bzip2"]
    assert damage[0].offset == len(parts[0]) + len(parts[1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (multistream(streams())[:-2000], "truncated_bzip2"),
        (zstandard.compress(WHOLE)[:-2000], "truncated_zstd"),
        (gzip.compress(WHOLE, mtime=0)[:-2000], "truncated_gzip"),
        (WHOLE[:-200], "truncated_page"),
        (WHOLE[: -len(END)], "truncated_dump"),
        (b"no dump at all\n", "no_pages"),
        (b"", "empty_file"),
        (zstandard.compress(b""), "empty_file"),
        (b"<!DOCTYPE html>\n<html><title>503</title>\n<p>Busy\n</html>\n", "html_page"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(range(256)) * 40, "unknown_container"),
    ],
    ids=["bz2", "zstd", "gz", "in a page", "between pages", "other text", "empty", "packed nothing", "html", "7z"],
)
def test_a_dump_cut_short_gives_its_pages_and_says_so(tmp_path, data, reason):
    articles, damage = read(tmp_path / "dump", data)
    assert ids(articles) == list(range(1, len(articles) + 1))
    assert len(articles) >= (
        0 if reason in {"no_pages", "truncated_zstd", "empty_file", "html_page", "unknown_container"} else 200
    )
    assert [each.reason for each in damage] == [reason]


def test_pages_come_as_they_are_read(tmp_path, monkeypatch):
    given = []
    lines = dump_pages.read_lines

    def counted(path, *more):
        for line in lines(path, *more):
            given.append(line)
            yield line

    monkeypatch.setattr(dump_pages, "read_lines", counted)
    (tmp_path / "dump").write_bytes(WHOLE)
    assert ids(islice(read_articles(tmp_path / "dump"), 2)) == [1, 2]
    assert len(given) < 50


def test_a_document_has_the_article_s_address_and_an_id_that_is_its_content(tmp_path):
    [article], _ = read(tmp_path / "a", dump(page(1, "Über A/B &amp; C?")))
    [moved], _ = read(tmp_path / "b", dump(page(1, "Über A/B &amp; C?"), head=HEAD + "\n"))
    [edited], _ = read(tmp_path / "c", dump(page(1, "Über A/B &amp; C?", "neu")))
    document = article_document(article, "dump")
    assert isinstance(document, Document)
    assert document.url == "https://de.wikipedia.org/wiki/%C3%9Cber_A/B_%26_C%3F"
    assert (document.source, document.title, document.language) == ("wikipedia", "Über A/B & C?", "de")
    assert (document.warc_file, document.warc_offset) == ("dump", article.offset)
    again, other = article_document(moved, "dump"), article_document(edited, "dump")
    assert isinstance(again, Document) and isinstance(other, Document)
    assert document.id == again.id != other.id


@pytest.mark.parametrize(
    ("extra", "reason", "evidence"),
    [
        ("<ns>0</ns><redirect title='B' />", "wikipedia.redirect", "B"),
        ("<ns>4</ns>", "wikipedia.namespace", "Wikipedia:A"),
    ],
)
def test_redirects_and_other_namespaces_are_rejected(tmp_path, extra, reason, evidence):
    [article], _ = read(tmp_path / "dump", dump(page(1, "Wikipedia:A", "x", extra)))
    result = article_document(article, "dump")
    assert isinstance(result, Rejected)
    assert (result.reason, result.evidence) == (reason, evidence)


def test_the_real_dumps_lose_no_page():
    if not DATA.is_dir():
        pytest.skip(f"no real dumps: {DATA} is absent")
    counts = {}
    for path in sorted(DATA.glob("*.bz2")):
        articles, damage = read(path)
        assert damage == []
        assert len(articles) == bz2.decompress(path.read_bytes()).count(b"<page>")
        counts[path.name.partition("-")[0]] = counts.get(path.name.partition("-")[0], 0) + len(articles)
    assert counts == {"enwiki": 211, "tinywiki": 8}
