"""The model of a run on its devices: passes planned by their memory, weights drawn or taken up, cut or copied."""

from collections.abc import Callable

import torch
from torch import nn

from trainer.model.block import Block
from trainer.model.encoder_decoder import make_model
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.objectives.distil import Distiller
from trainer.optim.optimizer import Optimizer, make_optimizer
from trainer.run.beginning import first_weights, lesson_of, teacher_of
from trainer.run.config import ConfigError, RunConfig
from trainer.run.devices import compiles, free_memory, processes_on, total_memory
from trainer.run.distributed import World, choose_parallel, least_of, load_weights, shards_of, spread
from trainer.run.memory import MOST_SHAPES, RunTooLarge, memory_of, micro_rows_of, verdict
from trainer.run.plan import optimizer_config, ramp_of, steps_of_process
from trainer.run.saved import Saved


def plan_passes(config: RunConfig, shape: Shape, world: World, element: int, say: Callable[[str], None]) -> int:
    """Rows of a pass, the same on every process. `RunTooLarge` where not even what stays fits; a guess is only said."""
    shards = shards_of(config.parallel, world.size, shape.n_parameters())
    steps = steps_of_process(ramp_of(config), world.size)
    # The least of all devices, so that every process plans the same: sharded ones must make the same calls.
    free = least_of(free_memory(world.device), world)
    micro_rows = micro_rows_of(config, shape, steps, free, element, shards)
    memory = memory_of(config, shape, micro_rows, element, shards)
    least = memory_of(config, shape, 1, element, shards)
    host = total_memory(torch.device("cpu"))
    there = least_of(total_memory(world.device) // processes_on(world.device), world)
    if fault := verdict(memory, least, there, shards, host):
        if memory.certain > there:
            raise RunTooLarge(fault)
        say(f"warning: {fault}")
    return micro_rows


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
    # On meta nothing is allocated: a sharded model may be larger than any one device.
    with torch.device("meta" if sharded else "cpu"):
        model = make_model(shape, config.attention, seed=None)
    model.compute_dtype = dtype
    for block in (module for module in model.modules() if isinstance(module, Block)):
        block.recompute = config.recompute
    model.compiled_loss = compiled = compiles(config.compile, world.device)
    if compiled:
        # Every size of a pass is compiled once, in training and in validation.
        torch._dynamo.config.recompile_limit = 4 * MOST_SHAPES
    if sharded:
        # Order matters: blocks are compiled, then cut; memory comes for this process's pieces only; then each tensor is
        # drawn whole on the host, one after another, and every process keeps its piece.
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
            # Inside DDP, so that its exchange of gradients is no part of the graph.
            trained.compile(dynamic=False)
        called = spread(trained, parallel, world, dtype)
    if first := saved.model if saved else first_weights(config, shape, digest):
        load_weights(model, first)
    optimizer = make_optimizer(model, optimizer_config(config), world.device.type)
    if saved and saved.optimizer:
        optimizer.load_named_state(saved.optimizer)
    return model, called, optimizer
