"""GLM-4, the class with Sandwich-LN: norms before and behind each branch, RMSNorm, rotary positions, a gated unit.

It turns neighbouring pairs where our layout, LLaMA's, turns halves; so the rows of queries and keys change places.
"""

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.hugging_face.llama import GATES, NAMED_GATES
from trainer.model.shape import Shape

_NORMS = {
    "attention_norm": "input_layernorm",
    "attention_out_norm": "post_self_attn_layernorm",
    "feed_norm": "post_attention_layernorm",
    "feed_out_norm": "post_mlp_layernorm",
    "attention.out": "self_attn.o_proj",
    "feed.up": "mlp.gate_up_proj",
    "feed.down": "mlp.down_proj",
}


def _objections(shape: Shape) -> list[str]:
    wanted = {"norm": "rms", "norm_place": "sandwich", "position": "rotary", "bias": False, "qk_norm": False}
    return family.objections_to(shape, **wanted, activation=tuple(GATES)) + family.dense_only(shape)


def _config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.width,
        "intermediate_size": shape.inner_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "head_dim": shape.head_width,
        "hidden_act": GATES[shape.activation],
        "attention_bias": False,
        "attention_dropout": shape.dropout,
        "max_position_embeddings": shape.sequence_length,
        "rms_norm_eps": shape.norm_epsilon,
        "partial_rotary_factor": 1.0,
        "rope_theta": shape.rotary_base,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rotary_base, "partial_rotary_factor": 1.0},
        "tie_word_embeddings": shape.tied,
        "pad_token_id": None,
    }


def _names(shape: Shape) -> dict[str, str]:
    names = {"final_norm.weight": "model.norm.weight"}
    for layer in range(shape.layers):
        for ours, theirs in _NORMS.items():
            names[f"blocks.{layer}.{ours}.weight"] = f"model.layers.{layer}.{theirs}.weight"
    return names


def _pairs(matrix: Tensor, size: int, neighbours: bool) -> Tensor:
    """Rows of heads of `size` from halves to neighbours: 0, d/2, 1, d/2 + 1, …; or back."""
    # A head of 4, whose pairs are (0, 2) and (1, 3) in halves: as neighbours its rows are 0 2 1 3.
    parts = (2, size // 2) if neighbours else (size // 2, 2)
    return matrix.view(-1, *parts, matrix.shape[1]).transpose(1, 2).reshape(matrix.shape)


def _write(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    theirs = {name: weights[ours] for ours, name in _names(shape).items()}
    theirs["model.embed_tokens.weight"] = family.token_rows(shape, weights)
    size = shape.head_width
    for layer in range(shape.layers):
        rows = (shape.heads * size, shape.key_heads * size, shape.key_heads * size)
        query, key, value = weights[f"blocks.{layer}.attention.qkv.weight"].split(rows)
        parts = {"q": _pairs(query, size, True), "k": _pairs(key, size, True), "v": value}
        theirs |= {f"model.layers.{layer}.self_attn.{name}_proj.weight": part for name, part in parts.items()}
    if not shape.tied:
        theirs["lm_head.weight"] = family.token_rows(shape, weights, "head.weight")
    return theirs


def _read(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    ours = family.embeddings(shape, weights["model.embed_tokens.weight"], None, weights.get("lm_head.weight"))
    ours |= {name: weights[theirs] for name, theirs in _names(shape).items()}
    for layer in range(shape.layers):
        query, key, value = (weights[f"model.layers.{layer}.self_attn.{name}_proj.weight"] for name in "qkv")
        query, key = (_pairs(part, shape.head_width, False) for part in (query, key))
        ours[f"blocks.{layer}.attention.qkv.weight"] = torch.cat((query, key, value))
    return ours


def _shape(config: Config) -> Shape:
    rotary = config.get("rope_parameters") or {}
    # A half is the class's own default, so a file that says nothing turns half of each head, which is refused.
    part = rotary.get("partial_rotary_factor", config.get("partial_rotary_factor", 0.5))
    activation = config.get("hidden_act", "silu")
    if part != 1 or config.get("attention_bias") or rotary.get("rope_type", "default") != "default":
        raise ExportError("a GLM-4 that turns part of a head, or has biases or stretched positions, which no shape has")
    if activation not in NAMED_GATES:
        raise ExportError(f"hidden_act={activation!r}: there is {', '.join(NAMED_GATES)}")
    heads, size, width = config["num_attention_heads"], config["head_dim"], config["hidden_size"]
    return Shape(
        layers=config["num_hidden_layers"],
        heads=heads,
        width=width,
        sequence_length=config["max_position_embeddings"],
        vocab_size=config["vocab_size"],
        kv_heads=config["num_key_value_heads"],
        head_size=0 if heads * size == width else size,
        inner=config["intermediate_size"],
        norm="rms",
        norm_place="sandwich",
        position="rotary",
        activation=NAMED_GATES[activation],
        bias=False,
        tied=config.get("tie_word_embeddings", False),
        dropout=float(config.get("attention_dropout") or 0.0),
        rotary_base=float(rotary.get("rope_theta", 10_000.0)),
        norm_epsilon=config.get("rms_norm_eps", 1.5625e-7),
    )


GLM4 = Family("glm4", "Glm4ForCausalLM", _objections, _config, _write, _shape, _read)
