"""Templates of dumps → what they say, for the work that reads articles: one part for each span of a file.

A template may stand anywhere in a dump, or in another file of it, so all are read before the first article is. Only
pages of their namespace are parsed; reading the rest costs no more than inflating it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from corpus.document import Quarantined
from corpus.extraction.wiki.definitions import alias, definition, template_name, with_aliases
from corpus.extraction.wiki.site import Definition
from corpus.files.manifest import Counts, Part, read_parquet, write_parquet
from corpus.files.storage import local
from corpus.json_types import JsonObject
from corpus.quarantine import guard
from corpus.readers.mediawiki.articles import TEMPLATES, Article, read_articles
from corpus.readers.mediawiki.dump_pages import Span
from pipelines.runtime.task import Outcome, Task
from pipelines.work.spans import TextSpan

# A row defines a template, or says of which one (`of`) it is another name.
SCHEMA = pa.schema(
    [
        ("wiki", pa.string()),  # of which wiki: dumps of several may be read together
        ("name", pa.string()),
        ("text", pa.string()),  # its wikitext, "" for another name
        ("decidable", pa.bool_()),  # whether it needs no Lua
        ("of", pa.string()),  # the template that it is another name of, else ""
    ]
)


@dataclass(frozen=True)
class TemplateFacts:
    """The templates that were found in a span of a file, and the wikis that the span is of."""

    file: str
    wikis: tuple[str, ...]
    found: Part


@dataclass(frozen=True)
class ReadTemplates:
    """The work on one span of a dump. Damage is named when the articles are read."""

    def __call__(self, task: Task[TextSpan]) -> Outcome[TemplateFacts]:
        """A row for each simple template and each redirect of one."""
        unit, wikis = task.unit, set[str]()
        span = Span(unit.start, unit.end)
        pages = read_articles(local(unit.file.place), unit.file.name, span, TEMPLATES, wikis.add)
        found = (guard(_rows, page, "", page.offset) for page in pages if not isinstance(page, Quarantined))
        rows = [row for each in found if not isinstance(each, Quarantined) for row in each]
        part = write_parquet(task.part("templates"), task.root, SCHEMA, rows)
        facts = TemplateFacts(unit.file.name, tuple(sorted(wikis or {""})), part)
        return Outcome((part,), Counts(len(rows), len(rows)), facts)


def _rows(page: Article) -> list[JsonObject]:
    wiki, name = page.wiki, template_name(page.title.partition(":")[2])
    target = alias(page.text)
    said = None if target else definition(page.text)
    text, decidable = (said.text, said.decidable) if said else ("", False)
    row = {"wiki": wiki, "name": name, "text": text, "decidable": decidable, "of": target}
    return [row] if target or said else []


@lru_cache(maxsize=4)
def definitions_of(root: Path, parts: tuple[Part, ...]) -> Mapping[str, Mapping[str, Definition]]:
    """The definitions of every wiki, from the parts of `ReadTemplates`; of two with one name the lesser text."""
    found: dict[str, dict[str, Definition]] = {}
    aliases: dict[str, dict[str, str]] = {}
    rows = (row for part in parts for row in read_parquet(root / part.path))
    # Sorted, and the first of a name wins: the same whatever the order of files and spans.
    for row in sorted(rows, key=lambda row: (row["wiki"], row["name"], row["of"], row["text"])):
        if row["of"]:
            aliases.setdefault(row["wiki"], {}).setdefault(row["name"], row["of"])
        else:
            said = Definition(row["text"], row["decidable"])
            found.setdefault(row["wiki"], {}).setdefault(row["name"], said)
    return {wiki: with_aliases(found.get(wiki, {}), aliases.get(wiki, {})) for wiki in {*found, *aliases}}
