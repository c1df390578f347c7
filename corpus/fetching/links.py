"""The links that a fetch is given: those that a build found no page for, or a list of URLs.

A finished corpus has its own list beside it (`links_without_page.parquet`, those with most karma first). Any other
Parquet file will do that has a column `url`, and any text file, compressed or not, with a URL in each line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.document import Quarantined
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import open_published, parquet_footer
from corpus.files.storage import local
from corpus.readers.lines import read_lines
from corpus.urls import address

LOST_LINKS = "links_without_page.parquet"
_COLUMNS = ("url", "canonical_url", "first_posted")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it was posted, what it means ("" where no browser could follow it), and when it was posted first.

    `first_posted` is in seconds since 1970, None where nobody knows.
    """

    url: str
    canonical_url: str
    first_posted: int | None = None


def read_links(path: Path) -> Iterator[Link]:
    """The links of a corpus's folder, a Parquet file or a file of lines, in their order, each URL once."""
    if path.is_dir():
        path = path / LOST_LINKS
    if not path.is_file():
        cure = f"give a corpus with its {LOST_LINKS}, a Parquet file with a column url, or a file of URLs"
        raise CorpusloomError(f"--links {path}: there is no such file; {cure}", ExitCode.INPUT)
    rows = _rows(path) if path.suffix == ".parquet" else _lines(path)
    seen = set[str]()
    # `http://e.org/` and `http://e.org/#top` are one link: the key is what they mean.
    for url, canonical, first_posted in rows:
        canonical = canonical or _canonical(url)
        if (key := canonical or url) not in seen:
            seen.add(key)
            yield Link(url, canonical, first_posted)


def _rows(path: Path) -> Iterator[tuple[str, str, int | None]]:
    names = set(parquet_footer(path).schema.to_arrow_schema().names)
    if "url" not in names:
        raise CorpusloomError(f"--links {path}: it has no column url, but {', '.join(sorted(names))}", ExitCode.INPUT)
    # A list of others may lack all but `url`.
    columns = [name for name in _COLUMNS if name in names]
    for batch in open_published(path).iter_batches(columns=columns, use_threads=False):
        for row in batch.to_pylist():
            if row["url"]:
                yield row["url"], row.get("canonical_url") or "", row.get("first_posted")


def _lines(path: Path) -> Iterator[tuple[str, str, int | None]]:
    for line in read_lines(local(path), str(path)):
        if isinstance(line, Quarantined):
            raise CorpusloomError(f"--links {path}: {line.reason} at {line.offset} ({line.detail})", ExitCode.INPUT)
        text = line.data.decode("utf-8", "replace").strip()
        if text and not text.startswith("#"):  # a comment in a list of URLs
            yield text, "", None


def _canonical(url: str) -> str:
    try:
        return address(url).canonical
    except ValueError:
        return ""
