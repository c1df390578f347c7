"""The value of a key of a run: read from text by the type of the key, and checked against what the key may be.

Whole numbers may be written as people say them: 524_288, 375M, 300B, 5e5 (suffixes are powers of ten). A number must
be finite and fit 64 bits: NaN passes every comparison that could stop it later, and a number that no array can be
indexed by ends in a traceback far from here.
"""

import difflib
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from trainer.command import MOST

_SUFFIXES = {"k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_YES, _NO = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0"))
_ABOVE_ZERO = frozenset("rate matrix_rate epsilon rotary_base norm_epsilon cooldown mask_share mean_span".split())
_BELOW_ONE = frozenset("beta1 beta2 momentum dropout mask_share".split())
_AT_MOST_ONE = frozenset("final_share cooldown".split())
_AT_LEAST_ONE = frozenset("save_every keep_last log_every".split())
_MOST_THREADS = 4096


class ConfigError(CorpusloomError, ValueError):
    """A configuration that cannot be used: the key, the value, and what to write instead."""

    code = ExitCode.FLAGS


def value_of(name: str, text: str, default: Any, choices: Sequence[str] = ()) -> Any:
    """The value that `text` means for the key `name`, of the type of its `default` and one of its `choices`."""
    try:
        if isinstance(default, bool):
            return truth(text)
        if isinstance(default, int):
            return whole(text)
        parsed: Any = float(text) if isinstance(default, float) else text
    except (ValueError, ArithmeticError):
        kinds = {bool: "true or false", int: "a whole number of at most 64 bits", float: "a number"}
        raise ConfigError(f"{name}={text}: not {kinds[type(default)]}") from None
    if isinstance(default, float):
        check_range(name, parsed)
    elif choices:
        parsed = parsed.lower()
    if choices and parsed not in choices:
        raise ConfigError(f"{name}={text}: there is {', '.join(choices)}{near(text, choices)}")
    return parsed


def check_range(name: str, value: Any) -> None:
    """Refuse a number that its key cannot be; `ConfigError` names the key and the bound."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not math.isfinite(value):
        raise ConfigError(f"{name}={value}: not a finite number")
    if value < 0:
        raise ConfigError(f"{name}={value}: less than nothing")
    if name in _ABOVE_ZERO and value == 0:
        raise ConfigError(f"{name}={value}: give more than 0")
    if name in _AT_LEAST_ONE and value < 1:
        raise ConfigError(f"{name}={value}: give at least 1")
    if name in _BELOW_ONE and value >= 1:
        raise ConfigError(f"{name}={value}: give at least 0 and less than 1")
    if name in _AT_MOST_ONE and value > 1:
        raise ConfigError(f"{name}={value}: a share is at most 1")
    if name == "threads" and value > _MOST_THREADS:
        raise ConfigError(f"threads={value}: give at most {_MOST_THREADS}")


def near(name: str, names: Iterable[str]) -> str:
    """ "; did you mean …?" with the name that is most like the wrong one; "" where none is."""
    near = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else ""


def truth(text: str) -> bool:
    """Yes or no, in any of the usual words; `ValueError` for others."""
    if text.lower() not in _YES | _NO:
        raise ValueError(text)
    return text.lower() in _YES


def whole(text: str) -> int:
    """A whole number: 524_288, 375M, 300B, 5e5; `ValueError`, or an error of decimal's, for anything else."""
    # 1.5B is whole, 1.5 is not. By Decimal, since 1.001 · 10^3 as floats is 1000.9999…, and 1.001k would be refused.
    digits, scale = text.replace("_", "").replace(",", ""), 1
    if digits and digits[-1].lower() in _SUFFIXES:
        digits, scale = digits[:-1], _SUFFIXES[digits[-1].lower()]
    number = Decimal(digits) * scale
    # Compared before it becomes an int: 1e999999999 has a billion digits as one.
    if not number.is_finite() or abs(number) > MOST or number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def show_value(value: Any) -> str:
    """A default as it would be written."""
    return str(value).lower() if isinstance(value, bool) else f"{value:_}" if isinstance(value, int) else str(value)
