"""The optimizer of a run: which parameter is stepped how, and its state under the parameters' names.

One class over what PyTorch and the neighbours give, because a run needs three things that an optimizer of PyTorch
leaves to its caller: a rate that is a share of each group's own peak (Muon's matrices and AdamW's embeddings have
different ones), clipping that returns the norm without waiting for the device, and a state that is a flat table of
named tensors. PyTorch numbers its parameters; numbers change when a model does, and a checkpoint should say so by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from corpus.errors import CorpusloomError, ExitCode
from trainer.optim.gpt1_adam import Gpt1Adam
from trainer.optim.muon import Muon, placed_like, whole

NAMES = ("adamw", "muon", "gpt1-adam")


class OptimizerError(CorpusloomError):
    """Raised for invalid settings of an optimizer, or a state that is not that of this model."""

    code = ExitCode.FLAGS


@dataclass(frozen=True)
class OptimizerConfig:
    """How parameters are stepped; the defaults are GPT-3's (appendix B).

    `rate` is the peak rate, `matrix_rate` Muon's for the matrices of the blocks. `weight_decay` holds for matrices
    only; under "muon" for those of the blocks only. `vector_l2` lets GPT-1's Adam decay vectors too. `clip` is the
    most that the norm of the gradient may be, 0 for no clipping; the loop hands it to `Optimizer.clip`.
    """

    name: str = "adamw"
    rate: float = 6e-4
    matrix_rate: float = 0.02
    betas: tuple[float, float] = (0.9, 0.95)
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    vector_l2: bool = False
    clip: float = 1.0
    momentum: float = 0.95

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise OptimizerError(f"there is no optimizer {self.name!r}; there are {', '.join(NAMES)}")
        for field in ("rate", "matrix_rate", "epsilon"):
            if getattr(self, field) <= 0:
                raise OptimizerError(f"{field} is {getattr(self, field)}; give more than 0")
        for field in ("weight_decay", "clip"):
            if getattr(self, field) < 0:
                raise OptimizerError(f"{field} is {getattr(self, field)}; give 0 or more")
        if len(self.betas) != 2 or not all(0 <= share < 1 for share in (*self.betas, self.momentum)):
            raise OptimizerError(f"betas {self.betas} and momentum {self.momentum} must lie from 0 to below 1")


@dataclass(frozen=True)
class ParameterGroups:
    """Named parameters by how they are treated: matrices decay, vectors do not, hidden matrices are Muon's."""

    hidden: dict[str, nn.Parameter]
    outer: dict[str, nn.Parameter]
    vectors: dict[str, nn.Parameter]


def split_parameters(model: nn.Module) -> ParameterGroups:
    """Vectors (rank 0 and 1), the matrices inside the blocks, and the outer ones: embeddings and the head.

    A hidden matrix is one of rank 2 or more below a `ModuleList`, the blocks, and in no `Embedding`. A tied matrix
    counts once, under its first name. Parameters that need no gradient are left out.
    """
    inside = {name for name, module in model.named_modules() if isinstance(module, nn.ModuleList)}
    tables = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters(recurse=False)}
    groups = ParameterGroups({}, {}, {})
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        hidden = id(parameter) not in tables and any(name.startswith(f"{prefix}.") for prefix in inside)
        where = groups.vectors if parameter.ndim < 2 else groups.hidden if hidden else groups.outer
        # torch.compile wraps a module as `_orig_mod`; a checkpoint must not depend on whether a run was compiled.
        where[name.replace("_orig_mod.", "")] = parameter
    return groups


def pick_fused(device_type: str) -> bool | None:
    """Whether AdamW is one kernel for all parameters: on CUDA; elsewhere PyTorch chooses."""
    return True if device_type == "cuda" else None


def make_optimizer(model: nn.Module, config: OptimizerConfig, device_type: str) -> "Optimizer":
    """The optimizer of `config` over `model`, which is in its final place: moved, and sharded where it is to be.

    A sharded model (`fully_shard`) keeps a sharded state. Wrappers that only add to it (`compile`, DDP) come after.
    """
    groups = split_parameters(model)
    matrices = {**groups.outer, **groups.hidden}
    if config.name == "muon":
        if not groups.hidden:
            raise OptimizerError("Muon steps the matrices below a ModuleList, and this model has none; take adamw")
        # Weight decay is Muon's alone: embeddings, head and vectors go undecayed, as in the speed runs.
        muon = Muon(_by_parts(model, groups.hidden), config.matrix_rate, config.momentum, config.weight_decay)
        plain = _adamw(_decay_groups((groups.outer, 0.0), (groups.vectors, 0.0)), config, device_type)
        return Optimizer([muon, plain], {**matrices, **groups.vectors})
    of_vectors = config.weight_decay if config.name == "gpt1-adam" and config.vector_l2 else 0.0
    params = _decay_groups((matrices, config.weight_decay), (groups.vectors, of_vectors))
    if config.name == "gpt1-adam":
        inner = Gpt1Adam(params, config.rate, config.betas, config.epsilon)
    else:
        inner = _adamw(params, config, device_type)
    return Optimizer([inner], {**matrices, **groups.vectors})


def _adamw(params: list[dict[str, object]], config: OptimizerConfig, device_type: str) -> torch.optim.AdamW:
    return torch.optim.AdamW(params, config.rate, config.betas, config.epsilon, fused=pick_fused(device_type))


def _decay_groups(*decayed: tuple[dict[str, nn.Parameter], float]) -> list[dict[str, object]]:
    return [{"params": list(named.values()), "weight_decay": decay} for named, decay in decayed if named]


def _by_parts(model: nn.Module, hidden: Mapping[str, nn.Parameter]) -> list[dict[str, object]]:
    """One group for each way of stacking: a module may name the row counts of its stacked maps as `parts`."""
    stacked: dict[tuple[int, ...], list[nn.Parameter]] = {}
    for name, parameter in hidden.items():
        owner = model.get_submodule(name.rpartition(".")[0])
        stacked.setdefault(tuple(getattr(owner, "parts", ())), []).append(parameter)
    return [{"params": parameters, "parts": parts} for parts, parameters in stacked.items()]


class Optimizer:
    """Some optimizers of PyTorch stepped as one, each group at one scale of its own peak learning rate."""

    def __init__(self, inner: Sequence[torch.optim.Optimizer], named: Mapping[str, nn.Parameter]) -> None:
        self.inner = tuple(inner)
        self.named = dict(named)
        for group in self.param_groups:
            group["peak_rate"] = group["lr"]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all inner optimizers, as PyTorch keeps them, with "peak_rate" beside "lr"."""
        return [group for optimizer in self.inner for group in optimizer.param_groups]

    def step(self, lr_scale: float = 1.0) -> None:
        """One update with the peak learning rates times `lr_scale` (from the schedule)."""
        for group in self.param_groups:
            group["lr"] = group["peak_rate"] * lr_scale
        for optimizer in self.inner:
            optimizer.step()

    def zero_grad(self) -> None:
        """Drop the gradients, so that the next backward pass writes and does not add."""
        for parameter in self.named.values():
            parameter.grad = None

    def clip(self, most: float) -> Tensor:
        """Scale the gradients down to a norm of `most` (0: leave them), and return the norm before.

        It is a float32 scalar on the device, so nothing waits for it, and that of the whole model also where the model
        is sharded, so every process must call this.
        """
        gradients = [p.grad for p in self.named.values() if p.grad is not None]
        # Of shards it is a DTensor that every process holds a part of; `whole` adds the parts up, on all of them.
        norm = whole(torch.nn.utils.get_total_norm(gradients))
        if most > 0:
            torch.nn.utils.clip_grads_with_norm_(self.named.values(), most, norm)
        return norm

    def named_state(self) -> dict[str, Tensor]:
        """The state as tensors called "parameter.key"; sharded (`DTensor`) where the parameter is. Not copied."""
        state: dict[str, Tensor] = {}
        for name, parameter in self.named.items():
            for key, value in self._state_of(parameter).items():
                state[f"{name}.{key}"] = value if isinstance(value, Tensor) else torch.tensor(value)
        return state

    def load_named_state(self, state: Mapping[str, Tensor]) -> None:
        """Take up a state from `named_state`, whole tensors also where the model is sharded.

        Raises OptimizerError where a name or a shape is not this optimizer's, before anything is changed. An empty
        state is that of an optimizer that has not stepped.
        """
        given: dict[str, dict[str, Tensor]] = {}
        for name, value in state.items():
            # "blocks.0.feed.up.weight.exp_avg" -> the parameter blocks.0.feed.up.weight and its key exp_avg.
            parameter, _, key = name.rpartition(".")
            given.setdefault(parameter, {})[key] = value
        if given:
            self._check(given)
        names = {id(parameter): name for name, parameter in self.named.items()}
        for optimizer in self.inner:
            fused = bool(optimizer.defaults.get("fused"))
            for parameter in (p for group in optimizer.param_groups for p in group["params"]):
                values = given.get(names[id(parameter)], {})
                optimizer.state[parameter] = {key: _like(parameter, key, values[key], fused) for key in values}

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        return next((dict(inner.state[parameter]) for inner in self.inner if parameter in inner.state), {})

    def _check(self, given: Mapping[str, Mapping[str, Tensor]]) -> None:
        wanted = {
            f"{name}.{key}"
            for inner in self.inner
            for name, parameter in self.named.items()
            if any(parameter is one for group in inner.param_groups for one in group["params"])
            for key in (("momentum",) if isinstance(inner, Muon) else ("step", "exp_avg", "exp_avg_sq"))
        }
        there = {f"{name}.{key}" for name, values in given.items() for key in values}
        # What stands in one of the two only.
        if odd := sorted(wanted ^ there):
            verb = "lacks" if odd[0] in wanted else "has"
            raise OptimizerError(f"the state {verb} {odd[0]!r}: it is of another model or another optimizer")
        for name, values in given.items():
            for key, value in values.items():
                if value.ndim and value.shape != self.named[name].shape:  # `step` is a single number
                    raise OptimizerError(
                        f"{name}.{key} is {list(value.shape)}, the parameter {list(self.named[name].shape)}"
                    )


def _like(parameter: nn.Parameter, key: str, value: Tensor, fused: bool) -> Tensor:
    """A copy of a loaded tensor where its parameter is; the step count stays on the host unless AdamW is fused."""
    if key == "step":
        return value.to(parameter.device if fused else "cpu", torch.float32, copy=True)
    return placed_like(value.to(parameter.device, parameter.dtype, copy=True), parameter)
