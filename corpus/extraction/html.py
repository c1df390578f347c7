"""HTML to main text: the one place where a page becomes a document.

`main_text` is a pure function, and everything about which extractor is used lies behind it:

* trafilatura's text, the more precise of the two on articles;
* resiliparse's, where trafilatura found less than two thirds as much: then it took a part for the whole;
* all text outside navigation, header, footer and asides, where that is over ten times as much: the page is no
  article (a listing, a page of services), and what the extractors look for is not there.

Mean word F1 on 1,252 pages with gold text (`python -m benchmarks.extraction`): trafilatura .852, resiliparse .814,
this .870. The two shares below came from a grid that was read on both halves of the pages (by a hash of the domain:
.867 and .874), so no half was unseen; but the hill is flat, any first share from .4 to .8 gives at least .867.
Trafilatura runs in recall mode without its own second opinions (`fast`): in this company its default mode gives the
same (+.001, standard error .002) for twice the time. Tried without gain: only the lines on which both agree (.868),
precision mode (.866), tables off (.869), <article> and <main> alone (.836), a logistic model over lines (.857).
Without trafilatura a page costs 4 ms instead of 21, and F1 stays below .84.

Traps: lxml, and so trafilatura, returns nothing for HTML nested deeper than 256 and for lines of tens of megabytes;
resiliparse needs time quadratic in nesting and in attributes of one tag. Hence `complexity`, a look before parsing.
Trafilatura's `deduplicate` remembers earlier pages, so it stays off: a text must not depend on its neighbours.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_mime
from resiliparse.parse.html import HTMLTree

from corpus.document import Document, Page, Rejected
from corpus.extraction.charset import decode
from corpus.readers.warc.media_type import parse_media_type

SHARE_OF_RESILIPARSE = 2 / 3  # trafilatura's text counts if it is at least this long beside resiliparse's
SHARE_OF_PAGE = 1 / 10  # an extraction counts if it is at least this long beside the text outside navigation
MOST_MARKUP = 1_000_000  # "<" in a page: two seconds of parsing
MOST_MARKUP_FOR_TRAFILATURA = 50_000  # three seconds of trafilatura; the longest of 2,062 real pages has 20,000
MOST_ATTRIBUTES = 5_000  # in one tag; the most in 2,062 real pages is 413
DEEPEST_NESTING = 5_000
DEEPEST_STEP = 8  # columns, of a line of code beside the line before it
LONGEST_TITLE = 300  # characters

_OUTSIDE_MAIN = [
    *("nav", "header", "footer", "aside", "form", "button", "select", "dialog", "iframe", "noscript"),
    *(f"[role={role}]" for role in ("navigation", "banner", "contentinfo", "dialog", "search")),
    *("[aria-hidden=true]", "[hidden]"),
]
_HTML_TYPES = {"text/html", "application/xhtml+xml"}
_TYPES_THAT_SAY_NOTHING = {
    *("", "*/*", "application/octet-stream", "application/unknown", "application/xml", "binary/octet-stream"),
    *("text/plain", "text/xml", "unknown/unknown"),
}
_NOT_TEXT = re.compile(r"(?:image|audio|video|font)/|application/(?!octet-stream|xml|xhtml)")
# The tags by which the WHATWG's MIME sniffing knows HTML, after white space, comments and an XML declaration.
_LOOKS_LIKE_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?xml.*?\?>)*+"  # atomic, or comments without end would take for ever
    rb"<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_TAG_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]*)")
_NEVER_NESTED = frozenset(
    "area base br col embed hr img input link meta param source track wbr "  # have no end tag
    "p li dt dd option optgroup tr td th thead tbody tfoot colgroup".split()  # are closed by what follows
)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What is worth reading on a page: its title on one line, its text with one paragraph a line."""

    title: str
    text: str


def main_text(html: str, url: str = "") -> Extracted:
    """The main text of a page by the rule at the head of this module; empty where there is none.

    It depends on the arguments alone. It may raise whatever the parsers raise, and it may take very long on
    hostile input: `complexity` catches most of that beforehand, a `Sandbox` the rest.
    """
    html = _without_surrogates(html)
    tree = HTMLTree.parse(html)
    text = _resiliparse(tree)
    if html.count("<") <= MOST_MARKUP_FOR_TRAFILATURA:
        precise = _trafilatura()(html, url=url or None, include_comments=False, favor_recall=True, fast=True) or ""
        if _length(precise) >= SHARE_OF_RESILIPARSE * _length(text):
            text = precise
    outside = extract_plain_text(tree, alt_texts=False, list_bullets=False, skip_elements=_OUTSIDE_MAIN)
    if _length(text) < SHARE_OF_PAGE * _length(outside):
        text = outside
    return Extracted(_title(tree), tidy(text))


def extract(page: Page) -> Document | Rejected:
    """The first step: a page's bytes to a document.

    Rejects as `page.http_error`, `page.not_html`, `page.empty`, `extract.too_complex`, `extract.failed` and
    `extract.no_text`. The text of a WET record (`kind` "text") is taken as it is.
    """
    if page.status != 200 and not (page.kind == "text" and page.status == 0):
        return page.reject("page.http_error", page.status)
    if page.kind == "html" and page.body and not _is_html(page):
        return page.reject("page.not_html", evidence=page.content_type)
    if not page.body.strip():
        return page.reject("page.empty", len(page.body))
    if page.kind == "text":
        extracted = Extracted("", tidy(page.body.decode("utf-8-sig", "replace").replace("\0", "")))
    else:
        html, _ = decode(page.body, page.content_type)
        too_much = complexity(html)
        if too_much:
            return page.reject("extract.too_complex", too_much[1], too_much[0])
        try:
            extracted = main_text(html, page.url)
        except MemoryError:
            raise  # about this machine, not about the page: the sandbox's to decide
        except Exception as error:
            return page.reject("extract.failed", evidence=type(error).__name__)
    if not extracted.text:
        return page.reject("extract.no_text", len(page.body))
    return page.document(extracted.text, extracted.title)


def complexity(html: str) -> tuple[str, int] | None:
    """What in this HTML would keep a parser busy for very long, and how much of it; None for ordinary pages.

    Milliseconds for any input: the tags are counted, long ones looked into, and walked over only where there are
    enough for the nesting to matter. It need not be exact, the `Sandbox` stands behind it.
    """
    tags = html.split("<")[1:]
    if len(tags) > MOST_MARKUP:
        return "tags", len(tags)
    long_tags = [tag.partition(">")[0] for tag in tags if len(tag) > 2 * MOST_ATTRIBUTES]
    attributes = max((len(_QUOTED.sub("", tag).split()) - 1 for tag in long_tags), default=0)
    if attributes > MOST_ATTRIBUTES:
        return "attributes of one tag", attributes
    starts = len(tags) - html.count("</")
    depth = _nesting(tags) if starts > DEEPEST_NESTING else 0
    return ("nesting", depth) if depth > DEEPEST_NESTING else None


def tidy(text: str) -> str:
    """Lines without trailing blanks, and without empty lines between them.

    Indentation stays where it may be code: code goes in by small steps. A line that starts more than `DEEPEST_STEP`
    columns further in than the one before it shows how the HTML was typed, and starts at the margin.
    """
    lines: list[str] = []
    margin = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare:
            indent = line[: len(line) - len(line.lstrip())].expandtabs(4)
            margin = len(indent) if len(indent) <= margin + DEEPEST_STEP else 0
            lines.append(indent + bare if margin else bare)
    return "\n".join(lines)


def _is_html(page: Page) -> bool:
    """By the declared type, or by the first bytes where it says nothing; never where they are an image or a PDF."""
    media = parse_media_type(page.content_type)
    declared = media.essence if media else ""
    if declared in _HTML_TYPES:
        return not _NOT_TEXT.match(detect_mime(page.body))
    return declared in _TYPES_THAT_SAY_NOTHING and bool(_LOOKS_LIKE_HTML.match(page.body[:4096]))


def _nesting(tags: list[str]) -> int:
    """How deep elements are nested, about: start tags against end tags, and no further than past the limit."""
    depth = deepest = 0
    for tag in tags:
        name = _TAG_NAME.match(tag)
        if name and name[2].lower() not in _NEVER_NESTED:
            self_closed = tag[: tag.find(">")].endswith("/")
            depth = max(0, depth - 1) if name[1] else depth + (not self_closed)
            deepest = max(deepest, depth)
            if deepest > DEEPEST_NESTING:
                break
    return deepest


def _resiliparse(tree: HTMLTree) -> str:
    """The main text by resiliparse; what a page keeps in <noscript> counts where it shows nothing else."""
    options: dict[str, Any] = {"main_content": True, "alt_texts": False, "list_bullets": False}
    text = extract_plain_text(tree, comments=False, form_fields=False, **options)
    if _length(text) < 250:
        hidden = extract_plain_text(tree, comments=False, form_fields=False, noscript=True, **options)
        return hidden if _length(hidden) > 2 * _length(text) else text
    return text


@cache
def _trafilatura() -> Any:
    """trafilatura.extract, imported when first needed (a quarter of a second) and without its log lines."""
    import logging

    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura.extract


def _title(tree: HTMLTree) -> str:
    title = tree.title or ""
    if not title.strip():
        element = tree.head.query_selector("meta[property='og:title']") if tree.head else None
        title = (element.getattr("content") or "") if element else ""
    return " ".join(title.split())[:LONGEST_TITLE].rstrip()


def _length(text: str) -> int:
    """Characters that are not white space: extractors differ in how they lay text out."""
    return sum(map(len, text.split()))


def _without_surrogates(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
