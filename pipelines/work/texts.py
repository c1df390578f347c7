"""Files that hold texts already (Wikipedia dumps, books) → documents and rejections, in runs of ten thousand.

A file of books is one unit. A big dump is several where it can be divided (`corpus.readers.mediawiki.dump_spans`).
What a unit makes is cut into runs by number, which keeps the later stages parallel and memory flat for a dump of any
size.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from corpus.document import Document, Quarantined, Rejected, run_steps
from corpus.extraction.wiki.definitions import with_templates
from corpus.extraction.wiki.site import Definition, Site, revision_time
from corpus.files.manifest import Counts, Part, RowWriter, appearing, part_of, write_parquet
from corpus.files.storage import local
from corpus.quarantine import guarded, storable
from corpus.readers.books import book_document, read_books
from corpus.readers.mediawiki.articles import Article, article_document, read_articles
from corpus.readers.mediawiki.dump_pages import WHOLE, Span
from corpus.readers.mediawiki.dump_spans import dump_spans
from corpus.recipes import Recipe
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA, kept_row, quarantined_row, rejected_row
from corpus.urls import address_or_raw
from pipelines.runtime.progress import note_progress
from pipelines.runtime.stage import Outcome, Task
from pipelines.work.documents import DAMAGE, KEPT, REJECTED
from pipelines.work.templates import definitions_of, wiki_of

DOCUMENTS_A_RUN = 10_000
# About how many bytes a byte of dump inflates to, for the ETA.
COMPRESSION = 4
# Of a compressed dump: about 40 MB of wikitext, half a minute of parsing.
BYTES_A_SPAN = 8 * 2**20
WIKIPEDIA_LICENCE = "CC BY-SA 4.0"


def spans_of(source: str, path: Path) -> list[Span]:
    """The spans of a file that are read side by side; by its bytes alone, so that any machine makes the same parts."""
    return dump_spans(path, BYTES_A_SPAN) if source == "wikipedia" else [WHOLE]


def read_texts(
    source: str,
    path: Path,
    name: str,
    span: Span = WHOLE,
    templates: Mapping[str, Mapping[str, Definition]] | None = None,
) -> Iterator[Document | Rejected | Quarantined]:
    """Everything in a file of one source (of a dump: in a span of it), in file order.

    Offsets count the inflated bytes; from the start of a span where that is not the start of the file, and then the
    file is called `name@start`. `templates` are those of the dumps, for each wiki by name.
    """
    if source == "wikipedia":
        name = f"{name}@{span.start}" if span.start else name
        for article in read_articles(path, name, span):
            if isinstance(article, Quarantined):
                yield article
            else:
                document = partial(_article_document, name=name, templates=templates or {})
                yield guarded(document, article, name, article.offset)
    else:
        for book in read_books(path, name):
            yield book if isinstance(book, Quarantined) else replace(book_document(book, name), licence=book.licence)


def _article_document(
    article: Article, name: str, templates: Mapping[str, Mapping[str, Definition]]
) -> Document | Rejected:
    """The document of an article, the calls of the dump's own simple templates replaced by what they say."""
    definitions = templates.get(wiki_of(article), {})
    if definitions and not article.namespace and not article.redirect:
        site = Site(article.language, article.title, revision_time(article.timestamp), definitions)
        article = replace(article, text=with_templates(article.text, site))
    return article_document(article, name)


@dataclass(frozen=True)
class ReadTexts:
    """Work on one span of a file: payload `file`, `name`, `snapshot`, `span` (its start and its end).

    `templates` are the parts that `pipelines.work.templates` made of the dumps.
    """

    source: str
    recipe: Recipe
    templates: tuple[str, ...] = ()

    def __call__(self, task: Task) -> Outcome:
        """Each text ends as a document, a rejection or a quarantined piece."""
        damage: list[Quarantined] = []
        judged = self._judged(task, damage)
        parts: list[Part] = []
        runs: list[dict[str, Any]] = []
        total = Counts()
        ahead = next(judged, None)
        while ahead is not None or not runs:
            run = chain([ahead], islice(judged, DOCUMENTS_A_RUN - 1)) if ahead is not None else iter(())
            counts, made = self._write_run(task, len(runs), run)
            parts += made
            runs.append({"kept": made[0].path, "rejected": made[1].path, "documents": made[0].rows})
            total += counts
            ahead = next(judged, None)
        parts.append(write_parquet(task.part(DAMAGE), task.root, QUARANTINED_SCHEMA, map(quarantined_row, damage)))
        total += Counts(len(damage), 0, 0, len(damage))
        facts = {"name": task.unit.payload["name"], "runs": runs, "documents": total.came, "quarantined": len(damage)}
        return Outcome(tuple(parts), total, facts)

    def _judged(self, task: Task, damage: list[Quarantined]) -> Iterator[Document | Rejected]:
        payload, note = task.unit.payload, note_progress(task)
        templates = definitions_of(task.root, self.templates)
        for item in read_texts(self.source, local(task.input()), payload["name"], Span(*payload["span"]), templates):
            file, offset = _place(item)
            note(offset // COMPRESSION)
            judge = partial(self._judge, snapshot=payload["snapshot"])
            result = item if isinstance(item, Quarantined) else guarded(judge, item, file, offset)
            if isinstance(result, Quarantined):
                damage.append(result)
            else:
                yield result

    def _judge(self, item: Document | Rejected, snapshot: str) -> Document | Rejected:
        if isinstance(item, Rejected):
            return storable(replace(item, document=_located(item.document, snapshot)))
        return storable(run_steps(_located(item, snapshot), self.recipe.text_steps))

    def _write_run(
        self, task: Task, number: int, judged: Iterator[Document | Rejected]
    ) -> tuple[Counts, tuple[Part, Part]]:
        paths = [task.part(folder, f"-{number:04}.parquet") for folder in (KEPT, REJECTED)]
        reasons: dict[str, int] = {}
        with ExitStack() as files:
            temporary = [files.enter_context(appearing(path)) for path in paths]
            kept, rejected = RowWriter(temporary[0], KEPT_SCHEMA), RowWriter(temporary[1], REJECTED_SCHEMA)
            for item in judged:
                if isinstance(item, Rejected):
                    rejected.add(rejected_row(item))
                    reasons[item.reason] = reasons.get(item.reason, 0) + 1
                else:
                    kept.add(kept_row(item))
            kept.close()
            rejected.close()
        counts = Counts(kept.rows + rejected.rows, kept.rows, rejected.rows, 0, dict(sorted(reasons.items())))
        return counts, (part_of(paths[0], task.root, kept.rows), part_of(paths[1], task.root, rejected.rows))


def _place(item: Document | Rejected | Quarantined) -> tuple[str, int]:
    """The file, and how far into its inflated bytes we are."""
    if isinstance(item, Quarantined):
        return item.file, item.offset
    document = item.document if isinstance(item, Rejected) else item
    return document.warc_file, document.warc_offset


def _located(document: Document, snapshot: str) -> Document:
    """The document with the forms of its address, its snapshot and its licence."""
    licence = document.licence or (WIKIPEDIA_LICENCE if document.source == "wikipedia" else "")
    document = replace(document, snapshot=snapshot, licence=licence)
    if not document.url:
        return document
    where = address_or_raw(document.url)
    return replace(document, canonical_url=where.canonical, surt=where.surt, domain=where.domain)
