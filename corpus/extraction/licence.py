"""A guess at the licence of a page, with what it rests on: never a legal claim.

Three places are looked at, the surest first: an element with rel=license, the `license` of JSON-LD, and any link to a
Creative Commons deed, which may be about a picture on the page. A known licence is called by its short name, as in "CC
BY-SA 4.0"; what else a rel=license names is taken as its address.
"""

import re
from collections.abc import Iterator

_LONGEST_ADDRESS = 300
_MOST_LOOKED_AT = 500  # places where a word stands
_ADDRESS = (
    # The value of an attribute: in double quotes, single quotes or none, never longer than an address.
    rf"""(?:"([^"\s]{{1,{_LONGEST_ADDRESS}}})"|'([^'\s]{{1,{_LONGEST_ADDRESS}}})'|([^\s"'>]{{1,{_LONGEST_ADDRESS}}}))"""
)
# Whether "license" stands inside a rel attribute: searched backwards, in the 110 characters before it.
_REL = re.compile(r"""\brel\s{0,9}=\s{0,9}["']?[\w \t-]{0,80}\Z""")
_HREF = re.compile(rf"\bhref\s{{0,9}}=\s{{0,9}}{_ADDRESS}")
# "license": "…" or "license": {"@id": "…"}.
_JSON_LD = re.compile(
    rf'"license"\s{{0,9}}:\s{{0,9}}(?:\{{\s{{0,99}}"@id"\s{{0,9}}:\s{{0,9}})?"([^"\s]{{1,{_LONGEST_ADDRESS}}})"'
)
# JSON may write the slashes as \/.
_DEED = re.compile(r"https?:(?:\\?/){2}(?:www\.)?creativecommons\.org[\w/.\\-]{0,100}")
_BEFORE_DEED = len(r"https:\/\/www.")

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
    places = list(_places(html, "license"))
    if address := next(_of_elements(html, places), ""):
        return name_of(address) or address, f"rel=license {address}"
    for kind, addresses in (("JSON-LD", _of_json(html, places)), ("link", _of_links(html))):
        for address in addresses:
            if name := name_of(address):
                return name, f"{kind} {address}"
    return "", ""


def name_of(address: str) -> str:
    """The short name of a licence by its address; "" for one that is not known."""
    found = _CREATIVE_COMMONS.match(address)
    if found and found[1]:
        return f"CC {found[1].upper()} {found[2]}"
    if found:
        return f"CC0 {found[4]}" if found[3].lower() == "zero" else f"Public Domain Mark {found[4]}"
    return next((name for part, name in _OTHERS if part in address.lower()), "")


def _places(html: str, word: str) -> Iterator[int]:
    """Where a word stands: by `find`, which is many times as fast as a pattern."""
    at = html.find(word)
    for _ in range(_MOST_LOOKED_AT):
        if at < 0:
            return
        # Text with ten thousand "license" costs 500 looks.
        yield at
        at = html.find(word, at + len(word))


def _of_elements(html: str, places: list[int]) -> Iterator[str]:
    """The addresses of <a> and <link> elements with rel=license."""
    for at in places:
        if html.rfind("rel", max(0, at - 100), at) < 0 or not _REL.search(html, max(0, at - 110), at):
            continue
        # The tag around the place: the last "<" before it, the next ">" after.
        start, end = html.rfind("<", max(0, at - 1000), at), html.find(">", at, at + 1000)
        if start < 0 or end < 0 or not html[start + 1 : start + 6].lower().startswith(("a ", "a\n", "a\t", "link")):
            continue
        if href := _HREF.search(html, start, end):
            yield next(value for value in href.groups() if value).replace("&amp;", "&")


def _of_json(html: str, places: list[int]) -> Iterator[str]:
    """The addresses that stand as "license" in JSON, of JSON-LD or another."""
    # From at - 1, the quote before the word.
    found = (_JSON_LD.match(html, at - 1) for at in places if html.startswith('"', at + len("license")))
    return (match[1].replace("\\", "") for match in found if match)


def _of_links(html: str) -> Iterator[str]:
    """The addresses of all deeds of Creative Commons."""
    for at in _places(html, "creativecommons.org"):
        if found := _DEED.search(html, max(0, at - _BEFORE_DEED), at + 120):
            yield found[0].replace("\\", "")
