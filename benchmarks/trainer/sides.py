"""The sides of a comparison: this project's model, and a reference with the interface of nanoGPT's model file, as it
ships and with cuDNN's attention first: what is left of a lead over the latter is not the choice of a kernel.

All get the same: the shape, float32 masters with bfloat16 products on a card, AdamW over the same two groups, fused
where there is a card, at every step, the gradient clipped at the same norm, compiled with fixed shapes. What differs is
what each side is: ours casts in its layers, chooses its attention and never holds all scores; the reference runs under
autocast as it is written.
"""

import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import sdpa_kernel

from benchmarks.trainer import restated
from benchmarks.trainer.settings import BETAS, CLIP, DECAY, RATE
from trainer.model.attention import CUDNN_FIRST
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.optim.optimizer import OptimizerConfig, make_optimizer
from trainer.run.tensor_file import read_tensors

OURS, REFERENCE, CUDNN = "ours", "reference", "reference with cuDNN"
Micro = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Spec:
    """A side to build: which, of what shape, where; `weights` is a file of tensors under GPT-2's names, or None."""

    side: str
    shape: Shape
    device: str
    compiled: bool
    reference: Path | None = None
    weights: Path | None = None


class ModelSide(ABC):
    """A model under training; `model` is the plain module, `kind` says in words what it is."""

    model: nn.Module
    kind: str

    @abstractmethod
    def step(self, batches: Sequence[Micro], share: float = 1.0) -> Tensor:
        """One optimizer step over micro-batches (tokens, targets int64 [rows, T]); the mean loss, on the device."""


class Ours(ModelSide):
    """This project's GPT."""

    def __init__(self, spec: Spec) -> None:
        self.model = GPT(spec.shape)
        if spec.weights:
            self.model.load_state_dict(from_gpt2_names(read_tensors(spec.weights), spec.shape.layers))
        self.model.to(spec.device)
        self.kind = self.model.attention_in_words()
        self.model.compiled_loss = spec.compiled
        config = OptimizerConfig("adamw", RATE, betas=BETAS, weight_decay=DECAY, clip=CLIP)
        self.optimizer = make_optimizer(self.model, config, spec.device)
        if spec.compiled:
            self.model.compile(dynamic=False)

    def step(self, batches: Sequence[Micro], share: float = 1.0) -> Tensor:
        """See `ModelSide`."""
        total = torch.zeros((), device=batches[0][0].device)
        for tokens, targets in batches:
            loss = self.model(tokens, targets) / len(batches)
            loss.backward()
            total += loss.detach()
        self.optimizer.clip(CLIP)
        self.optimizer.step(share)
        self.optimizer.zero_grad()
        return total


class Reference(ModelSide):
    """A model file with `GPTConfig`, `GPT` and forward(idx, targets) → scores, loss; else the restated recipe."""

    def __init__(self, spec: Spec) -> None:
        module, shape = load_module(spec.reference), spec.shape
        self.kind = f"{spec.reference.name} as given" if spec.reference else "re-stated baseline"
        self.model = module.GPT(
            module.GPTConfig(
                block_size=shape.sequence_length,
                vocab_size=shape.padded_vocab_size,
                n_layer=shape.layers,
                n_head=shape.heads,
                n_embd=shape.width,
                dropout=shape.dropout,
                bias=shape.bias,
            )
        )
        if spec.weights:
            # A tied head stands in the file once, and a mask that is no parameter not at all.
            self.model.load_state_dict(self.model.state_dict() | read_tensors(spec.weights))
        self.model.to(spec.device)
        self.optimizer = torch.optim.AdamW(
            _two_groups(self.model), RATE, BETAS, 1e-8, fused=True if spec.device == "cuda" else None
        )
        self.cast = torch.autocast("cuda", torch.bfloat16) if spec.device == "cuda" else nullcontext()
        self.cudnn = spec.side == CUDNN
        self.kind += ", cuDNN's attention first" if self.cudnn else ""
        if spec.compiled:
            self.model.compile(dynamic=False)

    def step(self, batches: Sequence[Micro], share: float = 1.0) -> Tensor:
        """See `ModelSide`."""
        total = torch.zeros((), device=batches[0][0].device)
        for tokens, targets in batches:
            order = sdpa_kernel(list(CUDNN_FIRST), set_priority=True) if self.cudnn else nullcontext()
            with self.cast, order:
                _, loss = self.model(tokens, targets)
            loss = loss / len(batches)
            loss.backward()
            total += loss.detach()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * share
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total


def build(spec: Spec) -> ModelSide:
    """Build a side, with fresh weights unless given."""
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    return Ours(spec) if spec.side == OURS else Reference(spec)


def load_module(path: Path | None) -> ModuleType:
    """The reference's module; the restated recipe where no path is given. ValueError if it lacks the interface."""
    if path is None:
        return restated
    found = importlib.util.spec_from_file_location("reference_model", path)
    if found is None or found.loader is None or not path.is_file():
        raise ValueError(f"{path} is no Python file; give the path of a model.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["reference_model"] = module
    found.loader.exec_module(module)
    for name in ("GPT", "GPTConfig"):
        if not hasattr(module, name):
            raise ValueError(f"{path} has no {name}; a reference has the interface of nanoGPT's model.py")
    return module


def _two_groups(model: nn.Module) -> list[dict[str, Any]]:
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": DECAY},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


_OF_BLOCK = {
    "attention_norm": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "feed_norm": "ln_2",
    "feed.up": "mlp.c_fc",
    "feed.down": "mlp.c_proj",
}


def from_gpt2_names(tensors: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Weights under GPT-2's names, maps as [out, in], under the names of `GPT`; a tied head is left out."""
    names = {"embedding": "wte", "positions": "wpe", "final_norm": "ln_f"}
    for layer in range(layers):
        names |= {f"blocks.{layer}.{ours}": f"h.{layer}.{theirs}" for ours, theirs in _OF_BLOCK.items()}
    return {
        f"{ours}.{kind}": tensors[f"transformer.{theirs}.{kind}"]
        for ours, theirs in names.items()
        for kind in ("weight", "bias")
        if f"transformer.{theirs}.{kind}" in tensors
    }
