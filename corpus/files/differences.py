"""The first setting in which two builds differ, for the one who is refused: what it was, and what it is now."""

from collections.abc import Mapping, Sequence
from typing import Any

_CODE = "code"


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, as a clause; nothing where none does.

    A setting that only one of the two has is one that another version did not know.
    """
    for name, value in now.items():
        # `before` was read from JSON, so `now` has to look like it: tuples as lists, keys as text.
        if name in before and (found := _difference(name, before[name], _plain(value))):
            return found
    return ""


def _difference(name: str, before: Any, now: Any) -> str:
    if before == now:
        return ""
    if isinstance(before, dict) and isinstance(now, dict):
        # There is one: equal values have returned.
        key = next(key for key in sorted({*before, *now}) if before.get(key) != now.get(key))
        if name == _CODE:
            return f"{key} has changed since"
        return f"{name} ({key}) was {before.get(key, 'absent')}, now {now.get(key, 'absent')}"
    if isinstance(before, list) and isinstance(now, list):
        return f"{name}: {_list_difference(before, now)}"
    return f"{name} was {_show(before)}, now {_show(now)}"


def _list_difference(before: list[Any], now: list[Any]) -> str:
    gone = next((item for item in before if item not in now), None)
    new = next((item for item in now if item not in before), None)
    # A new entry of a known name is an input with another digest.
    named = {item["name"] for item in before if isinstance(item, dict)}
    if isinstance(new, dict) and new["name"] in named:
        return f"{new['name']} has other bytes now"
    if new is not None:
        return f"{_show(new)} was not given then"
    return f"{_show(gone)} was given then, and is not now" if gone is not None else "the order was another"


def _show(value: Any) -> str:
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    if value in (None, "", [], False):  # False and 0 are "not given" too
        return "not given"
    return "given" if value is True else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
