"""WARC records written: the sample web, fetched pages and captures out of the index are all made of these.

The records are put together here, byte by byte, rather than by a library: record ids come from content instead of
chance, dates from the caller instead of the clock. So the same records are the same bytes, and a file may be continued
after a kill. Format: ISO 28500 (WARC 1.0), one gzip member a record (annex A of WARC 1.1).
"""

import base64
import gzip
import hashlib
import uuid
from dataclasses import dataclass

from corpus.hashing import digest

CRLF = b"\r\n"
_LEVEL = 6


@dataclass(frozen=True)
class WrittenRecord:
    """One WARC record. `date` is the WARC-Date, `extra` further header lines."""

    kind: str
    url: str
    date: str
    content_type: str
    block: bytes
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def record_id(self) -> str:
        """The WARC-Record-ID: a digest of what the record is."""
        # A UUID has 16 bytes, as a digest of ours: the same record has the same id in every run.
        return f"<urn:uuid:{uuid.UUID(hex=digest(self.kind, self.url, self.date, self.block))}>"

    def warc(self) -> bytes:
        """The record in the WARC 1.0 format."""
        lines = ["WARC/1.0", f"WARC-Type: {self.kind}", f"WARC-Record-ID: {self.record_id}"]
        lines.append(f"WARC-Date: {self.date}")
        if self.url:
            lines.append(f"WARC-Target-URI: {self.url}")
        lines += [f"{key}: {value}" for key, value in self.extra]
        lines.append(f"WARC-Block-Digest: {sha1_digest(self.block)}")
        lines.append(f"Content-Type: {self.content_type}")
        lines.append(f"Content-Length: {len(self.block)}")
        # Two line ends after the block: part of the format, not of the block.
        return "\r\n".join(lines).encode() + CRLF + CRLF + self.block + CRLF + CRLF

    def member(self) -> bytes:
        """The record as one gzip member, without the time at which it was compressed."""
        # mtime=0: gzip would write the clock into its header.
        return gzip.compress(self.warc(), _LEVEL, mtime=0)


def sha1_digest(data: bytes) -> str:
    """A digest as crawlers write it: SHA-1 in base 32."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
