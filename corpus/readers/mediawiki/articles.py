"""Articles out of MediaWiki XML dumps, page by page, so that one bad page costs one page.

`corpus.readers.mediawiki.dump_pages` cuts the dump; each page is parsed on its own. A page cannot carry a DOCTYPE, so
no entity of its own can be declared, let alone expanded. What the head of the dump says (language, address, encoding,
what this wiki calls its namespaces) holds for every page.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import quote

from corpus.document import Document, Quarantined, Rejected
from corpus.hashing import digest
from corpus.readers.mediawiki.dump_pages import WHOLE, Span, cut_pages

_DECLARATION = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_LANGUAGE = re.compile(r"<mediawiki\b[^>]*?\bxml:lang\s*=\s*[\"']([\w-]+)[\"']")
_NAMESPACE = re.compile(r"<namespace\b[^>]*?\bkey\s*=\s*[\"'](-?\d+)[\"'][^>]*?(?:/>|>([^<]*)<)")
_LINKED_BY_NAME = {-2: "Media", 6: "File", 14: "Category"}
# Exports before 0.4 (2009) say neither namespace nor redirect; the text does.
_REDIRECT_WORDS = """
redirect redirection redirección redirecionamento redirecciona rinvia weiterleitung doorverwijzing omdirigering
omdirigere viderestilling ohjaus uudelleenohjaus przekieruj patrz tam přesměruj presmeruj átirányítás yönlendirme
перенаправление перенаправлення пренасочување 転送 リダイレクト 重定向 重新導向 넘겨주기 تحويل הפניה đổi alih
"""
_REDIRECT = re.compile(rf"\s*#\s*(?:{'|'.join(_REDIRECT_WORDS.split())})\s*:?\s*\[\[([^\]|#]+)", re.IGNORECASE)
# In whatever language: a page that is nothing but a word and a link, with categories after it.
_ONLY_A_LINK = re.compile(
    r"\s*#[^\W\d]+\s*:?\s*\[\[([^\]|#]+)[^\]]*\]\]\s*(?:\[\[[^\[\]]*:[^\[\]]*\]\]\s*|\{\{[^{}]*\}\}\s*)*"
)


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

    def in_english(self, wikitext: str) -> str:
        """The text with this wiki's links to files and categories by their English names, which the steps know."""
        for pattern, name in _own_names(tuple(sorted(self.namespaces.items()))):
            wikitext = pattern.sub(rf"[[{name}:", wikitext)
        return wikitext


def read_articles(path: Path, name: str = "", span: Span = WHOLE) -> Iterator[Article | Quarantined]:
    """Every page of a dump in file order, of any namespace, redirects included; one `Quarantined` per damage.

    With a span of `spans`, the pages of that span; what the head of the dump says is read again for each.
    """
    name = name or str(path)
    site = _Site()
    if span.start:
        site = _site(
            next((piece[1] for piece in cut_pages(path, name, WHOLE) if not isinstance(piece, Quarantined)), b"")
        )
    for piece in cut_pages(path, name, span):
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


def _site(head: bytes) -> _Site:
    declared = _DECLARATION.search(head[:1024])
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    if encoding.lower().startswith(("utf-16", "utf16", "ucs-2", "iso-10646-ucs-2")):
        encoding = "utf-8"  # it was, or it was wrong: these are single bytes
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


@cache
def _own_names(namespaces: tuple[tuple[str, int], ...]) -> list[tuple[re.Pattern[str], str]]:
    found = []
    for number, name in _LINKED_BY_NAME.items():
        own = [each for each, key in namespaces if key == number and each != name.casefold()]
        if own:
            words = "|".join(re.escape(each).replace(r"\ ", "[ _]+") for each in own)
            found.append((re.compile(rf"\[\[[ _]*(?:{words})[ _]*:", re.IGNORECASE), name))
    return found


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
        found = None if told else _REDIRECT.match(text) or _ONLY_A_LINK.fullmatch(text[:2000])
        return Article(
            id=int(page.findtext("id", "0")),
            revision=int(revision.findtext("id", "0")),
            title=title,
            namespace=int(page.findtext("ns") or site.namespaces.get(title.partition(":")[0].casefold(), 0)),
            redirect=found[1].strip() if found else told or ("?" if redirect is not None else ""),
            text=site.in_english(text),
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
