"""Files that hold texts already (Wikipedia dumps, books) → documents and rejections, in runs of ten thousand.

A file of books is one unit. A big dump is several where it can be divided (`corpus.readers.mediawiki.dump_spans`).
What a unit makes is cut into runs by number, which keeps the later stages parallel and memory flat for a dump of any
size. As with pages, taking the text out of its markup and judging it are two stages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import ClassVar

from corpus.document import Document, Quarantined, Rejected, Step, run_steps
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, RowWriter, appearing, part_of, read_parquet, write_parquet
from corpus.files.storage import local
from corpus.hashing import file_digest
from corpus.quarantine import guard, storable
from corpus.readers.mediawiki.dump_pages import Span
from corpus.schema import EXTRACTED_SCHEMA, QUARANTINED_SCHEMA, extracted_row, from_extracted, quarantined_row
from corpus.sources.texts import TextSource
from corpus.urls import address_or_raw
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.judging import JudgedFacts, write_judged
from pipelines.work.spans import TextSpan
from pipelines.work.templates import definitions_of

TEXTS_PER_RUN = 10_000
# About how many bytes a byte of dump inflates to, for the ETA.
COMPRESSION = 4


@dataclass(frozen=True)
class TextFacts:
    """`runs` have a row for each text, in the order of the file: a text or a rejection. `digest` is of the whole file,
    "" for a span that is not the first.
    """

    name: str
    bytes: int
    digest: str
    documents: int
    runs: tuple[Part, ...]
    quarantined: Part


@dataclass(frozen=True)
class TextRun:
    """A run of texts to judge."""

    texts: Part
    snapshot: str
    label: str = no_identity(default="")

    counted: ClassVar[str] = "texts"

    @property
    def size(self) -> int:
        """How many texts there are."""
        return self.texts.rows + 1


def text_runs(snapshot: str, extracted: Sequence[TextFacts]) -> Iterator[TextRun]:
    """A unit for each run."""
    for facts in extracted:
        for number, part in enumerate(facts.runs):
            yield TextRun(part, snapshot, f"{facts.name} run {number}")


@dataclass(frozen=True)
class ExtractTexts:
    """The work on one span of a file: `steps` take the text out of its markup or its frame."""

    source: TextSource
    steps: tuple[Step, ...]

    def __call__(self, task: Task[TextSpan]) -> Outcome[TextFacts]:
        """Each text ends as a text, a rejection or a quarantined piece."""
        unit, damage = task.unit, list[Quarantined]()
        texts = self._extract_all(task, damage)
        runs: list[Part] = []
        # One text ahead: whether there is a further run is known
        # before its file is begun. At least one run, if it is empty.
        total, ahead = Counts(), next(texts, None)
        while ahead is not None or not runs:
            run = chain([ahead], islice(texts, TEXTS_PER_RUN - 1)) if ahead is not None else iter(())
            counts, part = _write_run(task, len(runs), run)
            runs.append(part)
            total += counts
            ahead = next(texts, None)
        rows = map(quarantined_row, damage)
        lost = write_parquet(task.part("quarantined"), task.root, QUARANTINED_SCHEMA, rows)
        total += Counts(len(damage), 0, 0, len(damage))
        digest = "" if unit.start else file_digest(local(unit.file.place))
        return Outcome(
            (*runs, lost), total, TextFacts(unit.file.name, unit.file.bytes, digest, total.received, tuple(runs), lost)
        )

    def _extract_all(self, task: Task[TextSpan], damage: list[Quarantined]) -> Iterator[Document | Rejected]:
        unit, note = task.unit, note_progress(task)
        span, templates = Span(unit.start, unit.end), definitions_of(task.root, unit.templates)
        for item in self.source.read(local(unit.file.place), unit.file.name, span, templates):
            file, offset = _place(item)
            note(offset // COMPRESSION)  # inflated bytes -> bytes of the file, roughly
            result = item if isinstance(item, Quarantined) else guard(self._extract, item, file, offset)
            if isinstance(result, Quarantined):
                damage.append(result)
            else:
                yield result

    def _extract(self, item: Document | Rejected) -> Document | Rejected:
        if isinstance(item, Rejected):
            return storable(replace(item, document=self._with_address(item.document)))
        return storable(run_steps(self._with_address(item), self.steps))

    def _with_address(self, document: Document) -> Document:
        """The document with the forms of its address and its licence."""
        document = replace(document, licence=document.licence or self.source.licence)
        if not document.url:
            return document
        where = address_or_raw(document.url)
        return replace(document, canonical_url=where.canonical, surt=where.surt, domain=where.domain)


@dataclass(frozen=True)
class JudgeTexts:
    """The work on a run of texts."""

    steps: tuple[Step, ...]

    def __call__(self, task: Task[TextRun]) -> Outcome[JudgedFacts]:
        """Each text ends as a document or a rejection, or is quarantined for what it makes a rule raise."""
        return write_judged(task, self._judge_all(task))

    def _judge_all(self, task: Task[TextRun]) -> Iterator[tuple[Document | Rejected | Quarantined, bool]]:
        for row in read_parquet(task.root / task.unit.texts.path):
            text = from_extracted({**row, "snapshot": task.unit.snapshot})
            if isinstance(text, Rejected):
                yield text, False
            else:
                yield guard(self._judge, text, row["warc_file"], row["warc_offset"]), True

    def _judge(self, text: Document) -> Document | Rejected:
        return storable(run_steps(text, self.steps))


def _write_run(task: Task[TextSpan], number: int, texts: Iterator[Document | Rejected]) -> tuple[Counts, Part]:
    # part-NAME-0000.parquet, -0001, …: a run is a unit of judging.
    path = task.part("texts", f"-{number:04}.parquet")
    reasons: dict[str, int] = {}
    with appearing(path) as temporary:
        writer = RowWriter(temporary, EXTRACTED_SCHEMA)
        for item in texts:
            writer.add(extracted_row(item))
            if isinstance(item, Rejected):
                reasons[item.reason] = reasons.get(item.reason, 0) + 1
        writer.close()
    rejected = sum(reasons.values())
    counts = Counts(writer.rows, writer.rows - rejected, rejected, 0, dict(sorted(reasons.items())))
    return counts, part_of(path, task.root, writer.rows)


def _place(item: Document | Rejected | Quarantined) -> tuple[str, int]:
    """The file, and how far into its inflated bytes we are."""
    if isinstance(item, Quarantined):
        return item.file, item.offset
    document = item.document if isinstance(item, Rejected) else item
    return document.warc_file, document.warc_offset
