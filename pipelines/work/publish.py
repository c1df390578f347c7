"""The last stage of a corpus: everything is there and adds up, so the manifest of the whole may say so.

`counts` hold each stage of the funnel with in, kept, rejected and quarantined; what one stage keeps the next one takes
in, and the totals must agree with the rows of the final parts. Then the report, the card, the manifest. A corpus
without a single kept document is not published: each stage is content with little, and whoever swapped two inputs would
hold an empty corpus that looks whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.identity import no_identity
from corpus.files.manifest import (
    MANIFEST,
    Counts,
    Part,
    Unbalanced,
    part_of,
    write_manifest,
    write_parquet,
)
from corpus.files.provenance import our_version
from corpus.json_types import JsonObject
from corpus.report.card import CARD, write_card
from corpus.report.write import write_report
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA
from pipelines.runtime.outlook import read_outlook
from pipelines.runtime.records import Finished, root_of
from pipelines.runtime.run import StageFolder
from pipelines.runtime.task import STAGES, NoFacts, Outcome, Task
from pipelines.work.lost_links import merge_lost

_MOST_NAMED = 3
_SCHEMAS = {"kept": KEPT_SCHEMA, "rejected": REJECTED_SCHEMA, "quarantined": QUARANTINED_SCHEMA}


@dataclass(frozen=True)
class InputEntry:
    """An input as the manifest has it: `found` says what was in it (lines, records, quarantined)."""

    kind: str
    name: str
    bytes: int
    digest: str
    found: Mapping[str, int | Mapping[str, int]]


@dataclass(frozen=True)
class FunnelStep:
    """A stage among the counts: its name there, a sentence for people, the name of the step whose kept items it takes
    in (none for what comes from inputs), and whether its items have texts.
    """

    stage: str
    name: str
    about: str
    takes: str = ""
    has_text: bool = True


@dataclass(frozen=True)
class WholeBuild:
    """What is published: the manifests of all stages by their digests, the inputs, what deciders say of themselves."""

    manifests: dict[str, str]
    inputs: tuple[InputEntry, ...]
    described: dict[str, object] = field(default_factory=dict)
    published: tuple[Part, ...] = no_identity(default=())
    lost_links: tuple[Part, ...] = no_identity(default=())
    label: str = "the corpus"
    size: int = 1


def whole_build(
    inputs: Sequence[InputEntry],
    finished: Sequence[Finished[Any]],
    lost_links: Sequence[Part] = (),
    described: Mapping[str, object] | None = None,
) -> WholeBuild:
    """The one unit, of the stages that are published."""
    published = [part for stage in finished for part in stage.parts if not part.path.startswith(f"{STAGES}/")]
    digests = {stage.name: stage.digest for stage in finished}
    return WholeBuild(digests, tuple(inputs), dict(described or {}), tuple(published), tuple(lost_links))


@dataclass(frozen=True)
class PublishCorpus:
    """The work on the whole. `recipe` is its description, `lost_links` the stage that lists links without a page (none
    for other sources), `versions` the libraries that decided the bytes.
    """

    source: str
    recipe: JsonObject
    funnel: tuple[FunnelStep, ...]
    lost_links: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    def __call__(self, task: Task[WholeBuild]) -> Outcome[NoFacts]:
        """Check, and write what stands beside the parts; the manifest last."""
        root, unit = task.root, task.unit
        counts = {step.name: _counts(root, step.stage) for step in self.funnel}
        total = self._total(counts)
        need_kept(total, root)
        parts = [*unit.published, *_empty_parts(root, unit.published)]
        _check_rows(total, parts)
        more: dict[str, object] = {}
        if unit.lost_links:
            parts.append(merge_lost(root, unit.lost_links))
            more = _of_lost_links(_counts(root, self.lost_links))
        manifest = {
            "format": 2,
            "source": self.source,
            "code": {"version": our_version()},
            "versions": self.versions,
            "recipe": self.recipe,
            "inputs": _inputs(unit.inputs),
            "funnel": [asdict(step) for step in self.funnel] + [_LAST_STEP],
            "counts": {name: count.to_json() for name, count in {**counts, "corpus": total}.items()},
            **more,
            **unit.described,
            "parts": [part.to_json() for part in sorted(parts, key=lambda part: part.path)],
        }
        runs = {step.stage: read_outlook(StageFolder(root, step.stage)).took for step in self.funnel}
        write_report(root, runs, manifest=manifest)
        write_card(root, manifest)
        write_manifest(root / MANIFEST, manifest)
        beside = tuple(part_of(root / name, root, 0) for name in (CARD, MANIFEST))
        # Its own parts only: those that other stages published are in their records.
        return Outcome((*beside, *parts[len(unit.published) :]), Counts(1, 1), NoFacts())

    def _total(self, counts: Mapping[str, Counts]) -> Counts:
        """The verdict on every text or page that was read; what a stage keeps, the next must have taken in."""
        for step in self.funnel:
            if step.takes and counts[step.takes].kept != counts[step.name].received:
                raise Unbalanced(
                    f"{step.takes} kept {counts[step.takes].kept}, {step.name} took in {counts[step.name].received}"
                )
        # extracted  1,000 = 900 kept + 80 rejected + 20 quarantined
        # judged       900 = 600 kept + 300 rejected
        # corpus     1,000 = 600 kept + 380 rejected + 20 quarantined: received by the first, kept by the last
        steps = [counts[step.name] for step in self.funnel if step.has_text]
        gone = sum((Counts(0, 0, step.rejected, step.quarantined, step.reasons) for step in steps), Counts())
        total = Counts(steps[0].received, steps[-1].kept) + gone
        total.check("corpus")
        return total


_LAST_STEP = {
    "stage": "",
    "name": "corpus",
    "about": "The final verdict on every page or text that was read.",
    "takes": "",
    "has_text": True,
}


def need_kept(total: Counts, root: Path) -> None:
    """`CorpusloomError` (4) where every document was rejected."""
    if not total.kept:
        raise CorpusloomError(
            f"none of {total.received:,} documents was kept (see {root / 'rejected'}){frequent_reasons(total)}; "
            "nothing is published",
            ExitCode.USELESS,
        )


def frequent_reasons(counts: Counts) -> str:
    """The most frequent reasons of rejection, as the end of a sentence."""
    if not counts.reasons:
        return ""
    ranked = sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0]))[:_MOST_NAMED]
    return ": most were rejected by " + ", ".join(f"{reason} ({count:,})" for reason, count in ranked)


def _counts(root: Path, stage: str) -> Counts:
    manifest = root_of(StageFolder(root, stage))
    if manifest is None:
        raise CorpusloomError(f"{root / STAGES / stage}: the manifest of the stage is damaged; run the command again")
    return manifest.counts


def _check_rows(total: Counts, parts: Sequence[Part]) -> None:
    for folder, expected in (("kept", total.kept), ("rejected", total.rejected), ("quarantined", None)):
        rows = sum(part.rows for part in parts if part.path.startswith(f"{folder}/"))
        # quarantined/ has the damage of dumps and archives too, which is no part of the verdicts on texts.
        if expected is not None and rows != expected:
            raise Unbalanced(f"{folder}/ holds {rows} rows, the stages counted {expected}")


def _empty_parts(root: Path, parts: Sequence[Part]) -> list[Part]:
    """A part without rows for each folder that has none at all, so that its columns can be read."""
    empty = []
    for folder, schema in _SCHEMAS.items():
        path = root / folder / "part-empty.parquet"
        if not any(part.path.startswith(f"{folder}/") for part in parts):
            empty.append(write_parquet(path, root, schema, []))
        else:
            path.unlink(missing_ok=True)
    return empty


def _of_lost_links(counts: Counts) -> dict[str, object]:
    return {
        "links": counts.received,
        "links_answered": counts.kept,
        "links_without_page": counts.rejected,
        "links_without_page_reasons": counts.reasons,
    }


def _inputs(entries: Sequence[InputEntry]) -> dict[str, list[JsonObject]]:
    found: dict[str, list[JsonObject]] = {}
    for entry in entries:
        described: JsonObject = {"name": entry.name, "bytes": entry.bytes, "digest": entry.digest, **entry.found}
        found.setdefault(entry.kind, []).append(described)
    return found
