"""The head and its cross entropy in one, a chunk of rows at a time, with the gradients made in the forward pass.

Scores over 50,257 tokens are by far the largest thing a small GPT computes: at 64 rows of 1,024 they are 13 GB in
float32, and autograd would keep them. But the loss is the last step, and its gradient with respect to the scores is
softmax minus one-hot: so each chunk's scores are turned into gradients of the states and of the matrix at once and
forgotten, and the backward pass only multiplies by the gradient that arrives. No products are computed twice.

It is a custom operator, and not only an autograd function: the compiler's partitioner would see that the gradients
are not needed for the loss, move them into the backward pass, and keep every chunk's scores to do so. An operator is a
closed box to it; a whole training step then compiles into one graph, and what is in the box is compiled by itself
(on CUDA), where the row-wise reduction and the writing of the gradient become one kernel over the scores.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.model.layers import wide

IGNORED = -100
# Numbers in the scores of one chunk. With GPT-2's 50,304 rows that is 8,192 rows of states on a card, 512 elsewhere.
_MOST_SCORES = {"cuda": 2**29}
_MOST_SCORES_ELSEWHERE = 2**25


def chunk_rows(device_type: str, columns: int) -> int:
    """Rows of a chunk, a power of two: a gigabyte of bfloat16 scores on CUDA, an eighth of one of float32 elsewhere."""
    most = max(1, _MOST_SCORES.get(device_type, _MOST_SCORES_ELSEWHERE) // columns)
    return 1 << (most.bit_length() - 1)  # 10,672 -> 8,192


def soft_capped(scores: Tensor, cap: float) -> Tensor:
    """cap·tanh(scores/cap), which is nearly the scores where they are small; 0 leaves them (Gemma 2, section 2)."""
    return cap * torch.tanh(scores / cap) if cap else scores


class Scores(NamedTuple):
    """The scores that count: those of the first `vocab_size` rows of the matrix, `soft_capped` by `cap`."""

    vocab_size: int
    cap: float = 0.0


def chunked_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    scores: Scores | int,
    chunk: int = 0,
    compiled: bool | None = None,
) -> Tensor:
    """The mean of -log softmax(hidden · weightᵀ)[target] in nats over the targets that are not -100: a scalar.

    `hidden` is [N, d], `weight` [V, d] of any float type (cast to that of `hidden` for the products), `targets` int64
    [N] below the vocabulary's size (`scores`); rows of `weight` from there on are padding and count for nothing. Sums
    are made in float32 or wider. With no target at all the loss is 0. `chunk` is the most rows of a chunk, 0 takes
    `chunk_rows`; chunks are made equal, so that one kernel serves them all. `compiled` None compiles that kernel on
    CUDA only.
    Second derivatives are not there.
    """
    chunks = -(-hidden.shape[0] // (chunk or chunk_rows(hidden.device.type, weight.shape[0])))
    # 9,000 rows in chunks of at most 8,192 are two of 4,500, not one of 8,192 and one of 808: one size to compile.
    chunk = -(-hidden.shape[0] // max(1, chunks))
    slopes = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    fused = hidden.device.type == "cuda" if compiled is None else compiled
    vocab_size, cap = scores if isinstance(scores, Scores) else (scores, 0.0)
    return _operator(hidden, weight, targets, [vocab_size, chunk], [slopes, fused], cap)[0]


def token_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, vocab_size: int, cap: float = 0.0) -> Tensor:
    """The loss of each target, [N] in float32 or wider, 0 where it is -100; arguments as above.

    Without gradients it goes chunk by chunk; with them it is PyTorch's own, which keeps all scores.
    """

    def losses(hidden: Tensor, targets: Tensor) -> Tensor:
        scores = F.linear(hidden, weight[:vocab_size].to(hidden.dtype))
        scores = soft_capped(scores.to(wide(scores.dtype)), cap)
        return F.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="none")

    if torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad):
        return losses(hidden, targets)
    rows = chunk_rows(hidden.device.type, weight.shape[0])
    return torch.cat([losses(*part) for part in zip(hidden.split(rows), targets.split(rows), strict=True)])


def _chunk(
    hidden: Tensor, weight: Tensor, targets: Tensor, share: Tensor, counted: tuple[int, float], slopes: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Of one chunk: the sum of its losses, and `share` times its gradients of hidden and weight, or empty ones."""
    vocab_size, cap = counted
    scores = hidden @ weight.T
    logs = scores.to(wide(scores.dtype))
    bent = torch.tanh(logs / cap) if cap else None
    logs = logs if bent is None else cap * bent
    logs[:, vocab_size:] = -torch.inf
    logs = F.log_softmax(logs, dim=1)
    # -100 cannot index: such a target reads the score of token 0, and its loss and its gradient are multiplied away.
    wanted = targets != IGNORED
    index = torch.where(wanted, targets, 0)[:, None]
    loss = -torch.where(wanted, logs.gather(1, index)[:, 0], 0).sum()
    if not slopes:
        return loss, hidden.new_empty(0), weight.new_empty(0)
    shares = torch.where(wanted, share, 0)[:, None]
    # softmax - one-hot, times the share of a target. Compiled it is one kernel that writes the slopes once; uncompiled
    # each term would be a copy of all scores, so it is done in place.
    if torch.compiler.is_compiling():
        column = torch.arange(weight.shape[0], device=weight.device)
        slope = (logs.exp() - (column == index).to(logs.dtype)) * shares
    else:
        slope = logs.exp_().mul_(shares).scatter_add_(1, index, -shares)
    if bent is not None:
        # d(cap·tanh(s/cap))/ds = 1 - tanh²(s/cap).
        slope = slope * (1 - bent * bent)
    slope = slope.to(scores.dtype)
    return loss, slope @ weight, slope.T @ hidden


@cache
def _compiled_chunk() -> Callable[..., Any]:
    return torch.compile(_chunk, dynamic=False)


def loss_and_slopes(
    hidden: Tensor, weight: Tensor, targets: Tensor, sizes: list[int], flags: list[bool], cap: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """What the operator does: the loss and its gradients of `hidden` and `weight`, which are empty if not wanted.

    `sizes` is vocab_size and chunk; `flags` is whether gradients are wanted and whether to compile.
    """
    (vocab_size, rows), (slopes, fused) = sizes, flags
    run = _compiled_chunk() if fused else _chunk
    dtype = wide(hidden.dtype)
    matrix = weight.to(hidden.dtype)
    # The mean is over the targets of all chunks, so it must be known before the first of them.
    share = 1 / (targets != IGNORED).sum().clamp(min=1).to(dtype)
    loss = torch.zeros((), dtype=dtype, device=hidden.device)
    to_hidden, to_weight = _gradients(hidden, weight, slopes)
    for start in range(0, hidden.shape[0], max(1, rows)):
        part = slice(start, start + rows)
        losses, of_hidden, of_weight = run(hidden[part], matrix, targets[part], share, (vocab_size, cap), slopes)
        loss += losses
        if slopes:
            to_hidden[part] = of_hidden
            to_weight += of_weight
    return loss * share, to_hidden, to_weight


def _gradients(hidden: Tensor, weight: Tensor, wanted: bool) -> tuple[Tensor, Tensor]:
    """Room for both gradients: that of the matrix is a sum over chunks, in float32 or wider."""
    if not wanted:
        return hidden.new_empty(0), weight.new_empty(0)
    return hidden.new_empty(hidden.shape), weight.new_zeros(weight.shape, dtype=wide(weight.dtype))


_operator = torch.library.custom_op("corpusloom::linear_cross_entropy", loss_and_slopes, mutates_args=())


@_operator.register_fake
def _(hidden: Tensor, weight: Tensor, targets: Tensor, sizes: list[int], flags: list[bool], cap: float = 0.0):
    to_hidden, to_weight = _gradients(hidden, weight, flags[0])
    return hidden.new_empty((), dtype=wide(hidden.dtype)), to_hidden, to_weight


def _keep(ctx: Any, inputs: Any, output: Any) -> None:
    # Nobody asks for gradients of the two other outputs; without this autograd would make zeros of their size.
    ctx.set_materialize_grads(False)
    ctx.weight_dtype = inputs[1].dtype
    ctx.save_for_backward(output[1], output[2])


def _backward(ctx: Any, loss: Tensor, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    to_hidden, to_weight = ctx.saved_tensors
    return (to_hidden * loss).to(to_hidden.dtype), (to_weight * loss).to(ctx.weight_dtype), None, None, None, None


_operator.register_autograd(_backward, setup_context=_keep)
