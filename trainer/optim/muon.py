"""Muon: momentum whose steps are orthogonal matrices, for the matrices inside the blocks.

The momentum of a matrix is replaced by the nearest orthogonal one, found by five Newton-Schulz iterations (K. Jordan
et al., "Muon: an optimizer for hidden layers in neural networks", 2024), so that every direction of the matrix learns
at the same speed. Embeddings, the head and vectors are not maps from one hidden space to another; AdamW keeps those.

It is written out and not taken from `torch.optim`, where it is young, steps one matrix at a time and refuses a
sharded one: here all matrices of a shape go through the iterations as one batch, and a sharded matrix is gathered,
made orthogonal on every process alike, and each keeps its own part.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

# p(s) = as + bs³ + cs⁵ on every singular value s. A steep slope at 0 (a = 3.44) lifts small ones within five rounds;
# the price is that values near 1 move about in .7 … 1.2 and do not settle.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices: Tensor, iterations: int = 5) -> Tensor:
    """Each matrix of [..., rows, columns] with its singular values brought near 1 (between about 0.7 and 1.2).

    The quintic of the paper, on bfloat16 where the tensor is on an accelerator: the result needs no more precision.
    """
    wide = matrices.size(-2) <= matrices.size(-1)  # the smaller product: rows · rows
    x = matrices if wide else matrices.mT
    x = x.to(torch.bfloat16 if x.is_cuda else torch.float32)
    # The Frobenius norm is at least the greatest singular value, so all lie in 0 … 1, where the quintic works.
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.mT).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Orthogonal momentum for matrices; `weight_decay` is decoupled and scaled by the rate.

    A step has the size rate · sqrt(max(1, rows / columns)) in every direction, K. Jordan's scaling, so that a rate of
    0.02 serves any width. A group's "parts" are the row counts of maps that lie stacked in one matrix (query, key and
    value): each is made orthogonal by itself.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "parts": ()})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            batches: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    towards = self._momentum(matrix, matrix.grad, group["momentum"])
                    batches.setdefault(tuple(matrix.shape), []).append((matrix, towards))
            for pairs in batches.values():
                _apply(pairs, group)

    def _momentum(self, matrix: Tensor, gradient: Tensor, share: float) -> Tensor:
        """The Nesterov momentum of a matrix, whole even where the matrix is sharded."""
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(matrix)
        # Nesterov: the step looks ahead, at the new momentum mixed with the gradient once more.
        state["momentum"].lerp_(gradient, 1 - share)
        towards = gradient.lerp(state["momentum"], share)
        return whole(towards)


def _apply(pairs: list[tuple[Tensor, Tensor]], group: dict[str, Any]) -> None:
    """Orthogonalise the momenta of matrices of one shape together, and take the step."""
    # [matrices, rows, columns]; queries, keys and values lie in one matrix, whose rows are split into `parts`.
    momenta = torch.stack([towards for _, towards in pairs])
    parts = group["parts"] or (momenta.size(-2),)
    steps = torch.cat([orthogonal(part) * _scale(part) for part in momenta.split(parts, dim=-2)], dim=-2)
    for (matrix, _), step in zip(pairs, steps, strict=True):
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(placed_like(step, matrix), alpha=-group["lr"])


def _scale(matrices: Tensor) -> float:
    return max(1.0, matrices.size(-2) / matrices.size(-1)) ** 0.5


def whole(tensor: Tensor) -> Tensor:
    """A sharded tensor (`DTensor`) gathered, which every process must ask for; any other as it is."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor  # pyright: ignore[reportAttributeAccessIssue]


def placed_like(tensor: Tensor, model: Tensor) -> Tensor:
    """This process's part of a whole tensor that every process has, sharded as `model` is; else the tensor itself."""
    if not hasattr(model, "device_mesh") or hasattr(tensor, "device_mesh"):
        return tensor
    # Only a sharded model needs this import, which takes a second.
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(model, DTensor)
    return distribute_tensor(tensor, model.device_mesh, model.placements, src_data_rank=None)
