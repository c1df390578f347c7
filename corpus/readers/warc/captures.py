"""Web archives, read in two passes: `scan` lists what is there, `pages.read_pages` fetches the pages asked for.

Most captures are never wanted, so the first pass reads headers only, and the second seeks. Both read by
content, never by the file's name: WARC (WET and WAT are WARC) and ARC, plain, with one gzip member per
record, as one gzip member, as zstd or lz4. What is damaged becomes a `Quarantined` row with its offset, and
the records on both sides of it are read; an exception means that the file itself could not be opened or read.

A healthy per-record gzip file goes through fastwarc, three times as fast as the careful reader here. It is
strict, but it takes a clipped member for a whole one and cannot place several records of one member; so a
record counts only when two more followed it in order, and from the last such record on, at each stop, the
careful reader takes the next member.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import TypeVar

import ada_url
from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecordType

from corpus.document import Quarantined
from corpus.readers.containers import container, walk_file, walk_member
from corpus.readers.warc.http_body import Head, read_head
from corpus.readers.warc.inflate import Damaged, member_head
from corpus.readers.warc.media_type import content_type
from corpus.readers.warc.records import NO_RECORD, ArchiveRecord, as_damage

Result = TypeVar("Result")

RECORD_TYPES = ("response", "revisit", "resource", "conversion", "request", "metadata", "warcinfo", "continuation")
_HTTP_RECORDS = ("response", "revisit")
REDIRECTS = (301, 302, 303, 307, 308)
# By the length of the text: years, months, ARC's dates without and with seconds.
_DATE_FORMS = {4: "%Y", 7: "%Y-%m", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class Capture:
    """One record, by its headers. `read_pages` finds it again at `offset`.

    That is the file offset of its gzip member, or of the record in a plain file; in a file that is one
    compressed stream it is the position in the inflated bytes. `date` is `YYYY-MM-DDThh:mm:ssZ`, "" if
    unparsable; `status` 0 where there is none.
    """

    url: str
    record_type: str
    date: str
    offset: int
    status: int = 0
    content_type: str = ""
    location: str = ""
    payload_digest: str = ""
    refers_to: str = ""
    refers_to_date: str = ""


def scan(path: str | Path, name: str | None = None) -> Iterator[Capture | Quarantined]:
    """Every record of an archive in the order of the file, and a row for each damaged stretch.

    `name` is what rows call the file. Memory is flat. Raises OSError if the file cannot be read.
    """
    name = str(path) if name is None else name
    with Path(path).open("rb") as file:
        kind = container(file)
        found = _scan_members(file) if kind == "members" else walk_file(file, kind, _capture_record)
        results = (quarantine(result, name, offset) for offset, result in found)
        opening = list(islice(results, 2))
        # Nothing but "no record" in all of the file: no archive at all.
        if len(opening) < 2 and all(isinstance(each, Quarantined) and each.reason == NO_RECORD for each in opening):
            yield Quarantined(name, 0, "not_an_archive", "no record in it")
            return
        yield from opening
        yield from results


def _scan_members(file: BufferedReader) -> Iterator[tuple[int, Capture | Damaged]]:
    offset: int | None = 0
    while offset is not None:
        offset = yield from _scan_healthy(file, offset)
        offset = yield from walk_member(file, offset, _capture_record)


def _scan_healthy(file: BufferedReader, offset: int) -> Generator[tuple[int, Capture], None, int]:
    """Captures by fastwarc from the member at `offset` on; returns where the careful reader is to go on.

    Of two records in one member, fastwarc gives the second the offset of the next member or of its own: an
    offset then comes twice within three records.
    """
    waiting: list[tuple[int, Capture]] = []
    if member_head(file, offset, 64).startswith(b"WARC/"):
        file.seek(offset)
        try:
            for record in ArchiveIterator(file, parse_http=False):
                position = record.stream_pos
                # An offset that does not rise: several records in one member, which fastwarc cannot place.
                if record.record_type == WarcRecordType.unknown or (waiting and position <= waiting[-1][0]):
                    break
                captured = _capture(record.headers, record.reader.read, record.content_length, position)
                waiting.append((position, captured))
                # The first of three is given: two more have followed it in order.
                if len(waiting) == 3:
                    yield waiting.pop(0)
        except OSError:
            pass  # what and where, the careful reader finds out
        except Exception as error:
            as_damage(error)
    # Those still waiting are read again by the careful reader, from the first of them on.
    return waiting[0][0] if waiting else offset


def _capture_record(record: ArchiveRecord, stream: BufferedReader, offset: int) -> Capture:
    return _capture(record.headers, stream.read, record.length, offset)


def _capture(headers: HeaderMap, read: Callable[[int], bytes], length: int, offset: int) -> Capture:
    """One record as its header and, for a response, the beginning of its block say it is."""
    record_type = record_type_of(headers)
    url = url_of(headers, "WARC-Target-URI")
    head = read_head(read, length)[0] if holds_http(headers) else Head()
    refers_to = refers_to_date = ""
    if record_type == "revisit":
        refers_to = url_of(headers, "WARC-Refers-To-Target-URI") or url
        refers_to_date = iso_date(headers.get("WARC-Refers-To-Date"))
    return Capture(
        url=url,
        record_type=record_type if record_type in RECORD_TYPES else "other",
        date=iso_date(headers.get("WARC-Date")),
        offset=offset,
        status=head.status,
        content_type=media_type_of(headers, head),
        location=_location(url, head),
        payload_digest=(headers.get("WARC-Payload-Digest") or "").strip(),
        refers_to=refers_to,
        refers_to_date=refers_to_date,
    )


def record_type_of(headers: HeaderMap) -> str:
    """WARC-Type in lower case."""
    return (headers.get("WARC-Type") or "").strip().lower()


def holds_http(headers: HeaderMap) -> bool:
    """Whether a record's block may be an HTTP message: it is asked for its head."""
    media = (headers.get("Content-Type") or "").strip().lower()
    # "application/http;msgtype=response", and writers that put a blank.
    return record_type_of(headers) in _HTTP_RECORDS or media.startswith(("application/http;", "application/http "))


def media_type_of(headers: HeaderMap, head: Head) -> str:
    """The Content-Type of what was captured: that of the response, or of the record where it holds none."""
    return content_type(head.values("Content-Type") if head.size else [headers.get("Content-Type") or ""])


def url_of(headers: HeaderMap, name: str) -> str:
    """A URL as the archive has it, without the angle brackets that some writers put around it."""
    url = (headers.get(name) or "").strip()
    return url[1:-1] if url.startswith("<") and url.endswith(">") else url


def quarantine(result: Result | Damaged, name: str, offset: int) -> Result | Quarantined:
    """The result, or the row of the damage that stands in its place."""
    return Quarantined(name, offset, result.reason, result.detail) if isinstance(result, Damaged) else result


def _location(url: str, head: Head) -> str:
    """Where a redirect leads, as a browser resolves it; "" where it leads nowhere."""
    written = head.value("Location") if head.status in REDIRECTS else ""
    try:
        return ada_url.join_url(url, written) if written else ""
    except ValueError:
        return ""


def iso_date(written: str | None) -> str:
    """A WARC or ARC date as `YYYY-MM-DDThh:mm:ssZ` in UTC, or "" if it cannot be understood.

    WARC 1.1 allows fractions of a second and dates that stop at the year or month.
    """
    text = (written or "").strip()
    form = _DATE_FORMS.get(len(text))
    try:
        date = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
        date = date.astimezone(UTC) if date.tzinfo else date  # one without a zone is in UTC
    except (ValueError, OverflowError):
        return ""
    # Without fractions: dates of one form compare as text.
    return f"{date.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
