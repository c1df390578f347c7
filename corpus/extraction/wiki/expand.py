"""Templates, parameters and links of a page, replaced by what they show: one pass with a stack, linear in the page.

The innermost is replaced first, as it closes, so nothing is read twice and nothing recurses over the page. What never
closes stays as it was written and costs its line later (`corpus.extraction.wiki.inline`). Two limits keep a hostile
page linear: nesting deeper than MediaWiki allows shows nothing, and the text that templates of the dump may add is
bounded for each page.
"""

import re
from collections.abc import Callable

from corpus.extraction.wiki.functions import function_value
from corpus.extraction.wiki.links import link_text
from corpus.extraction.wiki.names import SILENT, SILENT_PREFIXES
from corpus.extraction.wiki.site import Site
from corpus.extraction.wiki.templates import shows, template_text

_TOKEN = re.compile(r"\{\{+|\}\}+|\[\[|\]\]|[|=]")  # braces in runs: how many belong together is seen at the end
_DEEPEST = 40  # MediaWiki's expansion depth for many years; newer ones allow 100
_DEEPEST_DEFINITION = 8
_MOST_ADDED = 500_000  # characters from definitions, per page
# A word, then anything in this line, then a blank, an opening bracket or quote: the template stands inside a sentence.
_OPENS_SENTENCE = re.compile(r"[^\W_][^\n]*(?:[\s(\[\"“„«]|&nbsp;|'')\Z")
_ENDS_SENTENCE = re.compile(r"(?:^|[.!?。！？]['\"”»)]*|[|*#;!=])\s*\Z")
_LONGEST_GUESS, _LONGEST_UNIT = 80, 12
_NUMBER = re.compile(r"[-+−]?\d[\d.,\u00a0 ]*")

Unknown = Callable[[str, list[str]], str]


class _Frame:
    """An opening that waits for its end: `{{` with a number of braces, or `[[`; parts between its bars."""

    __slots__ = ("count", "mark", "names", "parts")

    def __init__(self, mark: str, count: int) -> None:
        self.mark, self.count = mark, count
        self.parts: list[list[str]] = [[]]
        self.names: list[str | None] = [None]

    def written(self) -> list[str]:
        """The pieces as they stood on the page."""
        pieces = [self.mark * self.count]
        for number, (name, part) in enumerate(zip(self.names, self.parts, strict=True)):
            pieces += ["|"] * (number > 0) + ([name, "="] if name is not None else []) + part
        return pieces


class Expander:
    """Expands the texts of one page; what its definitions add is counted over all of them."""

    def __init__(self, site: Site, keep_unknown: bool = False) -> None:
        self.site, self.added, self.keep_unknown = site, 0, keep_unknown
        self.active: list[str] = []  # the definitions that are being expanded, outermost first

    def expand(self, text: str, parameters: dict[str, str] | None = None, depth: int = 0) -> str:
        """The text with links and templates replaced; `parameters` are those of the template whose text it is.

        With `keep_unknown`, only templates that the dump defines are replaced, and links stay as they are.
        """
        root = _Frame("", 0)
        stack = [root]
        position = 0
        for token in _TOKEN.finditer(text):
            mark, top = token[0], stack[-1]
            # Outside of all braces and links a bar and an equals sign are text.
            if len(stack) == 1 and mark in "|=":
                continue
            if token.start() > position:
                top.parts[-1].append(text[position : token.start()])
            position = token.end()
            if mark[0] == "{" or mark == "[[":
                stack.append(_Frame(mark[0], len(mark)))
            elif mark[0] == "}":
                self._close_braces(stack, len(mark), parameters, depth)
            elif mark == "]]":
                self._close_link(stack)
            elif mark == "|":
                top.parts.append([])
                top.names.append(None)
            # The first "=" of a part names it: {{x|a=b=c}} has a: "b=c". The first part, the name, has none.
            elif top.mark == "{" and len(top.parts) > 1 and top.names[-1] is None:
                top.names[-1] = "".join(top.parts[-1])
                top.parts[-1] = []
            else:
                top.parts[-1].append(mark)
        stack[-1].parts[-1].append(text[position:])
        # What never closed, as it was written.
        return "".join(piece for frame in stack for piece in (frame.written() if frame.count else frame.parts[0]))

    def _close_link(self, stack: list[_Frame]) -> None:
        frame = stack[-1]
        if frame.mark != "[":
            frame.parts[-1].append("]]")
            return
        stack.pop()
        if self.keep_unknown:
            shown = "".join((*frame.written(), "]]"))
        else:
            parts = ["".join(part) for part in frame.parts]
            shown = link_text(parts[0], parts[1:]) if len(stack) <= _DEEPEST else ""
        stack[-1].parts[-1].append(shown)

    def _close_braces(self, stack: list[_Frame], count: int, parameters: dict[str, str] | None, depth: int) -> None:
        """Close as many openings as the braces suffice for; three are a parameter, two a template."""
        # {{{{x}}}}: an opening of four meets four; three make a parameter, one brace is left on each side:
        #
        #     frame.count 4, count 4 → size 3 → "{" + value of x + "}"
        while count >= 2 and _any_open(stack):
            frame = _reopened(stack)
            size = 3 if min(frame.count, count) >= 3 else 2
            before = _line_before(stack[-1]) if frame.count - size < 2 else ""
            # Too deep shows nothing, as in MediaWiki.
            shown = self._value(frame, size, parameters, depth, before) if len(stack) <= _DEEPEST else ""
            count -= size
            frame.count -= size
            # {{{{{1|x}}}}}: five less three leave two, which open a template whose name begins with what was shown.
            if frame.count >= 2:
                frame.parts, frame.names = [[shown]], [None]
                stack.append(frame)
            else:
                stack[-1].parts[-1] += ["{" * frame.count, shown]
        if count:
            stack[-1].parts[-1].append("}" * count)

    def _value(self, frame: _Frame, size: int, parameters: dict[str, str] | None, depth: int, before: str) -> str:
        parts = ["".join(part) for part in frame.parts]
        if size == 3:
            return self._parameter(frame, parts, parameters)
        values: dict[str, str] = {}
        number = 0
        for name, part in zip(frame.names[1:], parts[1:], strict=True):
            # The unnamed are "1", "2", … and keep their blanks; the named lose them.
            number += name is None
            values[str(number) if name is None else name.strip()] = part if name is None else part.strip()
        parts = [part if name is None else f"{name}={part}" for name, part in zip(frame.names, parts, strict=True)]
        shown = self._template(" ".join(parts[0].replace("_", " ").split()), parts, values, depth, before)
        if shown is None:
            return "{{" + "".join(frame.written()).lstrip("{") + "}}"
        return shown

    def _parameter(self, frame: _Frame, parts: list[str], parameters: dict[str, str] | None) -> str:
        if parameters is None and self.keep_unknown:
            return "{{{" + "".join(frame.written()).lstrip("{") + "}}}"
        # {{{1|a=b}}}: to a parameter the "=" is part of its default.
        default = frame.names[1] + "=" if len(parts) > 1 and frame.names[1] is not None else ""
        default += parts[1] if len(parts) > 1 else ""
        return (parameters or {}).get(parts[0].strip(), default)

    def _template(self, name: str, parts: list[str], values: dict[str, str], depth: int, before: str) -> str | None:
        """What a call shows; None where only the definitions are wanted and there is none."""
        for prefix in ("subst:", "safesubst:", "msg:", "template:"):
            if name.lower().startswith(prefix):  # {{subst:x}} is left in pages by mistake
                name = name[len(prefix) :].strip()
        plain = name.casefold()
        if not plain:
            return ""
        definition = self.site.definitions.get(plain)
        # A citation of the dump's own stays silent, whatever its wikitext says.
        if is_silent(plain):
            definition = None
        in_page = depth == 0
        if self.keep_unknown and definition is None and in_page:
            return None
        value = function_value(name, parts, self.site) if definition is None else None
        if value is not None:
            return value
        # A definition that we can decide is the last word; one that holds unknown calls only where no table knows the
        # name.
        if definition and (definition.decidable or not shows(plain)) and depth < _DEEPEST_DEFINITION:
            return self._defined(plain, definition.text, values, depth)
        if self.keep_unknown and in_page:
            return None
        if is_silent(plain):
            return ""
        return template_text(plain, values, self.site) if shows(plain) else _guess(values, before)

    def _defined(self, name: str, text: str, values: dict[str, str], depth: int) -> str:
        if self.added > _MOST_ADDED or name in self.active:  # a template that calls itself shows nothing
            return ""
        self.added += len(text) + sum(map(len, values.values()))
        self.active.append(name)
        shown = self.expand(text, values, depth + 1)
        self.active.pop()
        # A list or table needs its line break; else the breaks of the template's page are not the article's.
        return shown if shown.startswith(("\n", "{|")) else shown.strip("\n")


def _any_open(stack: list[_Frame]) -> bool:
    """Whether the stack holds an opening of braces that `}}` may close: the top one, or one below open links."""
    # Links between are passed over: {{lc:[[B}} closes the braces, and "[[B" becomes text.
    number = len(stack) - 1
    while number > 0 and stack[number].mark == "[":
        number -= 1
    return number > 0


def _reopened(stack: list[_Frame]) -> _Frame:
    """Take the innermost braces off the stack; links opened inside them and never closed become text of theirs."""
    links: list[_Frame] = []
    while stack[-1].mark == "[":
        links.append(stack.pop())
    frame = stack.pop()
    for link in reversed(links):
        frame.parts[-1] += link.written()
    return frame


def is_silent(name: str) -> bool:
    """Whether a template of this name (lower case) is a citation, a notice or a box, and shows nothing in prose."""
    return name in SILENT or name.startswith(SILENT_PREFIXES)


def _line_before(frame: _Frame) -> str:
    """What stands before the end of a frame's text, in its line."""
    line = ""
    # The last pieces suffice: a sentence is judged by at most 200 characters.
    for piece in reversed(frame.parts[-1][-8:]):
        line = piece[-200:] + line
        if "\n" in piece or len(line) > 200:
            break
    return line.rpartition("\n")[2]


def _guess(values: dict[str, str], before: str) -> str:
    """The only parameter of an unknown template that stands inside a sentence (or a number and its unit),
    else nothing.

    `the {{höjd|45|m}} tower` must not lose its number; a notice stands on a line of its own, a footnote right after a
    word or a full stop.
    """
    number = _NUMBER.fullmatch(values.get("1", "").strip())
    unit = values.get("2", "").strip() if number else ""
    # A number and its unit, or one parameter; with "date" or a third it is a notice or computes.
    if "1" not in values or "date" in values or (len(values) > 1 and not number) or "3" in values:
        return ""
    if not _OPENS_SENTENCE.search(before) or _ENDS_SENTENCE.search(before) or len(unit) > _LONGEST_UNIT:
        return ""
    value = " ".join(filter(None, (values["1"].strip(), unit)))
    return value if len(value) <= _LONGEST_GUESS and "\n" not in value and "://" not in value else ""
