"""Causal attention, whole or within a band or a document, on whatever the machine has for it.

Which kernel runs is decided once, by `pick_attention`, a pure function of device, capability and shape that can be
tested without a GPU and printed in a log. On Hopper cuDNN's kernel comes first: it is 1.7 to 2.3 times as fast there
as FlashAttention-2, and slower on the generations before and after. A band or documents run as FlexAttention on CUDA;
it has no backward pass on a CPU and no dropout anywhere, and there an explicit mask goes to SDPA instead. `dense` is
the formula written out, which the others are tested against.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from trainer.model.layers import Linear, Norm, wide
from trainer.model.masks import ALL, Mask, PassMasks, explicit_mask
from trainer.model.positions import rotate
from trainer.model.shape import Shape

# Major compute capability: 8 is Ampere and Ada, 9 Hopper (H100, H200), 10 Blackwell.
HOPPER = 9
CUDNN_FIRST = (
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
)


@dataclass(frozen=True)
class Choice:
    """Which kernel sees to what: `causal` sdpa | dense, `masked` (band, documents) flex | sdpa | dense.

    `order` are SDPA's back ends, best first; empty leaves it to PyTorch. `why` is a sentence for the log.
    """

    causal: str
    masked: str
    order: tuple[SDPBackend, ...]
    why: str


def pick_attention(device_type: str, capability: tuple[int, int] | None, shape: Shape, asked: str = "auto") -> Choice:
    """The kernels for a device ("cuda" with its compute capability, "cpu", ...); `asked` is auto, sdpa, flex or dense.

    "flex" where it cannot train (no CUDA, or dropout, which it does not have) is answered with SDPA and says so.
    """
    if asked not in ("auto", "sdpa", "flex", "dense"):
        raise ValueError(f"attention is {asked!r}; it must be auto, sdpa, flex or dense")
    if asked == "dense":
        return Choice("dense", "dense", (), "the formula written out, as asked")
    hopper = device_type == "cuda" and capability is not None and capability[0] == HOPPER
    order = CUDNN_FIRST if hopper else ()
    first = "cuDNN first (compute capability 9.x)" if hopper else f"PyTorch's own order on {device_type}"
    if asked == "sdpa":
        return Choice("sdpa", "sdpa", order, f"SDPA, as asked, {first}; bands and documents by explicit masks")
    if device_type != "cuda":
        reason = "FlexAttention has no backward here"
    elif shape.dropout:
        reason = f"FlexAttention has no dropout and this shape has {shape.dropout}"
    else:
        return Choice("sdpa", "flex", order, f"SDPA, {first}; bands and documents by FlexAttention")
    return Choice("sdpa", "sdpa", order, f"SDPA, {first}; bands and documents by explicit masks: {reason}")


class KeyValueCache:
    """Keys and values of all layers for the tokens read so far: [layers, batch, key heads, length, head size] each."""

    def __init__(self, shape: Shape, batch: int, length: int, device: torch.device | str, dtype: torch.dtype) -> None:
        size = (shape.layers, batch, shape.key_heads, length, shape.head_width)
        # gpt2-124m, one row of 1,024 in bfloat16: 12 · 12 · 1,024 ·
        # 64 numbers of 2 bytes, 19 MB, and as much again for values.
        self.keys = torch.zeros(size, device=device, dtype=dtype)
        self.values = torch.zeros(size, device=device, dtype=dtype)
        self.capacity = length
        self.length = 0

    def reset(self) -> None:
        """Forget all tokens; the memory stays."""
        self.length = 0

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store [batch, key heads, n, head size] behind the tokens held; give back all of the layer's, old and new.

        `length` moves only when the model has passed all layers.
        """
        # All layers of a pass write to the same places; only the model, behind its last layer, moves `length` on.
        end = self.length + keys.shape[2]
        if end > self.capacity:
            raise ValueError(f"the cache holds {self.capacity} tokens and {end} were asked for; make a longer one")
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Mask, choice: Choice, dropout: float = 0.0) -> Tensor:
    """softmax(QKᵀ/√d)V over what the mask shows: [B, heads, n, d] and [B, key heads, m, d] twice -> [B, heads, n, d].

    A mask of numbers is added to the scores. Without a mask the queries are all the tokens, or a single last one.
    """
    grouped, causal = query.shape[1] != key.shape[1], mask is None
    # `ALL` is no mask at all, and `causal` above is False for it: a plain None means causal.
    if isinstance(mask, str):
        mask = None
    if mask is not None and not isinstance(mask, Tensor):
        return _flex()(query, key, value, block_mask=mask, enable_gqa=grouped)
    if choice.causal == "dense":
        return _written_out(query, key, value, mask, dropout, causal)
    if mask is not None and mask.is_floating_point():
        mask = mask.to(query.dtype)
    if mask is not None and grouped:
        # 32 heads over 4 of keys: heads 0 … 7 read key head 0. In PyTorch 2.5 only the flash and the plain kernel group
        # heads by themselves (`enable_gqa`); flash takes no mask, and the plain one holds all scores.
        groups = query.shape[1] // key.shape[1]
        key, value, grouped = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1), False
    with _kernels(choice):
        return F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            dropout_p=dropout,
            # A single query is the last token, which sees all keys; SDPA would align it with the first key.
            is_causal=causal and query.shape[2] > 1,
            enable_gqa=grouped,
        )


def kernel_in_use(choice: Choice, shape: Shape, device: torch.device, dtype: torch.dtype) -> str:
    """The back end that SDPA takes for a causal row of this shape here, by name; "unknown" if PyTorch does not say."""
    ask = getattr(torch, "_fused_sdp_choice", None)
    if ask is None or device.type == "meta":
        return "unknown"
    query, key = (
        torch.zeros(1, heads, shape.sequence_length, shape.head_width, device=device, dtype=dtype, requires_grad=True)
        for heads in (shape.heads, shape.key_heads)
    )
    with _kernels(choice):
        number = ask(query, key, key, None, shape.dropout, True, enable_gqa=shape.heads != shape.key_heads)
    return next((name for name, kernel in SDPBackend.__members__.items() if kernel.value == number), "unknown")


def _kernels(choice: Choice) -> AbstractContextManager:
    if not choice.order:
        return nullcontext()
    return sdpa_kernel(list(choice.order), set_priority=True)


def _flex() -> Callable[..., Any]:
    """FlexAttention; compiled by itself for a model that is not, because uncompiled it would hold all T² scores."""
    from torch.nn.attention.flex_attention import flex_attention

    return flex_attention if torch.compiler.is_compiling() else _compile(flex_attention)


@cache
def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, dynamic=False)


def _written_out(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float, causal: bool
) -> Tensor:
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    # [B, heads, n, m], all of them at once: this is the reference, not the fast way.
    scores = (query @ key.transpose(-1, -2)).to(wide(query.dtype)) / math.sqrt(query.shape[-1])
    if mask is None and causal:
        mask = explicit_mask(query.shape[2], key.shape[2], query.device)
    if mask is not None:
        scores = scores + mask if mask.is_floating_point() else scores.masked_fill(~mask, -torch.inf)
    return F.dropout(scores.softmax(-1), dropout).to(value.dtype) @ value


class Pass(NamedTuple):
    """What all blocks of one forward pass share.

    `rotary` holds cosines and sines of these T positions, `memory` the states [B, n, width] of an encoder, and `values`
    for each layer what is added to its values, [B, T, key heads, head size], or None.
    """

    sight: PassMasks
    choice: Choice
    rotary: tuple[Tensor, Tensor] | None = None
    cache: KeyValueCache | None = None
    memory: Tensor | None = None
    values: tuple[Tensor | None, ...] = ()


class Attention(nn.Module):
    """Self-attention of one layer; queries, keys and values come from one fused matrix, in this order of rows."""

    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.shape, self.layer = shape, layer
        self.banded = shape.is_banded(layer)
        size = shape.head_width
        self.sizes = (shape.heads * size, shape.key_heads * size, shape.key_heads * size)
        self.qkv = Linear(shape.width, sum(self.sizes), bias=shape.bias)
        self.qkv.parts = self.sizes
        self.out = Linear(shape.heads * size, shape.width, bias=shape.bias)
        if shape.qk_norm:
            self.query_norm = Norm(size, "rms", False, shape.norm_epsilon)
            self.key_norm = Norm(size, "rms", False, shape.norm_epsilon)
        # value_embeddings=2 of 12 layers: layers 0, 1, 10 and 11 mix a table into their values, half and half at first.
        if shape.value_embeddings and not shape.value_embeddings <= layer < shape.layers - shape.value_embeddings:
            self.value_shares = nn.Parameter(torch.full((2,), 0.5))

    def forward(self, input: Tensor, shared: Pass) -> Tensor:
        """[B, T, width] -> the same."""
        batch, length, _ = input.shape
        # [B, T, (heads + 2 key heads) · size] -> three of [B, T, its heads, size].
        parts = self.qkv(input).split(self.sizes, dim=-1)
        query, key, value = (part.view(batch, length, -1, self.shape.head_width) for part in parts)
        if shared.values and (more := shared.values[self.layer]) is not None:
            shares = self.value_shares.to(value.dtype)
            value = shares[0] * value + shares[1] * more
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))  # [B, heads, T, size]
        if self.shape.qk_norm:
            query, key = self.query_norm(query), self.key_norm(key)
        if shared.rotary is not None:
            query, key = rotate(query, *shared.rotary), rotate(key, *shared.rotary)
        # After the rotation: a key in the cache has the angle of its own place for good.
        if shared.cache is not None:
            key, value = shared.cache.append(self.layer, key, value)
        mask = shared.sight.banded if self.banded else shared.sight.dense
        dropout = self.shape.dropout if self.training else 0.0
        heads = attend(query, key, value, mask, shared.choice, dropout)
        output = self.out(heads.transpose(1, 2).reshape(batch, length, -1))
        return F.dropout(output, self.shape.dropout, self.training)


class CrossAttention(nn.Module):
    """Attention of a decoder's tokens over all states of the encoder, without positions; keys and values are fused."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, size = shape, shape.head_width
        self.query = Linear(shape.width, shape.heads * size, bias=shape.bias)
        self.kv = Linear(shape.width, 2 * shape.key_heads * size, bias=shape.bias)
        self.kv.parts = (shape.key_heads * size,) * 2
        self.out = Linear(shape.heads * size, shape.width, bias=shape.bias)

    def forward(self, input: Tensor, shared: Pass) -> Tensor:
        """[B, T, width] -> the same, over `shared.memory`."""
        assert shared.memory is not None
        batch, length, _ = input.shape
        size = self.shape.head_width
        query = self.query(input).view(batch, length, -1, size).transpose(1, 2)
        kv = self.kv(shared.memory).view(batch, shared.memory.shape[1], 2, -1, size)
        key, value = kv.permute(2, 0, 3, 1, 4)  # [2, B, key heads, n, size], taken apart along the first axis
        dropout = self.shape.dropout if self.training else 0.0
        heads = attend(query, key, value, ALL, shared.choice, dropout)
        output = self.out(heads.transpose(1, 2).reshape(batch, length, -1))
        return F.dropout(output, self.shape.dropout, self.training)
