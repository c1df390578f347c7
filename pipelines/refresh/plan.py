"""The plan of a refresh, before it does anything: what is read, taken over, done again, and about what it costs."""

from collections.abc import Sequence

from corpus.releases.manifest import InputState
from pipelines.cli.command import disk_line
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.snapshots import NEW, TAKEN
from pipelines.refresh.working import Working, missing_stages
from pipelines.runtime.stage import in_order


def plan_lines(corpus: MaintainedCorpus, inputs: Sequence[InputState]) -> list[str]:
    """The lines of `plan`."""
    working = Working(corpus.definition, inputs)
    lines = states_lines(inputs)
    disk = 0
    for name, build in working.builds.items():
        mine = [each for each in inputs if each.source == name]
        new, old = (_bytes(mine, state) for state in (NEW, TAKEN))
        missing = missing_stages(build)
        stages = [stage.name for stage in in_order(build.last)]
        taken_over = [stage for stage in stages if stage not in missing]
        lines.append(f"{name:<9} {new / 1e6:,.1f} MB to read, {old / 1e6:,.1f} MB read before")
        lines.append(f"          taken over: {', '.join(taken_over) or 'nothing'}")
        lines.append(f"          to do: {', '.join(missing) or 'nothing'} (of each only what depends on new inputs)")
        disk += build.disk * new // max(new + old, 1)  # the build's estimate is for all its inputs
    if corpus.definition.shards.write:
        asked = corpus.definition.tokenizer
        said = f"{asked.path}, as given" if asked.path else "frozen, as it stands" if working.is_frozen() else "trained"
        lines.append(f"tokenizer {said}")
    lines.append(_time_line(corpus, _bytes(inputs, NEW)))
    return [*lines, disk_line(corpus.root, disk)]


def states_lines(inputs: Sequence[InputState]) -> list[str]:
    """Every file that is not simply taken, a line each, and how many are."""
    lines = []
    for each in inputs:
        if each.state != TAKEN:
            more = f": {each.detail}" if each.detail else ""
            lines.append(f"{each.state:<9} {each.name or each.snapshot}{', late' if each.late else ''}{more}")
    count = sum(each.state == TAKEN for each in inputs)
    return [*lines, f"taken     {count:,} files that the current release has"]


def _bytes(inputs: Sequence[InputState], state: str) -> int:
    return sum(each.bytes for each in inputs if each.state == state)


def _time_line(corpus: MaintainedCorpus, new: int) -> str:
    """How long it may take, by the speed of the releases so far."""
    spent = {event.release: event.seconds for event in corpus.state.history() if event.made == "refresh"}
    seconds = sum(spent.values())
    read = 0
    for number in corpus.releases.numbers():
        release = corpus.releases.read(number)
        # Later releases took over most of their inputs, so only a first one says how long a byte takes.
        if number in spent and release.before is None:
            read += sum(each.bytes for each in release.inputs if each.state == TAKEN)
    if not (seconds and read and new):
        return "time      not known before the first release" if not read else "time      next to nothing"
    return f"time      about {seconds * new / read:,.0f} s for what is new, as long as the first release took a byte"
