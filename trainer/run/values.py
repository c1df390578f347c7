"""The values of keys as people write them, and names that are nearly right."""

import difflib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_SUFFIXES = {"k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_YES, _NO = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0"))


def truth(text: str) -> bool:
    """Yes or no, in any of the usual words; `ValueError` for others."""
    if text.lower() not in _YES | _NO:
        raise ValueError(text)
    return text.lower() in _YES


def whole(text: str) -> int:
    """A whole number: 524_288, 375M, 300B, 5e5; `ValueError` (or decimal's InvalidOperation) for anything else."""
    digits, scale = text.replace("_", "").replace(",", ""), 1
    if digits and digits[-1].lower() in _SUFFIXES:
        digits, scale = digits[:-1], _SUFFIXES[digits[-1].lower()]
    number = Decimal(digits) * scale
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def near(name: str, names: Iterable[str]) -> str:
    """A question after the name that was meant, to end an error with; "" where none is near."""
    found = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {found[0]}?" if found else ""


def shown(value: Any) -> str:
    """A default as it would be written."""
    return str(value).lower() if isinstance(value, bool) else f"{value:_}" if isinstance(value, int) else str(value)
