"""GPT-2 and OpenAI-GPT: the classes whose linear maps are `Conv1D`, matrices stored as [in, out].

The two differ in names, in the order of the norms and in what their configuration can say. A shape without biases
fits too: the classes have them, so zeros are written. What the files of either carry beside weights, the causal masks
that old versions saved as buffers, is passed over when they are read.
"""

from typing import Any

import torch
from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.model.shape import Shape

ACTIVATIONS = {"gelu": "gelu_new", "gelu-exact": "gelu", "relu2": "relu2", "relu": "relu"}
NAMED_ACTIVATIONS = {
    "gelu_new": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "gelu": "gelu-exact",
    "relu2": "relu2",
    "relu": "relu",
}


def conv_blocks(shape: Shape) -> dict[str, str]:
    """Our names of the blocks' weights and biases, and theirs without the prefix `transformer.`."""
    names = {}
    # GPT-1's norms stand behind attention and feed-forward, GPT-2's before them; both count them in this order.
    modules = {
        "attention_norm": "ln_1",
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "feed_norm": "ln_2",
        "feed.up": "mlp.c_fc",
        "feed.down": "mlp.c_proj",
    }
    for layer in range(shape.layers):
        for ours, theirs in modules.items():
            for part in ("weight", "bias"):
                names[f"blocks.{layer}.{ours}.{part}"] = f"h.{layer}.{theirs}.{part}"
    return names


def _write(shape: Shape, weights: Weights, tokens: str, positions: str) -> dict[str, Tensor]:
    theirs = {tokens: family.token_rows(shape, weights), positions: family.position_rows(shape, weights)}
    names = conv_blocks(shape)
    if shape.norm_place == "pre":
        names |= {f"final_norm.{part}": f"ln_f.{part}" for part in ("weight", "bias")}
    for ours, name in names.items():
        module, _, part = ours.rpartition(".")
        # The length of a bias is the rows of the matrix, or a norm's own width.
        matrix = weights[f"{module}.weight"]
        bias = weights.get(f"{module}.bias", torch.zeros(len(matrix)))
        theirs[name] = bias if part == "bias" else matrix.T if matrix.ndim == 2 else matrix  # norms stay
    theirs = {f"transformer.{name}": tensor for name, tensor in theirs.items()}
    if not shape.tied:
        theirs["lm_head.weight"] = family.token_rows(shape, weights, "head.weight")
    return theirs


def _read(shape: Shape, weights: Weights, tokens: str, positions: str) -> dict[str, Tensor]:
    ours = family.embeddings(shape, weights[tokens], weights[positions], weights.get("lm_head.weight"))
    names = conv_blocks(shape)
    if shape.norm_place == "pre":
        names |= {f"final_norm.{part}": f"ln_f.{part}" for part in ("weight", "bias")}
    for name, theirs in names.items():
        if shape.bias or name.endswith("weight"):
            tensor = weights[theirs]
            ours[name] = tensor.T if tensor.ndim == 2 else tensor
    return ours


def _config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "n_positions": shape.sequence_length,
        "n_embd": shape.width,
        "n_layer": shape.layers,
        "n_head": shape.heads,
        "layer_norm_epsilon": shape.norm_epsilon,
        "resid_pdrop": shape.dropout,
        "embd_pdrop": shape.dropout,
        "attn_pdrop": shape.dropout,
        "tie_word_embeddings": shape.tied,
    }


def _gpt2_config(shape: Shape) -> JsonObject:
    return _config(shape) | {"n_inner": shape.inner_width, "activation_function": ACTIVATIONS[shape.activation]}


def _gpt1_config(shape: Shape) -> JsonObject:
    # This class has a table of its own, in which "gelu" is the tanh form, what the others call gelu_new.
    return _config(shape) | {"afn": "gelu"}


def _shape(config: Config, **more: Any) -> Shape:
    dropout = float(config.get("resid_pdrop", 0.1))
    return Shape(
        layers=config["n_layer"],
        heads=config["n_head"],
        width=config["n_embd"],
        sequence_length=config["n_positions"],
        vocab_size=config["vocab_size"],
        norm_epsilon=config.get("layer_norm_epsilon", 1e-5),
        tied=config.get("tie_word_embeddings", True),
        dropout=dropout,
        **more,
    )


def _gpt2_shape(config: Config) -> Shape:
    activation = config.get("activation_function", "gelu_new")
    if activation not in NAMED_ACTIVATIONS:
        raise ExportError(f"activation_function={activation!r}: there is {', '.join(NAMED_ACTIVATIONS)}")
    if not config.get("scale_attn_weights", True) or config.get("scale_attn_by_inverse_layer_idx", False):
        raise ExportError("the file scales attention in a way of its own (scale_attn_…), which no shape has")
    return _shape(config, inner=config.get("n_inner") or 0, activation=NAMED_ACTIVATIONS[activation])


def _gpt1_shape(config: Config) -> Shape:
    if config.get("afn", "gelu") != "gelu":
        raise ExportError(f"afn={config['afn']!r}: only GPT-1's own, gelu, is there")
    return _shape(config, norm_place="post")


def _gpt2_objections(shape: Shape) -> list[str]:
    wanted = {"norm": "layer", "norm_place": "pre", "position": "learned", "qk_norm": False}
    found = family.objections_to(shape, **wanted, activation=tuple(ACTIVATIONS))
    return found + family.even_heads(shape) + family.dense_only(shape)


def _gpt1_objections(shape: Shape) -> list[str]:
    wanted = {"norm": "layer", "norm_place": "post", "position": "learned", "qk_norm": False, "activation": "gelu"}
    found = family.objections_to(shape, **wanted) + family.even_heads(shape) + family.dense_only(shape)
    if shape.inner_width != 4 * shape.width:
        found.append(f"inner={shape.inner_width} (it has 4 * width)")
    return found


GPT2 = Family(
    "gpt2",
    "GPT2LMHeadModel",
    _gpt2_objections,
    _gpt2_config,
    lambda shape, weights: _write(shape, weights, "wte.weight", "wpe.weight"),
    _gpt2_shape,
    lambda shape, weights: _read(shape, weights, "wte.weight", "wpe.weight"),
)
OPENAI_GPT = Family(
    "openai-gpt",
    "OpenAIGPTLMHeadModel",
    _gpt1_objections,
    _gpt1_config,
    lambda shape, weights: _write(shape, weights, "tokens_embed.weight", "positions_embed.weight"),
    _gpt1_shape,
    lambda shape, weights: _read(shape, weights, "tokens_embed.weight", "positions_embed.weight"),
)
