"""Markup inside lines: tags, bold and italics, raised figures, entities, and what was never closed.

The last is the commonest mistake of all,
and costs its line at most. Every pattern here stops at the next bracket or line end,
so a page without any end tag is read in linear time.
"""

import re
from html import unescape

from corpus.extraction.wiki.links import outside_links
from corpus.extraction.wiki.names import HIDDEN
from corpus.extraction.wiki.numbers import subscript, superscript

# Stands for <br> until lines are written; `strip` takes it for no blank.
HARD_BREAK = "\ue000"

# Chinese variants: of "-{zh-hans:计算机;zh-hant:電腦}-" the first, "计算机".
_VARIANTS = re.compile(r"-\{(?:[^{}|;:]*\|)?(?:zh[\w-]*:)?([^{}:;]*)(?:;[^{}]*)?\}-")
# With up to 12 characters before it: whether "2" is a power or a custom depends on them.
_RAISED = re.compile(r"([^\n<>]{0,12})<(su[pb])\b([^<>]*)>([^<>]*)</\2\s*>", re.IGNORECASE)
# A raised note, [1] or [a], or nothing at all.
_NOTE = re.compile(r"\s*\[[^\[\]]{0,30}\]\s*|\s*")
_INVISIBLE = re.compile(
    r"<(span|div|sup|sub|small|p|table|ul|td|li)\b[^<>]*(?:display\s*:\s*none|\bclass\s*=\s*[\"']?[^\"'<>]*\b(?:noprint|navbox|metadata|error|"
    r"reference|mw-empty-elt|Inline-Template|Template-Fact))[^<>]*>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<[/\\]?br\b[^<>]*>|</br\s*>", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|blockquote|center|poem|section|dl|ol|ul|h[1-6]|hr|caption|article|header|footer|main|aside|figure|figcaption|nav)\b[^<>]*>",
    re.IGNORECASE,
)
_ITEM_TAGS = (
    (re.compile(r"<li\b[^<>]*>", re.IGNORECASE), "\n* "),
    (re.compile(r"<dt\b[^<>]*>", re.IGNORECASE), "\n; "),
    (re.compile(r"<dd\b[^<>]*>", re.IGNORECASE), "\n: "),
    (re.compile(r"<table\b([^<>]*)>", re.IGNORECASE), r"\n{|\1\n"),
    (re.compile(r"</table\s*>", re.IGNORECASE), "\n|}\n"),
    (re.compile(r"<tr\b[^<>]*>", re.IGNORECASE), "\n|-\n"),
    (re.compile(r"<td\b([^<>|]*)>", re.IGNORECASE), r"\n|\1|"),
    (re.compile(r"<th\b([^<>|]*)>", re.IGNORECASE), r"\n!\1|"),
    (re.compile(r"</(?:li|dt|dd|tr|td|th|tbody|thead|tfoot)\s*>|<(?:tbody|thead|tfoot)\b[^<>]*>", re.IGNORECASE), ""),
)
_INLINE_TAG = re.compile(
    r"<ref\b[^\n]*|</?(?:ref|br|small|big|sub|sup|span|div|center|b|i|u|s|font|p|blockquote|code|tt|nowiki|poem|li|a|img"
    r"|ul|ol|dl|dd|dt|em|strong|del|ins|abbr|cite|q|var|kbd|samp|table|tr|td|th|caption|math|gallery|references|hr|noinclude|time|data"
    r"|includeonly|onlyinclude|section|ruby|rb|rt|rp|rtc|bdi|bdo|wbr|h[1-6]|pre|source|syntaxhighlight|imagemap|timeline|strike|dfn|mark"
    r"|templatestyles|translate|tvar|languages|chem|ce|score|noindex|nobr|tbody|thead|tfoot|colgroup|col|style|script)"
    r"(?:\s[^<>\n]*)?/?>",
    re.IGNORECASE,
)
_ELISION = re.compile(r"(?<![\w'])(\w{1,8})'''(?=\w)")  # l'''Iliade'': an apostrophe before italics
# NUL and tab, lone surrogates, all widths of blanks: one plain blank.
_ODD_SPACES = re.compile("[\x00-\x09\ud800-\udfff\u00a0\u2000-\u200a\u202f\u205f\ufeff\r]")
_NOTHING = re.compile("[\u00ad\u200b\u200e\u200f\u2060]")
# A hole (U+FFFC) takes the brackets around it along: "x (￼, born 1990)".
_HOLES = re.compile("[(\\[（][^()\\[\\]（）\n\ufffc]*\ufffc[^()\\[\\]（）\n]*[)\\]）]|\ufffc")
# Applied in this order, to a line without tags. The last four mend what holes leave: "( ; )", "( )", blanks before a
# comma, ", ,".
_MENDS = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # 1: a call that lost its end, down to the line's end; braces that lost their partner.
        (r"\{\{\{?[^{}|\n]*\|.*|\{\{+|\}\}+|\{\||\|\}", ""),
        # 2: a picture or category that lost its end. 3: brackets of other links. 4: equals signs of a broken heading.
        (rf"\[\[(?:{'|'.join(map(re.escape, sorted(HIDDEN)))})\s*:.*", ""),
        (r"\[\[(?:[^\[\]|\n]*\|)?|\]\]+|\[(?:https?:)?//\S+ ?", ""),
        (r"(?<!=)==+$|^==+", ""),
        (r"~{3,5}", ""),
        (r"(?<!\s)\s\s++", " "),
        (r"(?<=[(\[（])[\s;,:–]++|(?<![\s;,:])[\s;,:]++(?=[)\]）])", ""),
        (r" ?(?:\( ?\)|\[ ?\]|（ ?）)", ""),
        (r"(?<=[(\[（]) | (?=[)\]）])| (?=[,.](?: |$))", ""),
        (r"([,;])(?:\s*,)+", r"\1"),
    )
)
_MARKS_ALONE = frozenset("- : ; * # , . | ! ( ) [ ]".split()) | {"''", "()", "[]", "|-"}


def blocks_of_tags(text: str) -> str:
    """The text with the tags of blocks, items and tables as wiki markup, hidden elements out,
    raised figures raised."""
    text = _without_invisible(_VARIANTS.sub(r"\1", text))
    for _ in range(2):  # H<sub>2<sup>+</sup></sub>: the inner one first
        text = _RAISED.sub(_raise, text)
    text = _BREAK.sub(HARD_BREAK, text)
    text = _BLOCK_TAG.sub("\n\n", text)
    for pattern, markup in _ITEM_TAGS:
        text = pattern.sub(markup, text)
    return text


def line_text(line: str) -> str:
    """One line (or the lines between hard breaks) without markup, nor the holes that templates leave in sentences."""
    if not line or line.isspace():
        return ""
    line = _INLINE_TAG.sub("", outside_links(line))
    pieces = (_mended(piece) for piece in line.split(HARD_BREAK))
    return "\n".join(piece for piece in pieces if piece)


def _mended(line: str) -> str:
    line = " ".join(_ODD_SPACES.sub(" ", _unquoted(line) if "''" in line else line).split())
    line = _HOLES.sub("", line) if "\ufffc" in line else line
    for pattern, replacement in _MENDS:
        line = pattern.sub(replacement, line)
    line = _NOTHING.sub("", _ODD_SPACES.sub(" ", unescape(line)) if "&" in line else line)
    line = " ".join(line.split())
    return "" if line in _MARKS_ALONE else line


def _raise(found: re.Match[str]) -> str:
    before, inside = found[1], found[4]
    if _NOTE.fullmatch(inside) or "noprint" in found[3] or "reference" in found[3]:
        return before
    inside = unescape(inside.replace("''", "")).replace("\u00a0", " ")
    last = re.sub(r"(?:''+|&nbsp;)\Z", "", before)
    return before + (superscript if found[2].lower() == "sup" else subscript)(inside, last or "x")


def _without_invisible(text: str) -> str:
    """The text without elements that no reader sees; one without an end loses its tag only."""
    pieces: list[str] = []
    position = 0
    lost: set[str] = set()
    while opening := _INVISIBLE.search(text, position):
        # A name whose end was not found once has none further on: no second search.
        pieces.append(text[position : opening.start()])
        position = opening.end()
        name = opening[1].lower()
        if name in lost:
            continue
        end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, position)
        # One that reaches over a blank line has lost its end somewhere: only the tag goes.
        if end and "\n\n" not in text[position : end.start()]:
            position = end.end()
        elif not end:
            lost.add(name)
    return "".join((*pieces, text[position:])) if pieces else text


def _unquoted(line: str) -> str:
    """A line without the quotes for bold and italics; an apostrophe before them stays (l'''Iliade'')."""
    # l'''Iliade'' has a run of 3 and one of 2, neither with a partner: the 3 are an apostrophe and a pair.
    runs = [len(run) for run in re.findall(r"'{2,}", line)]
    if runs.count(3) % 2 and runs.count(2) % 2:
        line = _ELISION.sub(r"\1'", line, count=1)
    # Four are an apostrophe and a pair after a word (l''''x''''); elsewhere two pairs with nothing left between them.
    return re.sub(r"(?<=\w)('{4}(?!')|'{6,})|'{2,}", lambda run: "'" if run[1] else "", line)
