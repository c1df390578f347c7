"""The surroundings of a page: its language, title and time of revision, and the templates of its dump."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Definition:
    """What a template says, as wikitext with its parameters open.

    `decidable` says that it holds nothing but text, parameters and conditions: then it is the last word on its name.
    """

    text: str
    decidable: bool


@dataclass(frozen=True, slots=True)
class Site:
    """The surroundings of one page. `language` is a code or "", `now` the time of its revision in UTC, or None.

    `definitions` are the dump's own templates by name in lower case; what it lacks stays unknown.
    """

    language: str = ""
    title: str = ""
    now: datetime | None = None
    definitions: Mapping[str, Definition] = field(default_factory=dict)


def revision_time(timestamp: str) -> datetime | None:
    """The time of a timestamp of a dump ("2015-03-07T17:35:30Z"); None for what is none."""
    try:
        # Of an offset that leaves the years 1 to 9999: OverflowError.
        return datetime.fromisoformat(timestamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
