"""Pages with their main text → documents and rejections, by the steps of a recipe on the text.

What the links say of a page joins it here, so that another karma, language or threshold judges again what was extracted
once. A page for which only refused links ask is rejected without its text, with the reason of the link.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, TypedDict

from corpus.document import Document, Quarantined, Rejected, Step, run_steps
from corpus.files.identity import no_identity
from corpus.files.manifest import Counts, Part, RowWriter, appearing, map_arrow, part_of, read_parquet
from corpus.quarantine import guard, storable
from corpus.schema import (
    KEPT_SCHEMA,
    QUARANTINED_SCHEMA,
    REJECTED_SCHEMA,
    Row,
    from_extracted,
    kept_row,
    quarantined_row,
    rejected_row,
)
from pipelines.runtime.task import Outcome, Task, note_progress
from pipelines.work.extraction import ExtractedFacts, runs_of
from pipelines.work.matching import CaptureMatchFacts


@dataclass(frozen=True)
class LinkedPages:
    """Extracted pages, and rows `start` to `stop` of `matched`, with what the links say of them (digest `links`)."""

    pages: Part
    links: str
    snapshot: str
    matched: Part = no_identity()
    start: int = no_identity()
    stop: int = no_identity()
    label: str = no_identity(default="")

    counted: ClassVar[str] = "pages"

    @property
    def size(self) -> int:
        """How many pages there are."""
        return self.pages.rows + 1


class MatchedLink(TypedDict):
    """What the link of a captured page says: the columns of `MATCHED_SCHEMA` that are used here."""

    redirected_from: str
    karma: int
    first_posted: int
    refused: str


@dataclass(frozen=True)
class JudgedFacts:
    """The documents that are kept so far, and the pages and texts that are not."""

    kept: Part
    rejected: Part
    quarantined: Part


def pages_to_judge(
    snapshots: dict[str, str], matched: Sequence[CaptureMatchFacts], extracted: Sequence[ExtractedFacts]
) -> Iterator[LinkedPages]:
    """A unit for each run; `snapshots` maps archives to the names of their crawls."""
    for (name, part, run), facts in zip(runs_of(matched), extracted, strict=True):
        label = f"{name} pages {run.start}-{run.stop}"
        yield LinkedPages(facts.pages, run.links, snapshots[name], part, run.start, run.stop, label)


@dataclass(frozen=True)
class JudgePages:
    """The work on a run of extracted pages."""

    steps: tuple[Step, ...]

    def __call__(self, task: Task[LinkedPages]) -> Outcome[JudgedFacts]:
        """Each page ends as a document or a rejection, or is quarantined for what it makes a rule raise."""
        unit = task.unit
        matched = map_arrow(task.root / unit.matched.path).slice(unit.start, unit.stop - unit.start)
        links = {row["offset"]: row for row in matched.to_pylist()}
        return write_judged(task, self._judge_all(task, links))

    def _judge_all(
        self, task: Task[LinkedPages], links: dict[int, MatchedLink]
    ) -> Iterator[tuple[Document | Rejected | Quarantined, bool]]:
        for row in read_parquet(task.root / task.unit.pages.path):
            link = links[row["warc_offset"]]
            page = from_extracted({**row, "snapshot": task.unit.snapshot, **of_link(link, row["url"])})
            if isinstance(page, Rejected):
                yield page, False
            else:
                judge = partial(self._judge, refused=link["refused"])
                yield guard(judge, page, row["warc_file"], row["warc_offset"]), True

    def _judge(self, page: Document, refused: str) -> Document | Rejected:
        # `refused` is the reason of the link (link.deleted): not even its text stands among the rejected.
        return storable(page.with_text("").reject(refused, page.karma) if refused else run_steps(page, self.steps))


def of_link(link: MatchedLink, url: str) -> Row:
    """The columns of a page that its link fills."""
    posted = datetime.fromtimestamp(link["first_posted"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"link_url": link["redirected_from"] or url, "karma": link["karma"], "first_posted": posted}


def write_judged(
    task: Task[Any], items: Iterable[tuple[Document | Rejected | Quarantined, bool]]
) -> Outcome[JudgedFacts]:
    """Write the parts of a task as its documents are judged: memory does not grow with them.

    Each item says whether it was judged here; what extraction rejected is passed on, and was counted there.
    """
    schemas = {"kept": KEPT_SCHEMA, "rejected": REJECTED_SCHEMA, "quarantined": QUARANTINED_SCHEMA}
    paths = {folder: task.part(folder) for folder in schemas}
    reasons: dict[str, int] = {}
    passed_on = 0
    note = note_progress(task)
    with ExitStack() as files:
        writers = {
            folder: RowWriter(files.enter_context(appearing(paths[folder])), schema)
            for folder, schema in schemas.items()
        }
        for number, (item, judged_here) in enumerate(items):
            note(number)
            if isinstance(item, Quarantined):
                writers["quarantined"].add(quarantined_row(item))
            elif isinstance(item, Rejected):
                writers["rejected"].add(rejected_row(item))
                passed_on += not judged_here
                if judged_here:
                    reasons[item.reason] = reasons.get(item.reason, 0) + 1
            else:
                writers["kept"].add(kept_row(item))
        for writer in writers.values():
            writer.close()
    parts = {folder: part_of(path, task.root, writers[folder].rows) for folder, path in paths.items()}
    # Rejected by extraction: rows of the part, but counted by the stage before, so they are not received here.
    kept, rejected, lost = (parts[folder].rows for folder in schemas)
    rejected -= passed_on
    counts = Counts(kept + rejected + lost, kept, rejected, lost, dict(sorted(reasons.items())))
    return Outcome(tuple(parts.values()), counts, JudgedFacts(**parts))
