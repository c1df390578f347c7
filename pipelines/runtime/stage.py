"""A stage of a build as a value: what it reads, how that becomes tasks, and the work on each of them.

    posts = Stage("posts", ReadPosts(rules), plan=partial(one_per_file, submissions))
    links = Stage("links", ReduceLinks(rules), plan=key_ranges, reads=(posts,))

`plan` is a plain function: for each stage in `reads` it takes the list of the facts of that stage's tasks, in their
order, and it returns the units of this one. It runs on a worker once the stages read are finished, so what is known
late (how many posts there are) needs no second job. The types of units and facts are those of the work's signature.

Nothing else in the project knows a stage by its name: what depends on what, the order and the number of worker
processes follow from these values.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, cast, get_args, get_type_hints

import msgspec

from corpus.files.identity import identity_of
from corpus.files.provenance import Closure, closure_of
from corpus.hashing import digest
from pipelines.runtime.task import F, Task, U, Work

_NAME_LENGTH = 24  # 96 bits in hex: no two of a billion tasks meet


@dataclass(frozen=True)
class Stage(Generic[U, F]):
    """A stage: `plan` makes its units, `work` does each.

    `writes` are the folders of the finished corpus that hold its parts; parts for later stages lie in a hidden folder.
    One more worker process starts for each `units_per_worker` of unit size; 0 for a stage that one process does in no
    time.
    """

    name: str
    work: Work[F]
    plan: Callable[..., Iterable[U]]
    reads: "tuple[Stage[Any, Any], ...]" = ()
    writes: tuple[str, ...] = ()
    units_per_worker: int = 0

    @cached_property
    def unit_type(self) -> type[U]:
        """The class of its units."""
        # `def __call__(self, task: Task[Dump]) -> Outcome[PostFacts]`: units are Dump, facts are PostFacts.
        return get_args(_hints(self.work)["task"])[0]

    @cached_property
    def facts_type(self) -> type[F]:
        """The class of its facts."""
        return get_args(_hints(self.work)["return"])[0]

    @cached_property
    def closure(self) -> Closure:
        """The code and the libraries that decide its bytes."""
        return closure_of(self.work)

    @property
    def settings(self) -> Any:
        """The settings of its work as plain JSON."""
        return identity_of(self.work)

    @cached_property
    def fingerprint(self) -> str:
        """The identity of the stage without its inputs."""
        return digest(self.name, json.dumps(self.settings, sort_keys=True), self.closure.digest)

    def tasks(self, facts: Sequence[Sequence[Any]], root_path: str) -> list[Task[U]]:
        """The tasks of the stage, given the facts of each stage that it reads.

        A task is named by the identity of the stage and of its unit's own input, and of nothing else. Units that are
        the same in that (two parts without a row, say) are numbered.
        """
        tasks: list[Task[U]] = []
        seen: Counter[str] = Counter()
        for unit in self.plan(*facts):
            identity = json.dumps(identity_of(unit), sort_keys=True)
            # Two units of one identity are the first and the second: 0 and 1 behind it.
            name = digest(self.fingerprint, identity, str(seen[identity]))[:_NAME_LENGTH]
            seen[identity] += 1
            tasks.append(Task(name, self.name, unit, root_path))
        return tasks

    def without_upstream(self) -> "Stage[U, F]":
        """The stage as a worker needs it: a graph of many stages would else hold the first of them many times."""
        return replace(self, reads=tuple(replace(other, reads=()) for other in self.reads))


def encode(task: Task[Any]) -> str:
    """A task as one line of JSON; the name of a file need not be Unicode, so the line is ASCII."""
    return json.dumps(msgspec.to_builtins(task))


def decode(stage: Stage[U, Any], line: str) -> Task[U]:
    """The inverse of `encode`."""
    return msgspec.convert(json.loads(line), cast(Any, Task)[stage.unit_type])


def in_order(last: Stage[Any, Any]) -> list[Stage[Any, Any]]:
    """The stages that a stage depends on, each before its readers, and the stage itself at the end."""
    found: dict[str, Stage[Any, Any]] = {}

    def add(stage: Stage[Any, Any]) -> None:
        if stage.name not in found:
            for other in stage.reads:
                add(other)
        # Inserted behind all that it reads; a dict keeps that order.
        # An equal stage built twice is another object: a mistake.
        if found.setdefault(stage.name, stage) is not stage:
            raise ValueError(f"two stages are called {stage.name}")

    add(last)
    return list(found.values())


def _hints(work: Any) -> dict[str, Any]:
    return get_type_hints(work if hasattr(work, "__code__") else type(work).__call__)
