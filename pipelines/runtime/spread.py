"""What a stage works on, handed out by file: the graph holds the name of a file and nothing of what is in it.

`beam.Create` puts its elements into the graph, which services limit to some megabytes and which every worker gets
whole; a crawl has a hundred thousand files. So the driver writes one line of JSON an element, one worker reads the
lines, and a group for each line lets every worker take some: the first groups in the file are spread first.
`Reshuffle` would keep them all where they were read, on engines that keep the number of partitions.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import apache_beam as beam

from corpus.files.manifest import write_bytes
from corpus.files.storage import place
from pipelines.runtime.stage import Task, Unit


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Put values (plain JSON, or tasks) at `path`, one a line, in one step."""
    plain = (asdict(value) if isinstance(value, Task) else value for value in values)
    write_bytes(path, "".join(f"{json.dumps(value)}\n" for value in plain).encode())


def read_lines(path: Path) -> list[Any]:
    """The values of a file that `write_lines` wrote; tasks as dictionaries."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def task_of(line: str) -> Task:
    """A task from its line."""
    values = json.loads(line)
    return Task(**{**values, "unit": Unit(**values["unit"])})


class NumberLines(beam.DoFn):
    """The name of a file → (number, line) for each of its lines."""

    def process(self, element: str) -> Iterator[tuple[int, str]]:
        """One file in, its lines out."""
        yield from enumerate(place(element).read_bytes().decode().splitlines())


class Ungroup(beam.DoFn):
    """(number, the one line of that number) → the line."""

    def process(self, element: tuple[int, Iterable[str]]) -> Iterator[str]:
        """One group in, its line out."""
        yield from element[1]


class Spread(beam.PTransform):
    """A pipeline's root → the lines of a file, each wherever a worker is free."""

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path = str(path)

    def expand(self, input_or_inputs: Any) -> Any:
        """Only lines cross the shuffle, some hundred bytes each."""
        numbered = beam.ParDo(NumberLines()).with_output_types(tuple[int, str])
        lines = input_or_inputs | "File" >> beam.Create([self.path]) | "Number" >> numbered  # (number, line)
        apart = lines | "Apart" >> beam.GroupByKey()  # (number, lines)
        return apart | "Line" >> beam.ParDo(Ungroup()).with_output_types(str)
