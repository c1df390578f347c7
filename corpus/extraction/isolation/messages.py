"""The two messages between a worker and its extraction child: a batch of pages, and one answer per page.

The child has parsed hostile bytes, so an answer is data of a bounded length that is checked field by field, never a
pickle. It may set only what a page says (text, title, …): the id, the address and the link are the parent's own.
A batch comes from the parent and is trusted; bodies travel as raw bytes beside a few hundred bytes of JSON.

    batch   4 bytes number of pages; per page 4 bytes length, fields as JSON, 8 bytes length, body
    answer  8 bytes length, {"number": n, "fields": {"text": …}, "rejected": null or [reason, value, evidence]}

`number` counts the pages of one child from 0, so an answer too many can never be taken for another page's.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from types import UnionType
from typing import Any, BinaryIO, get_args, get_origin, get_type_hints

import orjson

from corpus.document import Document, Page, Rejected

LONGEST_EVIDENCE = 10_000  # characters

# What the child may not decide: who the document is, and what the parent adds later.
_PARENTS_OWN = {"id", "link_url", "karma", "first_posted", "cluster", "quality_score"}
_PARENTS_OWN |= {field.name for field in fields(Page)}
_DEFAULTS = {field.name: field.default for field in fields(Document) if field.name not in _PARENTS_OWN}
_REASON = re.compile(r"[a-z0-9_]{1,40}\.[a-z0-9_]{1,60}")


class BadAnswer(ValueError):
    """Raised for an answer that no honest child gives."""


def longest_answer(page: Page) -> int:
    """The bytes that an answer may have: a body byte becomes 3 bytes of UTF-8 at most, and those 6 in JSON."""
    # 18 = 3 · 6: byte 0xFF of a single-byte charset may be U+FFFD, 3 bytes, and JSON may escape each byte in 6
    # characters. 1 MiB for the rest.
    return (1 << 20) + 18 * len(page.body)


def encode_pages(pages: Sequence[Page]) -> list[bytes]:
    """A batch, in pieces. The standard JSON, because it also carries a lone surrogate of a broken address."""
    pieces = [len(pages).to_bytes(4, "little")]
    for page in pages:
        said = json.dumps({name: getattr(page, name) for name in Page.__slots__ if name != "body"}).encode()
        pieces += (len(said).to_bytes(4, "little"), said, len(page.body).to_bytes(8, "little"), page.body)
    return pieces


def read_pages(stream: BinaryIO) -> list[Page]:
    """The next batch; EOFError where the stream ends."""

    def read(count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def read_number(count: int) -> int:
        return int.from_bytes(read(count), "little")

    # Arguments are evaluated from left to right: the fields are read before the body, as they were written.
    return [Page(**json.loads(read(read_number(4))), body=read(read_number(8))) for _ in range(read_number(4))]


def encode_answer(number: int, result: Document | Rejected) -> bytes:
    """The answer for page `number`. Raises TypeError for values that JSON cannot carry."""
    rejected = isinstance(result, Rejected)
    document = result.document if rejected else result
    said = {name: getattr(document, name) for name in _DEFAULTS}
    answer = {
        "number": number,
        # Fields that are as they were made are left out; most of a document's are.
        "fields": {name: value for name, value in said.items() if value != _DEFAULTS[name]},
        "rejected": [result.reason, result.value, result.evidence[:LONGEST_EVIDENCE]] if rejected else None,
    }
    return orjson.dumps(answer)


def decode_answer(data: bytes, number: int, page: Page) -> Document | Rejected:
    """The answer for `page`; BadAnswer for anything else."""
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadAnswer("no JSON") from error
    if not isinstance(answer, dict) or set(answer) != {"number", "fields", "rejected"} or answer["number"] != number:
        raise BadAnswer("no answer for this page")
    said = answer["fields"]
    if not isinstance(said, dict) or not all(_may_be(name, value) for name, value in said.items()):
        raise BadAnswer("fields that a page cannot set")
    # A field without a default (`text`) has to be there.
    if MISSING in (said.get(name, default) for name, default in _DEFAULTS.items()):
        raise BadAnswer("a field is missing")
    document = replace(page.document(), **said)
    if answer["rejected"] is None:
        return document
    return document.reject(*checked_rejection(answer["rejected"]))


def _kinds(hint: Any) -> tuple[type, ...]:
    """The classes of a field's type: (float, int, None) of `float | None`, (dict,) of `dict[str, int]`."""
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    classes = tuple(get_origin(option) or option for option in options)
    # A field of floats may hold a whole number, which comes through JSON as an int.
    return (*classes, int) if float in classes else classes


_KINDS = {name: _kinds(hint) for name, hint in get_type_hints(Document).items() if name in _DEFAULTS}


def _may_be(name: str, value: Any) -> bool:
    # `bool` is an int to isinstance.
    return name in _KINDS and isinstance(value, _KINDS[name]) and not isinstance(value, bool)


def checked_rejection(rejection: Any) -> tuple[str, float | None, str]:
    """Reason, value and evidence as they came through JSON; BadAnswer for anything else."""
    if not isinstance(rejection, list) or len(rejection) != 3:
        raise BadAnswer("no rejection")
    reason, value, evidence = rejection
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        raise BadAnswer("no reason")
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise BadAnswer("a value that is no number")
    if not isinstance(evidence, str) or len(evidence) > LONGEST_EVIDENCE:
        raise BadAnswer("no evidence")
    return reason, value, evidence
