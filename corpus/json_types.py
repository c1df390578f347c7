"""JSON as types, for objects whose keys are not known where they pass: settings, descriptions, others' configurations.

Where the keys are known an object has a `TypedDict` beside the code that writes it. A type checker refuses in a `Json`
what JSON does not have (a path, an array), and a value that was read must be looked at before it is used.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]
