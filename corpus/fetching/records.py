"""The WARC records of a fetch: the request, the answer with its digests, and who asked.

The records are those that other readers expect (ISO 28500 §6): `response` first, then the `request` that belongs to it.
A robots.txt is stored as any other answer, so that whoever judges a page later knows what its site had said.
"""

from datetime import UTC, datetime

import ada_url

from corpus.fetching.client import Answer
from corpus.files.warc import WrittenRecord, sha1_digest
from corpus.readers.warc.captures import REDIRECTS

_HTTP = "application/http; msgtype="


def members(answer: Answer) -> bytes:
    """The records of one answer, as gzip members."""
    date = warc_date(answer.date)
    extra = [("WARC-Payload-Digest", sha1_digest(answer.body))]
    if answer.address:
        extra.append(("WARC-IP-Address", answer.address))
    if answer.truncated:
        extra.append(("WARC-Truncated", answer.truncated))
    url = answer.target.url
    response = WrittenRecord("response", url, date, f"{_HTTP}response", answer.block(), tuple(extra))
    beside = (("WARC-Concurrent-To", response.record_id),)
    request = WrittenRecord("request", url, date, f"{_HTTP}request", answer.request, beside)
    return response.member() + request.member()


def warcinfo(name: str, agent: str, date: datetime | None = None) -> bytes:
    """The record that opens an archive and says which agent made it, by which rules."""
    text = (
        f"software: corpusloom\r\nformat: WARC File Format 1.0\r\nhttp-header-user-agent: {agent}\r\n"
        "robots: obey (RFC 9309)\r\n"
    )
    extra = (("WARC-Filename", name),)
    when = warc_date(date or datetime.now(UTC))
    return WrittenRecord("warcinfo", "", when, "application/warc-fields", text.encode(), extra).member()


def warc_date(date: datetime) -> str:
    """A date as WARC 1.0 writes it."""
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def location(answer: Answer) -> str:
    """Where a redirect leads, resolved as browsers do, without fragment, user and password; "" for any other answer."""
    # 304 has no place to go to, whatever it says.
    written = answer.header("Location") if answer.status in REDIRECTS else ""
    try:
        leads = ada_url.URL(written, answer.target.url) if written else None
    except (ValueError, UnicodeEncodeError):
        return ""
    if leads is None:
        return ""
    # Without its fragment it is the same page; user and password are not sent.
    leads.username = leads.password = leads.hash = ""
    return leads.href
