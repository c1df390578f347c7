"""Wikitext to prose: what a reader of the article reads, without tables, boxes, citations and formulas.

mwparserfromhell parses (it is what Wikipedia's own bots use); what a template shows is in another page, so the
few that stand in sentences are rendered by `corpus.extraction.wiki_templates` and every other one is dropped.

Two traps decided the order of work. Markup that was never closed swallows what follows it, so an article is cut
into its sections first and each is parsed on its own: a stray "{{" costs a line, not the article. And comments,
references and block code are cut out before that, as MediaWiki does, because they may hold anything.

Lists stay as lines that open with "- ". A page that is mostly short ones of them is a list, whatever it is called; one
that calls itself a list is held to half of that, because tables are gone and prose that is left over is prose.
"""

import re
from dataclasses import dataclass
from typing import Any

import mwparserfromhell
from mwparserfromhell.nodes import Argument, ExternalLink, HTMLEntity, Tag, Template, Text, Wikilink

from corpus.document import Document, Rejected, Step
from corpus.extraction.wiki_names import APPARATUS, CHAPTERS, DISAMBIGUATION, HIDDEN, LIST_TITLE
from corpus.extraction.wiki_templates import raised, shows, template_text
from corpus.rules.prose import ProseLimits
from corpus.rules.prose import prose as prose_of_any_page

_INVISIBLE_TAGS = frozenset(
    "ref references gallery imagemap timeline score math chem ce syntaxhighlight source pre table hiero graph mapframe"
    " maplink templatestyles indicator style script audio video canvas section categorytree inputbox"
    " includeonly".split()
)
_OPAQUE = re.compile(
    r"<!--.*?(?:-->|\Z)|<ref\b[^<>]*/>|<ref\b[^<>]*>(?:(?!<ref\b).)*?</ref\s*>"
    r"|<(gallery|imagemap|timeline|score|math|chem|ce|syntaxhighlight|source|pre|hiero|graph|mapframe|maplink"
    r"|templatestyles|references|style|script)\b(?:[^<>]*/>|[^<>]*>.*?</\1\s*>)|__[A-ZÄÖÜÉА-Я]{3,}__",
    re.DOTALL | re.IGNORECASE,
)
_SIMPLE_MATH = re.compile(r"<math\b[^<>]*>([^<>\\{}]*)</math\s*>", re.IGNORECASE)
_NOWIKI = re.compile(r"<nowiki\s*>(.*?)</nowiki\s*>|<nowiki\s*/>", re.DOTALL | re.IGNORECASE)
_OPEN_TAG = re.compile(r"<!|<(?!(?:br|hr|li|p|td|tr|th|dd|dt)\b)[a-z]", re.IGNORECASE)
_OPENING_MARK = re.compile(r"\{\{+|\{\||\[+|<[a-zA-Z!][^<>\n]{0,200}>?")
_VARIANTS = re.compile(r"-\{(?:[^{}|]*\|)?(?:zh[\w-]*:)?([^{};]*)(?:;[^{}]*)?\}-")
_HEADING = re.compile(r"^(={1,6})(.+)\1[ \t]*$", re.MULTILINE)
_INTERLANGUAGE = re.compile(r"(?:[a-z]{2,3}|simple|[a-z]{2,3}-[a-z-]{2,10})")
_ELSEWHERE = re.compile(
    rf"{_INTERLANGUAGE.pattern}|w|wikt|wiktionary|s|wikisource|q|wikiquote|commons|b|n|v|d|m|meta|mw"
)
_PIPE_TRICK = re.compile(r"^:?(?:[^:|]*:)?(.*?)(?:\s*\([^()]*\)|,.*)?$")

_BLOCKS = frozenset("p div blockquote center poem dl dt dd ul ol h1 h2 h3 h4 h5 h6 caption section".split())
_ODD_SPACES = re.compile("[\x00-\x09\ud800-\udfff\u00a0\u2000-\u200b\u202f\u205f\ufeff\u00ad\r]|&nbsp;")
_STRAY_TAG = re.compile(
    r"<ref\b[^\n]*|</?(?:ref|br|small|big|sub|sup|span|div|center|b|i|u|s|font|p|blockquote|code|tt|nowiki|poem|li"
    r"|ul|ol|dl|dd|dt|em|strong|del|ins|abbr|cite|q|var|kbd|samp|table|tr|td|th|caption|math|gallery|references|hr|noinclude"
    r"|includeonly|onlyinclude|section|ruby|rb|rt|rp|bdi|bdo|wbr|h[1-6]|pre|source|syntaxhighlight|imagemap|timeline)"
    r"(?:\s[^<>\n]*)?/?>",
    re.IGNORECASE,
)
_MENDS = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\{\{\{?[^{}|\n]*\|.*|\{\{+|\}\}+|\{\||\|\}", ""),
        (rf"\[\[(?:{'|'.join(map(re.escape, sorted(HIDDEN)))})\s*:.*", ""),
        (r"\[\[(?:[^\[\]|\n]*\|)?|\]\]+|\[(?:https?:)?//\S+ ?", ""),
        (r"(?<!=)==+$|^==+", ""),
        (r"~{3,5}", ""),
        (r"\s+", " "),
        (r"^(?:- )+(?:[:;,] )?", "- "),
        (r"(?<=[(\[（])[\s;,:–]++|(?<![\s;,:])[\s;,:]++(?=[)\]）])", ""),
        (r"\s*(?:\(\s*\)|\[\s*\]|（\s*）)", ""),
        (r"(?<=[(\[（])\s+|\s+(?=[)\]）])|\s+(?=[,.](?:\s|$))", ""),
        (r"([,;])(?:\s*,)+", r"\1"),
    )
)
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class ArticleLimits:
    """What `lists` and `stubs` accept: shares are of characters in list lines, words those of `text.prose`.

    A list line of `prose_item` characters or more is a paragraph with a mark before it, and no item.
    """

    max_list_share: float = 0.8
    max_list_share_of_titled: float = 0.4
    prose_item: int = 200
    min_words: int = 50


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
    """The article's prose in place of its wikitext: paragraphs, headings and list lines."""
    return document.with_text(_article(document.text))


def lists(document: Document, limits: ArticleLimits = ArticleLimits()) -> Document | Rejected:
    """Reject an article, rendered already, that is mostly list items; the value is their share of its characters."""
    lines = document.text.split("\n")
    items = [line for line in lines if line.startswith("- ") and len(line) < limits.prose_item]
    share = sum(map(len, items)) / max(1, sum(map(len, lines)))
    titled = LIST_TITLE.match(document.title)
    if share > (limits.max_list_share_of_titled if titled else limits.max_list_share):
        return document.reject("wikipedia.list", share, titled[0] if titled else "")
    return document


def stubs(document: Document, limits: ArticleLimits = ArticleLimits()) -> Document | Rejected:
    """Reject an article, rendered already, of few words: what its boxes and tables leave is no text to learn from."""
    judged = prose_of_any_page(document, ProseLimits(limits.min_words, 0.0))
    return document.reject("wikipedia.stub", judged.value) if isinstance(judged, Rejected) else document


STEPS: tuple[Step, ...] = (disambiguations, prose, lists, stubs)


def _article(wikitext: str) -> str:
    """The prose of a whole article; a heading stands only above text."""
    text = _NOWIKI.sub(lambda match: _inert(match[1] or ""), _defused(wikitext, 500_000_000))
    text = _OPAQUE.sub("", _SIMPLE_MATH.sub(r"\1", text))
    kept: list[str] = []
    deepest = 0  # the level of the section after this one that was kept
    for level, title, body in reversed(_sections(_VARIANTS.sub(r"\1", text))):
        prose_of_section = _tidy(_parsed(body))
        if prose_of_section:
            kept.append(prose_of_section)
        if title and (prose_of_section or deepest > level):
            kept.append(title)
            deepest = level
    return "\n\n".join(reversed(kept))


def _inert(text: str) -> str:
    """What <nowiki> holds, with every character that means something as an entity."""
    return "".join(char if char.isalnum() or char.isspace() else f"&#{ord(char)};" for char in text)


def _sections(text: str) -> list[tuple[int, str, str]]:
    """Level, title and wikitext of every section that is no apparatus and lies in none; the lead has level 0."""
    headings = [*_HEADING.finditer(text)]
    ends = [*(match.start() for match in headings), len(text)]
    found, dropped = [(0, "", text[: ends[0]])], 7
    for match, end in zip(headings, ends[1:], strict=True):
        level = len(match[1])
        if level > dropped:
            continue
        title = _tidy(_parsed(match[2])).replace("\n", " ")
        name = title.casefold().rstrip(":")
        apparatus = name in APPARATUS and (level <= 2 or name not in CHAPTERS)
        dropped = level if apparatus else 7
        if not apparatus:
            found.append((level, title, text[match.end() : end]))
    return found


def _parsed(wikitext: str) -> str:
    # Quotes for bold and italics are taken out by `_tidy`: never closed, they are the commonest mistake of all.
    return _shown(mwparserfromhell.parse(_defused(wikitext, 20_000_000), skip_style_tags=True))


def _defused(wikitext: str, most: int) -> str:
    """The wikitext; if what it opens and never closes, times its length, is over `most`, without any opening mark.

    Parser and patterns look for every missing end anew: a vandal's 5,000 "{{a|" take them 11 seconds, 50,000 an hour.
    """
    pairs = [(wikitext.count(start), wikitext.count(end)) for start, end in (("{{", "}}"), ("{|", "|}"), ("[", "]"))]
    pairs.append((len(_OPEN_TAG.findall(wikitext)), wikitext.count("</") + wikitext.count("/>")))
    unclosed = sum(max(0, starts - ends) for starts, ends in pairs)
    return wikitext if unclosed * len(wikitext) <= most else _OPENING_MARK.sub(" ", wikitext)


def _shown(code: Any) -> str:
    return "".join(map(_node, code.nodes)) if code is not None else ""


def _node(node: Any) -> str:
    match node:
        case Text():
            return node.value
        case HTMLEntity():
            return node.normalize()
        case Template():
            return _template(node)
        case Wikilink():
            return _link(_shown(node.title).strip(), node.text)
        case ExternalLink():
            return _shown(node.title) if node.brackets else str(node.url)
        case Tag():
            return _tag(str(node.tag).strip().lower(), node)
        case Argument():
            return _shown(node.default)
    return f"\n{_shown(node.title)}\n" if hasattr(node, "level") else ""


def _link(title: str, shown: Any) -> str:
    prefix = title.partition(":")[0].strip().casefold() if ":" in title else ""
    if prefix in HIDDEN or (shown is None and _INTERLANGUAGE.fullmatch(title.partition(":")[0]) and prefix):
        return ""
    if shown is None:
        title = title.removeprefix(":").strip()
        prefix, _, rest = title.partition(":")
        elsewhere = prefix.strip().casefold() in HIDDEN or _ELSEWHERE.fullmatch(prefix)
        return rest.strip() if elsewhere and rest else title
    return _shown(shown) if str(shown).strip() else _PIPE_TRICK.sub(r"\1", title)


def _tag(name: str, tag: Any) -> str:
    if name in _INVISIBLE_TAGS or any("display:none" in str(each).replace(" ", "") for each in tag.attributes):
        return ""
    if name in {"br", "hr"}:
        return "\n"
    inside = _shown(tag.contents)
    if name == "li":
        return f"\n- {inside.strip()}\n" if inside else "- "
    if name in {"sup", "sub"}:
        return raised(name, inside)
    return f"\n{inside}\n" if name in _BLOCKS and inside else inside


def _template(template: Any) -> str:
    name, _, argument = " ".join(str(template.name).replace("_", " ").split()).partition(":")
    if argument:
        return argument if name == "formatnum" else ""
    if not shows(name):
        return ""
    return template_text(name, {str(each.name).strip(): _shown(each.value).strip() for each in template.params})


def _tidy(text: str) -> str:
    """Text without what was never closed, nor the holes that templates leave in sentences."""
    lines = []
    for line in _STRAY_TAG.sub("", _ODD_SPACES.sub(" ", text)).split("\n"):
        line = line.strip()
        if line.startswith(("{|", "|", "!")) and ("|" in line or "!!" in line):
            continue
        for pattern, replacement in _MENDS:
            line = pattern.sub(replacement, _unquoted(line) if "''" in line else line)
        line = line.strip()
        lines.append("" if line in {"-", ":", ";", "*", "#", ",", "."} else line)
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _unquoted(line: str) -> str:
    """A line without the quotes for bold and italics; an apostrophe before them stays (l'''Iliade'')."""
    runs = [len(run) for run in re.findall(r"'{2,}", line)]
    if runs.count(3) % 2 and runs.count(2) % 2:
        line = re.sub(r"(?<=\w)'''(?=\w)", "'", line, count=1)
    # Four are an apostrophe and a pair after a word (l''''x''''); elsewhere two pairs with nothing left between them.
    return re.sub(r"(?<=\w)('{4}(?!')|'{6,})|'{2,}", lambda run: "'" if run[1] else "", line)
