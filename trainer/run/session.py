"""A run, opened: its shards verified, its order found, its model built or taken up from the last whole checkpoint.

Going on is checked and not assumed. A checkpoint says with which configuration and over which shards it was made; what
has to be equal is compared by name, and the first difference is the error. What may differ (the end of the run, the
weights of the sources, the machine) is taken from the command.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from corpus.shards.layout import ShardError
from corpus.shards.read import Shards, open_shards
from trainer.data.order import SampleOrder
from trainer.data.packing import PackingPlan, load_plan
from trainer.model.encoder_decoder import make_model
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.objectives.choose import added_marks, objective_of, text_of, with_marks
from trainer.objectives.distil import Distiller
from trainer.objectives.objective import Objective
from trainer.optim.optimizer import Optimizer, make_optimizer
from trainer.optim.schedule import BatchRamp, Schedule
from trainer.run.beginning import first_weights, lesson_of, teacher_of
from trainer.run.checkpoint import Checkpoints, Saved, load_checkpoint
from trainer.run.config import ConfigError, RunConfig, kept_lengths
from trainer.run.distributed import World, choose_parallel, first_says, load_weights, spread, whole
from trainer.run.plan import Course, course_of, micro_rows_of, optimizer_config, ramp_of, schedule_of, shares_of
from trainer.run.resume import check_imported, check_same, content_of, order_again, order_for
from trainer.run.validation import Held, held_out, unigram_baselines

CHECKPOINTS = "checkpoints"
_WORTH_THREADS = 256


@dataclass
class Progress:
    """How far a run is: optimizer steps, samples seen, the best validation so far (bits per byte), the last losses."""

    step: int = 0
    samples: int = 0
    best: float = float("inf")
    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Session:
    """Everything of a run that is going on. `model` is the plain GPT, `called` what a training step calls."""

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
    packing: PackingPlan | None = None
    objective: Objective | None = None

    @cached_property
    def course(self) -> Course:
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
    def shares(self) -> dict[str, float]:
        """The share of each source that is wanted now."""
        return shares_of(self.order)

    @cached_property
    def held(self) -> list[Held]:
        """The validation rows by source; none where nothing is to be validated."""
        if not self.config.validate_every:
            return []
        return held_out(self.shards, self.shape.sequence_length, self.config.validate_tokens)

    @cached_property
    def baselines(self) -> dict[str, float]:
        """Bits per byte of the unigram model on those rows, by source."""
        return unigram_baselines(self.shards, self.held, self.shares, self.objective) if self.held else {}

    def save(self, best: bool = False) -> None:
        """Write a checkpoint; every process calls it, the first one writes, in a thread."""
        weights = whole({name: parameter.detach() for name, parameter in self.model.named_parameters()})
        moments = whole(self.optimizer.named_state())
        if self.world.first:
            self.checkpoints.save(self.progress.step, weights, moments, self._state(), best)

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.progress.step,
            "samples_seen": self.progress.samples,
            "tokens": self.progress.samples * self.shape.sequence_length,
            "best": self.progress.best,
            "losses": self.progress.losses,
            "order": self.order.to_json(),
            "torch": torch.__version__,
            **description(self.config, self.shape, self.shards),
        }


def description(config: RunConfig, shape: Shape, shards: Shards) -> dict[str, Any]:
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
    """Build a run, or take it up from its last whole checkpoint."""
    if ramp_of(config).rows_at(0) < world.size:
        raise ConfigError(f"a step of {ramp_of(config).rows_at(0)} rows for {world.size} processes: each needs a row")
    shards = open_data(data, world)
    checkpoints = Checkpoints(output / CHECKPOINTS, config.keep_last, config.keep_every, say)
    saved = _last_checkpoint(checkpoints, world)
    packing = load_plan(Path(config.packing), shards) if config.packing != "concatenate" else None
    order, progress = order_for(config, shards.manifest, packing), Progress()
    text = text_of(config, shards.manifest.tokenizer, data)
    shape = with_marks(config.shape, text)
    if saved and "order" in saved.state:
        config = kept_lengths(config, saved.state["config"])
        check_same(config, shards.manifest, saved.state, output)
        order = order_again(config, shards.manifest, saved.state)
        state = saved.state
        progress = Progress(state["step"], state["samples_seen"], state["best"], state["losses"])
    elif saved:
        check_imported(shape, saved.state, output)
    torch.set_num_threads(choose_threads(config.threads, shape, world))
    dtype = choose_dtype(config.dtype, world.device)
    rows = -(-(config.batch_tokens // shape.sequence_length) // world.size)
    micro_rows = micro_rows_of(config, shape, rows, free_memory(world.device), dtype.itemsize)
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
        packing=packing,
        objective=objective_of(config, text),
    )


def build(
    config: RunConfig,
    shape: Shape,
    world: World,
    dtype: torch.dtype,
    saved: Saved | None,
    digest: str = "",
) -> tuple[GPT, nn.Module, Optimizer]:
    """The model on its device (or devices), what a step calls, and its optimizer, all as `saved` has them.

    `digest` is that of the shards' tokenizer, to compare with those of the runs that this one begins with.
    """
    teacher = teacher_of(config, shape, digest)
    parallel = choose_parallel(config.parallel, world.size, shape.n_parameters())
    sharded = parallel == "fsdp"
    if sharded and teacher:
        raise ConfigError("a teacher stands whole beside its student: parallel=fsdp cannot distil; write parallel=ddp")
    with torch.device("meta" if sharded else "cpu"):
        model = make_model(shape, config.attention, seed=None)
    model.compute_dtype = dtype
    model.compiled_loss = compiled = compiles(config.compile, world.device)
    if compiled:
        # Every number of rows is compiled once; a batch that grows has more of them than the usual limit.
        torch._dynamo.config.recompile_limit = 64
    if sharded:
        for block in model.blocks if compiled else ():
            block.compile(dynamic=False)
        called = spread(model, parallel, world, dtype)
        model.to_empty(device=world.device)
        model.initialise(config.seed)
    else:
        model.initialise(config.seed)
        model.to(world.device)
        trained = Distiller(model, teacher, lesson_of(config), str(world.device)) if teacher else model
        if compiled:
            trained.compile(dynamic=False)
        called = spread(trained, parallel, world, dtype)
    if first := saved.model if saved else first_weights(config, shape, digest):
        load_weights(model, first)
    optimizer = make_optimizer(model, optimizer_config(config), world.device.type)
    if saved and saved.optimizer:
        optimizer.load_named_state(saved.optimizer)
    return model, called, optimizer


def compiles(asked: str, device: torch.device) -> bool:
    """Whether the model is compiled: auto does on a card, where it pays within minutes."""
    return asked == "true" or (asked == "auto" and device.type == "cuda")


def choose_dtype(asked: str, device: torch.device) -> torch.dtype:
    """The type of the products: auto is bfloat16 on a card that has it in hardware (8.0 on), else float32."""
    if asked == "auto":
        able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if able else torch.float32
    return torch.bfloat16 if asked == "bfloat16" else torch.float32


def choose_threads(asked: int, shape: Shape, world: World) -> int:
    """Threads of a product on a CPU: one for small models, where handing out costs more than it saves, else the cores
    of this process. Their number is part of how sums are rounded, so it does not hang on how busy a machine is."""
    if asked or world.device.type != "cpu":
        return asked or torch.get_num_threads()
    return 1 if shape.width < _WORTH_THREADS else max(1, (os.cpu_count() or 1) // world.size)


def free_memory(device: torch.device) -> int:
    """Free bytes of a card; 0 for a CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0


def step_seed(seed: int, step: int, rank: int, micro: int) -> int:
    """The seed of the random numbers of one micro-batch: nothing of a generator has to be saved."""
    key = np.array([seed, step, rank, micro], "<i8").tobytes()
    return int.from_bytes(hashlib.blake2b(key, digest_size=7).digest(), "little")


def _last_checkpoint(checkpoints: Checkpoints, world: World) -> Saved | None:
    """The newest whole checkpoint: the first process finds it, the others read the one that it found."""
    saved = checkpoints.load_latest() if world.first else None
    path = first_says(str(saved.path) if saved else "", world)
    return saved if world.first or not path else load_checkpoint(Path(path))


def _version() -> str:
    try:
        return importlib.metadata.version("corpusloom")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
