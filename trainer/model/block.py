"""One block: attention and feed-forward, each on a residual path, with the norm where the shape puts it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from trainer.model.attention import Attention, CrossAttention, Pass
from trainer.model.layers import FeedForward, Linear, Norm, make_norm
from trainer.model.shape import Shape


class Block(nn.Module):
    """Self-attention, with `cross` attention over an encoder's states, and a feed-forward.

    Each is a branch f of the residual stream: x + f(norm(x)) (pre), norm(x + f(x)) (post), norm(αx + f(x)) (deepnorm),
    or x + norm'(f(norm(x))) (sandwich). With `recompute` a training pass keeps the block's input only, and computes the
    rest again when the gradient comes.
    """

    def __init__(self, shape: Shape, layer: int, cross: bool = False) -> None:
        super().__init__()
        self.recompute = False
        self.post, self.scale = shape.norm_place in ("post", "deepnorm"), shape.residual_scale
        self.attention_norm = make_norm(shape)
        self.attention = Attention(shape, layer)
        self.cross_norm = make_norm(shape) if cross else None
        self.cross = CrossAttention(shape) if cross else None
        self.feed_norm = make_norm(shape)
        self.feed = FeedForward(shape)
        sandwich = shape.norm_place == "sandwich"
        self.attention_out_norm = make_norm(shape) if sandwich else None
        self.cross_out_norm = make_norm(shape) if sandwich and cross else None
        self.feed_out_norm = make_norm(shape) if sandwich else None

    def forward(self, state: Tensor, shared: Pass) -> Tensor:
        """[B, T, width] -> the same."""
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(self._compute, state, shared, use_reentrant=False)
        return self._compute(state, shared)

    def _compute(self, state: Tensor, shared: Pass) -> Tensor:
        state = self._branch(state, self.attention, self.attention_norm, self.attention_out_norm, shared)
        if self.cross is not None and self.cross_norm is not None:
            state = self._branch(state, self.cross, self.cross_norm, self.cross_out_norm, shared)
        return self._branch(state, self.feed, self.feed_norm, self.feed_out_norm)

    def _branch(self, state: Tensor, branch: nn.Module, norm: Norm, out_norm: Norm | None, *shared: Pass) -> Tensor:
        # The norm is on the stream itself here, so every later branch sees it; otherwise the stream is never normed.
        if self.post:
            return norm(self.scale * state + branch(state, *shared))
        change = branch(norm(state), *shared)
        return state + (change if out_norm is None else out_norm(change))


class HeadTransform(nn.Module):
    """BERT's layer before the head: linear, GELU, norm (Devlin et al., 2019, released code)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.linear = Linear(shape.width, shape.width)
        self.norm = make_norm(shape)
        self.approximate = "tanh" if shape.activation == "gelu" else "none"

    def forward(self, state: Tensor) -> Tensor:
        """[..., width] -> the same."""
        return self.norm(F.gelu(self.linear(state), approximate=self.approximate))
