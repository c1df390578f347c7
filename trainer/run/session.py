"""A run, opened: its shards verified, its order found, its model built or taken up from the last whole checkpoint.

Going on is checked and not assumed. A checkpoint says with which configuration and over which shards it was made; what
has to be equal is compared by name, and the first difference is the error. What may differ (the end of the run, the
weights of the sources, the machine) is taken from the command.
"""

import hashlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from corpus.shards.layout import ShardError
from corpus.shards.read import Shards, open_shards
from trainer.data.order import SampleOrder
from trainer.data.packing import PackingPlan, load_plan
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.objectives.choose import added_marks, objective_of, text_of, with_marks
from trainer.objectives.objective import Objective
from trainer.optim.optimizer import Optimizer
from trainer.optim.schedule import BatchRamp, Schedule
from trainer.run.assembly import build, plan_passes
from trainer.run.checkpoint import CheckpointError, Checkpoints, bytes_of, gather_along
from trainer.run.config import ConfigError, RunConfig, kept_lengths
from trainer.run.devices import choose_dtype, choose_threads, compiles
from trainer.run.distributed import World, first_says, shards_of
from trainer.run.outputs import CHECKPOINTS
from trainer.run.plan import RunLength, course_of, ramp_of, schedule_of, shares_of
from trainer.run.resume import check_same, content_of, order_again, order_for, shape_over
from trainer.run.saved import DamagedError, RunDescription, RunState, Saved, UnreadableError, load_checkpoint
from trainer.run.validation import ValidationSet, held_out, unigram_baselines


@dataclass
class Progress:
    """How far a run is: optimizer steps, samples seen, the best validation so far (bits per byte), the last losses, and
    the seconds that it has trained and that it has taken."""

    step: int = 0
    samples: int = 0
    best: float = float("inf")
    losses: list[float] = field(default_factory=list)
    training_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(frozen=True)
class Session:
    """Everything of a run that is going on. `model` is the plain GPT, `called` what a training step calls, `began` the
    step of the checkpoint that it goes on from."""

    config: RunConfig
    world: World
    data: Path
    output: Path
    shards: Shards
    order: SampleOrder
    shape: Shape
    model: GPT
    called: nn.Module
    optimizer: Optimizer
    checkpoints: Checkpoints
    micro_rows: int
    progress: Progress
    began: int = 0
    packing: PackingPlan | None = None
    objective: Objective | None = None

    @cached_property
    def course(self) -> RunLength:
        """The length of the whole run."""
        return course_of(self.config)

    @cached_property
    def ramp(self) -> BatchRamp:
        """The rows of every step."""
        return ramp_of(self.config)

    @cached_property
    def schedule(self) -> Schedule:
        """The course of the rate."""
        return schedule_of(self.config, self.course)

    @property
    def model_shards(self) -> int:
        """Into how many pieces the weights are cut."""
        return shards_of(self.config.parallel, self.world.size, self.shape.n_parameters())

    @property
    def shares(self) -> dict[str, float]:
        """The share of each source that is wanted now."""
        return shares_of(self.order)

    @cached_property
    def token_losses(self) -> Callable[..., torch.Tensor]:
        """What validation calls: `GPT.token_losses`, compiled where training is; the blocks of a sharded model are."""
        if self.model_shards > 1 or not compiles(self.config.compile, self.world.device):
            return self.model.token_losses
        return torch.compile(self.model.token_losses, dynamic=False)

    @cached_property
    def held(self) -> list[ValidationSet]:
        """The validation rows by source; none where nothing is to be validated."""
        if not self.config.validate_every:
            return []
        return held_out(self.shards, self.shape.sequence_length, self.config.validate_tokens)

    @cached_property
    def baselines(self) -> dict[str, float]:
        """Bits per byte of the unigram model on those rows, by source."""
        return unigram_baselines(self.shards, self.held, self.shares, self.objective) if self.held else {}

    def save(self, best: bool = False) -> None:
        """Write a checkpoint; every process calls it, the first one writes, in a thread.

        Sharded tensors are gathered one at a time, so a card never holds more than one of them whole; the copy of all
        of them is in the first process's host memory. CheckpointError on every process where there is no room.
        """
        weights = {name: parameter.detach() for name, parameter in self.model.named_parameters()}
        moments = self.optimizer.named_state()
        step, fault = self.progress.step, ""
        if self.world.first:
            fault = self.checkpoints.fault_of(step, bytes_of(weights, moments))
        # Asked before anybody gathers: a process that raised alone would leave the others waiting in an exchange.
        if fault := first_says(fault, self.world):
            raise CheckpointError(fault)
        if self.world.first:
            self.checkpoints.save(step, weights, moments, self._state(), best)
        else:
            gather_along(weights, moments)

    def _state(self) -> RunState:
        return {
            "step": self.progress.step,
            "samples_seen": self.progress.samples,
            "tokens": self.progress.samples * self.shape.sequence_length,
            "best": self.progress.best,
            "losses": self.progress.losses,
            "training_seconds": self.progress.training_seconds,
            "wall_seconds": self.progress.wall_seconds,
            "order": self.order.to_json(),
            "torch": torch.__version__,
            **description(self.config, self.shape, self.shards),
        }


def description(config: RunConfig, shape: Shape, shards: Shards) -> RunDescription:
    """What stands in `config.json` and in every checkpoint: enough to build the model and to know its data again."""
    return {
        "config": config.to_json(),
        "shape": shape.to_json(),
        "tokenizer": asdict(shards.manifest.tokenizer),
        "marks": added_marks(config, shards.manifest.tokenizer.vocab_size),
        "fingerprint": shards.manifest.fingerprint,
        "content": content_of(shards.manifest),
        "code": _version(),
    }


def open_data(folder: Path, world: World) -> Shards:
    """Map the shards; the first process hashes them all before any of them reads a token."""
    shards, fault = None, ""
    if world.first:
        try:
            shards = open_shards(folder)
        except ShardError as error:
            fault = str(error)
    if fault := first_says(fault, world):
        raise ShardError(fault)
    return shards or open_shards(folder, verified=True)


def open_session(config: RunConfig, data: Path, output: Path, world: World, say: Callable[[str], None]) -> Session:
    """Build a run, or take it up from its last whole checkpoint.

    A link in `data` (releases/current) is followed once: all processes read what it names now, wherever it moves.
    """
    if ramp_of(config).rows_at(0) < world.size:
        raise ConfigError(f"a step of {ramp_of(config).rows_at(0)} rows for {world.size} processes: each needs a row")
    data = Path(first_says(str(data.resolve()), world))
    shards = open_data(data, world)
    checkpoints = Checkpoints(output / CHECKPOINTS, config.keep_last, config.keep_every, say)
    # Before the order: a run that goes on has the order of its checkpoint, not that of the command.
    saved = last_checkpoint(checkpoints, world)
    packing = load_plan(Path(config.packing), shards) if config.packing != "concatenate" else None
    order, progress = order_for(config, shards.manifest, packing), Progress()
    text = text_of(config, shards.manifest.tokenizer, data)
    state = saved.state if saved else None
    shape = shape_over(with_marks(config.shape, text), shards.manifest.tokenizer, state, output)
    # A run that goes on. Imported weights have no order: they begin at step 0 with the data.
    if saved and "order" in saved.state:
        config = kept_lengths(config, saved.state["config"])
        check_same(config, shards.manifest, saved.state, output)
        order = order_again(config, shards.manifest, saved.state)
        state = saved.state
        seconds = state.get("training_seconds", 0.0), state.get("wall_seconds", 0.0)
        progress = Progress(state["step"], state["samples_seen"], state["best"], state["losses"], *seconds)
    # Before anything is computed: the number of threads is part of how sums are rounded.
    torch.set_num_threads(choose_threads(config.threads, shape, world.device, world.size))
    dtype = choose_dtype(config.dtype, world.device)
    micro_rows = plan_passes(config, shape, world, dtype.itemsize, say)
    model, called, optimizer = build(config, shape, world, dtype, saved, shards.manifest.tokenizer.digest)
    return Session(
        config=config,
        world=world,
        data=data,
        output=output,
        shards=shards,
        order=order,
        shape=shape,
        model=model,
        called=called,
        optimizer=optimizer,
        checkpoints=checkpoints,
        micro_rows=micro_rows,
        progress=progress,
        began=progress.step,
        packing=packing,
        objective=objective_of(config, text),
    )


def step_seed(seed: int, step: int, rank: int, micro: int) -> int:
    """The seed of the random numbers of one micro-batch: nothing of a generator has to be saved."""
    key = np.array([seed, step, rank, micro], "<i8").tobytes()
    return int.from_bytes(hashlib.blake2b(key, digest_size=7).digest(), "little")  # 56 bits: a seed must fit int64


def last_checkpoint(checkpoints: Checkpoints, world: World) -> Saved | None:
    """The newest whole checkpoint: the first process finds it, the others read the one that it found."""
    saved, fault = None, None
    if world.first:
        try:
            saved = checkpoints.take_up()
        except (DamagedError, UnreadableError) as error:
            fault = error
    path, fault = first_says((str(saved.path) if saved else "", fault), world)
    if fault:
        raise fault
    return saved if world.first or not path else load_checkpoint(Path(path))


def _version() -> str:
    try:
        return importlib.metadata.version("corpusloom")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
