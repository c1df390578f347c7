"""Opt-outs of a page from the use of its text by machines, in its HTTP headers and in its HTML.

Two conventions are known: the directives `noai` and `noimageai` of `X-Robots-Tag` and `<meta name="robots">` (also
addressed to the crawlers of training data by name), and the TDM Reservation Protocol, `tdm-reservation: 1` as a header
or a meta element, by which rights under Article 4 of the EU's directive 2019/790 are reserved. A page that says
nothing gives no consent; only what it says is recorded here. `corpus.rules.opt_outs` decides what follows from it.

The HTML is looked at as bytes, up to the end of its head, where meta elements belong.
"""

import re
from collections.abc import Iterator

# Crawlers whose pages are training data: a meta element may address one by name instead of all robots.
AGENTS = (b"robots", b"ccbot", b"gptbot", b"x-robots-tag")
_LONGEST_HEAD = 1 << 17  # bytes of a page that are looked at
_LONGEST = 200  # characters of what is recorded
_NO_AI = re.compile(r"(?<![\w-])(?:noai|noimageai)(?![\w-])", re.IGNORECASE)  # not "noairline"
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\s[^<>]{1,2000}>")  # bounded: a "<meta" without its end costs 2,000 bytes
_ATTRIBUTE = re.compile(rb"""([a-z-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]{0,500})"|'([^']{0,500})'|([^\s"'>]{1,500}))""")


def opt_out_of(robots_tags: list[str], reservations: list[str], body: bytes) -> str:
    """The first signal, as in `X-Robots-Tag: noai` or `meta tdm-reservation: 1`; "" where there is none.

    `robots_tags` and `reservations` are the values of the headers X-Robots-Tag and TDM-Reservation, `body` is HTML.
    """
    found = (
        *(f"X-Robots-Tag: {value}" for value in robots_tags if _NO_AI.search(value)),
        *(f"tdm-reservation: {value}" for value in reservations if value.strip() == "1"),
    )
    return next(iter(found), next(_of_html(body), ""))[:_LONGEST]


def _of_html(body: bytes) -> Iterator[str]:
    end = body.find(b"</head", 0, _LONGEST_HEAD)
    head = body[: end if end >= 0 else _LONGEST_HEAD].lower()
    if b"noai" not in head and b"noimageai" not in head and b"tdm-reservation" not in head:
        return
    for element in _META.findall(_COMMENT.sub(b"", head)):
        # Value in double quotes, single quotes, or none.
        said = {match[1]: (match[2] or match[3] or match[4] or b"").strip() for match in _ATTRIBUTE.finditer(element)}
        name = said.get(b"name") or said.get(b"http-equiv") or b""
        content = said.get(b"content", b"").decode("utf-8", "replace")
        if (name in AGENTS and _NO_AI.search(content)) or (name == b"tdm-reservation" and content == "1"):
            yield f"meta {name.decode('ascii', 'replace')}: {content}"
