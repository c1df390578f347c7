"""GPT-3's alternating layers as GPT-Neo, which sees the same band but has no biases of queries, keys and values.

Two identities make it exact. GPT-Neo does not scale its scores, so the queries' weights carry 1/√d. And a bias is a
weight on a channel that is always one: the model gets one more channel per head, empty on the residual stream, and in
the norm before attention the first of them has gain 0 and bias 1. For the norms not to notice the wider stream, its
mean must be zero and its variance smaller by a known factor. The first is had by taking the mean out of everything
that writes to the stream, which no norm can see; the second goes into gains and epsilon. The token matrix that is read
is then another than the one that scores, so the head is untied; a shape without biases needs none of this.
"""

import math

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.hugging_face.gpt2 import ACTIVATIONS, NAMED_ACTIVATIONS
from trainer.model.shape import Shape

_KINDS = {"D": "global", "B": "local"}


def _objections(shape: Shape) -> list[str]:
    wanted = {"norm": "layer", "norm_place": "pre", "position": "learned", "qk_norm": False}
    return family.objections_to(shape, **wanted, activation=tuple(ACTIVATIONS)) + family.even_heads(shape)


def _wide(shape: Shape) -> int:
    """The width there: one more channel for each head where there are biases to carry."""
    return shape.width + shape.heads if shape.bias else shape.width


def _shrink(shape: Shape) -> float:
    """The variance on the wider stream, as a share of the variance on ours."""
    # gpt3-125m: 768 channels and 12 empty ones. A mean of zero
    # stays zero, and the variance, now over 780, is 768/780 of it.
    return shape.width / _wide(shape)


def _config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "max_position_embeddings": shape.sequence_length,
        "hidden_size": _wide(shape),
        "num_layers": shape.layers,
        "num_heads": shape.heads,
        "intermediate_size": shape.inner_width,
        "attention_types": [[[_KINDS[letter] for letter in family.pattern_of(shape)], 1]],
        "window_size": shape.band,
        "activation_function": ACTIVATIONS[shape.activation],
        "layer_norm_epsilon": shape.norm_epsilon * _shrink(shape),
        "resid_dropout": shape.dropout,
        "embed_dropout": shape.dropout,
        "attention_dropout": shape.dropout,
        "tie_word_embeddings": shape.tied and not shape.bias,
    }


def _write(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    tokens, positions = family.token_rows(shape, weights), family.position_rows(shape, weights)
    theirs = {"wte.weight": _stream(shape, tokens), "wpe.weight": _stream(shape, positions)}
    for layer in range(shape.layers):
        theirs |= _write_block(shape, weights, f"blocks.{layer}.", f"h.{layer}.")
    theirs |= _norm(shape, weights, "final_norm", "ln_f")
    theirs = {f"transformer.{name}": tensor for name, tensor in theirs.items()}
    if not shape.tied or shape.bias:
        head = family.token_rows(shape, weights, "embedding.weight" if shape.tied else "head.weight")
        theirs["lm_head.weight"] = _grown(head, _wide(shape))
    return theirs


def _write_block(shape: Shape, weights: Weights, ours: str, theirs: str) -> dict[str, Tensor]:
    width, wide = shape.width, _wide(shape)
    block = _norm(shape, weights, f"{ours}attention_norm", f"{theirs}ln_1")
    block |= _norm(shape, weights, f"{ours}feed_norm", f"{theirs}ln_2")
    if shape.bias:
        block[f"{theirs}ln_1.bias"][width] = 1.0  # the first empty channel: gain 0, bias 1, so always 1
    qkv, bias = weights[f"{ours}attention.qkv.weight"], weights.get(f"{ours}attention.qkv.bias")
    for number, name in enumerate(("q_proj", "k_proj", "v_proj")):
        rows = slice(number * width, (number + 1) * width)
        matrix = _grown(qkv[rows], wide)
        if bias is not None:
            # The weight on that channel is the bias.
            matrix[:, width] = bias[rows]
        scale = 1 / family.scale_of(shape) if name == "q_proj" else 1.0
        block[f"{theirs}attn.attention.{name}.weight"] = _by_head(shape, matrix * scale)
    # Its columns are the heads' channels, and its rows write to the stream: an empty column behind each head, then rows
    # without their mean over the channels they write.
    out = _by_head(shape, weights[f"{ours}attention.out.weight"].T).T
    block[f"{theirs}attn.attention.out_proj.weight"] = _stream(shape, out.T).T
    block[f"{theirs}mlp.c_fc.weight"] = _grown(weights[f"{ours}feed.up.weight"], wide)
    block[f"{theirs}mlp.c_proj.weight"] = _stream(shape, weights[f"{ours}feed.down.weight"].T).T
    for name, map_ in (("attention.out", "attn.attention.out_proj"), ("feed.down", "mlp.c_proj")):
        values = weights.get(f"{ours}{name}.bias", torch.zeros(width))
        block[f"{theirs}{map_}.bias"] = _stream(shape, values)
    block[f"{theirs}mlp.c_fc.bias"] = weights.get(f"{ours}feed.up.bias", torch.zeros(shape.inner_width))
    return block


def _norm(shape: Shape, weights: Weights, ours: str, theirs: str) -> dict[str, Tensor]:
    gain = weights[f"{ours}.weight"] * math.sqrt(_shrink(shape))
    bias = weights.get(f"{ours}.bias", torch.zeros(shape.width))
    return {f"{theirs}.weight": _grown(gain, _wide(shape)), f"{theirs}.bias": _grown(bias, _wide(shape))}


def _stream(shape: Shape, values: Tensor) -> Tensor:
    """What is written to the stream, [..., width], without its mean and with the empty channels."""
    if not shape.bias:
        return values
    # In float64: the mean of what is left must be zero to the last bits of float32.
    exact = values.double()
    return _grown((exact - exact.mean(-1, keepdim=True)).to(values.dtype), _wide(shape))


def _grown(values: Tensor, wide: int) -> Tensor:
    """[..., width] with zeros up to `wide`, always a copy."""
    return torch.nn.functional.pad(values, (0, wide - values.shape[-1])).clone()


def _by_head(shape: Shape, matrix: Tensor) -> Tensor:
    """[width, n], rows head by head, with one empty row behind each head where there are biases."""
    if not shape.bias:
        return matrix
    # Two heads of two rows, 1 2 | 3 4, become 1 2 0 | 3 4 0. Queries and keys of 0 add nothing to a score.
    heads = matrix.reshape(shape.heads, shape.head_width, -1)
    return torch.nn.functional.pad(heads, (0, 0, 0, 1)).reshape(_wide(shape), -1)


def _shape(config: Config) -> Shape:
    activation = config.get("activation_function", "gelu_new")
    if activation not in NAMED_ACTIVATIONS:
        raise ExportError(f"activation_function={activation!r}: there is {', '.join(NAMED_ACTIVATIONS)}")
    # [[["global", "local"], 6]]: the two kinds in turn, six times, for twelve layers.
    types = config.get("attention_types") or [[["global", "local"], 12]]
    kinds = [kind for group, count in types for _ in range(count) for kind in group]
    return Shape(
        layers=config["num_layers"],
        heads=config["num_heads"],
        width=config["hidden_size"],
        sequence_length=config["max_position_embeddings"],
        vocab_size=config["vocab_size"],
        inner=config.get("intermediate_size") or 0,
        activation=NAMED_ACTIVATIONS[activation],
        tied=config.get("tie_word_embeddings", True),
        dropout=float(config.get("resid_dropout", 0.0)),
        pattern=family.shortest_pattern("".join("B" if kind == "local" else "D" for kind in kinds)),
        band=config.get("window_size", 256),
        norm_epsilon=config.get("layer_norm_epsilon", 1e-5),
    )


def _read(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    """A plain GPT-Neo; queries, keys and values get biases of zero."""
    ours = family.embeddings(shape, weights["wte.weight"], weights["wpe.weight"], weights.get("lm_head.weight"))
    names = {"final_norm": "ln_f"}
    for layer in range(shape.layers):
        block, there = f"blocks.{layer}", f"h.{layer}"
        names |= {f"{block}.attention_norm": f"{there}.ln_1", f"{block}.feed_norm": f"{there}.ln_2"}
        names |= {f"{block}.attention.out": f"{there}.attn.attention.out_proj"}
        names |= {f"{block}.feed.up": f"{there}.mlp.c_fc", f"{block}.feed.down": f"{there}.mlp.c_proj"}
        query, key, value = (weights[f"{there}.attn.attention.{part}_proj.weight"] for part in "qkv")
        ours[f"{block}.attention.qkv.weight"] = torch.cat((query * family.scale_of(shape), key, value))
        if shape.bias:
            ours[f"{block}.attention.qkv.bias"] = torch.zeros(3 * shape.width)
    for name, theirs in names.items():
        for part in ("weight", "bias") if shape.bias else ("weight",):
            ours[f"{name}.{part}"] = weights[f"{theirs}.{part}"]
    return ours


def narrow(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    """Our weights again from those that `_write` made for a shape with biases: the empty channels taken away.

    The means that were taken out stay out, which changes nothing that the model computes.
    """
    width = shape.width
    head = weights["lm_head.weight"][:, :width]
    tokens = head if shape.tied else weights["wte.weight"][:, :width]
    ours = family.embeddings(shape, tokens, weights["wpe.weight"][:, :width], head)
    ours |= _narrow_norm(shape, weights, "final_norm", "ln_f")
    for layer in range(shape.layers):
        block, there = f"blocks.{layer}.", f"h.{layer}."
        ours |= _narrow_norm(shape, weights, f"{block}attention_norm", f"{there}ln_1")
        ours |= _narrow_norm(shape, weights, f"{block}feed_norm", f"{there}ln_2")
        query, key, value = (_heads_only(shape, weights[f"{there}attn.attention.{part}_proj.weight"]) for part in "qkv")
        qkv = torch.cat((query * family.scale_of(shape), key, value))
        ours[f"{block}attention.qkv.weight"] = qkv[:, :width].clone()
        ours[f"{block}attention.qkv.bias"] = qkv[:, width].clone()
        out = _heads_only(shape, weights[f"{there}attn.attention.out_proj.weight"].T).T
        ours[f"{block}attention.out.weight"] = out[:width]
        ours[f"{block}attention.out.bias"] = weights[f"{there}attn.attention.out_proj.bias"][:width]
        ours[f"{block}feed.up.weight"] = weights[f"{there}mlp.c_fc.weight"][:, :width]
        ours[f"{block}feed.up.bias"] = weights[f"{there}mlp.c_fc.bias"]
        ours[f"{block}feed.down.weight"] = weights[f"{there}mlp.c_proj.weight"][:width]
        ours[f"{block}feed.down.bias"] = weights[f"{there}mlp.c_proj.bias"][:width]
    return ours


def _narrow_norm(shape: Shape, weights: Weights, ours: str, theirs: str) -> dict[str, Tensor]:
    gain = weights[f"{theirs}.weight"][: shape.width] / math.sqrt(_shrink(shape))
    return {f"{ours}.weight": gain, f"{ours}.bias": weights[f"{theirs}.bias"][: shape.width]}


def _heads_only(shape: Shape, matrix: Tensor) -> Tensor:
    heads = matrix.reshape(shape.heads, shape.head_width + 1, -1)
    return heads[:, :-1].reshape(shape.width, -1)


def _read_ours(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    # Ours is wider than its shape says; a file whose width is the shape's is a plain GPT-Neo.
    wide = weights["wte.weight"].shape[1]
    return narrow(shape, weights) if wide == _wide(shape) != shape.width else _read(shape, weights)


GPT_NEO = Family("gpt_neo", "GPTNeoForCausalLM", _objections, _config, _write, _shape, _read_ours)
