"""Stable hashes: the only source of identity and of chance in the project.

Python's own `hash` differs between processes, and a random state depends on the order in which it
is asked. Both would make two runs differ. So every id, every join key and every random choice is a
hash of content: the same on every machine, for any order of the input and any number of workers.
"""

from pathlib import Path

import xxhash
from blake3 import blake3

_TWO_TO_64 = 1 << 64
_TWO_TO_63 = 1 << 63
_PIECE = 1 << 20


def key64(text: str | bytes) -> int:
    """A join key: the XXH3 hash of `text` as a signed 64-bit integer.

    Signed, because Beam's integer coder and Arrow's int64 hold no more.
    """
    value = xxhash.xxh3_64_intdigest(_bytes(text))
    # 2^63 becomes -2^63, 2^64 - 1 becomes -1: the same 64 bits, read with a sign.
    return value - _TWO_TO_64 if value >= _TWO_TO_63 else value


def digest(*parts: str | bytes, length: int = 16) -> str:
    """`length` bytes of BLAKE3, in hex, over the parts and their lengths (so that parts cannot run together)."""
    hasher = blake3()
    for part in parts:
        data = _bytes(part)
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.digest(length).hex()


def file_digest(path: Path) -> str:
    """The BLAKE3 digest of a whole file, in hex; read in pieces, because a mapped file would count as memory."""
    hasher = blake3()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
    return hasher.hexdigest()


def uniform(identity: str, seed: str) -> float:
    """A number in [0, 1) that belongs to `identity`: the same whenever and wherever it is asked for."""
    # Seeds with one another's beginning, "a" + "bc" and "ab" + "c", are kept apart by the NUL.
    return xxhash.xxh3_64_intdigest(_bytes(f"{seed}\x00{identity}")) / _TWO_TO_64


def _bytes(text: str | bytes) -> bytes:
    """UTF-8; a lone surrogate has bytes too, so that every string has a hash."""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
