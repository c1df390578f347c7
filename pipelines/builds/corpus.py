"""The stages that every corpus shares: from judged documents to the published whole, and the lines at the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from corpus.files.manifest import Counts, read_manifest
from corpus.files.provenance import closure_of
from corpus.recipes.recipe import Recipe
from pipelines.builds.usefulness import FileReport
from pipelines.runtime.records import Finished
from pipelines.runtime.stage import Stage, in_order
from pipelines.runtime.task import F
from pipelines.work.grouping import RowWork
from pipelines.work.judging import JudgedFacts
from pipelines.work.lost_links import LOST_LINKS
from pipelines.work.publish import FunnelStep, InputEntry, PublishCorpus, WholeBuild, whole_build
from pipelines.work.selection import GatherDamage, SelectDocuments, damage, parts_to_select
from pipelines.work.verdicts import DecidedFacts

Inputs = Callable[..., Sequence[InputEntry]]


@dataclass(frozen=True)
class InputSettings:
    """How inputs are read: the name of the crawl or dump ("": as the files say), pages of one part, the share of
    records that may be unreadable, and the flag by which the files were given.
    """

    snapshot: str = ""
    pages_per_part: int = 200
    max_quarantined: float = 1.0
    flag: str = "--files"


AS_IT_COMES = InputSettings()


@dataclass(frozen=True)
class Decider:
    """A stage that decides on judged documents (`pipelines.work.verdicts`), and its places among the counts.

    `funnel` are pairs of a stage whose counts are shown and its place, top to bottom; what each takes in is what the
    step before it keeps, which `select` fills in. `about` is a stage of one task whose facts the manifest has under
    the name of the stage, for what counts do not say.
    """

    verdicts: Stage[Any, DecidedFacts]
    funnel: tuple[tuple[Stage[Any, Any], FunnelStep], ...]
    about: Stage[Any, Any] | None = None


# What makes a decider, given the judged documents and the deciders before it: `deduplicate(recipe.near)`.
MakeDecider = Callable[[Stage[Any, JudgedFacts], tuple[Stage[Any, DecidedFacts], ...]], Decider]


@dataclass(frozen=True)
class Selected:
    """The stages that write the parts of the corpus, and the deciders before them."""

    corpus: Stage[Any, Any]
    quarantined: Stage[Any, Any]
    deciders: tuple[Decider, ...]


def grouped(name: str, work: RowWork[Any, Any, F], *reads: Stage[Any, Any], **more: Any) -> Stage[Any, F]:
    """The stage of work that plans its own groups."""
    return Stage(name, work, plan=work.units, reads=reads, **more)


def select(
    judged: Stage[Any, JudgedFacts], deciders: Sequence[MakeDecider], damaged: Sequence[Stage[Any, Any]]
) -> Selected:
    """Judged documents → the deciders, each after those before it → the parts of the corpus.

    `damaged` are the stages that have unreadable pieces.
    """
    made: list[Decider] = []
    for make in deciders:
        # Each decider reads the verdicts of all before it, and leaves their rejected documents out.
        made.append(make(judged, tuple(decider.verdicts for decider in made)))
    # A part of judged documents, the verdicts of all deciders -> its parts of kept/ and rejected/
    selected = Stage(
        "selected",
        SelectDocuments(),
        plan=parts_to_select,
        reads=(judged, *(decider.verdicts for decider in made)),
        writes=("kept", "rejected"),
        units_per_worker=10_000,
    )
    # What the stages could not read, up to 100,000 rows -> a part of quarantined/
    lost = Stage("quarantined", GatherDamage(), plan=damage, reads=tuple(damaged), writes=("quarantined",))
    return Selected(selected, lost, tuple(made))


def publish(
    source: str,
    recipe: Recipe,
    funnel: Sequence[tuple[Stage[Any, Any], FunnelStep]],
    selected: Selected,
    inputs: Inputs,
    lost_links: Stage[Any, Any] | None = None,
) -> Stage[Any, Any]:
    """The last stage. `funnel` has the stages before the deciders, with their places among the counts."""
    steps = [step for _, step in funnel]
    decided = [pair for decider in selected.deciders for pair in decider.funnel]
    # judged -> quality -> exact_duplicates -> near_duplicates     each takes what the one before it keeps
    for _, step in decided:
        steps.append(replace(step, takes=steps[-1].name))
    # In this order; `_whole` takes them apart by it: funnel, found,
    # about, and the lost links at the end where there are any.
    found = (selected.corpus, selected.quarantined, *(stage for stage, _ in decided))
    about = tuple(decider.about for decider in selected.deciders if decider.about)
    more = () if lost_links is None else (lost_links,)
    reads = (*(stage for stage, _ in funnel), *found, *about, *more)
    works = tuple(stage.work for read in reads for stage in in_order(read))
    versions = dict(closure_of(works).libraries)
    work = PublishCorpus(source, recipe.describe(), tuple(steps), lost_links.name if lost_links else "", versions)
    return Stage("published", work, plan=partial(_whole, inputs, len(funnel), len(about), bool(more)), reads=reads)


def _whole(inputs: Inputs, count: int, about: int, with_lost: bool, *finished: Finished[Any]) -> Iterator[WholeBuild]:
    # `with_lost` is a bool and counts as 0 or 1 below.
    lost = [facts.lost for facts in finished[-1]] if with_lost else []
    end = len(finished) - with_lost
    described = {stage.name: msgspec.to_builtins(stage[0]) for stage in finished[end - about : end]}
    yield whole_build(inputs(*finished[:count]), finished, lost, described)


def reports_of(entries: Sequence[InputEntry], records: str) -> Iterator[FileReport]:
    """Inputs as `usefulness` looks at them; `records` is what their pieces are called."""
    for entry in entries:
        found, quarantined = entry.found[records], entry.found["quarantined"]
        assert isinstance(quarantined, int)
        yield FileReport(entry.name, sum(found.values()) if isinstance(found, Mapping) else found, quarantined)


def summary(root: Path) -> list[str]:
    """The funnel and where to look, for a terminal."""
    manifest = read_manifest(root)
    lines = [f"{'':<17} {'in':>9} {'kept':>9} {'rejected':>9} {'quarantined':>12}"]
    for step in manifest["funnel"]:
        count = Counts.from_json(manifest["counts"][step["name"]])
        numbers = f"{count.received:>9,} {count.kept:>9,} {count.rejected:>9,} {count.quarantined:>12,}"
        lines.append(f"{step['name'].replace('_', ' '):<17} {numbers}")
    if "links" in manifest:
        without = f"{manifest['links_without_page']:,} of {manifest['links']:,} links found no page"
        lines.append(f"{without}: {root / LOST_LINKS}")
    lines.append(f"corpus  {root / 'kept'}  ({manifest['counts']['corpus']['kept']:,} documents)")
    lines.append(f"report  {root / 'report.html'}")
    return lines
