"""The media type of a response, out of whatever servers write into Content-Type.

Proxies join headers to lists (`text/html, text/html; charset=utf-8`), scripts send the header twice, and some write a
blank where the semicolon belongs. The rules are the web's own: parsing is that of mimesniff.spec.whatwg.org (section
4.4), and of several values the last that can be parsed counts (fetch.spec.whatwg.org, "extract a MIME type").
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_BLANKS = " \t\r\n"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~A-Za-z0-9]+")
_QUOTABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # what may stand in a quoted value
# A quote without an end reaches to the end.
_VALUES = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^",])+', re.DOTALL)  # commas inside quotes part nothing
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)\\?("|$)[^;]*', re.DOTALL)
_PLAIN = re.compile(r"[^;]*")
_NAME = re.compile(r"[^;=]*")


@dataclass(frozen=True, slots=True)
class MediaType:
    """`essence` is the type in lower case ("text/html"), `charset` as written, "" where there is none."""

    essence: str
    charset: str = ""

    def __str__(self) -> str:
        return f"{self.essence}; charset={self.charset}" if self.charset else self.essence


def content_type(values: Iterable[str]) -> str:
    """The one value that stands for all values of Content-Type; the last as it is written if none can be parsed."""
    written = [value.strip() for header in values for value in _VALUES.findall(header) if value.strip()]
    if len(written) < 2:
        return "".join(written)  # nothing to choose from
    found: MediaType | None = None
    for media in filter(None, map(parse_media_type, written)):
        if media.essence == "*/*":
            continue
        # "text/html; charset=koi8-r, text/html": the second inherits what the first says.
        inherited = found.charset if found and found.essence == media.essence else ""
        found = media if media.charset else MediaType(media.essence, inherited)
    return str(found) if found else written[-1]


def parse_media_type(written: str) -> MediaType | None:
    """A single value of Content-Type; None for what the standard calls a failure."""
    kind, _, parameters = written.strip(_BLANKS).partition(";")
    main, slash, sub = kind.rstrip(_BLANKS).partition("/")
    if not (slash and _TOKEN.fullmatch(main) and _TOKEN.fullmatch(sub)):
        return None
    return MediaType(f"{main}/{sub}".lower(), _charset(parameters))


def _charset(parameters: str) -> str:
    """The value of the first `charset` among parameters; "" without one that is allowed."""
    # `a="b;c"; charset=x`: a quoted value may hold semicolons, so names and values are read one after the other.
    position = 0
    while position < len(parameters):
        name = _NAME.match(parameters, position)
        assert name
        position = name.end() + 1  # past "=" or ";"
        if parameters[name.end() : position] != "=":
            continue  # no value
        quoted = _QUOTED.match(parameters, position)
        value = quoted or _PLAIN.match(parameters, position)
        assert value
        position = value.end() + 1
        text = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else value[0].rstrip(_BLANKS)
        # An empty quoted value counts, an empty plain one does not.
        if name[0].lstrip(_BLANKS).lower() == "charset" and (text or quoted) and _QUOTABLE.fullmatch(text):
            return text
    return ""
