"""The digests that a record carries: does the block, or its payload, still have them?

WARC writes `algorithm:value` and leaves the form of both open. Seen are SHA-1 in base 32 (the usual), SHA-1,
SHA-256 and MD5 in hexadecimal and base 64, with padding and without, in either case, and values without an
algorithm. What cannot be understood says nothing. A payload's digest was taken by some crawlers before, by others
after its codings were undone, so a match with either counts.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable

_SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
# Without an algorithm the length of the value says which: as in CDX files.
_BY_LENGTH = {32: "sha1", 40: "sha1", 64: "sha256"}


def matches(written: str, contents: Iterable[bytes]) -> bool:
    """Whether one of the contents has the digest `written`; also true where that cannot be understood."""
    name, colon, value = written.strip().partition(":")
    if not colon:
        name, value = _BY_LENGTH.get(len(name), ""), name  # the whole is the value: "3I42…"
    algorithm = name.strip().lower().replace("-", "").replace("_", "")
    values = _values(value.strip(), _SIZES.get(algorithm, 0))
    if not values:
        return True
    return any(hashlib.new(algorithm, content, usedforsecurity=False).digest() in values for content in contents)


def _values(written: str, size: int) -> set[bytes]:
    """The bytes that the text may stand for, of the size of the digest: its forms can be mistaken for one another."""
    bare = written.rstrip("=")
    forms: tuple[Callable[[], bytes], ...] = (
        lambda: bytes.fromhex(written),
        # 20 bytes are 32 characters in base 32, 40 in hex, 28 in base 64; of the readings those of the right size
        # count.
        lambda: base64.b32decode(bare.upper() + "=" * (-len(bare) % 8)),
        lambda: base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True),
    )
    found = set()
    for form in forms:
        try:
            found.add(form())
        except (ValueError, binascii.Error):
            continue
    return {value for value in found if size and len(value) == size}
