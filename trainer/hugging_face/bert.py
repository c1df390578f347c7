"""BERT, the encoder that fills masks. What our shape lacks, a second kind of segment, is a table of zeros."""

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.hugging_face.gpt2 import ACTIVATIONS, NAMED_ACTIVATIONS
from trainer.model.shape import Shape

_MODULES = {
    "attention_norm": "attention.output.LayerNorm",
    "attention.out": "attention.output.dense",
    "feed.up": "intermediate.dense",
    "feed.down": "output.dense",
    "feed_norm": "output.LayerNorm",
}
_KINDS = ("query", "key", "value")
_TABLE, _SEGMENTS = "bert.embeddings.word_embeddings.weight", "bert.embeddings.token_type_embeddings.weight"
_POSITIONS = "bert.embeddings.position_embeddings.weight"
_HEAD = "cls.predictions"


def _objections(shape: Shape) -> list[str]:
    wanted = {"architecture": "encoder", "norm": "layer", "norm_place": "post", "position": "learned", "bias": True}
    wanted |= {"embedding_norm": True, "head_transform": True, "tied": True, "qk_norm": False}
    activations = tuple(name for name in ACTIVATIONS if name.startswith("gelu"))
    return family.objections_to(shape, **wanted, activation=activations) + family.even_heads(shape)


def _config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner_width,
        "hidden_act": ACTIVATIONS[shape.activation],
        "hidden_dropout_prob": shape.dropout,
        "attention_probs_dropout_prob": shape.dropout,
        "max_position_embeddings": shape.sequence_length,
        "type_vocab_size": 2,
        "layer_norm_eps": shape.norm_epsilon,
        "pad_token_id": None,
        "tie_word_embeddings": True,
    }


def _names(shape: Shape) -> dict[str, str]:
    modules = {"embedding_norm": "bert.embeddings.LayerNorm"}
    modules |= {"transform.linear": f"{_HEAD}.transform.dense", "transform.norm": f"{_HEAD}.transform.LayerNorm"}
    for layer in range(shape.layers):
        modules |= {f"blocks.{layer}.{a}": f"bert.encoder.layer.{layer}.{b}" for a, b in _MODULES.items()}
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in modules.items() for part in ("weight", "bias")}


def _fused_names(layer: int, part: str) -> tuple[str, list[str]]:
    theirs = [f"bert.encoder.layer.{layer}.attention.self.{kind}.{part}" for kind in _KINDS]
    return f"blocks.{layer}.attention.qkv.{part}", theirs


def _write(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    theirs = {name: weights[ours] for ours, name in _names(shape).items()}
    theirs[_TABLE] = family.token_rows(shape, weights)
    # Two segments, since `transformers` expects that many rows; zeros add nothing to either.
    theirs[_POSITIONS], theirs[_SEGMENTS] = weights["positions.weight"], torch.zeros(2, shape.width)
    theirs[f"{_HEAD}.bias"] = weights["head_bias"][: shape.vocab_size]
    for layer in range(shape.layers):
        for part in ("weight", "bias"):
            ours, names = _fused_names(layer, part)
            # Our matrix has the rows of queries, keys and values one below the other: three pieces of `width` rows.
            theirs |= dict(zip(names, weights[ours].chunk(3), strict=True))
    return theirs


def _read(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    ours = family.embeddings(shape, weights[_TABLE], weights[_POSITIONS], None)
    # A text of one segment sees the first row everywhere: it is part of the positions.
    ours["positions.weight"] = ours["positions.weight"] + weights[_SEGMENTS][0]
    ours |= {name: weights[theirs] for name, theirs in _names(shape).items()}
    rows = shape.padded_vocab_size - shape.vocab_size
    ours["head_bias"] = torch.nn.functional.pad(weights[f"{_HEAD}.bias"], (0, rows))
    for layer in range(shape.layers):
        for part in ("weight", "bias"):
            name, names = _fused_names(layer, part)
            ours[name] = torch.cat([weights[each] for each in names])
    return ours


def _shape(config: Config) -> Shape:
    activation = config.get("hidden_act", "gelu")
    if activation not in NAMED_ACTIVATIONS or config.get("is_decoder", False):
        raise ExportError(f"a BERT with hidden_act={activation!r}, or as a decoder, which no shape has")
    return Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        width=config["hidden_size"],
        sequence_length=config["max_position_embeddings"],
        vocab_size=config["vocab_size"],
        inner=config["intermediate_size"],
        architecture="encoder",
        norm_place="post",
        activation=NAMED_ACTIVATIONS[activation],
        embedding_norm=True,
        head_transform=True,
        dropout=float(config.get("hidden_dropout_prob", 0.1)),
        norm_epsilon=config.get("layer_norm_eps", 1e-12),
        position_std=0.02,
    )


BERT = Family("bert", "BertForMaskedLM", _objections, _config, _write, _shape, _read)
