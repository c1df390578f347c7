"""Files of texts as units: a file of books whole, a big dump in spans that are read side by side."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from corpus.files.inputs import InputFile
from corpus.files.manifest import Part
from corpus.files.storage import local
from corpus.readers.mediawiki.dump_pages import WHOLE, Span
from corpus.sources.texts import TextSource

# Of a compressed dump: about 40 MB of wikitext, half a minute of parsing.
BYTES_PER_SPAN = 8 * 2**20


@dataclass(frozen=True)
class TextSpan:
    """A file of texts, or what lies in it from `start` to `end` (None: to the end of the file).

    `templates` are the parts with the templates of its wikis, none for other sources.
    """

    file: InputFile
    start: int
    end: int | None
    templates: tuple[Part, ...] = ()

    @property
    def label(self) -> str:
        """The name of the file, and the start of the span where that is not the start of the file."""
        return f"{self.file.name}@{self.start}" if self.start else self.file.name

    counted: ClassVar[str] = "bytes"

    @property
    def size(self) -> int:
        """The bytes of the span."""
        return max((self.file.bytes if self.end is None else self.end) - self.start, 1)


def spans(source: TextSource, files: Sequence[InputFile], templates: Sequence[Any] = ()) -> Iterator[TextSpan]:
    """The spans that are read side by side; by the bytes of a file alone, so that any machine makes the same parts.

    `templates` are the `TemplateFacts` of all dumps. A span gets those of its file's wikis: a dump of another wiki does
    not have it read again.
    """
    wikis: defaultdict[str, set[str]] = defaultdict(set)
    for facts in templates:
        wikis[facts.file].update(facts.wikis)
    for file in files:
        # enwiki-1.xml and enwiki-2.xml share their templates; a change of dewiki's redoes no span of theirs.
        parts = tuple(facts.found for facts in templates if facts.found.rows and wikis[file.name] & {*facts.wikis})
        found = _spans_of(source, file) if source.divide else (WHOLE,)
        yield from (TextSpan(file, span.start, span.end, parts) for span in found)


@lru_cache(maxsize=1000)
def _spans_of(source: TextSource, file: InputFile) -> tuple[Span, ...]:
    assert source.divide
    # Finding where a dump may be divided means a look into it; the plans of two stages ask.
    return tuple(source.divide(local(file.place), BYTES_PER_SPAN))
