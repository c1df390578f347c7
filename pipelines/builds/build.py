"""A build: the last of its stages, where it goes, and what to say of it. `cli.command` runs one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST
from corpus.files.provenance import Closure
from corpus.files.run_file import note_inputs
from pipelines.cli.command import disk_line
from pipelines.cli.replacement import MARKERS, Output
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.engine import exported_to, is_local
from pipelines.runtime.run import StageFolder
from pipelines.runtime.stage import Stage, in_order


@dataclass(frozen=True)
class Build:
    """What a command does.

    `last` is the stage after which everything stands. `lines` makes what a dry run says of the inputs, `summary` what
    is said at the end. `prepare` puts into the output what workers must find there. `disk` is how many bytes will be
    written, `workers` how many processes the inputs pay for, `made_from` the outputs of other commands that are read.
    """

    last: Stage[Any, Any]
    output: Output
    beam_flags: list[str]
    summary: Callable[[Path], list[str]]
    prepare: Callable[[Path], None] | None = None
    max_quarantined: float = 1.0
    workers: int = 1
    disk: int = 0
    lines: Callable[[], list[str]] = list
    made_from: Sequence[str] = ()

    def plan(self) -> list[str]:
        """The lines of a dry run."""
        stages = in_order(self.last)
        # A manifest that stands: whether it is of these settings is seen when the build runs.
        done = [each.name for each in stages if (StageFolder(self.output.root, each.name).home / MANIFEST).is_file()]
        return [
            *self.lines(),
            f"stages    {', '.join(stage.name for stage in stages)}",
            f"found     {', '.join(done) or 'nothing'} from an earlier run (taken over if nothing changed)",
            disk_line(self.output.root, self.disk),
        ]

    def run(self, wait: bool = True, running_job: str = "refuse") -> list[str]:
        """Do what is missing; the lines for the end. `wait` and `running_job` as in `Handing`."""
        if not wait and is_local(self.beam_flags):
            raise CorpusloomError(
                "--no-wait: the in-process engine ends with its command; name a --runner", ExitCode.FLAGS
            )
        if self.prepare:
            self.prepare(self.output.root)
        note_inputs(self.output.root, self.output.kind.removeprefix("a "), self.made_from)
        run = new_run(self.output.root, MARKERS[self.output.kind], self.max_quarantined)
        handing = Handing(self.beam_flags, self.workers, wait, running_job)
        # False where every stage was finished: then there is a summary, whatever --no-wait says.
        began = run_stages(self.last, run, handing)
        if began and handing.exports:
            return [f"the job is in {exported_to(self.beam_flags)}; submit it, then give the same command again"]
        if began and not wait:
            return ["the job was handed over; the same command says what became of it"]
        return self.summary(self.output.root)


def closure_of_stages(last: Stage[Any, Any]) -> Closure:
    """The code and the libraries of all that the last stage depends on; that one only describes what is there."""
    # Without `last`: a change of its code changes no row of the corpus.
    return reduce(Closure.__or__, (stage.closure for stage in in_order(last) if stage is not last), Closure())


def workers_for(amounts: Sequence[tuple[int, int]]) -> int:
    """How many processes are paid for by some amounts of input, each given with how much of it pays for one."""
    # The most, not the sum: the amounts are worked on by one stage after the other.
    return max([1, *(amount // per_worker for amount, per_worker in amounts)])
