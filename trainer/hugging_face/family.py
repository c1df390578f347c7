"""A family of `transformers` models as one frozen value: all it takes to read its weights and to write ours.

A family is exact or it refuses. `objections` lists what stands between a shape and the class, in the words of the
shape's fields; where the list is empty, `write` gives weights with which the class computes the same function. Nothing
here imports `transformers`: its configurations are JSON and its weights are named tensors.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from corpus.errors import CorpusloomError
from corpus.json_types import JsonObject
from trainer.model.shape import Shape

Config = Mapping[str, Any]
Weights = Mapping[str, Tensor]


class ExportError(CorpusloomError):
    """A model that cannot be exported or imported: which option stands in the way, or what is missing.

    The exit code is 3, for a folder that cannot be read; 2 where no class has what is asked for.
    """


@dataclass(frozen=True)
class Family:
    """One class of `transformers`.

    `config` and `write` go from us to them, `shape` and `read` back. `write` takes `GPT.state_dict()` names and gives
    theirs; `read` takes theirs, as `trim` leaves them, and gives ours with the padding rows.
    """

    model_type: str
    architecture: str
    objections: Callable[[Shape], list[str]]
    config: Callable[[Shape], JsonObject]
    write: Callable[[Shape, Weights], dict[str, Tensor]]
    shape: Callable[[Config], Shape]
    read: Callable[[Shape, Weights], dict[str, Tensor]]


_PLAIN: Mapping[str, object] = {  # what `objections_to` asks of every shape where the class does not name it
    "architecture": "decoder",
    "rotary_scaling": "none",
    "embedding_norm": False,
    "head_transform": False,
    "soft_cap": 0.0,
    "value_embeddings": 0,
}


def is_banded(shape: Shape) -> bool:
    """Whether some layer sees less than the whole context; a band as wide as the context is none."""
    return shape.band < shape.sequence_length and any(map(shape.is_banded, range(shape.layers)))


def objections_to(shape: Shape, **wanted: object) -> list[str]:
    """One phrase for each field that is not as wanted; a tuple of values allows any of them.

    What only some classes have must be as a plain decoder has it, unless it is named.
    """
    found = []
    for name, values in {**_PLAIN, **wanted}.items():
        allowed = values if isinstance(values, tuple) else (values,)
        if getattr(shape, name) not in allowed:
            found.append(f"{name}={getattr(shape, name)} (it has {' or '.join(map(str, allowed))})")
    return found


def dense_only(shape: Shape) -> list[str]:
    """The objection of classes without bands."""
    return [f"pattern={shape.pattern} with band={shape.band} (it has dense layers only)"] if is_banded(shape) else []


def even_heads(shape: Shape) -> list[str]:
    """The objections of the older classes: as many key heads as heads, which share the width evenly."""
    found = []
    if shape.key_heads != shape.heads:
        found.append(f"kv_heads={shape.key_heads} (it has as many as heads, {shape.heads})")
    if shape.head_width * shape.heads != shape.width:
        found.append(f"head_size={shape.head_width} (it has width / heads)")
    return found


def pattern_of(shape: Shape) -> str:
    """One letter for each layer, D for every layer where the band is no band."""
    return "".join("B" if is_banded(shape) and shape.is_banded(layer) else "D" for layer in range(shape.layers))


def shortest_pattern(letters: str) -> str:
    """The shortest prefix whose repetition gives the letters: "DBDB" is "DB"."""
    for length in range(1, len(letters)):
        if (letters[:length] * (len(letters) // length + 1))[: len(letters)] == letters:
            return letters[:length]
    return letters


def token_rows(shape: Shape, weights: Weights, name: str = "embedding.weight") -> Tensor:
    """The rows of the true vocabulary."""
    return weights[name][: shape.vocab_size]


def position_rows(shape: Shape, weights: Weights) -> Tensor:
    """The learned positions [sequence_length, width], from wherever the shape keeps them."""
    if shape.gpt1_exact:
        # Rows of the one matrix: tokens, then positions, then padding.
        return weights["embedding.weight"][shape.vocab_size : shape.vocab_size + shape.sequence_length]
    return weights["positions.weight"]


def pad(shape: Shape, rows: Tensor) -> Tensor:
    """Token rows with zero rows up to the padded size."""
    if len(rows) != shape.vocab_size:
        raise ExportError(f"{len(rows)} token rows in the file, the configuration says {shape.vocab_size}")
    # Pads are given from the last axis on: none for columns, then (above, below) for rows.
    return torch.nn.functional.pad(rows, (0, 0, 0, shape.padded_vocab_size - shape.vocab_size))


def embeddings(shape: Shape, tokens: Tensor, positions: Tensor | None, head: Tensor | None) -> dict[str, Tensor]:
    """Our first and last matrices from theirs; `head` is left out where it is tied."""
    if shape.gpt1_exact and positions is not None:
        rows = torch.cat((tokens, positions))
        empty = shape.padded_vocab_size - len(rows)
        return {"embedding.weight": torch.nn.functional.pad(rows, (0, 0, 0, empty))}
    ours = {"embedding.weight": pad(shape, tokens)}
    if positions is not None:
        ours["positions.weight"] = positions
    if not shape.tied:
        if head is None:
            raise ExportError("the configuration says that the head is not tied, but the file has no lm_head.weight")
        ours["head.weight"] = pad(shape, head)
    return ours


def scale_of(shape: Shape) -> float:
    """What scores are divided by: the square root of the head size."""
    return math.sqrt(shape.head_width)
