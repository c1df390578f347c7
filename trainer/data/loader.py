"""From mapped shards to the batches of a training: a thread that fills rows, a ring of buffers, and nothing else.

One thread copies a thousand rows in a few milliseconds, some hundred times faster than a card trains on them, so there
are no worker processes and nothing to hand between them. The thread runs up to `ring` steps ahead, into buffers that
are page-locked where the device is a card, so that a copy to it need not wait. A row is `sequence_length` + 1 tokens:
it goes over once, as 32-bit numbers, and becomes inputs and targets on the device.

What a step holds follows from `trainer.data.order` and the number of its first sample; a process takes a contiguous
slice of it. There is no state but that number.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from corpus.shards.layout import TRAIN
from corpus.shards.read import Shards
from trainer.data.order import Located, OrderError, SampleOrder
from trainer.data.packing import PackingPlan, document_ids
from trainer.data.readers import PlanReader, RowReader, WindowReader
from trainer.model.loss import IGNORED
from trainer.objectives.objective import Objective

# Samples of all processes that are located by one call of `SampleOrder.locate` (see `_locate`).
_AHEAD = 2048


class TrainingBatch(NamedTuple):
    """Rows of one pass through the model.

    `tokens` and `targets` int64 [rows, sequence_length] on the device (a target of -100 is ignored), `source` int32
    [rows] on the CPU, a position in `SampleOrder.names`; `documents` int32 [rows, sequence_length] or None, which
    document of its row a token is of: numbers that never fall along a row, padding a greater one; `first` the number of
    the sample in the first row. With an objective tokens and targets are its own, and `more` what else it gives the
    model, by the names of the model's arguments.
    """

    tokens: torch.Tensor
    targets: torch.Tensor
    source: torch.Tensor
    documents: torch.Tensor | None
    first: int
    more: Mapping[str, torch.Tensor] = {}


def validation_rows(shards: Shards, source: str, split: str, sequence_length: int, most_tokens: int) -> np.ndarray:
    """Rows to measure a model on, int64 [n, sequence_length + 1], from the beginning of a split to `most_tokens`.

    Row i begins at token i·sequence_length, so rows share one token and every token but the first is a target once;
    what does not fill a row at the end is left out. At least one row where the split has the tokens for it, else none.
    The bytes they cover follow from tokens per byte of source and split in the manifest, exactly for the whole split
    and nearly for a part: documents lie in the order of a hash, so the beginning is a fair sample.
    """
    stream = shards.stream(source, split)
    # 10 tokens in rows of length 4: (10 - 1) // 4 = 2 rows, tokens 0 … 4 and 4 … 8; token 9 fills no row.
    fitting = max(stream.n_tokens - 1, 0) // sequence_length
    count = min(fitting, max(most_tokens // sequence_length, 1))
    if not count:
        return np.empty((0, sequence_length + 1), np.int64)
    return stream.windows(np.arange(count, dtype=np.int64) * sequence_length, sequence_length + 1)


def pins_memory(device_type: str) -> bool:
    """Whether the ring is page-locked: only where a card copies from it."""
    return device_type == "cuda" and torch.cuda.is_available()


@dataclass(eq=False)
class _Slot:
    """The rows of one step; the buffers grow to the largest step seen. `copied` is the end of the last copy out."""

    pinned: bool
    rows: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0, dtype=torch.int32))
    pieces: torch.Tensor | None = None
    copied: "torch.cuda.Event | None" = None

    def of_size(self, n_rows: int, length: int, with_pieces: bool) -> None:
        """Make room; waits until the card has read what stood here."""
        if self.copied is not None:
            self.copied.synchronize()
        # Buffers grow and never shrink: a step of fewer rows uses the first ones.
        if self.rows.shape[0] < n_rows:
            self.rows = torch.empty(n_rows, length, dtype=torch.int32, pin_memory=self.pinned)
            self.pieces = torch.empty_like(self.rows, pin_memory=self.pinned) if with_pieces else None


class _Filled(NamedTuple):
    slot: _Slot
    located: Located
    low: int
    samples_seen: int


@dataclass(eq=False)
class Loader:
    """Iterates over steps; each is a list of `TrainingBatch`es of at most `micro_rows` rows, this process's part of it.

    `batch_rows(samples_seen)` is how many samples the step that begins there has, over all processes; process `rank`
    of `world` takes the slice from rows·rank/world to rows·(rank + 1)/world, rounded down, so the processes' parts end
    to end are the step for any `world`. `samples_seen` is the state: the number of the sample after the last step that
    was handed out. With `documents` the batches say which document each token is of, for a mask; with a `plan` rows
    are those of the plan, targets at the borders of its pieces are ignored, and `order` must have been made with
    `planned=plan.planned`. An `objective` makes its own inputs and targets of whole windows; without one
    a target that its epoch has had already (`Located.counted`) is ignored.

    Shards come from `open_shards`, which hashes every one of them before this can hand out a token. An error of the
    thread is raised by the next step. End with `close()` or a `with` block.
    """

    shards: Shards
    order: SampleOrder
    batch_rows: Callable[[int], int]
    first: int = 0
    rank: int = 0
    world: int = 1
    micro_rows: int | None = None
    device: str | torch.device = "cpu"
    documents: bool = False
    ring: int = 3
    split: str = TRAIN
    plan: PackingPlan | None = None
    objective: Objective | None = None
    samples_seen: int = field(init=False)

    def __post_init__(self) -> None:
        self._check()
        self.samples_seen = self.first
        streams = [self.shards.stream(name, self.split) for name in self.order.names]
        end_of_text = self.shards.manifest.tokenizer.end_of_text
        self._reader: RowReader = (
            WindowReader(streams) if self.plan is None else PlanReader(streams, self.plan, end_of_text)
        )
        # Slots go round: `_free` -> the thread fills one -> `_ready` -> `_handed_out` copies it to the device ->
        # `_free`. None in `_free` ends the thread; an exception in `_ready` is the last that comes.
        self._free: queue.SimpleQueue[_Slot | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[_Filled | BaseException] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._ahead_first, self._ahead = self.first, self.order.locate(self.first, 0)
        for _ in range(self.ring):
            self._free.put(_Slot(pins_memory(torch.device(self.device).type)))
        self._thread = threading.Thread(target=self._produce, name="loader", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[list[TrainingBatch]]:
        return self

    def __next__(self) -> list[TrainingBatch]:
        if self._error is None:
            filled = self._ready.get()
            if isinstance(filled, _Filled):
                return self._handed_out(filled)
            self._error = filled  # kept: every later step raises it again, instead of waiting for a thread that is gone
        raise self._error

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; what it had prepared is dropped, and there is no next step."""
        self._error = self._error or StopIteration()
        # The thread takes the slots that lie before the None first, so
        # it fills up to `ring` more steps, unless it waits already.
        self._free.put(None)
        self._thread.join()

    def _check(self) -> None:
        if not 0 <= self.rank < self.world or self.ring < 1 or self.first < 0:
            raise OrderError(f"rank {self.rank} of {self.world}, ring {self.ring}, first {self.first}: out of range")
        if self.micro_rows is not None and self.micro_rows < 1:
            raise OrderError(f"micro_rows is {self.micro_rows}; give at least 1")
        if (self.plan.planned if self.plan else None) != self.order.planned:
            raise OrderError("the order and the loader have different packing plans; make the order with plan.planned")
        if self.plan and (self.plan.sequence_length, self.plan.split) != (self.order.sequence_length, self.split):
            raise OrderError(f"the plan is for {self.plan.sequence_length} tokens of {self.plan.split}; make it again")
        for name in self.order.names:
            there = self.shards.stream(name, self.split).n_tokens
            if self.order.n_tokens[name] != there:
                raise OrderError(
                    f"{name}: the order is over {self.order.n_tokens[name]} tokens, {self.shards.folder} has {there} "
                    f"({self.split}); other data make another order, so start a new run"
                )

    def _produce(self) -> None:
        first = self.first
        try:
            while (slot := self._free.get()) is not None:
                rows = self.batch_rows(first)
                if rows < 1:
                    raise OrderError(f"batch_rows({first}) is {rows}; a step has at least one row")
                # 5 rows for 2 processes, from sample 100: the first takes 100 and 101, the second 102, 103 and 104.
                low, high = first + rows * self.rank // self.world, first + rows * (self.rank + 1) // self.world
                self._ready.put(_Filled(slot, self._fill(slot, low, high - low), low, first + rows))
                first += rows
        except BaseException as error:  # whatever it is: the consumer waits for `_ready`, and would wait for ever
            self._ready.put(error)

    def _fill(self, slot: _Slot, first: int, count: int) -> Located:
        length = self.order.sequence_length + 1
        slot.of_size(count, self.objective.columns if self.objective else length, self.plan is not None)
        located, rows = self._locate(first, count), slot.rows[:count].numpy()
        pieces = None if slot.pieces is None else slot.pieces[:count].numpy()
        # Without an objective windows go straight into the page-locked
        # rows; with one they are its input, and it writes the rows.
        windows = np.empty((count, length), np.int32) if self.objective else rows
        self._reader.read(located.source, located.start, windows, pieces)
        if self.objective:
            self.objective.write(windows, np.arange(first, first + count), rows)
        return located

    def _locate(self, first: int, count: int) -> Located:
        """Many samples at a time, for small steps: a look-up costs as much for one as for a hundred."""
        if not self._ahead_first <= first <= first + count <= self._ahead_first + len(self._ahead.source):
            self._ahead_first, self._ahead = first, self.order.locate(first, max(count, _AHEAD // self.world))
        at = first - self._ahead_first
        return Located(*(values[at : at + count] for values in self._ahead))

    def _handed_out(self, filled: _Filled) -> list[TrainingBatch]:
        slot, count = filled.slot, len(filled.located.source)
        # On a CPU this is the slot's own memory, which the thread will write over: what is handed on below is always a
        # copy, for the rows are int32 and tokens int64.
        rows = slot.rows[:count].to(self.device, non_blocking=slot.pinned)
        more: Mapping[str, torch.Tensor] = {}
        if self.objective:
            (tokens, targets, more), documents = self.objective.read(rows), None
        else:
            tokens, targets, documents = self._next_tokens(rows, slot, filled.located.counted)
        if slot.pinned:
            # The copy to a card is still under way: `of_size` waits for
            # this event before the thread writes into the slot again.
            slot.copied = torch.cuda.Event()
            slot.copied.record(torch.cuda.current_stream(rows.device))
        self._free.put(slot)
        self.samples_seen = filled.samples_seen
        source, step = torch.from_numpy(filled.located.source), self.micro_rows or max(count, 1)
        return [
            TrainingBatch(
                tokens[at : at + step],
                targets[at : at + step],
                source[at : at + step],
                None if documents is None else documents[at : at + step],
                filled.low + at,
                {name: values[at : at + step] for name, values in more.items()},
            )
            for at in range(0, count, step)
        ]

    def _next_tokens(
        self, rows: torch.Tensor, slot: _Slot, counted: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Tokens, the tokens that follow them, and the documents where they are asked for."""
        tokens, targets = rows[:, :-1].long().contiguous(), rows[:, 1:].long().contiguous()
        if slot.pieces is None:
            # counted [4, 2] with 4 targets a row: the last two of the second row have had their turn in this epoch.
            if (repeated := np.arange(targets.shape[1]) >= counted[:, None]).any():
                targets.masked_fill_(torch.from_numpy(repeated).to(targets.device), IGNORED)
            end = self.shards.manifest.tokenizer.end_of_text
            return tokens, targets, document_ids(tokens, end) if self.documents else None
        pieces = slot.pieces[: len(rows)].to(self.device, non_blocking=slot.pinned)
        # pieces   0  0  0  1  1 -1     (-1: padding at the end of the row)
        # targets     0  0  x  1  x     x: ignored, the first token of another piece, and padding
        targets.masked_fill_((pieces[:, 1:] != pieces[:, :-1]) | (pieces[:, 1:] < 0), IGNORED)
        if not self.documents:
            return tokens, targets, None
        # Padding gets a number above all pieces, so that numbers never fall along a row; masks rely on it.
        return tokens, targets, torch.where(pieces < 0, pieces.shape[1], pieces)[:, :-1].contiguous()
