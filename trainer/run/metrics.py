"""The metrics of a run: one JSON line per step, a live line, and at the end a table and a page made from the lines.

`metrics.jsonl` is the one record; `metrics.csv`, the page and TensorBoard's events are made from it. A run that goes on
first cuts off the lines past its checkpoint, so a step never stands there twice and the file reads like that of a run
that was never interrupted.
"""

import csv
import io
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, Protocol, TypedDict

from corpus.errors import CorpusloomError
from trainer.run.clock import SpeedColumns
from trainer.run.plan import SourceColumns

METRICS, TABLE = "metrics.jsonl", "metrics.csv"


class MetricsError(CorpusloomError, ValueError):
    """A record that is not what a run writes, or an option that this machine lacks."""


class StepColumns(TypedDict):
    """What every row has: the step, what was read until its end, and the loss in nats per token."""

    step: int
    tokens: int
    loss: float
    rate: float
    gradient_norm: float
    batch_tokens: int


class MetricsRow(StepColumns, SourceColumns, SpeedColumns):
    """A row of `metrics.jsonl`; `bits_per_byte` by source is there after steps that were validated."""

    bits_per_byte: NotRequired[dict[str, float]]


class EventWriter(Protocol):
    """What is used of TensorBoard's writer."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        """Write one number."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class MetricsLog:
    """`metrics.jsonl`, open for the steps after `step`; what stands there of later steps is cut off."""

    def __init__(self, folder: Path, step: int, events: Sequence[EventWriter] = ()) -> None:
        self.path, self.events = folder / METRICS, tuple(events)
        self.path.touch()
        cut_after(self.path, step)
        self._file = self.path.open("a", encoding="utf-8")

    def add(self, rows: Iterable[MetricsRow]) -> None:
        """Write the rows of some steps; on disk when this returns to the operating system, not necessarily synced."""
        rows = list(rows)
        self._file.write("".join(json.dumps(row, allow_nan=True) + "\n" for row in rows))
        self._file.flush()
        for row in rows if self.events else ():
            numbers = {tag: value for tag, value in flat(row).items() if isinstance(value, int | float)}
            for writer in self.events:
                for tag in (tag for tag in numbers if tag != "step"):
                    writer.add_scalar(tag, numbers[tag], row["step"])

    def cut(self, step: int) -> None:
        """Cut off what stands there of later steps."""
        self._file.flush()
        # The file is open for appending, so what is written next goes to its new end, wherever that is.
        cut_after(self.path, step)

    def sync(self) -> None:
        """Wait until the disk has it: a checkpoint must not be newer than the lines before it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file and the events."""
        self._file.close()
        for writer in self.events:
            writer.close()


def cut_after(path: Path, step: int) -> None:
    """Cut off the lines of later steps, and a torn end.

    Where a line cannot be read although a later one belongs to these steps, the disk or somebody damaged the file:
    what can be read stays, and the file as it was is left beside it (`metrics.damaged.jsonl`).
    """
    # With step 2:
    # 1, 2, 3, 4    a checkpoint older than the lines: 3 and 4 go
    # 1, 2, tor     killed in mid-line: the torn end goes
    # 1, ?, 2       damaged: 1 and 2 stay, and the file as it was is kept beside
    whole: list[bytes] = []
    damaged: list[bytes] = []
    since: list[bytes] = []  # unreadable lines since the last whole one
    with path.open("rb") as file:
        for line in file:
            found = _step_of(line)
            if found is None:
                since.append(line)
            elif found > step:
                break
            else:
                damaged += since
                since = []
                whole.append(line)
    if damaged:
        shutil.copyfile(path, path.with_name(f"{path.stem}.damaged{path.suffix}"))
        with path.open("r+b") as file:  # in place: a log may have it open
            file.writelines(whole)
    os.truncate(path, sum(map(len, whole)))


def _step_of(line: bytes) -> int | None:
    """The step of a line, None where the line is not whole."""
    try:
        step = json.loads(line)["step"] if line.endswith(b"\n") else None
    except (ValueError, KeyError, TypeError):
        return None
    return step if isinstance(step, int) else None


def read_metrics(folder: Path) -> list[MetricsRow]:
    """The rows of a run, by step; `MetricsError` names the line that cannot be read."""
    rows: list[MetricsRow] = []
    with (folder / METRICS).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                if not line.endswith("\n"):
                    break  # a run that is still writing
                raise MetricsError(f"{folder / METRICS}:{number}: {error}") from error
    return rows


def flat(row: Mapping[str, object]) -> dict[str, object]:
    """A row without nesting: `bits_per_byte/books` for the entry books of bits_per_byte."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= {f"{name}/{inner}": number for inner, number in value.items()}
        else:
            found[name] = value
    return found


def write_table(folder: Path) -> Path:
    """`metrics.csv` from the lines: one row a step, one column for every name that occurs, in order of appearance."""
    rows = [flat(row) for row in read_metrics(folder)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    path = folder / TABLE
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(path)
    return path


class _Wandb:
    """A run of Weights & Biases as an `EventWriter`: the numbers of a step go out together, with the next step."""

    def __init__(self, run: Any) -> None:
        self._run, self._step, self._row = run, 0, {}

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        # TensorBoard takes number after number; this service wants those of a step in one call.
        if global_step != self._step:
            self._send()
            self._step = global_step
        self._row[tag] = scalar_value

    def close(self) -> None:
        self._send()
        self._run.finish()

    def _send(self) -> None:
        if self._row:
            self._run.log(self._row, step=self._step)
            self._row = {}


def wandb_writer(project: str, folder: Path, config: Mapping[str, Any]) -> EventWriter:
    """A run named after the folder in a project of Weights & Biases; `MetricsError` where the package is missing."""
    try:
        import wandb  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MetricsError(f"wandb={project} needs the package: pip install wandb") from error
    return _Wandb(wandb.init(project=project, name=folder.name, dir=str(folder), config=dict(config), resume="allow"))


def tensorboard_writer(folder: Path) -> EventWriter:
    """TensorBoard's writer of `folder`/tensorboard; `MetricsError` where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # pyright: ignore[reportPrivateImportUsage]
    except ImportError as error:
        raise MetricsError("tensorboard=true needs the package: pip install tensorboard") from error
    return SummaryWriter(str(folder / "tensorboard"))


def live_text(row: MetricsRow, steps: int, seconds_left: float) -> str:
    """A row of the metrics as the live line has it."""
    parts = [f"step {row['step']:,}/{steps:,}", f"loss {row['loss']:.4f}", f"rate {row['rate']:.2e}"]
    if row.get("tokens_per_second") is not None:
        parts.append(f"{row['tokens_per_second']:,.0f} tokens/s")
    if row.get("mfu") is not None:
        parts.append(f"MFU {row['mfu']:.1%}")
    if found := row.get("bits_per_byte"):
        parts.append("bits/byte " + " ".join(f"{name} {value:.4f}" for name, value in found.items()))
    return "  ".join([*parts, f"ETA {duration(seconds_left)}"])


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 12 min, 3.4 h, 2.1 days."""
    if not math.isfinite(seconds):
        return "unknown"
    # Up to two minutes in seconds, two hours in minutes, two days in hours.
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"), (math.inf, 86_400, "days")):
        if seconds < limit:
            return f"{seconds / unit:.{0 if unit < 3600 else 1}f} {name}"
    return "unknown"


def series(rows: Iterable[MetricsRow], name: str) -> Iterator[tuple[int, float]]:
    """(step, value) of one name, where it stands and is a finite number."""
    for row in rows:
        value = flat(row).get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            yield row["step"], float(value)
