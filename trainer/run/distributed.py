"""One process or many: who this one is, and how the model is spread over all of them.

The processes are torchrun's; a run without it is a world of one and never touches `torch.distributed`. Replicas (DDP)
average gradients; sharded (FSDP2) each process holds a piece of every matrix, of its gradient and of its optimizer
state. Both see one global batch cut into contiguous slices, so what a step computes does not depend on their number
beyond the rounding of a sum.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from corpus.errors import CorpusloomError, ExitCode
from corpus.numerals import whole_number

_TIMEOUT = timedelta(minutes=30)  # others wait while the first hashes shards or saves
# From here on a copy of everything on every card is more than the card's use (weights, gradients, two moments).
_SHARD_FROM = 4_000_000_000


@dataclass(frozen=True)
class World:
    """This process among all: its number, how many there are, the device it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0


class WorldError(CorpusloomError, ValueError):
    """A device or a world that cannot be had: what was asked for, and what there is."""

    code = ExitCode.FLAGS


def choose_device(asked: str, local_rank: int, cards: int) -> str:
    """The device for what the configuration asks: auto takes a card where there is one, one card a process."""
    if asked == "auto":
        asked = "cuda" if cards else "cpu"
    kind, _, written = asked.partition(":")
    number = whole_number(written) if written else local_rank
    if kind not in ("cpu", "cuda") or number is None:
        raise WorldError(f"device={asked}: there is auto, cpu, cuda and cuda:N")
    if kind == "cpu":
        return "cpu"
    # torchrun on a machine of 8: local ranks 0 … 7 take cuda:0 … cuda:7.
    if number >= cards:
        raise WorldError(f"device={asked}: no card {number}, this machine has {cards}; write device=cpu")
    return f"cuda:{number}"


def place() -> tuple[int, int, int]:
    """(rank, processes, rank on this machine) as torchrun's environment has them; (0, 1, 0) without it."""
    rank, size, local = (int(os.environ.get(name, low)) for name, low in _ENVIRONMENT.items())
    return rank, size, local


@contextmanager
def join_world(asked: str = "auto") -> Iterator[World]:
    """The world that torchrun's environment describes, joined for the block; without it, a world of one."""
    rank, size, local = place()
    device = torch.device(choose_device(asked, local, torch.cuda.device_count() if torch.cuda.is_available() else 0))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    ours = size > 1 and not dist.is_initialized()
    if ours:
        backend = "nccl" if device.type == "cuda" else "gloo"
        # With the device named, NCCL connects at once, and a wrong card shows here and not in the first exchange.
        card = device if device.type == "cuda" else None
        dist.init_process_group(backend, rank=rank, world_size=size, timeout=_TIMEOUT, device_id=card)
    try:
        yield World(rank, size, device)
    finally:
        if ours:
            dist.destroy_process_group()


_ENVIRONMENT = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0}


def choose_parallel(asked: str, size: int, parameters: int) -> str:
    """none | ddp | fsdp: what is asked, or by whether a whole copy fits a card; a world of one needs none."""
    if size == 1:
        return "none"
    if asked != "auto":
        return asked
    return "fsdp" if parameters >= _SHARD_FROM else "ddp"


def shards_of(asked: str, size: int, parameters: int) -> int:
    """Into how many pieces the model is cut: as many as there are processes under fsdp, else 1."""
    return size if choose_parallel(asked, size, parameters) == "fsdp" else 1


def spread(model: nn.Module, parallel: str, world: World, dtype: torch.dtype) -> nn.Module:
    """The model as every process calls it. `fsdp` shards `model` in place, a block at a time, the rest as one.

    Under FSDP2 the gathered copy of a weight has the dtype of the products, so bfloat16 halves what crosses the wire;
    gradients are summed in float32.
    """
    if parallel == "none":
        return model
    if parallel == "ddp":
        cards = [world.device] if world.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=cards, gradient_as_bucket_view=True)
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32, cast_forward_inputs=False)
    # Each block is gathered by itself, just before it computes; embeddings and the last norm are the model's own rest.
    for block in model.get_submodule("blocks").children():
        fully_shard(block, mp_policy=policy)
    fully_shard(model, mp_policy=policy)
    # Weights are gathered by hooks of `forward`; validation calls this method, which needs them too.
    register_fsdp_forward_method(model, "token_losses")
    return model


@contextmanager
def exchanging(model: nn.Module, last: bool) -> Iterator[None]:
    """Replicas exchange gradients in the backward inside only if it is the `last` micro-batch of a step.

    Shards always do: what they do not exchange they would have to keep whole, on every card.
    """
    if isinstance(model, DistributedDataParallel) and not last:
        with model.no_sync():
            yield
    else:
        yield


def add_up(values: Tensor, world: World) -> Tensor:
    """The sum of a tensor over all processes, in place."""
    if world.size > 1:
        dist.all_reduce(values)
    return values


def any_of(flag: bool, world: World) -> bool:
    """Whether any process says yes, so that all of them act on it in the same step."""
    if world.size == 1:
        return flag
    return bool(add_up(torch.tensor([int(flag)], device=world.device), world).item())


def least_of(value: int, world: World) -> int:
    """The least of what the processes have, on all of them."""
    if world.size > 1:
        box = torch.tensor([value], device=world.device)
        dist.all_reduce(box, dist.ReduceOp.MIN)
        return int(box.item())
    return value


def first_says(value: Any, world: World) -> Any:
    """What the first process has, on every process: a small Python value."""
    if world.size == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0, device=world.device)
    return box[0]


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy the weights of a checkpoint into a model, sharded or not; names and shapes must be the model's."""
    # By name on both sides; `^` is what only one of them has.
    own = dict(model.named_parameters())
    if missing := sorted(own.keys() ^ weights.keys()):
        raise WorldError(f"the checkpoint and the model differ in {missing[0]!r} and {len(missing) - 1} more names")
    with torch.no_grad():
        for name, value in weights.items():
            own[name].copy_(_cut(value, own[name]))


def _cut(value: Tensor, like: Tensor) -> Tensor:
    """This process's piece of a whole tensor, where `like` is sharded; from its own copy, nothing is sent."""
    if not hasattr(like, "device_mesh"):
        return value
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
