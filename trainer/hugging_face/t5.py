"""T5, the encoder-decoder: two stacks, relative positions, RMSNorm, no biases.

T5 does not scale its scores, so the queries' weights carry 1/√d; and where the head is tied, it divides the last states
by √width, so the last norm carries √width.
"""

import math

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.model.shape import Shape

_FEEDS = {"relu": "relu", "geglu": "gated-gelu"}
# T5 keeps its one table of a half in that half's first block.
_RELATIVE = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"


def _objections(shape: Shape) -> list[str]:
    wanted = {"architecture": "encoder-decoder", "norm": "rms", "norm_place": "pre", "position": "relative"}
    wanted |= {"bias": False, "qk_norm": False, "activation": tuple(_FEEDS)}
    found = family.objections_to(shape, **wanted)
    if shape.key_heads != shape.heads:
        found.append(f"kv_heads={shape.key_heads} (it has as many as heads, {shape.heads})")
    return found


def _config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "d_model": shape.width,
        "d_kv": shape.head_width,
        "d_ff": shape.inner_width,
        "num_layers": shape.layers,
        "num_decoder_layers": shape.layers,
        "num_heads": shape.heads,
        "relative_attention_num_buckets": shape.relative_buckets,
        "relative_attention_max_distance": shape.relative_distance,
        "dropout_rate": shape.dropout,
        "layer_norm_epsilon": shape.norm_epsilon,
        "feed_forward_proj": _FEEDS[shape.activation],
        "n_positions": shape.sequence_length,
        "tie_word_embeddings": shape.tied,
    }


def _layers(shape: Shape) -> list[tuple[str, str, bool]]:
    """Our prefix, theirs, and whether it is of the decoder, of each block."""
    halves = [("encoder", 0), ("decoder", shape.layers)]
    return [
        (f"blocks.{first + layer}", f"{half}.block.{layer}", bool(first))
        for half, first in halves
        for layer in range(shape.layers)
    ]


def _names(shape: Shape) -> dict[str, str]:
    """Our names and theirs of the tensors that are the same in both."""
    names = {
        "encoder_relative.weight": f"encoder.{_RELATIVE}",
        "relative.weight": f"decoder.{_RELATIVE}",
        "encoder_norm.weight": "encoder.final_layer_norm.weight",
    }
    for ours, theirs, decoder in _layers(shape):
        # Sublayers there: 0 self-attention, 1 cross-attention (decoder only), and the feed-forward last.
        feed = f"{theirs}.layer.{2 if decoder else 1}"
        names[f"{ours}.attention_norm.weight"] = f"{theirs}.layer.0.layer_norm.weight"
        names[f"{ours}.attention.out.weight"] = f"{theirs}.layer.0.SelfAttention.o.weight"
        names[f"{ours}.feed_norm.weight"] = f"{feed}.layer_norm.weight"
        names[f"{ours}.feed.down.weight"] = f"{feed}.DenseReluDense.wo.weight"
        if shape.activation == "relu":
            names[f"{ours}.feed.up.weight"] = f"{feed}.DenseReluDense.wi.weight"
        if decoder:
            names[f"{ours}.cross_norm.weight"] = f"{theirs}.layer.1.layer_norm.weight"
            names[f"{ours}.cross.out.weight"] = f"{theirs}.layer.1.EncDecAttention.o.weight"
    return names


def _fused_names(shape: Shape) -> dict[str, list[str]]:
    """Our fused matrices, and of which of theirs, as many rows each, they are put together."""
    fused = {}
    for ours, theirs, decoder in _layers(shape):
        attention, feed = f"{theirs}.layer.0.SelfAttention", f"{theirs}.layer.{2 if decoder else 1}.DenseReluDense"
        fused[f"{ours}.attention.qkv.weight"] = [f"{attention}.{kind}.weight" for kind in "qkv"]
        if shape.activation == "geglu":
            fused[f"{ours}.feed.up.weight"] = [f"{feed}.wi_{number}.weight" for number in (0, 1)]
        if decoder:
            cross = f"{theirs}.layer.1.EncDecAttention"
            fused[f"{ours}.cross.query.weight"] = [f"{cross}.q.weight"]
            fused[f"{ours}.cross.kv.weight"] = [f"{cross}.{kind}.weight" for kind in "kv"]
    return fused


def _query_scale(shape: Shape, name: str) -> float:
    return 1 / family.scale_of(shape) if name.endswith(".q.weight") else 1.0


def _norm_scale(shape: Shape) -> float:
    return math.sqrt(shape.width) if shape.tied else 1.0


def _write(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    theirs = {"shared.weight": family.token_rows(shape, weights)}
    theirs |= {name: weights[ours] for ours, name in _names(shape).items()}
    theirs["decoder.final_layer_norm.weight"] = weights["final_norm.weight"] * _norm_scale(shape)
    for ours, names in _fused_names(shape).items():
        for name, piece in zip(names, weights[ours].chunk(len(names)), strict=True):
            theirs[name] = piece * _query_scale(shape, name)
    if not shape.tied:
        theirs["lm_head.weight"] = family.token_rows(shape, weights, "head.weight")
    return theirs


def _read(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    ours = family.embeddings(shape, weights["shared.weight"], None, weights.get("lm_head.weight"))
    ours |= {name: weights[theirs] for name, theirs in _names(shape).items()}
    ours["final_norm.weight"] = weights["decoder.final_layer_norm.weight"] / _norm_scale(shape)
    for name, names in _fused_names(shape).items():
        ours[name] = torch.cat([weights[each] / _query_scale(shape, each) for each in names])
    return ours


def _shape(config: Config) -> Shape:
    feeds = {theirs: ours for ours, theirs in _FEEDS.items()}
    feed = config.get("feed_forward_proj", "relu")
    if feed not in feeds or config.get("num_decoder_layers", config["num_layers"]) != config["num_layers"]:
        raise ExportError(f"a T5 with feed_forward_proj={feed!r}, or with halves of two depths, which no shape has")
    heads, size, width = config["num_heads"], config["d_kv"], config["d_model"]
    return Shape(
        layers=config["num_layers"],
        heads=heads,
        width=width,
        sequence_length=config.get("n_positions") or 512,
        vocab_size=config["vocab_size"],
        head_size=0 if heads * size == width else size,
        inner=config["d_ff"],
        norm="rms",
        position="relative",
        architecture="encoder-decoder",
        activation=feeds[feed],
        bias=False,
        # Since version 5 the class says by another key what T5 said by an untied head.
        tied=config.get("scale_decoder_outputs", config.get("tie_word_embeddings", True)),
        dropout=float(config.get("dropout_rate", 0.1)),
        relative_buckets=config.get("relative_attention_num_buckets", 32),
        relative_distance=config.get("relative_attention_max_distance", 128),
        norm_epsilon=config.get("layer_norm_epsilon", 1e-6),
    )


T5 = Family("t5", "T5ForConditionalGeneration", _objections, _config, _write, _shape, _read)
