"""Reddit submissions out of Pushshift dumps, 2005 to today, through all their changes of schema.

Years differ: `created_utc` is a number or a string, `score` an integer, a float, null or missing, `is_self` and
`over_18` may be missing, `url` may be null or stand in `url_overridden_by_dest`, and `&` is written `&amp;`. A
submission is read when its line is a JSON object; what it lacks is None here and a verdict of `corpus.sources.links`
later.

Karma is a snapshot: dumps hold the score at the time of retrieval, so `retrieved` travels along, and of two
records of one id the later retrieved counts. User names are used for one question (deleted?) and never kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.document import Quarantined
from corpus.json_types import JsonObject
from corpus.readers.lines import Line, parse_object, read_records

_GONE = frozenset({"[deleted]", "[removed]", "[ removed by reddit ]", "[deleted by user]"})
_GONE_MARKS = ("removed_by_category", "removal_reason", "banned_by", "removed_by")
_INT64 = range(-(2**63), 2**63)
_YEAR_10000 = 253_402_300_800  # 10000-01-01 00:00:00 UTC


@dataclass(frozen=True, slots=True)
class Submission:
    """One post, and where its line stands in the inflated dump.

    `score` in net votes, `created` and `retrieved` in seconds since 1970 UTC; None = not in the dump, or no such
    number: a time is one of the years 1970 to 9999.
    """

    id: str
    url: str
    title: str
    subreddit: str
    score: int | None
    created: int | None
    retrieved: int
    is_self: bool
    over_18: bool
    deleted: bool
    promoted: bool
    offset: int = 0


def read_submissions(path: Path, name: str = "") -> Iterator[Submission | Quarantined]:
    """Every submission of a dump in file order; lines that are no JSON object are `Quarantined`."""
    name = name or str(path)
    yield from read_records(path, name, parse_line)


def parse_line(line: Line, name: str) -> Submission | Quarantined:
    """One line of a dump."""
    record = parse_object(line, name)
    return record if isinstance(record, Quarantined) else _submission(record, line.offset)


def _submission(record: JsonObject, offset: int) -> Submission:
    url = _text(record, "url") or _text(record, "url_overridden_by_dest")
    domain = _text(record, "domain")
    return Submission(
        id=_text(record, "id") or _text(record, "name").removeprefix("t3_"),  # "t3_abc": the kind of thing, and its id
        url=url,
        title=_text(record, "title"),
        subreddit=_text(record, "subreddit"),
        score=_whole(record.get("score")),
        created=_time(record.get("created_utc", record.get("created"))),
        retrieved=_time(record.get("retrieved_on", record.get("retrieved_utc"))) or 0,
        is_self=bool(record.get("is_self")) or domain.startswith("self."),  # "self.AskReddit"
        over_18=bool(record.get("over_18")),
        deleted=_is_deleted(record),
        promoted=bool(record.get("promoted") or record.get("is_created_from_ads_ui")),
        offset=offset,
    )


def _is_deleted(record: JsonObject) -> bool:
    """Taken back by its author or by a moderator. A missing author (some dumps drop names) says nothing."""
    meta = record.get("_meta")
    later = isinstance(meta, dict) and bool(meta.get("was_deleted_later") or meta.get("removal_type"))
    marks = any(record.get(key) for key in _GONE_MARKS)
    gone = any(_text(record, key).lower() in _GONE for key in ("author", "selftext", "title", "url"))
    return later or marks or gone


def _text(record: JsonObject, key: str) -> str:
    """A text field, free of surrogates; "" when it is missing, null or of another type."""
    value = record.get(key)
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _time(value: Any) -> int | None:
    """A whole number that is a time of the calendar; None for every other value."""
    number = _whole(value)
    return number if number is not None and 0 <= number < _YEAR_10000 else None


def _whole(value: Any) -> int | None:
    """A whole number written as int, float or string; None for everything else, numbers beyond 64 bits included."""
    if isinstance(value, bool):
        return None  # True is an int
    try:
        # "5", "5.0" and 5.0 are 5; "inf" overflows, "nan" is no number.
        number = value if isinstance(value, int) else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number in _INT64 else None
