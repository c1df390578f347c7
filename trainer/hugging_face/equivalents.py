"""Shapes that no class of `transformers` has, as shapes that one has and that compute the same function.

- DeepNorm is GPT-1's order: a norm does not notice the length of its input, so norm(αx + f(x)) is norm(x + f(x)/α)
  with an epsilon smaller by α². The projections carry 1/α.
- Sinusoids are learned positions that nobody trained. The tokens that are read carry their factor √d, and the head,
  which scores with the others, is a matrix of its own.
- NTK-aware scaling of rotary positions is another base.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from trainer.hugging_face.family import Weights
from trainer.model.positions import ntk_base, sinusoids
from trainer.model.shape import Shape

_BRANCHES = ("attention.out.weight", "attention.out.bias", "feed.down.weight", "feed.down.bias")


def plain(shape: Shape, weights: Weights) -> tuple[Shape, dict[str, Tensor]]:
    """The equivalent shape and its weights; as they are where there is nothing to change."""
    equal = dict(weights)
    if shape.norm_place == "deepnorm" and not (shape.embedding_norm or shape.head_transform):
        # norm(αx + f) = (αx + f) / √(α²·var(x + f/α) + ε) = (x + f/α) / √(var(x + f/α) + ε/α²). Embeddings keep their
        # size: the first x comes unscaled in both forms. With a norm
        # of the embeddings no class is left that could take it.
        alpha = shape.residual_scale
        equal = {name: tensor / alpha if name.endswith(_BRANCHES) else tensor for name, tensor in equal.items()}
        shape = replace(shape, norm_place="post", norm_epsilon=shape.norm_epsilon / alpha**2)
    if shape.position == "sinusoidal":
        tokens = equal["embedding.weight"]
        # Before the next line: the head scores with the tokens as they are, without the factor.
        equal.setdefault("head.weight", tokens)
        equal["embedding.weight"] = tokens * math.sqrt(shape.width)
        equal["positions.weight"] = sinusoids(shape.sequence_length, shape.width).to(torch.float32)
        shape = replace(shape, position="learned", tied=False)
    if shape.rotary_scaling == "ntk":
        shape = replace(shape, rotary_base=ntk_base(shape), rotary_scaling="none", rotary_factor=1.0)
    return shape, equal
