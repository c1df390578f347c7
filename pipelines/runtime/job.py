"""A whole build as one Beam pipeline: stages that wait for each other, and nothing but names between them.

For each stage, of which `done` says that the stages it reads are finished:

    done ── Plan ── Apart ── Do ── All ── Finish ── done
      (0, word)  (n, task)    (0, word)      (0, "stage=ok")

`Apart` and `All` are GroupByKeys: `All` lets nobody begin before everybody has ended, `Apart` gives each task a group
of its own, so that any worker may take it. (`Reshuffle` would keep them where they were planned, on engines that keep
the number of partitions.) `Plan` always emits one more element, its verdict, so that no group after it is ever empty.
Without `All`, Spark might compute a stage again for its second reader.

A GroupByKey costs the same for twenty pages as for a thousand, so there are no more of them than that: a stage waits
only for those it reads that no other of them waits for. Mostly that is one, and its `Finish` and the next `Plan` run as
one; where there are several, a third GroupByKey, `Barrier`, brings their words together.

Text never enters a shuffle: a task is a few hundred bytes, a worker reads one input and writes its parts. The graph is
as small for a hundred thousand files as for one, since tasks are planned by workers from the manifests before.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from pipelines.runtime.execute import FAILED, OK, cut, encoded_pieces, end, execute, note_error, plan
from pipelines.runtime.run import BuildRun
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.spill import FOLDER, gather, task_batch
from pipelines.runtime.stage import Stage, decode, encode, in_order

Word = tuple[int, str]
Packed = tuple[int, bytes]
_VERDICT, _GROUPS = -1, -2  # numbers of no task: what `Plan` says, and the list of groups that are missing


class Plan(beam.DoFn):
    """(0, the words of the stages waited for) → (number, task) for each task without a record, and the verdict."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun, expected: int) -> None:
        self.stage, self.run, self.expected = stage, run, expected

    def process(self, element: tuple[int, str | Iterable[str]]) -> Iterator[Word]:
        """All words in (a single one as it is), all tasks out, the biggest first: who halves them halves the work."""
        words = [element[1]] if isinstance(element[1], str) else list(element[1])
        # A word that came twice or not at all would let a stage begin too early, or be lost: a fault of the engine.
        assert len(words) == self.expected, (self.stage.name, words)
        left = plan(self.stage, self.run) if all(word.endswith(f"={OK}") for word in words) else None
        yield _VERDICT, FAILED if left is None else OK
        yield from self.lines([(number, encode(task)) for number, task in left or ()])

    def lines(self, tasks: Sequence[Word]) -> Iterator[Word]:
        """What the workers take apart."""
        yield from tasks


class Do(beam.DoFn):
    """(number, the one task of that number) → (0, word). What it made is on disk when the word comes out."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun) -> None:
        self.stage, self.run = stage, run

    def process(self, element: tuple[int, Iterable[str]]) -> Iterator[Word]:
        """One task in, one word out."""
        number, lines = element  # one line: numbers are unique
        line = next(iter(lines))
        yield 0, line if number == _VERDICT else execute(decode(self.stage, line), self.stage, self.run)


class PlanShuffle(Plan):
    """(0, words) → (number, piece) for each piece to cut, the groups that have no record, and the verdict."""

    def lines(self, tasks: Sequence[Word]) -> Iterator[Word]:
        """Nothing at all where no group is missing."""
        if tasks:
            # One element for all missing groups: `CutPieces` gives each of them its task, which meets its entries
            # behind the second GroupByKey. Pieces are cut for all groups; a group without task drops what came.
            yield _GROUPS, "\n".join(task for _, task in tasks)
            yield from enumerate(encoded_pieces(self.stage, self.run))


class CutPieces(beam.DoFn):
    """(number, piece) → (group, a batch of entries); a group that is missing gets its task as a batch too."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun) -> None:
        self.stage, self.run = stage, run

    def process(self, element: tuple[int, Iterable[str]]) -> Iterator[Packed]:
        """One piece in, one batch a group out."""
        number, lines = element
        line = next(iter(lines))
        if number == _VERDICT:
            yield _VERDICT, line.encode()
        elif number == _GROUPS:
            yield from ((decode(self.stage, task).unit.group, task_batch(task)) for task in line.split("\n"))
        else:
            yield from cut(line, self.stage, self.run)


class DoGroup(beam.DoFn):
    """(group, batches) → (0, word): the task of a group, with everything that was cut for it."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun) -> None:
        self.stage, self.run = stage, run

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Word]:
        """One group in, one word out; none for a group that has its record."""
        group, batches = element
        if group == _VERDICT:
            yield 0, next(iter(batches)).decode()
            return
        try:
            task, entries = gather(batches, self.run.folder(self.stage).home / FOLDER)
        except OSError as error:
            note_error(error, f"group {group}", self.stage, self.run)
            yield 0, FAILED
            return
        # A group that has its record got no task: its entries are dropped, and it has nothing to say.
        if task:
            yield 0, execute(decode(self.stage, task), self.stage, self.run, entries)


class Finish(beam.DoFn):
    """(0, words of the tasks) → (0, "stage=ok") with the manifest on disk, or (0, "stage=failed")."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun) -> None:
        self.stage, self.run = stage, run

    def process(self, element: tuple[int, Iterable[str]]) -> Iterator[Word]:
        """All words in, one out."""
        yield 0, f"{self.stage.name}={end(self.stage, self.run, list(element[1]))}"


class RunStage(beam.PTransform):
    """The words of the stages read → the word of this stage. The name is the stage's, for an engine's pages."""

    def __init__(self, stage: Stage[Any, Any], run: BuildRun, expected: int) -> None:
        super().__init__(stage.name)
        self.stage, self.run, self.expected = stage.without_upstream(), run, expected

    def expand(self, input_or_inputs: Any) -> Any:
        """Drawn at the head of this module; a shuffle puts `CutPieces` and a GroupByKey where `Do` stands."""
        stage, run = self.stage, self.run
        if len(input_or_inputs) == 1:
            gate = input_or_inputs[0]  # (0, word)
        else:
            gate = tuple(input_or_inputs) | beam.Flatten() | "Barrier" >> beam.GroupByKey()  # (0, words)
        shuffled = isinstance(stage.work, ShuffleWork)
        planned = beam.ParDo((PlanShuffle if shuffled else Plan)(stage, run, self.expected))
        apart = gate | "Plan" >> planned.with_output_types(Word) | "Apart" >> beam.GroupByKey()  # (number, lines)
        if shuffled:
            cut = apart | "Cut" >> beam.ParDo(CutPieces(stage, run)).with_output_types(Packed)  # (group, entries)
            done = cut | "Same" >> beam.GroupByKey() | "Do" >> beam.ParDo(DoGroup(stage, run)).with_output_types(Word)
        else:
            done = apart | "Do" >> beam.ParDo(Do(stage, run)).with_output_types(Word)  # (0, word)
        ended = done | "All" >> beam.GroupByKey()  # (0, words)
        return ended | "Finish" >> beam.ParDo(Finish(stage, run)).with_output_types(Word)


class Begin(beam.DoFn):
    """The impulse → the word that lets the first stages begin."""

    def process(self, element: bytes) -> Iterator[Word]:
        """One element in, one out."""
        yield 0, f"begin={OK}"


def build_job(pipeline: beam.Pipeline, stages: Sequence[Stage[Any, Any]], run: BuildRun) -> None:
    """Put the stages into a pipeline, each after those of them that it reads. What is not among them is finished."""
    begin = pipeline | "Begin" >> beam.Impulse() | "Word" >> beam.ParDo(Begin()).with_output_types(Word)
    done: dict[str, Any] = {}
    for stage in stages:
        # What it reads may be finished from before and not in this job: then it waits for nobody.
        waits = [done[other.name] for other in _awaited(stage) if other.name in done] or [begin]
        done[stage.name] = tuple(waits) | RunStage(stage, run, len(waits))


def _awaited(stage: Stage[Any, Any]) -> list[Stage[Any, Any]]:
    """The stages that a stage reads, without those that another of them reads, at any distance."""
    # `selected` reads judged, exact and duplicates; duplicates reads the other two, so waiting for it is enough.
    earlier = {each.name for other in stage.reads for each in in_order(other) if each is not other}
    return [other for other in stage.reads if other.name not in earlier]
