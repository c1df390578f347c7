"""Phase 1: do the fast kernels compute what the formula says, and which of them runs?

Attention as the model will use it on this device (plain, banded, by documents) and the loss are compared with the
formula in float64, forward and backward. A bfloat16 result is as good as bfloat16 allows if its error is not much
above that of the formula itself written out in bfloat16; that error stands beside it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.trainer.settings import BenchmarkSettings
from benchmarks.trainer.stand import Finding, Goal, Stand
from trainer.model.attention import Choice, attend, kernel_in_use, pick_attention
from trainer.model.layers import wide
from trainer.model.loss import chunked_cross_entropy
from trainer.model.masks import block_mask, explicit_mask, segments_of

_WRITTEN_OUT = Choice("dense", "dense", (), "the formula")
# A kernel may add up in another order than the formula; more than this many times its error is a fault.
_FACTOR = 4.0


def phase(stand: Stand) -> Finding:
    """Phase 1."""
    return stand.worker("ours").call(check, settings=stand.settings)


def check(kept: dict[str, Any], settings: BenchmarkSettings) -> Finding:
    """All comparisons (in a worker)."""
    shape, device = settings.band, settings.device
    capability = torch.cuda.get_device_capability() if device == "cuda" else None
    choice = pick_attention(device, capability, shape)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    length, size = shape.sequence_length, (2, shape.heads, shape.sequence_length, shape.head_width)
    generator = torch.Generator(device).manual_seed(1)
    inputs = [torch.randn(size, device=device, generator=generator) for _ in range(4)]
    documents = torch.arange(length, device=device)[None].expand(2, -1) // (length // 3)
    torch.set_float32_matmul_precision("highest")
    rows = []
    for name, band, segments in (
        ("causal", None, None),
        ("banded", shape.band, None),
        ("documents", None, segments_of(documents)),
    ):
        explicit = explicit_mask(length, length, torch.device(device), band, segments)
        fast: Any = None if name == "causal" else explicit
        if name != "causal" and choice.masked == "flex":
            fast = block_mask(length, torch.device(device), band, segments)
        exact = _gradients(partial(attend, mask=explicit, choice=_WRITTEN_OUT), inputs, torch.float64)
        plain = _gradients(partial(attend, mask=explicit, choice=_WRITTEN_OUT), inputs, dtype)
        found = _gradients(partial(attend, mask=fast, choice=choice), inputs, dtype)
        kernel = choice.causal if name == "causal" else choice.masked
        if name == "causal":
            kernel += f" ({kernel_in_use(choice, shape, torch.device(device), dtype)})"
        rows.append(_row(f"attention, {name}", kernel, _error(found, exact), _error(plain, exact), dtype))
    rows.append(_loss_row(settings, dtype))
    worst = max(row["relative error"] / row["allowed"] for row in rows)
    return Finding(tuple(rows), (Goal("worst error of a kernel / allowed", worst, 1.0, most=True),), (choice.why,))


def _gradients(act: Callable[..., Tensor], inputs: list[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """The result of act(q, k, v) and the three gradients for the fourth input arriving, all in float64."""
    *given, arriving = (value.detach().to(dtype) for value in inputs)
    for value in given:
        value.requires_grad_()
    result = act(*given)
    result.backward(arriving)
    return [result.detach().double(), *(value.grad.double() for value in given if value.grad is not None)]


def _error(found: list[Tensor], exact: list[Tensor]) -> float:
    """The largest of the relative errors (norm of the difference over the norm)."""
    return max(((one - two).norm() / two.norm()).item() for one, two in zip(found, exact, strict=True))


def _row(name: str, kernel: str, error: float, plain: float, dtype: torch.dtype) -> dict[str, Any]:
    allowed = max(_FACTOR * plain, 16 * torch.finfo(torch.float32).eps)
    kind = str(dtype).removeprefix("torch.")
    verdict = "good" if error <= allowed else "WRONG"
    return {"what": name, "kernel": kernel, "in": kind, "relative error": error, "allowed": allowed, "verdict": verdict}


def _loss_row(settings: BenchmarkSettings, dtype: torch.dtype) -> dict[str, Any]:
    """The chunked loss beside `F.cross_entropy` on all scores, in float64 for what is exact, with ignored targets."""
    shape, device = settings.shape, settings.device
    generator = torch.Generator(device).manual_seed(2)
    tokens, columns = 2 * shape.sequence_length, shape.padded_vocab_size
    hidden = torch.randn(tokens, shape.width, device=device, generator=generator)
    matrix = torch.randn(columns, shape.width, device=device, generator=generator) * 0.05
    targets = torch.randint(shape.vocab_size, (tokens,), device=device, generator=generator)
    targets[::7] = -100

    def found(chunked: bool, kind: torch.dtype) -> list[Tensor]:
        states, weight = hidden.to(kind, copy=True), matrix.to(wide(kind), copy=True)
        for value in (states, weight):
            value.requires_grad_()
        if chunked:
            loss = chunked_cross_entropy(states, weight, targets, shape.vocab_size)
        else:
            scores = states @ weight[: shape.vocab_size].to(kind).T
            loss = F.cross_entropy(scores.to(wide(kind)), targets)
        loss.backward()
        assert states.grad is not None and weight.grad is not None
        return [loss.detach().double(), states.grad.double(), weight.grad.double()]

    exact = found(False, torch.float64)
    return _row("loss", "chunked", _error(found(True, dtype), exact), _error(found(False, dtype), exact), dtype)
