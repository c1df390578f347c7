"""Articles out of MediaWiki XML dumps, page by page, so that one bad page costs one page.

A dump is one XML document of up to 100 GB; a parser of the whole stops at the first broken byte. But inside a dump
`<page>` and `</page>` stand for themselves only (in text they are escaped), so the stream is cut there and each
page is parsed on its own: flat memory, any export version and namespace, and after damage reading goes on at the next
`<page>`. A page cannot carry a DOCTYPE, so no entity of its own can be declared, let alone expanded.

The stream comes from `corpus.readers.lines`: plain, bzip2 (one stream or many), gzip, zstd or xz, told by content.
Trap: that reader leaves blank lines out, which part paragraphs; the gap between the offsets says how long they were.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import quote

from corpus.document import Document, Quarantined, Rejected
from corpus.hashing import digest
from corpus.readers.lines import read_lines

# MediaWiki saves at most 2 MiB of text a page, which escaping makes 12 MiB at most; only full histories are longer.
MAX_PAGE = 32 * 2**20
_MAX_HEAD = 2**20
_TAG = re.compile(rb"<(/?)page\s*>")
_DECLARATION = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_LANGUAGE = re.compile(r"<mediawiki\b[^>]*?\bxml:lang\s*=\s*[\"']([\w-]+)[\"']")
_NAMESPACE = re.compile(r"<namespace\b[^>]*?\bkey\s*=\s*[\"'](-?\d+)[\"'][^>]*?(?:/>|>([^<]*)<)")
# Exports before 0.4 (2009) say neither namespace nor redirect; the text does.
_REDIRECT_WORDS = """
redirect redirection redirección redirecionamento redirecciona rinvia weiterleitung doorverwijzing omdirigering
omdirigere viderestilling ohjaus uudelleenohjaus przekieruj patrz tam přesměruj presmeruj átirányítás yönlendirme
перенаправление перенаправлення пренасочување 転送 リダイレクト 重定向 重新導向 넘겨주기 تحويل הפניה đổi alih
"""
_REDIRECT = re.compile(rf"\s*#\s*(?:{'|'.join(_REDIRECT_WORDS.split())})\s*:?\s*\[\[([^\]|#]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Article:
    """The latest revision of one page; `text` is wikitext, `offset` its place in the inflated dump in bytes.

    `redirect` is the title it leads to, "" for a page of its own; `site` the address that titles are appended to.
    """

    id: int
    revision: int
    title: str
    namespace: int
    redirect: str
    text: str
    timestamp: str
    language: str
    dbname: str
    site: str
    offset: int


@dataclass(frozen=True, slots=True)
class _Site:
    """What the head of the dump says; "" for what it does not."""

    encoding: str = "utf-8"
    language: str = ""
    dbname: str = ""
    address: str = ""
    namespaces: dict[str, int] = field(default_factory=dict)


def read_articles(path: Path, name: str = "") -> Iterator[Article | Quarantined]:
    """Every page of a dump in file order, of any namespace, redirects included; one `Quarantined` per damage."""
    name = name or str(path)
    site = _Site()
    for piece in _pieces(path, name):
        if isinstance(piece, Quarantined):
            yield piece
            continue
        offset, data = piece
        if data.startswith(b"<page"):
            yield _article(data, offset, site, name)
        elif data:
            site = _site(data)


def article_document(article: Article, name: str, namespaces: frozenset[int] = frozenset({0})) -> Document | Rejected:
    """The document of an article of the dump `name`, still wikitext; redirects and other namespaces are rejected.

    That happens here because only the dump knows: no step could tell it from the text. The id says which revision
    of what it is, never where it lay.
    """
    url = article.site + quote(article.title.replace(" ", "_"), safe="/:@!$*(),;'~") if article.site else ""
    identity = digest(article.dbname, url, article.title, article.timestamp, article.text)
    document = Document(
        id=f"wikipedia/{identity}",
        url=url,
        text=article.text,
        title=article.title,
        source="wikipedia",
        date=article.timestamp,
        language=article.language,
        warc_file=name,
        warc_offset=article.offset,
    )
    if article.redirect:
        return document.reject("wikipedia.redirect", evidence=article.redirect)
    if article.namespace not in namespaces:
        return document.reject("wikipedia.namespace", article.namespace, article.title)
    return document


def _chunks(path: Path, name: str) -> Iterator[tuple[int, bytes] | Quarantined]:
    """The dump's lines with their ends and offsets, blank ones given back as line ends: no gaps but damage."""
    end = 0
    for line in read_lines(path, name):
        if isinstance(line, Quarantined):
            end = -1
            yield line
            continue
        if 0 <= end < line.offset:
            yield end, b"\n" * (line.offset - end)
        data = line.data + b"\n"
        yield line.offset, data
        end = line.offset + len(data)


def _pieces(path: Path, name: str) -> Iterator[tuple[int, bytes] | Quarantined]:
    """The head of the dump (all that stands before its first page) and then its whole pages, with their offsets."""
    cutter = _Cutter(name)
    for chunk in _chunks(path, name):
        if isinstance(chunk, Quarantined):
            cutter.forget()
            yield chunk
            continue
        offset, data = chunk
        position = 0
        for tag in _TAG.finditer(data):
            cutter.add(data[position : tag.start()])
            yield from cutter.close(tag[0]) if tag[1] else cutter.open(offset + tag.start())
            position = tag.end() if tag[1] else tag.start()
        cutter.add(data[position:])
    yield from cutter.finish()


class _Cutter:
    """Where we are in the dump: in its head, inside a page, between two pages, or lost after damage."""

    def __init__(self, name: str) -> None:
        self.name, self.state = name, "head"
        self.held: list[bytes] = []
        self.size = self.start = 0
        self.whole = False

    def add(self, data: bytes) -> None:
        """Bytes that hold no tag of a page; a head or page past its limit is counted on, but not held."""
        self.size += len(data)
        self.whole = self.whole or (self.state != "page" and b"</mediawiki" in data)
        if self.state == "page" and self.size > MAX_PAGE:
            self.held.clear()
        elif self.state == "page" or (self.state == "head" and self.size <= _MAX_HEAD):
            self.held.append(data)

    def open(self, offset: int) -> Iterator[tuple[int, bytes] | Quarantined]:
        """A page begins: what came before is the head, or a page that was never closed."""
        if self.state == "page":
            yield Quarantined(self.name, self.start, "unclosed_page", f"another page begins at {offset}")
        elif self.state == "head":
            yield 0, b"".join(self.held)
        self._enter("page", offset)

    def close(self, tag: bytes) -> Iterator[tuple[int, bytes] | Quarantined]:
        """A page ends; an end without a beginning is damage, and reported unless damage was reported just before."""
        if self.state == "head":
            yield 0, b"".join(self.held)
        self.add(tag)
        if self.state == "page" and self.size > MAX_PAGE:
            yield Quarantined(self.name, self.start, "overlong_page", f"{self.size} bytes, at most {MAX_PAGE} are read")
        elif self.state == "page":
            yield self.start, b"".join(self.held)
        elif self.state != "lost":
            yield Quarantined(self.name, self.start, "page_without_start", f"{self.size} bytes before its end")
        self._enter("between", self.start + self.size)

    def forget(self) -> None:
        """The stream broke: half a page is no page."""
        self._enter("lost", 0)

    def finish(self) -> Iterator[Quarantined]:
        """The stream is at its end."""
        if self.state == "page":
            yield Quarantined(self.name, self.start, "truncated_page", "the dump ends inside a page")
        elif self.state == "head":
            yield Quarantined(self.name, 0, "no_pages", "no <page> in the file: is it a MediaWiki XML export?")
        elif self.state == "between" and not self.whole:
            yield Quarantined(
                self.name, self.start, "truncated_dump", "no </mediawiki> at its end: pages may be missing"
            )

    def _enter(self, state: str, start: int) -> None:
        self.state, self.start, self.size = state, start, 0
        self.held = []


def _site(head: bytes) -> _Site:
    declared = _DECLARATION.search(head[:1024])
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    text = head.decode(encoding if _known(encoding) else "utf-8", "replace")
    language = _LANGUAGE.search(text)
    code = language[1] if language else ""
    return _Site(
        encoding=encoding,
        language=code,
        dbname=_element(text, "dbname"),
        address=_element(text, "base").rpartition("/")[0] + "/"
        if _element(text, "base")
        else f"https://{code}.wikipedia.org/wiki/" * bool(code),
        namespaces={unescape(name).casefold(): int(key) for key, name in _NAMESPACE.findall(text) if name},
    )


def _element(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return unescape(found[1]).strip() if found else ""


def _known(encoding: str) -> bool:
    try:
        return b"a".decode(encoding) == "a"
    except (LookupError, ValueError):
        return False


def _article(data: bytes, offset: int, site: _Site, name: str) -> Article | Quarantined:
    """One `<page>…</page>`; of several revisions the last, which is the newest."""
    try:
        page = ElementTree.fromstring(data.decode(site.encoding))
        revision = max(page.findall("revision"), key=lambda each: each.findtext("timestamp", ""), default=page)
        text, title = revision.findtext("text", ""), page.findtext("title", "").strip()
        redirect = page.find("redirect")
        told = "" if redirect is None else redirect.get("title", "")
        found = None if told else _REDIRECT.match(text)
        return Article(
            id=int(page.findtext("id", "0")),
            revision=int(revision.findtext("id", "0")),
            title=title,
            namespace=int(page.findtext("ns") or site.namespaces.get(title.partition(":")[0].casefold(), 0)),
            redirect=found[1].strip() if found else told or ("?" if redirect is not None else ""),
            text=text,
            timestamp=revision.findtext("timestamp", ""),
            language=site.language,
            dbname=site.dbname,
            site=site.address,
            offset=offset,
        )
    except UnicodeDecodeError as error:
        return Quarantined(name, offset, "bad_encoding", str(error)[:200])
    except LookupError:
        return Quarantined(name, offset, "unknown_encoding", site.encoding)
    except (ElementTree.ParseError, ValueError) as error:
        return Quarantined(name, offset, "bad_xml", str(error)[:200])
