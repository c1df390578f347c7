"""The parts of a block that are not attention: linear maps that cast, norms, feed-forwards.

Weights are kept in float32 and cast here, at the place of use, to the type of the activations. There is no autocast:
what is rounded where can be read in the code, the compiler fuses every cast with its neighbour, and a model in float64
is simply exact. Norms and rotations are computed in at least float32 whatever comes in, because a sum of squares over
a thousand bfloat16 numbers is no sum.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.model.shape import GATED, Shape


def wide(dtype: torch.dtype) -> torch.dtype:
    """The type to sum in: float32, or float64 for float64."""
    return torch.promote_types(dtype, torch.float32)


class Linear(nn.Linear):
    """A linear map whose float32 weights are cast to the type of the input: [..., in] -> [..., out].

    `parts` are the row counts of maps that lie stacked in it, for an optimizer that treats each as one matrix. The
    weights are not drawn here but by `GPT.initialise`.
    """

    parts: tuple[int, ...] = ()

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""

    def forward(self, input: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return F.linear(input, self.weight.to(input.dtype), bias)


class Norm(nn.Module):
    """LayerNorm (Ba et al., 2016) or RMSNorm (Zhang and Sennrich, 2019) over the last axis, in float32 or wider."""

    def __init__(self, width: int, kind: str, bias: bool, epsilon: float) -> None:
        super().__init__()
        self.kind, self.epsilon = kind, epsilon
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias and kind == "layer" else None

    def forward(self, input: Tensor) -> Tensor:
        """[..., width] -> the same, in the input's type."""
        dtype = wide(input.dtype)
        sums, gain = input.to(dtype), self.weight.to(dtype)
        if self.kind == "rms":
            return (sums * torch.rsqrt(sums.square().mean(-1, keepdim=True) + self.epsilon) * gain).to(input.dtype)
        bias = None if self.bias is None else self.bias.to(dtype)
        return F.layer_norm(sums, gain.shape, gain, bias, self.epsilon).to(input.dtype)


def make_norm(shape: Shape) -> Norm:
    """The norm of this shape over its width."""
    return Norm(shape.width, shape.norm, shape.bias, shape.norm_epsilon)


class FeedForward(nn.Module):
    """[..., width] -> [..., width] through the inner width: GELU, its tanh form, ReLU, ReLU², SwiGLU or GeGLU.

    SwiGLU's and GeGLU's gate and value (Shazeer, 2020) are one fused matrix `up`: the gate's rows first, then the
    value's. GeGLU's gate is the tanh form, as in T5 1.1 and Gemma.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.activation, self.dropout = shape.activation, shape.dropout
        parts = (shape.inner_width,) * (2 if shape.gated else 1)
        self.up = Linear(shape.width, sum(parts), bias=shape.bias)
        self.up.parts = parts
        self.down = Linear(shape.inner_width, shape.width, bias=shape.bias)

    def forward(self, input: Tensor) -> Tensor:
        inner = self.up(input)
        if self.activation in GATED:
            gate, value = inner.chunk(2, dim=-1)  # [..., inner] each
            gate = F.silu(gate) if self.activation == "swiglu" else F.gelu(gate, approximate="tanh")
            inner = gate * value
        elif self.activation in ("relu", "relu2"):
            inner = F.relu(inner)
            inner = inner.square() if self.activation == "relu2" else inner
        else:
            inner = F.gelu(inner, approximate="tanh" if self.activation == "gelu" else "none")
        return F.dropout(self.down(inner), self.dropout, self.training)
