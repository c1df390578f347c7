"""An archive with one response."""

from pathlib import Path

from corpus.document import Page
from corpus.readers.warc.pages import read_pages


def page_with(folder: Path, headers: dict[str, str], html: str) -> Page:
    """The page of a response with these headers and this body."""
    body = html.encode()
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/html", *(f"{name}: {value}" for name, value in headers.items())]
    block = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
    head = [
        *("WARC/1.0", "WARC-Type: response", "WARC-Target-URI: http://example.org/", "WARC-Date: 2020-01-01T00:00:00Z"),
        *("WARC-Record-ID: <urn:uuid:0>", "Content-Type: application/http; msgtype=response"),
        *(f"Content-Length: {len(block)}", "", ""),
    ]
    (folder / "one.warc").write_bytes("\r\n".join(head).encode() + block + b"\r\n\r\n")
    (page,) = read_pages(folder / "one.warc", [0])
    assert isinstance(page, Page)
    return page
