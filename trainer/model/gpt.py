"""One class for GPT-1, GPT-2, GPT-3, LLaMA, BERT, GLM: one stack of blocks whose every option is a field of its Shape.

Master weights stay in float32; activations have the type `compute_dtype`, which follows from the device (bfloat16 on
CUDA, float32 on a CPU) and can be set. The token matrix has rows up to a multiple of 128, because matrix units like
it; rows beyond the vocabulary are zero, get no gradient, and their logits never leave `logits`. The attention kernels
are chosen when the model is put on a device, never inside a step, so that a compiled step holds no such question.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.model.attention import KeyValueCache, Pass, kernel_in_use, pick_attention
from trainer.model.block import Block, HeadTransform
from trainer.model.initial import draw
from trainer.model.layers import Linear, make_norm, wide
from trainer.model.loss import Scores, chunked_cross_entropy, soft_capped, token_cross_entropy
from trainer.model.masks import MaskMaker
from trainer.model.positions import alibi_slopes, distances, relative_buckets, rotary_tables, sinusoids
from trainer.model.shape import Shape
from trainer.optim.muon import placed_like

# Columns in which the head's bias is a product like the others, with a state of 1, 0, 0, …; rows stay aligned.
_BIAS_COLUMNS = 8


class GPT(nn.Module):
    """A model of this shape, which is no encoder-decoder; `attention` is auto, sdpa, flex or dense.

    The weights are those of `seed`; None leaves the memory as it is, for weights that are about to be loaded.
    `compiled_loss` None compiles the kernel of the loss on CUDA only.
    """

    def __init__(self, shape: Shape, attention: str = "auto", seed: int | None = 0) -> None:
        super().__init__()
        self.shape, self.asked = shape, attention
        self.embedding = embedding_table(shape.padded_vocab_size, shape.width)
        if shape.position in ("learned", "blank") and not shape.gpt1_exact:
            self.positions = embedding_table(shape.sequence_length, shape.width)
        if shape.position == "blank":
            self.blanks = embedding_table(shape.sequence_length, shape.width)
        relative = shape.position == "relative"
        self.relative = embedding_table(shape.relative_buckets, shape.heads) if relative else None
        size = shape.key_heads * shape.head_width
        tables = (embedding_table(shape.padded_vocab_size, size) for _ in range(shape.value_embeddings))
        self.value_tables = nn.ModuleList(tables)
        self.embedding_norm = make_norm(shape) if shape.embedding_norm else None
        self.blocks = self._blocks()
        self.final_norm = make_norm(shape) if shape.final_norm else None
        if shape.head_transform:
            self.transform = HeadTransform(shape)
            self.head_bias = nn.Parameter(torch.zeros(shape.padded_vocab_size))
        if not shape.tied:
            self.head = Linear(shape.width, shape.padded_vocab_size, bias=False)
        self.compiled_loss: bool | None = None
        self._compute_dtype: torch.dtype | None = None
        self._settle()
        if seed is not None:
            self.initialise(seed)

    def _blocks(self) -> nn.ModuleList:
        return nn.ModuleList(Block(self.shape, layer) for layer in range(self.shape.layers))

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

    # What `to`, `cuda`, `half` and `to_empty` all go through: the one place that hears of a new device or type.
    def _apply(self, fn, recurse: bool = True):
        super()._apply(fn, recurse)
        self._settle()
        return self

    def _settle(self) -> None:
        """What follows from the device: the kernels, the tables of positions, the masks."""
        shape, weight = self.shape, self.embedding.weight
        device = weight.device
        nvidia = device.type == "cuda" and torch.version.hip is None
        capability = torch.cuda.get_device_capability(device) if nvidia else None
        self.choice = pick_attention(device.type, capability, shape, self.asked)
        self.outlook = MaskMaker(shape, self.choice.masked == "flex", device)
        self.rotary = self.sinusoids = self.slopes = None
        if device.type == "meta":
            return
        dtype = wide(weight.dtype)
        if shape.position == "rotary":
            self.rotary = rotary_tables(shape, shape.sequence_length, device, dtype)
        elif shape.position == "sinusoidal":
            self.sinusoids = sinusoids(shape.sequence_length, shape.width).to(device, dtype)
        elif shape.position == "alibi":
            self.slopes = alibi_slopes(shape.heads).to(device, dtype)

    def attention_in_words(self) -> str:
        """Which kernels run on this device and why, for the log; asks PyTorch what it takes in the end."""
        weight = self.embedding.weight
        kernel = kernel_in_use(self.choice, self.shape, weight.device, self.compute_dtype)
        return self.choice.why if self.choice.causal == "dense" else f"{self.choice.why}; SDPA takes {kernel}"

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Draw all weights as `trainer.model.initial` says."""
        for name, parameter in self.named_parameters():
            if parameter.device.type != "meta":
                first = draw(self.shape, seed, name, parameter.shape).to(parameter.device, parameter.dtype)
                parameter.copy_(placed_like(first, parameter))

    def token_matrix(self) -> Tensor:
        """The matrix of tokens as this pass uses it: with `gpt1_exact` in training, dropout falls on it."""
        weight = self.embedding.weight
        if self.shape.gpt1_exact:
            # Drawn again at every call: a pass calls once, and hands the matrix to both the embedding and the head.
            return F.dropout(weight, self.shape.dropout, self.training)
        return weight

    def _embed(self, tokens: Tensor, matrix: Tensor, past: int, positions: Tensor | None) -> Tensor:
        shape, end = self.shape, past + tokens.shape[1]
        if end > shape.sequence_length:
            raise ValueError(f"{end} tokens in a row; this model has {shape.sequence_length} positions")
        # [B, T, width]; all tables below are [T, width] and the same
        # for every row, but GLM's, which are looked up by token.
        embedded = F.embedding(tokens, matrix)
        if shape.gpt1_exact:
            embedded = embedded + matrix[shape.vocab_size + past : shape.vocab_size + end]
        elif shape.position == "learned":
            embedded = embedded + self.positions.weight[past:end]
        elif shape.position == "blank" and positions is None:
            embedded = embedded + self.positions.weight[past:end] + self.blanks.weight[0]
        elif positions is not None:
            embedded = embedded + self.positions(positions[:, 0]) + self.blanks(positions[:, 1])
        elif self.sinusoids is not None:
            embedded = embedded * math.sqrt(shape.width) + self.sinusoids[past:end]
        embedded = embedded.to(self.compute_dtype)
        if self.embedding_norm is not None:
            embedded = self.embedding_norm(embedded)
        return embedded if shape.gpt1_exact else F.dropout(embedded, shape.dropout, self.training)

    def _bias(self, queries: int, keys: int, table: nn.Embedding | None, both_ways: bool) -> Tensor | None:
        """What ALiBi or T5's table add to the scores of the last queries, [heads, queries, keys]; None for others."""
        if self.slopes is not None:
            return -self.slopes[:, None, None] * distances(queries, keys, self.slopes.device).abs()
        if table is None:
            return None
        # [queries, keys] numbers of buckets -> [queries, keys, heads] -> heads first.
        buckets = relative_buckets(distances(queries, keys, table.weight.device), self.shape, both_ways)
        return table(buckets).permute(2, 0, 1)

    def _rotary(self, past: int, length: int) -> tuple[Tensor, Tensor] | None:
        return self.rotary and (self.rotary[0][past : past + length], self.rotary[1][past : past + length])

    def _values(self, tokens: Tensor) -> tuple[Tensor | None, ...]:
        """For each layer what is added to its values: the tables serve the first layers, and the last in one order."""
        n, shape = self.shape.value_embeddings, self.shape
        if not n:
            return ()
        size = (*tokens.shape, shape.key_heads, shape.head_width)
        looked_up = tuple(table(tokens).view(size).to(self.compute_dtype) for table in self.value_tables)
        # Two tables a, b and 6 layers: a b - - a b.
        return (*looked_up, *(None,) * (shape.layers - 2 * n), *looked_up)

    def hidden(
        self,
        tokens: Tensor,
        documents: Tensor | None = None,
        cache: KeyValueCache | None = None,
        matrix: Tensor | None = None,
        prefix: Tensor | None = None,
        positions: Tensor | None = None,
    ) -> Tensor:
        """Token ids [B, T] -> states [B, T, width] after the final norm, in `compute_dtype`.

        `documents` [B, T] hides other documents of the row; `cache` holds the tokens before these and takes them in;
        `matrix` is the `token_matrix()` to use, where the head must see the same dropout. All tokens of a row see its
        first `prefix` [B] tokens (without it, all of the tokens that the first pass gives); `positions` [B, 2, T] are
        GLM's two of each token.
        """
        past = 0 if cache is None else cache.length
        length, device = tokens.shape[1], tokens.device
        state = self._embed(tokens, self.token_matrix() if matrix is None else matrix, past, positions)
        # Generation: the prompt is the prefix, seen from both sides; what is written after it is causal.
        if self.shape.architecture == "prefix" and prefix is None and not past:
            prefix = torch.full((len(tokens),), length, device=device)
        bias = self._bias(length, past + length, self.relative, self.shape.architecture != "decoder")
        sight = self.outlook.sight(length, past + length, device, documents, prefix, bias)
        shared = Pass(sight, self.choice, self._rotary(past, length), cache, values=self._values(tokens))
        for block in self.blocks:
            state = block(state, shared)
        if cache is not None:
            cache.length += length
        return state if self.final_norm is None else self.final_norm(state)

    def _head(self, matrix: Tensor) -> Tensor:
        return matrix if self.shape.tied else self.head.weight

    def _score_state(self, state: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
        """States and head as their product gives the scores: behind BERT's transform, the bias in columns of both."""
        weight = self._head(matrix)
        if not self.shape.head_transform:
            return state, weight
        state = self.transform(state)
        # [state, 1, 0 … 0] · [weight, bias, 0 … 0] = state · weight + bias: the loss needs no case for a bias.
        one = F.pad(state.new_ones(*state.shape[:-1], 1), (0, _BIAS_COLUMNS - 1))
        bias = F.pad(self.head_bias[:, None], (0, _BIAS_COLUMNS - 1))
        return torch.cat((state, one), -1), torch.cat((weight, bias.to(weight.dtype)), -1)

    def logits(self, hidden: Tensor, matrix: Tensor | None = None) -> Tensor:
        """States [..., width] -> scores of the true vocabulary, [..., vocab_size], in float32 or wider.

        The product is made in that type too: bfloat16 has three digits, and answers differ in the fourth.
        """
        # Rows beyond the vocabulary, padding and GPT-1's positions, are cut off: nobody can draw them.
        state, weight = self._score_state(hidden, self.token_matrix() if matrix is None else matrix)
        dtype = wide(state.dtype)
        scores = F.linear(state.to(dtype), weight[: self.shape.vocab_size].to(dtype))
        return soft_capped(scores, self.shape.soft_cap)

    def scored_states(self, tokens: Tensor, documents: Tensor | None, more: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        """States [B·T, n] and the head [rows, n] whose product is the scores, before the soft cap."""
        matrix = self.token_matrix()
        return self._score_state(self.hidden(tokens, documents, matrix=matrix, **more).flatten(0, 1), matrix)

    def forward(self, tokens: Tensor, targets: Tensor, documents: Tensor | None = None, **more: Tensor) -> Tensor:
        """The mean loss in nats over the targets [B, T] that are not -100: a scalar of float32.

        `more` is what an objective gives beside the tokens: `prefix`, `positions`; for an encoder-decoder `source`.
        """
        state, weight = self.scored_states(tokens, documents, more)
        scores = Scores(self.shape.softmax_size, self.shape.soft_cap)
        return chunked_cross_entropy(state, weight, targets.flatten(), scores, compiled=self.compiled_loss)

    def token_losses(self, tokens: Tensor, targets: Tensor, documents: Tensor | None = None, **more: Tensor) -> Tensor:
        """The loss of each target, float32 [B, T], 0 where it is -100; with gradients where they are enabled."""
        state, weight = self.scored_states(tokens, documents, more)
        losses = token_cross_entropy(state, weight, targets.flatten(), self.shape.softmax_size, self.shape.soft_cap)
        return losses.view(targets.shape)


def embedding_table(rows: int, width: int) -> nn.Embedding:
    """A table whose memory is left as it is: weights are drawn by `GPT.initialise`."""
    return nn.Embedding.from_pretrained(torch.empty(rows, width), freeze=False)
