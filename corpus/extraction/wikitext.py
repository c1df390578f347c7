"""Wikitext to the convention of docs/text.md: what an article says, without boxes, citations and pictures.

The order of work is MediaWiki's. Comments, citations, formulas and code leave the page first, because they may hold
anything (`wiki.opaque`); the page is cut into its sections, so that markup which was never closed costs a line and not
the article; templates and links are expanded (`wiki.expand`); lines become paragraphs, lists and rows (`wiki.lines`).
Every step is linear in the page, whatever is on it.

A page that is mostly short list items is a list, whatever it is called; one that calls itself a list is held to half of
that. Rows of tables count for neither side.
"""

import re
from dataclasses import dataclass, replace
from html import unescape

from corpus.document import Document, Rejected, Step
from corpus.extraction.wiki.expand import Expander
from corpus.extraction.wiki.inline import line_text
from corpus.extraction.wiki.lines import text_of_lines
from corpus.extraction.wiki.links import without_categories
from corpus.extraction.wiki.names import APPARATUS, CHAPTERS, DISAMBIGUATION, LIST_TITLE
from corpus.extraction.wiki.opaque import put_back, take_out
from corpus.extraction.wiki.site import Site, revision_time
from corpus.rules.prose import ProseLimits
from corpus.rules.prose import prose as prose_of_any_page

_HEADING = re.compile(r"^(={1,6})([^\n]+)\1[ \t]*$", re.MULTILINE)
# "- " or "1. ", as `wiki.lines` writes items.
_ITEM = re.compile(r" *(?:- |\d+\. )")
_LINKS = re.compile(r"\[\[[^\[\]\n]*\]\]|\[(?:https?:)?//[^\[\]\n]*\]|\{\{[^{}\n]*\}\}")
_OUTSIDE_ITEM = re.compile(r"[*#:]+\s*(?:\[(?:https?:)?//|(?:https?:)?//)")
_LIKE_A_CITATION = re.compile(r"\bISBN\b|\bdoi\b|https?:|\bpp?\. ?\d|\(\d{4}\)|\bRetrieved\b|\bUniversity Press\b")
_PROSE_OF_APPARATUS = 40  # words
_NO_SITE = Site()
_WORDS_BESIDE_LINKS = 0.35  # of the characters of a list of links


@dataclass(frozen=True, slots=True)
class ArticleLimits:
    """What `lists` and `stubs` accept: shares are of characters in list lines, words those of `text.prose`.

    A list line of `prose_item` characters or more is a paragraph with a mark before it, and no item.
    """

    max_list_share: float = 0.8
    max_list_share_of_titled: float = 0.4
    prose_item: int = 200
    min_words: int = 50


@dataclass(slots=True)
class _Section:
    """A stretch of an article below one heading; the lead has level 0 and no title."""

    level: int
    title: str
    wikitext: str
    text: str = ""


def disambiguations(document: Document) -> Document | Rejected:
    """Reject a page, still wikitext, that only says which articles a name may mean; by its templates or magic word."""
    if "__DISAMBIG__" in document.text:
        return document.reject("wikipedia.disambiguation", evidence="__DISAMBIG__")
    for template in re.finditer(r"\{\{\s*+([^{}|\n]{1,100})", document.text):
        name = template[1].replace("_", " ").strip().casefold()
        if name in DISAMBIGUATION or name.endswith((" disambiguation", " disambig")):
            return document.reject("wikipedia.disambiguation", evidence=template[1].strip())
    return document


def prose(document: Document) -> Document:
    """The article's text in place of its wikitext: paragraphs, headings, lists and rows of tables."""
    site = Site(document.language, document.title, revision_time(document.date))
    return document.with_text(article_text(document.text, site))


def lists(document: Document, limits: ArticleLimits = ArticleLimits()) -> Document | Rejected:
    """Reject an article, rendered already, that is mostly list items; the value is their share of its characters."""
    lines = _lines_outside_tables(document.text)
    items = [line for line in lines if _ITEM.match(line) and len(line) < limits.prose_item]
    # In characters, so that many short items do not outweigh long paragraphs. 1: a page without lines.
    share = sum(map(len, items)) / max(1, sum(map(len, lines)))
    titled = LIST_TITLE.match(document.title)
    if share > (limits.max_list_share_of_titled if titled else limits.max_list_share):
        return document.reject("wikipedia.list", share, titled[0] if titled else "")
    return document


def stubs(document: Document, limits: ArticleLimits = ArticleLimits()) -> Document | Rejected:
    """Reject an article, rendered already, of few words outside its headings and tables."""
    lines = [line for line in _lines_outside_tables(document.text) if not line.startswith("#")]
    judged = prose_of_any_page(replace(document, text="\n".join(lines)), ProseLimits(limits.min_words, 0.0))
    return document.reject("wikipedia.stub", judged.value) if isinstance(judged, Rejected) else document


STEPS: tuple[Step, ...] = (disambiguations, prose, lists, stubs)


def article_text(wikitext: str, site: Site = _NO_SITE) -> str:
    """The text of a whole article; a heading stands only above text."""
    # Some dumps escaped a page twice: "&lt;ref&gt;" and no <ref>.
    escaped_twice = wikitext.count("&lt;ref") > 2 and "<ref" not in wikitext
    text, held = take_out(unescape(wikitext) if escaped_twice else wikitext)
    sections = _sections(without_categories(text), Expander(site))
    blocks: list[str] = []
    deepest = 0  # the level of the section after this one that was kept
    for section in reversed(_without_apparatus(sections)):
        if section.text:
            blocks.append(section.text)
        # A heading without text of its own stays above subsections that were kept.
        if section.title and (section.text or deepest > section.level):
            blocks.append(f"{'#' * section.level} {section.title}")
            deepest = section.level
    return put_back("\n\n".join(reversed(blocks)), held)


def _lines_outside_tables(text: str) -> list[str]:
    return [line for line in text.split("\n") if " | " not in line]


def _sections(text: str, expander: Expander) -> list[_Section]:
    headings = [*_HEADING.finditer(text)]
    # The lead ends at the first heading, each section at the next.
    ends = [*(match.start() for match in headings), len(text)]
    found = [_Section(0, "", text[: ends[0]])]
    for match, end in zip(headings, ends[1:], strict=True):
        title = line_text(expander.expand(match[2])).replace("\n", " ").strip("= ")
        found.append(_Section(len(match[1]), title, text[match.end() : end]))
    for section in found:
        section.text = text_of_lines(expander.expand(section.wikitext))
    return found


def _without_apparatus(sections: list[_Section]) -> list[_Section]:
    """The sections that are no references, links or galleries, and lie in none.

    By their names; where no name of the article is known, by what the last ones hold. A section of prose stays.
    """
    kept: list[_Section] = []
    dropped = 7  # of the section that was dropped, whose subsections go with it; 7 is deeper than any
    known = False
    for section in sections:
        if section.level > dropped:
            continue
        name = section.title.casefold().rstrip(":")
        named = name in APPARATUS and (section.level <= 2 or name not in CHAPTERS)
        known = known or named
        dropped = section.level if named and not _holds_prose(section.text) else 7
        if dropped == 7:
            kept.append(section)
    # At the end links may stand under a heading that no list knows.
    while len(kept) > 1 and _only_links(kept[-1].wikitext, outside_only=known):
        kept.pop()
    return kept


def _holds_prose(text: str) -> bool:
    """Whether most of a section is sentences that are no citations."""
    blocks = [block for block in text.split("\n\n") if " | " not in block]
    prose_blocks = [
        block
        for block in blocks
        if not _ITEM.match(block) and block.rstrip()[-1:] in ".!?。" and not _LIKE_A_CITATION.search(block)
    ]
    words = sum(len(block.split()) for block in prose_blocks)
    # Not a couple of notes under "Literature", but paragraphs: 40 words, and the greater part.
    return words >= _PROSE_OF_APPARATUS and 2 * sum(map(len, prose_blocks)) > sum(map(len, blocks))


def _only_links(wikitext: str, outside_only: bool) -> bool:
    """Whether a section is a list of links and nothing else; with `outside_only`, of links out of the wiki."""
    lines = [line.strip() for line in wikitext.split("\n") if line.strip()]
    items = [line for line in lines if line[0] in "*#:"]
    # A line that is neither item, call, table nor link is prose.
    if not items or any(line[0] not in "*#:{|" and not line.startswith("[[") for line in lines):
        return False
    if outside_only:
        return all(_OUTSIDE_ITEM.match(line) for line in items)
    beside = sum(len(_LINKS.sub("", line).strip("*#:–-—,. ")) for line in items)
    return beside < _WORDS_BESIDE_LINKS * sum(map(len, items))
