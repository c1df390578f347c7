"""Personal data masked: e-mail and public IP addresses, phone numbers, payment cards, each by a fixed placeholder.

An optional step of a recipe. FineWeb masks the first two kinds (Penedo et al. 2024, §3.8), so its recipe takes
`FINEWEB`. Placeholders are of the ranges that are reserved for examples (RFC 2606, 3849, 5737; numbers 555-01xx), so
that a text reads on and nobody is reached. What was masked is counted in the column `masked`: "email:2 ip:1".

A pattern finds candidates, code decides: an address must be public, a card must have the first digits and the length
of an issuer and Luhn's check digit. Of phone numbers only the forms that say what they are count: with + and a country,
or as (555) 123-4567 and 555-123-4567. The patterns take linear time: each begins where nothing of it stands before, and
repeats a bounded number of times. A text that was masked is left as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network

from corpus.document import Document
from corpus.fetching.addresses import why_not_public

ALL = ("email", "card", "phone", "ip")
FINEWEB = ("email", "ip")

_LETTERS = (
    r"A-Za-z0-9\u00c0-\u024f\u0370-\u052f"  # of addresses: scripts with capitals, so that others may stand beside
)
# What may stand in the part before the @, and in no character before an address.
_LOCAL = rf"{_LETTERS}.!#$%&'*+/=?^_`{{|}}~"
_LABELS = rf"(?:[{_LETTERS}][{_LETTERS}-]{{0,62}}+\.){{1,8}}"
_EMAIL = rf"(?<![{_LOCAL}@-])[{_LOCAL}-]{{1,64}}+@{_LABELS}[A-Za-z]{{2,24}}(?![{_LETTERS}_@]|-[{_LETTERS}])"
# Alone: no letter, digit or sign before, none after, and no "1.5" or "1-5" that goes on.
_ALONE, _ENDED = r"(?<![A-Za-z0-9_.,+-])", r"(?![A-Za-z0-9_]|[.,-][0-9])"
_CARD = rf"{_ALONE}[2-6](?:[ -]?[0-9]){{12,18}}{_ENDED}(?! [0-9])"  # 13 to 19 digits
# +49 (0)30 123 45-67 has 8 to 15 digits (E.164), each after at most one sign or bracket; (555) 123-4567; and
# 555-123-4567, with the same sign twice.
_PHONE = rf"""{_ALONE}(?<!/)(?:
      \+[1-9](?:(?:[ ./-]|[ ]?\(|\)[ -]?)?[0-9]){{7,14}}
    | \([2-9][0-9]{{2}}\)[ ]?[0-9]{{3}}[. -][0-9]{{4}}
    | [2-9][0-9]{{2}}(?P<sign>[.-])[0-9]{{3}}(?P=sign)[0-9]{{4}}
    ){_ENDED}"""
_IPV4 = r"(?<![A-Za-z0-9_.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![A-Za-z0-9_]|\.[0-9])"
# 2 to 7 colons, "::" among them; also 12:30:45, which is no address.
_IPV6 = r"(?<![A-Za-z0-9_:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![A-Za-z0-9_:]|\.[0-9])"
# In use; in it protocols' own addresses and two blocks for examples. Not those that a fetcher refuses: an address of
# 6to4 or ISATAP has somebody's IPv4 address inside.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOBODYS = (IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))

# First digits and lengths of the cards in use (ISO/IEC 7812, by the issuers' own tables).
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)),
    # Mastercard: 51 to 55, and 2221 to 2720.
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|[689])"), (14,)),
    (re.compile(r"6011|65|64[4-9]|35(?:2[89]|[3-8])"), (16, 19)),
    (re.compile(r"62|5[0678]|6[37]"), (16, 17, 18, 19)),
)


# What every address has in it; much faster to look for, and in few texts.
_IPV4_SIGN = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_IPV6_SIGN = re.compile(r":[0-9A-Fa-f]{0,4}:")


@dataclass(frozen=True)
class _Kind:
    """A pattern, what a text must have for it to be looked for, and what makes a candidate real."""

    name: str
    pattern: re.Pattern[str]
    placeholder: str
    has_signs: Callable[[str], bool]
    is_real: Callable[[str], bool]


def mask(document: Document, kinds: tuple[str, ...] = ALL) -> Document:
    """The document with the personal data of `kinds` masked, and with how many of each."""
    text, counts = mask_text(document.text, kinds)
    if not counts:
        return document
    return replace(document, text=text, masked=" ".join(f"{kind}:{count}" for kind, count in counts.items()))


def mask_text(text: str, kinds: tuple[str, ...] = ALL) -> tuple[str, dict[str, int]]:
    """The masked text, and how many of each kind were masked; a kind of which there are none is left out."""
    counts: dict[str, int] = {}
    for kind in _KINDS:
        if kind.name in kinds and kind.has_signs(text):
            text, count = _masked(text, kind)
            if count:
                counts[kind.name] = counts.get(kind.name, 0) + count
    return text, counts


def _masked(text: str, kind: _Kind) -> tuple[str, int]:
    pieces, done = list[str](), 0
    for match in kind.pattern.finditer(text):
        # A placeholder of an earlier pass stays.
        if not match[0].startswith(kind.placeholder) and kind.is_real(match[0]):
            pieces += (text[done : match.start()], kind.placeholder)
            done = match.end()
    return ("".join((*pieces, text[done:])), len(pieces) // 2) if pieces else (text, 0)


def is_card(candidate: str) -> bool:
    """Whether digits, with blanks or dashes between them, are the number of a payment card.

    By Luhn's checksum: from the right every second digit is doubled (9 taken off above 9), and the sum ends in 0. Of
    4111 1111 1111 1111 the doubled ones are 8 + 7 × 2 = 22, the others 8 × 1: 30.
    """
    digits = [int(character) for character in candidate if character.isdecimal()]
    number = "".join(map(str, digits))
    if not any(len(number) in lengths and prefix.match(number) for prefix, lengths in _ISSUERS):
        return False
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]  # 4 is 8, 5 is 10 - 9 = 1
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_public_ipv4(candidate: str) -> bool:
    """Whether it is an address that the internet routes: no private network, group or example."""
    return not why_not_public(candidate)


def is_public_ipv6(candidate: str) -> bool:
    """The same for IPv6: only global unicast, 2000::/3, is in use."""
    try:
        address = IPv6Address(candidate)
    except ValueError:
        return False
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOBODYS)


_KINDS = (
    # In this order: an address may hold digits like a phone's.
    _Kind("email", re.compile(_EMAIL), "email@example.com", lambda text: "@" in text, lambda found: True),
    _Kind("card", re.compile(_CARD), "0000 0000 0000 0000", lambda text: True, is_card),
    _Kind("phone", re.compile(_PHONE, re.VERBOSE), "+1 555-010-0100", lambda text: True, lambda found: True),
    _Kind("ip", re.compile(_IPV4), "192.0.2.1", lambda text: bool(_IPV4_SIGN.search(text)), is_public_ipv4),
    _Kind("ip", re.compile(_IPV6), "2001:db8::1", lambda text: bool(_IPV6_SIGN.search(text)), is_public_ipv6),
)
