"""First weights: what each tensor is drawn from, by its name and the shape of its model.

Every tensor has a generator of its own, keyed by seed and name, so that neither the number of processes nor the way in
which weights are split among them changes a number.
"""

import hashlib
import math

import torch
from torch import Tensor

from trainer.model.shape import Shape

WEIGHT_STD = 0.02
_TOKEN_TABLES = ("embedding.weight", "head.weight")
_RESIDUAL = ("attention.out.weight", "cross.out.weight", "feed.down.weight")


def draw(shape: Shape, seed: int, name: str, size: torch.Size) -> Tensor:
    """The first value of a parameter, on the CPU.

    N(0, .02), positions N(0, `position_std`); gains 1, shares of values ½, biases and padding rows 0. Projections back
    into the residual stream have std .02/√(2L) (GPT-2, section 2.3), in GPT-1's order .02, with `zero_init` 0.
    """
    if len(size) == 1:
        # Vectors are gains (norm.weight, 1), biases (0) and the two shares of a layer with value embeddings (½).
        value = 0.5 if name.endswith("value_shares") else float(name.endswith("norm.weight"))
        return torch.full(size, value, device="cpu")
    std = WEIGHT_STD
    if name in ("positions.weight", "blanks.weight"):
        std = shape.position_std
    elif name.endswith(_RESIDUAL) and shape.final_norm:
        # Two branches per block add to the stream: without this its
        # variance would grow with 2L. 12 layers: .02/√24 = .0041.
        std = WEIGHT_STD / math.sqrt(2 * shape.layers * shape.halves)
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little") >> 1
    values = torch.empty(size, device="cpu").normal_(0.0, std, generator=torch.Generator().manual_seed(key))
    if shape.norm_place == "deepnorm" and name.startswith("blocks."):
        # Drawn at `std` and scaled: the numbers drawn are those of the other orders.
        values *= _deepnorm_stds(shape, name, size)[:, None] / std
    if shape.zero_init and name.endswith(_RESIDUAL):
        values.zero_()
    if name in _TOKEN_TABLES or name.startswith("value_tables"):
        values[shape.softmax_size :] = 0
    return values


def _deepnorm_stds(shape: Shape, name: str, size: torch.Size) -> Tensor:
    """The std of each row: Xavier's √(2/(in + out)), times β = (8L)^(-1/4) but for queries and keys.

    (Wang et al., 2022, section 3 and figure 2, for one stack of L layers.)
    """
    beta = (8 * shape.layers) ** -0.25
    heads = [shape.heads * shape.head_width] + [shape.key_heads * shape.head_width] * 2
    parts = [*zip(heads, (1.0, 1.0, beta), strict=True)] if name.endswith("attention.qkv.weight") else [(size[0], beta)]
    stds = [torch.full((rows,), gain * math.sqrt(2 / (size[1] + rows))) for rows, gain in parts]
    return torch.cat(stds)
