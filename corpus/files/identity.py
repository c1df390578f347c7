"""Identity of settings and inputs: what of a value decides the bytes that are made from it.

Where a file lies today, or how much memory a worker may take, decides nothing; a file's content and a rule's limit do.
So a class says itself what its identity is (`identity`), or marks the fields that are none of it (`no_identity`), and
everything else follows from what the value is made of. Identities are plain JSON: a person can read in a manifest why
two builds are not the same.
"""

import json
from dataclasses import field, fields, is_dataclass
from functools import partial
from types import FunctionType
from typing import Any

from corpus.hashing import digest

_MARK = "identity"


def no_identity(**options: Any) -> Any:
    """A dataclass field that is not part of its value's identity; takes what `dataclasses.field` takes."""
    return field(metadata={_MARK: False}, **options)


def identity_of(value: Any) -> Any:
    """The identity of a value as plain JSON: functions and classes by name, files by content, the rest by its fields.

    `TypeError` for a value that is none of these: its `repr` might hold an address, and then no two runs were equal.
    """
    if isinstance(value, type | FunctionType):
        # A function by its name alone: what it does is in the code's closure (`corpus.files.provenance`).
        return f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "identity"):
        return value.identity
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, partial):
        # `partial(step, limits)` is the function with its arguments; a keyword stands beside them.
        return {"call": identity_of(value.func), "arguments": identity_of(value.args), **identity_of(value.keywords)}
    if is_dataclass(value):
        named = {each.name: getattr(value, each.name) for each in fields(value) if each.metadata.get(_MARK, True)}
        # A class of other name with the same fields is another value.
        return {"is": identity_of(type(value)), **identity_of(named)}
    return _of_container(value)


def _of_container(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): identity_of(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        # In a set there is no order, and `hash` differs between processes.
        return sorted(map(identity_of, value))
    if isinstance(value, tuple | list):
        return [identity_of(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no identity; give it a property `identity` of plain JSON")


def identity_digest(*values: Any) -> str:
    """One digest of the identities of some values."""
    return digest(json.dumps([identity_of(value) for value in values], sort_keys=True, ensure_ascii=False))
