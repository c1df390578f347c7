"""Small archives of responses."""

from pathlib import Path

from corpus.document import Page
from corpus.readers.warc.pages import read_pages


def response(url: str, headers: dict[str, str], body: str, media: str = "text/html") -> bytes:
    """A record, as its bytes stand in a plain WARC file."""
    data = body.encode()
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {media}", *(f"{name}: {value}" for name, value in headers.items())]
    block = "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data
    head = [
        *("WARC/1.0", "WARC-Type: response", f"WARC-Target-URI: {url}", "WARC-Date: 2020-01-01T00:00:00Z"),
        *(f"WARC-Record-ID: <urn:uuid:{len(block)}>", "Content-Type: application/http; msgtype=response"),
        *(f"Content-Length: {len(block)}", "", ""),
    ]
    return "\r\n".join(head).encode() + block + b"\r\n\r\n"


def page_with(folder: Path, headers: dict[str, str], html: str) -> Page:
    """The page of an archive with one response."""
    (folder / "one.warc").write_bytes(response("http://example.org/", headers, html))
    (page,) = read_pages(folder / "one.warc", [0])
    assert isinstance(page, Page)
    return page
