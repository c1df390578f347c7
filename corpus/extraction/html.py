"""A page's bytes to a document or the reason why it is none: the one place where HTML becomes text.

An engine decides what is main text (`corpus.extraction.engines`, by default `blocks`); this module decides what an
engine gets to see, and what becomes of its answer. Text that needs no engine (`kind` "text") passes through it too.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from resiliparse.parse.encoding import detect_mime

from corpus.document import Document, Page, Rejected
from corpus.extraction import engines, licence
from corpus.extraction.charset import decode
from corpus.extraction.engines import Extracted, TooComplexError
from corpus.readers.warc.media_type import parse_media_type

LONGEST_TITLE = 300  # characters
DEEPEST_STEP = 8  # columns, of a line of code beside the line before it

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


def extract(page: Page) -> Document | Rejected:
    """The first step: a page's bytes to a document, by `blocks`.

    Rejects as `page.http_error`, `page.not_html`, `page.empty`, `extract.too_complex`, `extract.failed` and
    `extract.no_text`. The text of a WET record (`kind` "text") is taken as it is.
    """
    return _extract(page, engines.by_blocks)


def extract_by_trafilatura(page: Page) -> Document | Rejected:
    """`extract` with trafilatura in place of `blocks`."""
    return _extract(page, engines.by_trafilatura)


def extract_by_resiliparse(page: Page) -> Document | Rejected:
    """`extract` with resiliparse in place of `blocks`."""
    return _extract(page, engines.by_resiliparse)


def extract_by_datatrove(page: Page) -> Document | Rejected:
    """`extract` with datatrove's block in place of `blocks`."""
    return _extract(page, engines.by_datatrove)


# Functions of this module by the names of their engines: a `Sandbox` knows a function by its name.
EXTRACTORS: dict[str, Callable[[Page], Document | Rejected]] = {
    "blocks": extract,
    "trafilatura": extract_by_trafilatura,
    "resiliparse": extract_by_resiliparse,
    "datatrove": extract_by_datatrove,
}


def _extract(page: Page, engine: Callable[[str, str], Extracted]) -> Document | Rejected:
    # A WET record has no status of its own: 0.
    if page.status != 200 and not (page.kind == "text" and page.status == 0):
        return page.reject("page.http_error", page.status)
    if page.kind == "html" and page.body and not _is_html(page):
        return page.reject("page.not_html", evidence=page.content_type)
    if not page.body.strip():
        return page.reject("page.empty", len(page.body))
    if page.kind == "text":
        # No licence: the markup is gone.
        extracted, said = Extracted("", tidy(page.body.decode("utf-8-sig", "replace").replace("\0", ""))), ("", "")
    else:
        try:
            html = decode(page.body, page.content_type)[0]
            extracted, said = engine(html, page.url), licence.guess(html)
        except TooComplexError as error:
            return page.reject("extract.too_complex", error.number, error.what)
        except (MemoryError, ImportError):
            raise  # about this machine, not about the page: the sandbox's to decide
        except Exception as error:
            return page.reject("extract.failed", evidence=type(error).__name__)
    if not extracted.text:
        return page.reject("extract.no_text", len(page.body))
    document = page.document(extracted.text, extracted.title[:LONGEST_TITLE].rstrip())
    # `replace` copies all fields; most pages have no licence.
    return replace(document, licence=said[0], licence_evidence=said[1]) if said[0] else document


def tidy(text: str) -> str:
    """Ready-made text without blanks at line ends and without more than one empty line in a row.

    Indentation stays where it may be code: code goes in by small steps. A line that starts more than `DEEPEST_STEP`
    columns further in than the one before it shows how the HTML was typed, and starts at the margin.
    """
    lines: list[str] = []
    margin = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare:
            # Tabs count as in the source, to columns of 4.
            indent = line[: len(line) - len(line.lstrip())].expandtabs(4)
            # From 4 to 12 columns is a step of 8 and stays; from 0 to 20 is how the HTML was typed, and begins at 0
            # again.
            margin = len(indent) if len(indent) <= margin + DEEPEST_STEP else 0
            lines.append(indent + bare if margin else bare)
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip("\n")


def _is_html(page: Page) -> bool:
    """By the declared type, or by the first bytes where it says nothing; never where they are an image or a PDF."""
    media = parse_media_type(page.content_type)
    declared = media.essence if media else ""
    if declared in _HTML_TYPES:
        return not _NOT_TEXT.match(detect_mime(page.body))
    # What the standard sniffs would be 1,445 bytes; comments before the first tag are longer.
    return declared in _TYPES_THAT_SAY_NOTHING and bool(_LOOKS_LIKE_HTML.match(page.body[:4096]))
