"""LLaMA and its relatives: RMSNorm, rotary positions, no dropout, a gated feed-forward in three matrices.

LLaMA, Qwen2 and Qwen3 differ in three points: Qwen3 has QK-norm, both Qwens have layers that see a band, and where
biases may stand. Two identities make more shapes exact than the classes were made for. ReLU² is a gated unit whose
gate is its own value, relu(Wx)·Wx, so one matrix is written twice with the activation "relu". And a bias that a shape
lacks is a bias of zero.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypedDict

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.model.shape import Shape

GATES = {"swiglu": "silu", "geglu": "gelu_pytorch_tanh"}
# "gelu" is not among them: it names the exact form, and our gate is the tanh form.
NAMED_GATES = {"silu": "swiglu", "gelu_pytorch_tanh": "geglu", "gelu_new": "geglu"}
_ACTIVATIONS = GATES | {"relu2": "relu"}


def rotary_parameters(shape: Shape) -> JsonObject:
    """How positions turn, as a configuration says it."""
    parameters: JsonObject = {"rope_type": "default", "rope_theta": shape.rotary_base}
    if shape.rotary_scaling == "none":
        return parameters
    parameters |= {"rope_type": shape.rotary_scaling, "factor": shape.rotary_factor}
    if shape.rotary_scaling != "linear":
        parameters["original_max_position_embeddings"] = shape.rotary_original
    if shape.rotary_scaling == "llama3":
        parameters |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    return parameters


class Scaling(TypedDict, total=False):
    """The fields of a shape that say how far positions are stretched."""

    rotary_scaling: str
    rotary_factor: float
    rotary_original: int


def scaling_of(rotary: Mapping[str, Any]) -> Scaling:
    """The fields of a shape for what a configuration says of its positions; `ExportError` for a kind it has not."""
    kind = rotary.get("rope_type", rotary.get("type", "default"))
    # What our formulas take for granted; a file may say it, or leave it out, but not say anything else.
    usual = {"partial_rotary_factor": 1, "beta_fast": 32, "beta_slow": 1, "low_freq_factor": 1, "high_freq_factor": 4}
    odd = [name for name, value in usual.items() if rotary.get(name) not in (None, value)]
    odd += [name for name in ("attention_factor", "mscale", "mscale_all_dim") if rotary.get(name) is not None]
    if kind not in ("default", "linear", "yarn", "llama3") or odd or rotary.get("truncate", True) is not True:
        raise ExportError(f"rotary positions of the kind {kind!r}{' with ' + odd[0] if odd else ''}: no shape has them")
    if kind == "default":
        return {}
    original = rotary.get("original_max_position_embeddings") or 0
    return {"rotary_scaling": kind, "rotary_factor": float(rotary["factor"]), "rotary_original": original}


def _config(shape: Shape, qwen: bool) -> JsonObject:
    config: JsonObject = {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.width,
        "intermediate_size": shape.inner_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_heads,
        "head_dim": shape.head_width,
        "hidden_act": _ACTIVATIONS[shape.activation],
        "max_position_embeddings": shape.sequence_length,
        "rms_norm_eps": shape.norm_epsilon,
        # Versions of transformers before 5 read the first of these two, later ones the second.
        "rope_theta": shape.rotary_base,
        "rope_parameters": rotary_parameters(shape),
        "attention_dropout": shape.dropout,
        "tie_word_embeddings": shape.tied,
    }
    if not qwen:
        return config | {"attention_bias": shape.bias, "mlp_bias": shape.bias}
    kinds = {"D": "full_attention", "B": "sliding_attention"}
    band = shape.band if family.is_banded(shape) else None
    types = [kinds[letter] for letter in family.pattern_of(shape)]
    return config | {"use_sliding_window": band is not None, "sliding_window": band, "layer_types": types}


def _names(shape: Shape) -> dict[str, str]:
    """Our names and theirs, of the tensors that are the same in both."""
    names = {"final_norm.weight": "model.norm.weight"}
    for layer in range(shape.layers):
        ours, theirs = f"blocks.{layer}", f"model.layers.{layer}"
        names[f"{ours}.attention_norm.weight"] = f"{theirs}.input_layernorm.weight"
        names[f"{ours}.feed_norm.weight"] = f"{theirs}.post_attention_layernorm.weight"
        if shape.qk_norm:
            names[f"{ours}.attention.query_norm.weight"] = f"{theirs}.self_attn.q_norm.weight"
            names[f"{ours}.attention.key_norm.weight"] = f"{theirs}.self_attn.k_norm.weight"
        for part in ("weight", "bias") if shape.bias else ("weight",):
            names[f"{ours}.attention.out.{part}"] = f"{theirs}.self_attn.o_proj.{part}"
            names[f"{ours}.feed.down.{part}"] = f"{theirs}.mlp.down_proj.{part}"
    return names


def _fused_names(shape: Shape) -> dict[str, list[tuple[str, int]]]:
    """Our fused tensors, and of which of theirs they are put together: (name, rows)."""
    # llama-1.1b: 32 heads of 64 and 4 of keys: rows 2,048 of
    # q_proj, 256 of k_proj, 256 of v_proj, in one matrix of 2,560.
    size, fused = shape.head_width, {}
    for layer in range(shape.layers):
        attention, feed = f"model.layers.{layer}.self_attn", f"model.layers.{layer}.mlp"
        heads = {"q_proj": shape.heads, "k_proj": shape.key_heads, "v_proj": shape.key_heads}
        for part in ("weight", "bias") if shape.bias else ("weight",):
            rows = [(f"{attention}.{name}.{part}", count * size) for name, count in heads.items()]
            fused[f"blocks.{layer}.attention.qkv.{part}"] = rows
            gate = [(f"{feed}.{name}.{part}", shape.inner_width) for name in ("gate_proj", "up_proj")]
            fused[f"blocks.{layer}.feed.up.{part}"] = gate
    return fused


def _write(shape: Shape, weights: Weights, zero_biases: bool) -> dict[str, Tensor]:
    theirs = {"model.embed_tokens.weight": family.token_rows(shape, weights)}
    theirs |= {name: weights[ours] for ours, name in _names(shape).items()}
    for ours, parts in _fused_names(shape).items():
        relu2 = ".feed." in ours and shape.activation == "relu2"
        pieces = [weights[ours]] * 2 if relu2 else weights[ours].split([rows for _, rows in parts])
        for (name, rows), piece in zip(parts, pieces, strict=True):
            theirs[name] = piece
            if zero_biases and ".self_attn." in name:
                # Qwen2 has biases of queries, keys and values whatever the configuration says.
                theirs[name.removesuffix("weight") + "bias"] = torch.zeros(rows)
    if not shape.tied:
        theirs["lm_head.weight"] = family.token_rows(shape, weights, "head.weight")
    return theirs


def _read(shape: Shape, weights: Weights) -> dict[str, Tensor]:
    ours = family.embeddings(shape, weights["model.embed_tokens.weight"], None, weights.get("lm_head.weight"))
    for name, theirs in _names(shape).items():
        # Only some of the maps have a bias in some of the files; ours have all or none.
        module, _, part = theirs.rpartition(".")
        zeros = torch.zeros(len(weights[f"{module}.weight"]))
        ours[name] = weights.get(theirs, zeros) if part == "bias" else weights[theirs]
    for name, parts in _fused_names(shape).items():
        bias = name.endswith("bias")
        pieces = [weights.get(part, torch.zeros(rows)) if bias else weights[part] for part, rows in parts]
        if ".feed." in name and shape.activation == "relu2":
            # relu(Wx)·Wx is (relu(Wx))²; with another gate V it would be relu(Vx)·Wx.
            if not torch.equal(*pieces):
                raise ExportError(f"{parts[0][0]} and {parts[1][0]} differ: a gated ReLU, which no shape has")
            pieces = pieces[:1]
        ours[name] = torch.cat(pieces)
    return ours


def _shape(config: Config) -> Shape:
    activation = (NAMED_GATES | {"relu": "relu2"}).get(config.get("hidden_act", "silu"))
    if activation is None:
        raise ExportError(
            f"hidden_act={config['hidden_act']!r}: there is {', '.join(NAMED_GATES)}, and relu (a ReLU² written twice)"
        )
    heads, width = config["num_attention_heads"], config["hidden_size"]
    rotary = config.get("rope_parameters") or config.get("rope_scaling") or {}
    qwen2 = config["model_type"] == "qwen2"
    head_size = config.get("head_dim") or width // heads
    pattern, band = _bands(config)
    return Shape(
        layers=config["num_hidden_layers"],
        heads=heads,
        width=width,
        sequence_length=config["max_position_embeddings"],
        vocab_size=config["vocab_size"],
        kv_heads=config.get("num_key_value_heads") or heads,
        head_size=0 if head_size * heads == width else head_size,
        inner=config["intermediate_size"],
        norm="rms",
        position="rotary",
        activation=activation,
        bias=bool(config.get("attention_bias") or config.get("mlp_bias") or qwen2),
        tied=config.get("tie_word_embeddings", False),
        qk_norm=config["model_type"] == "qwen3",
        dropout=float(config.get("attention_dropout") or 0.0),
        pattern=pattern,
        band=band,
        rotary_base=float(rotary.get("rope_theta") or config.get("rope_theta") or 10_000.0),
        **scaling_of(rotary),
        norm_epsilon=config.get("rms_norm_eps", 1e-6),
    )


def _bands(config: Config) -> tuple[str, int]:
    layers = config["num_hidden_layers"]
    window = config.get("sliding_window") if config.get("use_sliding_window", False) else None
    if not window:
        return "D", 256  # the default of a shape: a band that no layer uses
    types = config.get("layer_types")
    if types is None:
        first = config.get("max_window_layers", layers)  # Qwen2: layers from this one on see the band
        types = ["full_attention" if layer < first else "sliding_attention" for layer in range(layers)]
    return family.shortest_pattern("".join("B" if kind.startswith("sliding") else "D" for kind in types)), window


def _objections(shape: Shape, **more: object) -> list[str]:
    wanted = {"norm": "rms", "norm_place": "pre", "position": "rotary", "activation": tuple(_ACTIVATIONS)}
    wanted["rotary_scaling"] = ("none", "linear", "yarn", "llama3")
    return family.objections_to(shape, **wanted, **more)


def _llama_objections(shape: Shape) -> list[str]:
    found = _objections(shape, qk_norm=False)
    if family.is_banded(shape):
        found.append(f"pattern={shape.pattern} with band={shape.band} (it has dense layers only)")
    if shape.width % shape.heads:
        found.append(f"width={shape.width} (it has a multiple of heads, {shape.heads})")
    return found


LLAMA = Family(
    "llama",
    "LlamaForCausalLM",
    _llama_objections,
    partial(_config, qwen=False),
    partial(_write, zero_biases=False),
    _shape,
    _read,
)
QWEN2 = Family(
    "qwen2",
    "Qwen2ForCausalLM",
    partial(_objections, qk_norm=False, bias=False),
    partial(_config, qwen=True),
    partial(_write, zero_biases=True),
    _shape,
    _read,
)
QWEN3 = Family(
    "qwen3",
    "Qwen3ForCausalLM",
    partial(_objections, qk_norm=True, bias=False),
    partial(_config, qwen=True),
    partial(_write, zero_biases=False),
    _shape,
    _read,
)
