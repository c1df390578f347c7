"""Articles out of MediaWiki XML dumps, page by page, so that one bad page costs one page.

`corpus.readers.mediawiki.dump_pages` cuts the dump; each page is parsed on its own. A page cannot carry a DOCTYPE, so
no entity of its own can be declared, let alone expanded. What the head of the dump says (language, address, encoding,
what this wiki calls its namespaces) holds for every page.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from html import escape, unescape
from html.entities import html5
from pathlib import Path
from urllib.parse import quote

from corpus.document import Document, Quarantined, Rejected
from corpus.hashing import digest
from corpus.quarantine import guard
from corpus.readers.mediawiki.dump_pages import WHOLE, Span, cut_pages

# Tags of the head are taken whole before their attributes are looked at, or a hostile head would take for ever.
_TAG = r"<{name}\b(?>([^<>]*))>([^<>]{{0,1000}})"  # name, attributes, and the text up to the next tag
_MEDIAWIKI, _NAMESPACE, _BASE, _DBNAME = (
    re.compile(_TAG.format(name=name)) for name in ("mediawiki", "namespace", "base", "dbname")
)
# Possessive (++, *+): a quote without an end is not tried again at every length.
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_DECLARATION = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
# What XML 1.0 (section 2.2) allows neither bare nor by number.
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# "&#8212;", "&#x2014;", "&eacute;", or a bare "&".
_REFERENCE = re.compile(r"&(?:#(\d{1,8}|x[0-9a-fA-F]{1,8});|(\w{1,31};)?)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
# Of a page's characters, but always a few: one that is more broken than this has another encoding.
_MOST_REPLACED, _ALWAYS_REPLACED = 0.01, 3  # 1 % of the characters, or three of a short page
_LINKED_BY_NAME = {-2: "Media", 6: "File", 14: "Category"}  # by their numbers, the same in every wiki
# Exports before 0.4 (2009) say neither namespace nor redirect; the text does.
_REDIRECT_WORDS = """
redirect redirection redirección redirecionamento redirecciona rinvia weiterleitung doorverwijzing omdirigering
omdirigere viderestilling ohjaus uudelleenohjaus przekieruj patrz tam přesměruj presmeruj átirányítás yönlendirme
перенаправление перенаправлення пренасочување 転送 リダイレクト 重定向 重新導向 넘겨주기 تحويل הפניה đổi alih
"""
_REDIRECT = re.compile(rf"\s*#\s*(?:{'|'.join(_REDIRECT_WORDS.split())})\s*+(?::\s*+)?\[\[([^\]|#]+)", re.IGNORECASE)
# In whatever language: a page that is nothing but a word and a link, with categories after it.
_ONLY_A_LINK = re.compile(
    r"\s*#[^\W\d]+\s*:?\s*\[\[([^\]|#]+)[^\]]*\]\]\s*(?:\[\[[^\[\]]*:[^\[\]]*\]\]\s*|\{\{[^{}]*\}\}\s*)*"
)


TEMPLATES = 10  # the namespace of templates, in every wiki


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

    @property
    def wiki(self) -> str:
        """What tells the wikis of several dumps apart."""
        return self.dbname or self.site or self.language


@dataclass(frozen=True, slots=True)
class _Site:
    """What the head of the dump says; "" for what it does not."""

    encoding: str = "utf-8"
    language: str = ""
    dbname: str = ""
    address: str = ""
    namespaces: dict[str, int] = field(default_factory=dict)

    @property
    def wiki(self) -> str:
        """As that of its articles."""
        return self.dbname or self.address or self.language

    def in_english(self, wikitext: str) -> str:
        """The text with this wiki's links to files and categories by their English names, which the steps know."""
        for pattern, name in _own_names(tuple(sorted(self.namespaces.items()))):
            wikitext = pattern.sub(rf"[[{name}:", wikitext)
        return wikitext


def read_articles(
    path: Path,
    name: str = "",
    span: Span = WHOLE,
    namespace: int | None = None,
    note_wiki: Callable[[str], object] = lambda wiki: None,
) -> Iterator[Article | Quarantined]:
    """Every page of a dump in file order, of any namespace, redirects included; one `Quarantined` per damage.

    With a span of `spans`, the pages of that span; what the head of the dump says is read again for each. With a
    `namespace`, the pages of that one only: the others are not parsed. `note_wiki` is told the wiki of each head.
    """
    name = name or str(path)
    site = _Site()
    if span.start:
        site = _site(
            next((piece[1] for piece in cut_pages(path, name, WHOLE) if not isinstance(piece, Quarantined)), b"")
        )
        note_wiki(site.wiki)
    for piece in cut_pages(path, name, span):
        if isinstance(piece, Quarantined):
            yield piece
            continue
        offset, data = piece
        if data.startswith(b"<page"):
            # A look at the bytes spares the parser; without <ns> (exports before 0.4) only the page itself tells.
            if namespace is not None and b"<ns>%d</ns>" % namespace not in data and b"<ns>" in data:
                continue
            article = partial(_article, offset=offset, site=site, name=name)
            page = guard(article, data, name, offset)
            if namespace is None or isinstance(page, Quarantined) or page.namespace == namespace:
                yield page
        elif data:
            site = _site(data)
            note_wiki(site.wiki)


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
    text = head.decode(encoding if _is_known(encoding) else "utf-8", "replace")
    root, base, dbname = (pattern.search(text) for pattern in (_MEDIAWIKI, _BASE, _DBNAME))
    code = _attributes(root[1]).get("xml:lang", "") if root else ""
    base = unescape(base[2]).strip() if base else ""
    keys = ((_attributes(tag).get("key", ""), name) for tag, name in _NAMESPACE.findall(text))
    return _Site(
        encoding=encoding,
        language=code,
        dbname=unescape(dbname[2]).strip() if dbname else "",
        # "https://de.wikipedia.org/wiki/Hauptseite" is the address of articles up to its last slash.
        address=base.rpartition("/")[0] + "/" if base else f"https://{code}.wikipedia.org/wiki/" * bool(code),
        namespaces={unescape(name).casefold(): _number(key) for key, name in keys if name.strip()},
    )


def _attributes(tag: str) -> dict[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(tag)}


@cache
def _own_names(namespaces: tuple[tuple[str, int], ...]) -> list[tuple[re.Pattern[str], str]]:
    found = []
    for number, name in _LINKED_BY_NAME.items():
        own = [each for each, key in namespaces if key == number and each != name.casefold()]
        if own:
            # German: "Datei" and "Bild" are File, and "Bild" is its older name.
            words = "|".join(re.escape(each).replace(r"\ ", "[ _]+") for each in own)
            found.append((re.compile(rf"\[\[[ _]*(?:{words})[ _]*:", re.IGNORECASE), name))
    return found


def _is_known(encoding: str) -> bool:
    try:
        return b"a".decode(encoding) == "a"
    except (LookupError, ValueError):
        return False


def _article(data: bytes, offset: int, site: _Site, name: str) -> Article | Quarantined:
    """One `<page>…</page>`; of several revisions the last, which is the newest."""
    try:
        page = _parse(_decode(data, site.encoding))
        # `default`: some exports have the text in the page itself.
        revision = max(page.findall("revision"), key=lambda each: each.findtext("timestamp", ""), default=page)
        text, title = revision.findtext("text", ""), page.findtext("title", "").strip()
        redirect = page.find("redirect")
        told = "" if redirect is None else redirect.get("title", "")
        # The first 2,000 characters: a redirect is short, and a pattern over a whole page may be slow.
        found = None if told else _REDIRECT.match(text) or _ONLY_A_LINK.fullmatch(text[:2000])
        return Article(
            id=_number(page.findtext("id", "")),
            revision=_number(revision.findtext("id", "")),
            title=title,
            # By its number, else by the name before the colon of its title.
            namespace=_number(page.findtext("ns", ""), site.namespaces.get(title.partition(":")[0].casefold(), 0)),
            # "?": it says that it is a redirect, and not where to.
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


def _decode(data: bytes, encoding: str) -> str:
    """The text of a page, with U+FFFD for what a broken byte was; `UnicodeDecodeError` where too much is broken."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        if text.count("\ufffd") > max(_MOST_REPLACED * len(text), _ALWAYS_REPLACED):
            raise
        return text


def _parse(text: str) -> ElementTree.Element:
    """The page; where it is not quite XML, with U+FFFD for characters that XML forbids, and a bare `&` as one."""
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return ElementTree.fromstring(_REFERENCE.sub(_repair, _NO_CHARACTER.sub("\ufffd", text)))


def _repair(reference: re.Match[str]) -> str:
    """A reference that XML knows without a DTD: those of HTML are written out, a bare `&` is escaped."""
    number, name = reference.groups()
    if number:
        code = int(number[1:], 16) if number.startswith("x") else int(number)  # "#x2014" has its x in the number
        return reference[0] if code < 0x110000 and not _NO_CHARACTER.match(chr(code)) else "\ufffd"
    if not name:
        return "&amp;"
    # HTML's entities are unknown to XML without a DTD: &eacute; becomes é, &amp; stays.
    return escape(html5[name]) if name in html5 and name not in _OF_XML else reference[0]


def _number(written: str, otherwise: int = 0) -> int:
    return int(written) if re.fullmatch(r"-?[0-9]{1,18}", written.strip()) else otherwise  # 18 digits fit into 64 bits
