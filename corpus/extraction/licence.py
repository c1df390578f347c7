"""A guess at the licence of a page, with what it rests on: never a legal claim.

Three places are looked at, the surest first: an element with rel=license, the `license` of JSON-LD, and any link to a
Creative Commons deed, which may be about a picture on the page. A known licence is called by its short name, as in "CC
BY-SA 4.0"; what else a rel=license names is taken as its address.
"""

import re
from collections.abc import Iterator

_LONGEST_ADDRESS = 300
_MOST_LOOKED_AT = 50  # places of a kind
_REL = re.compile(r"""\brel\s{0,9}=\s{0,9}["']?[\w \t-]{0,80}\blicense\b""")
_ADDRESS = (
    rf"""(?:"([^"\s]{{1,{_LONGEST_ADDRESS}}})"|'([^'\s]{{1,{_LONGEST_ADDRESS}}})'|([^\s"'>]{{1,{_LONGEST_ADDRESS}}}))"""
)
_HREF = re.compile(rf"\bhref\s{{0,9}}=\s{{0,9}}{_ADDRESS}")
_JSON_LD = re.compile(
    rf'"license"\s{{0,9}}:\s{{0,9}}(?:\{{\s{{0,99}}"@id"\s{{0,9}}:\s{{0,9}})?"([^"\s]{{1,{_LONGEST_ADDRESS}}})"'
)
_DEED = re.compile(r"https?:(?:\\?/){2}(?:www\.)?creativecommons\.org[\w/.\\-]{0,100}")

_CREATIVE_COMMONS = re.compile(
    r"(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licenses/((?:by|nc|nd|sa)(?:-(?:nc|nd|sa)){0,2})/(\d\.\d)"
    r"|publicdomain/(zero|mark)/(\d\.\d))(?:/|\b)",
    re.IGNORECASE,
)
_OTHERS = (
    ("opensource.org/licenses/mit", "MIT"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("gnu.org/licenses/fdl", "GFDL"),
    ("gnu.org/copyleft/fdl", "GFDL"),
    ("nationalarchives.gov.uk/doc/open-government-licence", "OGL"),
)


def guess(html: str) -> tuple[str, str]:
    """The licence and the evidence, as in ("CC BY 4.0", "rel=license https://…"); two empty strings for no guess."""
    if "license" not in html and "creativecommons.org" not in html:
        return "", ""
    if address := next(_of_elements(html), ""):
        return name_of(address) or address, f"rel=license {address}"
    for kind, pattern in (("JSON-LD", _JSON_LD), ("link", _DEED)):
        for number, match in enumerate(pattern.finditer(html)):
            address = match[match.lastindex or 0].replace("\\", "")
            if name := name_of(address):
                return name, f"{kind} {address}"
            if number == _MOST_LOOKED_AT:
                break
    return "", ""


def name_of(address: str) -> str:
    """The short name of a licence by its address; "" for one that is not known."""
    found = _CREATIVE_COMMONS.match(address)
    if found and found[1]:
        return f"CC {found[1].upper()} {found[2]}"
    if found:
        return f"CC0 {found[4]}" if found[3].lower() == "zero" else f"Public Domain Mark {found[4]}"
    return next((name for part, name in _OTHERS if part in address.lower()), "")


def _of_elements(html: str) -> Iterator[str]:
    """The addresses of <a> and <link> elements with rel=license."""
    for number, match in enumerate(_REL.finditer(html)):
        if number == _MOST_LOOKED_AT:
            return
        start = html.rfind("<", max(0, match.start() - 1000), match.start())
        end = html.find(">", match.end(), match.end() + 1000)
        if start < 0 or end < 0 or not html[start + 1 : start + 6].lower().startswith(("a ", "a\n", "a\t", "link")):
            continue
        if href := _HREF.search(html, start, end):
            yield next(value for value in href.groups() if value).replace("&amp;", "&")
