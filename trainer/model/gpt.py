"""One class for GPT-1, GPT-2, GPT-3, LLaMA and what came after: a decoder whose every option is a field of its Shape.

Master weights stay in float32; activations have the type `compute_dtype`, which follows from the device (bfloat16 on
CUDA, float32 on a CPU) and can be set. The token matrix has rows up to a multiple of 128, because matrix units like
it; rows beyond the vocabulary are zero, get no gradient, and their logits never leave `logits`. The attention kernels
are chosen when the model is put on a device, never inside a step, so that a compiled step holds no such question.
"""

import hashlib
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from trainer.model.attention import Attention, Choice, KeyValueCache, kernel_in_use, pick_attention
from trainer.model.layers import FeedForward, Linear, make_norm, rotary_tables, wide
from trainer.model.loss import chunked_cross_entropy, token_cross_entropy
from trainer.model.masks import Outlook, Sight
from trainer.model.shape import Shape
from trainer.optim.muon import placed_like

WEIGHT_STD = 0.02


class Block(nn.Module):
    """Attention and feed-forward, each on a residual path: x + f(norm(x)), or GPT-1's norm(x + f(x)).

    With `recompute` a training pass keeps the block's input only, and computes the rest again when the gradient comes.
    """

    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.recompute = False
        self.post = shape.norm_place == "post"
        self.attention_norm = make_norm(shape)
        self.attention = Attention(shape, layer)
        self.feed_norm = make_norm(shape)
        self.feed = FeedForward(shape)

    def forward(
        self,
        input: Tensor,
        sight: Sight,
        choice: Choice,
        rotary: tuple[Tensor, Tensor] | None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """[B, T, width] -> the same."""
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(self._computed, input, sight, choice, rotary, cache, use_reentrant=False)
        return self._computed(input, sight, choice, rotary, cache)

    def _computed(
        self,
        input: Tensor,
        sight: Sight,
        choice: Choice,
        rotary: tuple[Tensor, Tensor] | None,
        cache: KeyValueCache | None,
    ) -> Tensor:
        if self.post:
            input = self.attention_norm(input + self.attention(input, sight, choice, rotary, cache))
            return self.feed_norm(input + self.feed(input))
        input = input + self.attention(self.attention_norm(input), sight, choice, rotary, cache)
        return input + self.feed(self.feed_norm(input))


class GPT(nn.Module):
    """A decoder of this shape; `attention` is auto, sdpa, flex or dense.

    The weights are those of `seed`; None leaves the memory as it is, for weights that are about to be loaded.
    `compiled_loss` None compiles the kernel of the loss on CUDA only.
    """

    def __init__(self, shape: Shape, attention: str = "auto", seed: int | None = 0) -> None:
        super().__init__()
        self.shape, self.asked = shape, attention
        self.embedding = _embedding(shape.padded_vocab_size, shape.width)
        if shape.position == "learned" and not shape.gpt1_exact:
            self.positions = _embedding(shape.sequence_length, shape.width)
        self.blocks = nn.ModuleList(Block(shape, layer) for layer in range(shape.layers))
        self.final_norm = make_norm(shape) if shape.norm_place == "pre" else None
        if not shape.tied:
            self.head = Linear(shape.width, shape.padded_vocab_size, bias=False)
        self.compiled_loss: bool | None = None
        self._compute_dtype: torch.dtype | None = None
        self._settle()
        if seed is not None:
            self.initialise(seed)

    @property
    def compute_dtype(self) -> torch.dtype:
        """The type of the activations; set it to override what follows from device and weights."""
        weight = self.embedding.weight
        if self._compute_dtype is not None:
            return self._compute_dtype
        return torch.bfloat16 if weight.is_cuda and weight.dtype == torch.float32 else weight.dtype

    @compute_dtype.setter
    def compute_dtype(self, dtype: torch.dtype | None) -> None:
        self._compute_dtype = dtype

    def _apply(self, fn, recurse: bool = True):
        super()._apply(fn, recurse)
        self._settle()
        return self

    def _settle(self) -> None:
        """What follows from the device: the kernels, the rotary tables, the masks."""
        shape, weight = self.shape, self.embedding.weight
        device = weight.device
        nvidia = device.type == "cuda" and torch.version.hip is None
        capability = torch.cuda.get_device_capability(device) if nvidia else None
        self.choice = pick_attention(device.type, capability, shape, self.asked)
        self.outlook = Outlook(shape, self.choice.masked == "flex", device)
        self.rotary = None
        if shape.position == "rotary" and device.type != "meta":
            self.rotary = rotary_tables(shape, shape.sequence_length, device, wide(weight.dtype))

    def attention_in_words(self) -> str:
        """Which kernels run on this device and why, for the log; asks PyTorch what it takes in the end."""
        weight = self.embedding.weight
        kernel = kernel_in_use(self.choice, self.shape, weight.device, self.compute_dtype)
        return self.choice.why if self.choice.causal == "dense" else f"{self.choice.why}; SDPA takes {kernel}"

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Draw all weights: N(0, .02), positions N(0, `position_std`), gains 1, biases and padding rows 0.

        Projections back into the residual stream have std .02/√(2L) (GPT-2, section 2.3), in GPT-1's order .02. Each
        tensor has a generator of its own, keyed by seed and name, so that neither the number of processes nor the
        way weights are split among them changes a number.
        """
        for name, parameter in self.named_parameters():
            if parameter.device.type != "meta":
                drawn = self._drawn(seed, name, parameter.shape).to(parameter.device, parameter.dtype)
                parameter.copy_(placed_like(drawn, parameter))

    def _drawn(self, seed: int, name: str, size: torch.Size) -> Tensor:
        if len(size) == 1:
            return torch.full(size, float(name.endswith("norm.weight")), device="cpu")
        std = WEIGHT_STD
        if name == "positions.weight":
            std = self.shape.position_std
        elif name.endswith(("attention.out.weight", "feed.down.weight")) and self.shape.norm_place == "pre":
            std = WEIGHT_STD / math.sqrt(2 * self.shape.layers)
        key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little") >> 1
        drawn = torch.empty(size, device="cpu").normal_(0.0, std, generator=torch.Generator().manual_seed(key))
        if name in ("embedding.weight", "head.weight"):
            drawn[self.shape.softmax_size :] = 0
        return drawn

    def token_matrix(self) -> Tensor:
        """The matrix of tokens as this pass uses it: with `gpt1_exact` in training, dropout falls on it."""
        weight = self.embedding.weight
        if self.shape.gpt1_exact:
            return F.dropout(weight, self.shape.dropout, self.training)
        return weight

    def _embed(self, tokens: Tensor, matrix: Tensor, past: int) -> Tensor:
        shape, end = self.shape, past + tokens.shape[1]
        if end > shape.sequence_length:
            raise ValueError(f"{end} tokens in a row; this model has {shape.sequence_length} positions")
        embedded = F.embedding(tokens, matrix)
        if shape.gpt1_exact:
            embedded = embedded + matrix[shape.vocab_size + past : shape.vocab_size + end]
        elif shape.position == "learned":
            embedded = embedded + self.positions.weight[past:end]
        embedded = embedded.to(self.compute_dtype)
        return embedded if shape.gpt1_exact else F.dropout(embedded, shape.dropout, self.training)

    def hidden(
        self,
        tokens: Tensor,
        documents: Tensor | None = None,
        cache: KeyValueCache | None = None,
        matrix: Tensor | None = None,
    ) -> Tensor:
        """Token ids [B, T] -> states [B, T, width] after the final norm, in `compute_dtype`.

        `documents` [B, T] hides other documents of the row; `cache` holds the tokens before these and takes them in;
        `matrix` is the `token_matrix()` to use, where the head must see the same dropout.
        """
        past = 0 if cache is None else cache.length
        length = tokens.shape[1]
        state = self._embed(tokens, self.token_matrix() if matrix is None else matrix, past)
        rotary = None
        if self.rotary is not None:
            rotary = (self.rotary[0][past : past + length], self.rotary[1][past : past + length])
        sight = self.outlook.sight(length, past + length, tokens.device, documents)
        for block in self.blocks:
            state = block(state, sight, self.choice, rotary, cache)
        if cache is not None:
            cache.length += length
        return state if self.final_norm is None else self.final_norm(state)

    def _head(self, matrix: Tensor) -> Tensor:
        return matrix if self.shape.tied else self.head.weight

    def logits(self, hidden: Tensor, matrix: Tensor | None = None) -> Tensor:
        """States [..., width] -> scores of the true vocabulary, [..., vocab_size], in float32 or wider.

        The product is made in that type too: bfloat16 has three digits, and answers differ in the fourth.
        """
        weight, dtype = self._head(self.token_matrix() if matrix is None else matrix), wide(hidden.dtype)
        return F.linear(hidden.to(dtype), weight[: self.shape.vocab_size].to(dtype))

    def forward(self, tokens: Tensor, targets: Tensor, documents: Tensor | None = None) -> Tensor:
        """The mean loss in nats over the targets [B, T] that are not -100: a scalar of float32."""
        matrix = self.token_matrix()
        state = self.hidden(tokens, documents, matrix=matrix).flatten(0, 1)
        size = self.shape.softmax_size
        return chunked_cross_entropy(state, self._head(matrix), targets.flatten(), size, compiled=self.compiled_loss)

    def token_losses(self, tokens: Tensor, targets: Tensor, documents: Tensor | None = None) -> Tensor:
        """The loss of each target, float32 [B, T], 0 where it is -100; with gradients where they are enabled."""
        matrix = self.token_matrix()
        state = self.hidden(tokens, documents, matrix=matrix).flatten(0, 1)
        losses = token_cross_entropy(state, self._head(matrix), targets.flatten(), self.shape.softmax_size)
        return losses.view(targets.shape)


def _embedding(rows: int, width: int) -> nn.Embedding:
    """A table whose memory is left as it is: weights are drawn by `GPT.initialise`."""
    return nn.Embedding.from_pretrained(torch.empty(rows, width), freeze=False)
