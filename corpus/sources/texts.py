"""A source whose files hold texts already, as a value: how a file is read, how it is divided, what its licence is.

    books = TextSource("books", read=read)

One such value a source (`corpus.sources.books`, `corpus.sources.wikipedia`) is all that a builder needs to know.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.document import Document, Quarantined, Rejected
from corpus.extraction.wiki.site import Definition
from corpus.readers.mediawiki.dump_pages import Span

# For each wiki by name, what its own simple templates say.
Templates = Mapping[str, Mapping[str, Definition]]


@dataclass(frozen=True)
class TextSource:
    """`read` gives everything in a span of a file (path, name for rows, span, templates), in file order.

    `divide` cuts a file (path, bytes of a span) into spans that are read side by side; without it a file is read whole.
    `licence` is that of texts which bring none of their own. `has_templates` asks for a first pass over all files that
    reads the definitions which `read` is given.
    """

    name: str
    read: Callable[[Path, str, Span, Templates], Iterator[Document | Rejected | Quarantined]]
    divide: Callable[[Path, int], Sequence[Span]] | None = None
    licence: str = ""
    has_templates: bool = False
