"""The loop: batches in, steps taken, and what is to be said, checked and saved between them.

Nothing in a step waits for the device. Losses and norms stay where they are until they are read together, every
`log_every` steps on a card and every step elsewhere; stopping, saving and validation happen at such readings only. A
run ends on a signal as it ends by itself: with a checkpoint.
"""

import gc
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from trainer.data.loader import Loader, TrainingBatch
from trainer.model.loss import IGNORED
from trainer.run.clock import Clock, SpeedColumns
from trainer.run.distributed import add_up, any_of, exchanging
from trainer.run.metrics import MetricsRow
from trainer.run.plan import by_source
from trainer.run.session import Session, step_seed
from trainer.run.spikes import REMEMBERED, Diverged, Spikes
from trainer.run.validation import ValidationSet, mix, validate

# A pass over a batch whose losses count for nothing: sharded processes must all make the same number of calls.
_Weighted = tuple[TrainingBatch, float | Tensor]


@dataclass(frozen=True)
class StepRecord:
    """A step taken, its result still on the device: `samples` seen after it, its own `rows`, and its `lr_scale`."""

    step: int
    samples: int
    rows: int
    lr_scale: float
    result: Tensor


class Listener(Protocol):
    """Who is told what happens."""

    def rows(self, rows: Sequence[MetricsRow]) -> None:
        """Steps are finished: their rows of the metrics, in order."""
        ...

    def went_back(self, step: int) -> None:
        """After a spike the run goes on from the checkpoint of this step, with later batches."""
        ...

    def saving(self) -> None:
        """A checkpoint is about to be written: what it stands on must be on the disk first."""
        ...


class Stop:
    """Set by SIGTERM, SIGINT or the end of the time; a second signal ends the process at once."""

    def __init__(self, minutes: float = 0.0) -> None:
        self.signal = 0
        self._until = time.monotonic() + minutes * 60 if minutes else math.inf

    @property
    def wanted(self) -> bool:
        """Whether to end after this step."""
        return bool(self.signal) or time.monotonic() > self._until

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch the signals while the block runs."""
        before = {number: signal.signal(number, self._caught) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _caught(self, number: int, _: object) -> None:
        self.signal = number
        signal.signal(number, signal.SIG_DFL)


def train(session: Session, stop: Stop, listener: Listener) -> bool:
    """Train to the end of the run, or until `stop` wants it; whether the end was reached."""
    progress, course, ramp = session.progress, session.course, session.ramp
    taken: list[StepRecord] = []
    spikes = Spikes(session, listener.went_back)
    clock = Clock(session.shape, session.world, progress.training_seconds, progress.wall_seconds)
    # A reading waits for the device, so on a card there is one in several steps; on a CPU it costs nothing.
    every = session.config.log_every if session.world.device.type == "cuda" else 1
    session.model.train()
    with _loader(session) as loader, _quiet_collector() as freeze, closing_saves(session):
        while progress.step < course.steps:
            rows = ramp.rows_at(progress.samples)
            lr_scale = session.schedule.lr_scale(progress.samples * session.shape.sequence_length)
            result = take_step(session, next(loader), rows, lr_scale)
            progress.step, progress.samples = progress.step + 1, progress.samples + rows
            taken.append(StepRecord(progress.step, progress.samples, rows, lr_scale, result))
            freeze()
            due = _due(session, progress.step, course.steps)
            if not due and progress.step % every:
                continue
            # A signal may reach one process a step before another: all must stop behind the same step.
            stopping = any_of(stop.wanted, session.world)
            held = session.held if "validate" in due else []
            # None: the loss jumped, and `progress` is that of the last
            # checkpoint again. The loader is not: it goes on ahead.
            best = spikes.watch(partial(_read, session, taken, clock, listener, held), len(taken))
            taken = []
            if best is None:
                clock.restart()
                continue
            if best or stopping or "save" in due:
                listener.saving()
                session.save(best)
                gc.collect()
            if stopping:
                break
            clock.restart()
    return progress.step >= course.steps


@contextmanager
def closing_saves(session: Session) -> Iterator[None]:
    """See the last save through, also when the block ends in an error: a loss that is no number, a full disk."""
    try:
        yield
    finally:
        session.checkpoints.wait()


def take_step(session: Session, batches: Sequence[TrainingBatch], rows: int, lr_scale: float) -> Tensor:
    """One optimizer step over this process's batches of a step of `rows` rows.

    Returns [loss, norm] float32 on the device: this process's part of the mean loss over all targets of the step, and
    the norm of the whole gradient before clipping. Gradients of micro-batches are weighted by their targets, so the
    step is that of one batch however it is cut.

    A step whose norm is not finite is not applied where the norm lies on the host. A card is not waited for: there the
    next reading ends the run, and nothing is saved between a step and its reading.
    """
    world, config, called = session.world, session.config, session.called
    weighted = weigh(session, batches, rows)
    loss = torch.zeros((), device=world.device)
    for number, (batch, weight) in enumerate(weighted):
        # For dropout; a step that is taken again after a kill drops what it dropped before.
        torch.manual_seed(step_seed(config.seed, session.progress.step, world.rank, number))
        with exchanging(called, number == len(weighted) - 1):
            part = called(batch.tokens, batch.targets, batch.documents, **batch.more) * weight
            # Processes average gradients; the weights already are shares of the whole.
            (part * world.size).backward()
        loss += part.detach()
    norm = session.optimizer.clip(config.clip)
    if norm.device.type != "cpu" or bool(norm.isfinite()):
        session.optimizer.step(lr_scale)
    session.optimizer.zero_grad()
    return torch.stack([loss, norm.to(loss)])


def weigh(session: Session, batches: Sequence[TrainingBatch], rows: int) -> list[_Weighted]:
    """Each batch with its share of all targets of the step, over all processes; targets that are ignored are none.

    Under FSDP2 every process must call its model equally often: who has fewer batches repeats one at the weight 0.
    """
    # Rows have unlike numbers of targets: hidden words only, no borders of packed pieces, none that had its turn in its
    # epoch. They are counted where they lie, so that no card is waited for.
    counts = torch.stack([(batch.targets != IGNORED).sum() for batch in batches])
    shares = counts / add_up(counts.sum(), session.world).clamp(min=1)
    weighted: list[_Weighted] = list(zip(batches, shares.unbind(), strict=True))
    # 9 rows over 2 processes are 4 and 5: at 4 rows per pass one and two passes, so the first process makes a second.
    most = math.ceil(math.ceil(rows / session.world.size) / session.micro_rows)
    return weighted + [(batches[-1], 0.0)] * (most - len(weighted))


def _loader(session: Session) -> Loader:
    return Loader(
        session.shards,
        session.order,
        session.ramp.rows_at,
        first=session.progress.samples,
        rank=session.world.rank,
        world=session.world.size,
        micro_rows=session.micro_rows,
        device=session.world.device,
        documents=session.config.document_mask,
        plan=session.packing,
        objective=session.objective,
    )


def _due(session: Session, step: int, last: int) -> set[str]:
    """What is to be done after this step; all of it after the last."""
    config = session.config
    due = {"save"} if step % config.save_every == 0 or step == last else set()
    if config.validate_every and (step % config.validate_every == 0 or step == last):
        due.add("validate")
    return due


def _read(
    session: Session, taken: Sequence[StepRecord], clock: Clock, listener: Listener, held: Sequence[ValidationSet]
) -> bool:
    """Read the steps taken from the device, validate over `held`, hand out the rows; whether it is the best yet."""
    results = torch.stack([each.result for each in taken])
    losses, norms = add_up(results[:, 0].clone(), session.world).tolist(), results[:, 1].tolist()
    spent = clock.read([each.rows for each in taken])
    rows = [_row(session, each, loss, norm, spent) for each, loss, norm in zip(taken, losses, norms, strict=True)]
    progress = session.progress
    progress.training_seconds, progress.wall_seconds = clock.training, clock.wall
    progress.losses = [*progress.losses, *losses][-REMEMBERED:]
    best = False
    if held and all(map(math.isfinite, [*losses, *norms])):
        rows[-1]["bits_per_byte"] = found = _validate(session, held)
        value = mix(found, session.shares)
        best, progress.best = value < progress.best, min(value, progress.best)
    listener.rows(rows)
    _check_finite(session, taken, losses, norms)
    return best


def _check_finite(
    session: Session, taken: Sequence[StepRecord], losses: Sequence[float], norms: Sequence[float]
) -> None:
    """Raise Diverged for the first step whose loss or norm is no finite number: what follows it must not be saved."""
    for each, loss, norm in zip(taken, losses, norms, strict=True):
        if math.isfinite(loss) and math.isfinite(norm):
            continue
        found = f"the loss is {loss}" if not math.isfinite(loss) else f"the norm of the gradient is {norm}"
        message = f"{found} at step {each.step}: the step and what followed it are not saved. "
        if session.began and each.step == session.began + 1:
            message += f"The checkpoint of step {session.began} has diverged already: move its folder away, and the "
        else:
            message += "The "
        raise Diverged(
            f"{message}same command goes on from the checkpoint before; give it a lower rate, or begin with more "
            "warmup_tokens in another --output"
        )


def _row(session: Session, taken: StepRecord, loss: float, norm: float, spent: SpeedColumns) -> MetricsRow:
    """One row of the metrics; the loss in nats per token."""
    return {
        "step": taken.step,
        "tokens": taken.samples * session.shape.sequence_length,
        "loss": loss,
        "rate": taken.lr_scale * session.config.rate,
        "gradient_norm": norm,
        "batch_tokens": taken.rows * session.shape.sequence_length,
        **by_source(session.order, taken.samples),
        **spent,
    }


def _validate(session: Session, held: Sequence[ValidationSet]) -> dict[str, float]:
    session.model.eval()
    with torch.no_grad():
        found = validate(session.token_losses, held, session.micro_rows, session.world, session.objective)
    session.model.train()
    return found


@contextmanager
def _quiet_collector() -> Iterator[Callable[[], None]]:
    """Give a function that, called after the first step, freezes what there is and switches the collector off.

    A collection in mid-run walks over every object of torch, for nothing, while the card waits. What little has come
    since is collected beside every checkpoint.
    """
    frozen = False

    def freeze() -> None:
        nonlocal frozen
        if not frozen:
            gc.collect()
            gc.freeze()
            gc.disable()
            frozen = True

    try:
        yield freeze
    finally:
        if frozen:
            gc.enable()
            gc.unfreeze()
