"""Comments, citations, formulas and code: what has to leave a page before its markup is read, as MediaWiki does it.

They may hold anything, headings and braces too. Code and formulas come back in the end, verbatim; until then a mark
stands for each, which no later pattern touches. Every search for an end is remembered, so a page of a million openings
without an end costs one look for it, not a million.
"""

import re
from html import unescape

from corpus.extraction.wiki.numbers import SUBSCRIPTS

_DROPPED = (
    "ref references gallery imagemap timeline score hiero graph mapframe maplink templatestyles indicator style script"
    " audio video canvas categorytree inputbox includeonly"
)
_VERBATIM = "nowiki pre math chem ce syntaxhighlight source"
# With \b: <references> is not <ref>. An end tag has its slash in group 1.
_OPENING = re.compile(rf"<!--|<(/?)({'|'.join(f'{_DROPPED} {_VERBATIM}'.split())})\b([^<>]*)>", re.IGNORECASE)
# An opening <ref>, not one that closes itself.
_REFERENCE = re.compile(r"<ref\b(?![^<>]*/\s*>)", re.IGNORECASE)
# Where a citation begins whose own opening tag is lost or broken: `<ref name=x{{cite`, `1980scite web |url=`.
_CITATION = re.compile(
    r"<ref\b|(?:\{\{\s*)?(?:cite\s\w+|citation|harvnb|sfnp?)\s*\||\[?https?://|\|\s*\w+\s*=", re.IGNORECASE
)
_POEM = re.compile(r"<poem\b[^<>]*>", re.IGNORECASE)
_MAGIC_WORD = re.compile(r"__[^\W\d_a-z]{3,40}__")
# U+007F around numbers, U+E000 for a hard break, U+FFFC for a hole: a page cannot smuggle them in.
_OURS = re.compile("[\x7f\ue000\ufffc]")  # characters that stand for something until the text is done
_MARK = re.compile("\x7f(\\d+)\x7f")
_SIMPLE_FORMULA = re.compile(r"[A-Za-z0-9()\[\] +→⇌=-]+")
_COUNT = re.compile(r"(?<=[A-Za-z)\]])\d+")
BLOCK = re.compile("\x7f\\d+\x7f")


class _Ends:
    """The next end tag of every name; a search is made once for each stretch of text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: dict[str, tuple[int, int]] = {}

    def after(self, name: str, position: int) -> tuple[int, int] | None:
        """Start and end of the next `</name>` at or after a position; None when there is no more."""
        start, end = self.found.get(name, (-1, -1))
        # Searched again only once the position has passed the last find; len + 1 says that there is none to the end.
        if start < position and end != len(self.text) + 1:
            match = re.compile(rf"</{name}\b[^<>]*>", re.IGNORECASE).search(self.text, position)
            start, end = match.span() if match else (-1, len(self.text) + 1)
            self.found[name] = start, end
        return (start, end) if start >= position else None


def take_out(text: str) -> tuple[str, list[str]]:
    """The page without comments, citations and the like, and what its marks stand for, by number."""
    text = _OURS.sub("", text)
    ends, held = _Ends(text), list[str]()
    pieces: list[str] = []
    position = 0
    while opening := _OPENING.search(text, position):
        pieces.append(text[position : opening.start()])
        if opening[0] == "<!--":
            end = text.find("-->", opening.end())
            position = len(text) if end < 0 else end + 3
        elif opening[1]:
            if opening[2].lower() == "ref":  # its opening was lost, so what stands before it is the citation
                _cut_citation(pieces)
            position = opening.end()
        else:
            shown, position = _element(text, opening, ends, held)
            pieces.append(shown)
    return _lines_of_poems(_MAGIC_WORD.sub("", "".join((*pieces, text[position:])))), held


def put_back(text: str, held: list[str]) -> str:
    """The text with what its marks stand for."""
    return _MARK.sub(lambda mark: held[int(mark[1])] if int(mark[1]) < len(held) else "", text)


def _element(text: str, opening: re.Match[str], ends: _Ends, held: list[str]) -> tuple[str, int]:
    """What an element shows where it stands, and where the page goes on after it."""
    name, attributes = opening[2].lower(), opening[3].rstrip()
    if attributes.endswith("/"):  # <ref name=x />
        return "", opening.end()
    end = ends.after(name, opening.end())
    # <ref>a <ref>b</ref>: the first has no end of its own, and takes nothing but its line.
    if name == "ref" and (nested := _REFERENCE.search(text, opening.end(), end[0] if end else len(text))):
        line = text.find("\n", opening.end(), nested.start())
        return "", nested.start() if line < 0 else line  # its end is missing: it costs a line at most
    if end is None:
        line = text.find("\n", opening.end())
        return "", opening.end() if name != "ref" else len(text) if line < 0 else line
    inside = text[opening.end() : end[0]]
    if name == "nowiki":
        # As references of characters: no pattern sees markup in "&#91;&#91;", and `unescape` turns it back late.
        return "".join(char if char.isalnum() or char.isspace() else f"&#{ord(char)};" for char in inside), end[1]
    if name in _DROPPED.split():
        return "", end[1]
    # Whether it opens its line.
    return _held(name, attributes, inside, held, text[opening.start() - 1 : opening.start()] in ("", "\n")), end[1]


def _held(name: str, attributes: str, inside: str, held: list[str], opens_line: bool) -> str:
    """The mark of a formula or of code; code of several lines stands in a paragraph of its own."""
    if name in ("math", "chem", "ce"):
        held.append(_formula(name, " ".join(inside.split())))
        return f"\x7f{len(held) - 1}\x7f"
    if name == "pre":
        inside = unescape(re.sub(r"</?nowiki\s*/?>", "", inside))
    inside = inside.strip("\n").rstrip() if "\n" in inside else inside.strip()
    held.append(inside)
    # Inline code stays in its sentence.
    alone = "\n" in inside or (opens_line and "inline" not in attributes.lower())
    return f"\n\n\x7f{len(held) - 1}\x7f\n\n" if alone else f"\x7f{len(held) - 1}\x7f"


def _formula(name: str, tex: str) -> str:
    """TeX between dollar signs; a plain chemical formula in characters (H₂O)."""
    if not tex:
        return ""
    if name == "math":
        return f"${tex}$"
    plain = tex.replace("<=>", "⇌").replace("->", "→")
    return chemical_formula(plain) if _SIMPLE_FORMULA.fullmatch(plain) else f"$\\ce{{{tex}}}$"  # mhchem's \ce


def chemical_formula(text: str) -> str:
    """H2O as H₂O: numbers after a symbol or a bracket count atoms."""
    return _COUNT.sub(lambda count: count[0].translate(SUBSCRIPTS), text)  # the 2 of H2O, not of "2 H"


def _cut_citation(pieces: list[str]) -> None:
    """Take out, in this line, the citation that ends here without having begun."""
    # The last three pieces: a line with more elements in it is rare.
    line = "".join(pieces[-3:]).rpartition("\n")[2][-2000:] if pieces else ""
    begun = _CITATION.search(line)
    if not begun:
        return
    # The citation is cut from the end of the pieces, which may be split in the middle.
    excess = len(line) - begun.start()
    while excess and pieces:
        last = pieces.pop()
        if len(last) > excess:
            pieces.append(last[: len(last) - excess])
        excess = max(0, excess - len(last))


def _lines_of_poems(text: str) -> str:
    """Verse keeps its lines: every line inside <poem> ends in a break."""
    ends = _Ends(text)
    pieces: list[str] = []
    position = 0
    while (opening := _POEM.search(text, position)) and (end := ends.after("poem", opening.end())):
        verse = text[opening.end() : end[0]].strip("\n")
        lines = re.sub(r"(?<!\n)\n(?!\n)", "<br>\n", verse)  # single breaks; a blank line separates stanzas already
        pieces += text[position : opening.start()], "\n\n", lines, "\n\n"
        position = end[1]
    return "".join((*pieces, text[position:]))
