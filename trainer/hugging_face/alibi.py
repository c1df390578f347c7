"""BLOOM and MPT, the classes with ALiBi: the one with biases and a norm of the embeddings, the other without either.

Both have inner layers of four times the width, as many key heads as heads, and learn no positions. BLOOM stores
queries, keys and values of a head side by side.
"""

from torch import Tensor

from corpus.json_types import JsonObject
from trainer.hugging_face import family
from trainer.hugging_face.family import Config, ExportError, Family, Weights
from trainer.model.shape import Shape


def _objections(shape: Shape, **more: object) -> list[str]:
    wanted = {"norm": "layer", "norm_place": "pre", "position": "alibi", "qk_norm": False}
    found = family.objections_to(shape, **(wanted | more)) + family.even_heads(shape) + family.dense_only(shape)
    if shape.inner_width != 4 * shape.width:
        found.append(f"inner={shape.inner_width} (it has 4 * width)")
    return found


def _bloom_config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.width,
        "n_layer": shape.layers,
        "n_head": shape.heads,
        "layer_norm_epsilon": shape.norm_epsilon,
        "seq_length": shape.sequence_length,
        "hidden_dropout": shape.dropout,
        "attention_dropout": shape.dropout,
        "tie_word_embeddings": shape.tied,
    }


def _mpt_config(shape: Shape) -> JsonObject:
    return {
        "vocab_size": shape.vocab_size,
        "d_model": shape.width,
        "n_layers": shape.layers,
        "n_heads": shape.heads,
        "max_seq_len": shape.sequence_length,
        "layer_norm_epsilon": shape.norm_epsilon,
        "resid_pdrop": shape.dropout,
        "emb_pdrop": shape.dropout,
        "no_bias": True,
        # The class takes whole numbers only for its attention's dropout, so it has none.
        "attn_config": {"alibi": True, "attn_pdrop": 0},
        "tie_word_embeddings": shape.tied,
    }


_BLOOM = {
    "attention_norm": "input_layernorm",
    "attention.qkv": "self_attention.query_key_value",
    "attention.out": "self_attention.dense",
    "feed_norm": "post_attention_layernorm",
    "feed.up": "mlp.dense_h_to_4h",
    "feed.down": "mlp.dense_4h_to_h",
}
_MPT = {
    "attention_norm": "norm_1",
    "attention.qkv": "attn.Wqkv",
    "attention.out": "attn.out_proj",
    "feed_norm": "norm_2",
    "feed.up": "ffn.up_proj",
    "feed.down": "ffn.down_proj",
}


def _names(shape: Shape, bloom: bool) -> dict[str, str]:
    """Our names and theirs, without the prefix `transformer.`, of all but the matrices of tokens."""
    parts = ("weight", "bias") if bloom else ("weight",)
    modules = {
        f"blocks.{n}.{a}": f"{'h' if bloom else 'blocks'}.{n}.{b}"
        for n in range(shape.layers)
        for a, b in (_BLOOM if bloom else _MPT).items()
    }
    modules["final_norm"] = "ln_f" if bloom else "norm_f"
    if bloom:
        modules["embedding_norm"] = "word_embeddings_layernorm"
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in modules.items() for part in parts}


def _reorder(shape: Shape, tensor: Tensor, by_head: bool) -> Tensor:
    """Rows of queries, keys and values, ordered by kind, then by head; or, `by_head`, by head, then by kind."""
    first, second = (3, shape.heads) if by_head else (shape.heads, 3)
    # Two heads of one row, by kind: q0 q1 k0 k1 v0 v1; by head, as BLOOM stores
    # them: q0 k0 v0 q1 k1 v1. A bias has one axis and goes the same way.
    rows = tensor.view(first, second, shape.head_width, *tensor.shape[1:])
    return rows.transpose(0, 1).reshape(tensor.shape)


def _write(shape: Shape, weights: Weights, bloom: bool) -> dict[str, Tensor]:
    table = "word_embeddings.weight" if bloom else "wte.weight"
    theirs = {f"transformer.{table}": family.token_rows(shape, weights)}
    for ours, name in _names(shape, bloom).items():
        turned = bloom and ".qkv." in ours
        theirs[f"transformer.{name}"] = _reorder(shape, weights[ours], True) if turned else weights[ours]
    if not shape.tied:
        theirs["lm_head.weight"] = family.token_rows(shape, weights, "head.weight")
    return theirs


def _read(shape: Shape, weights: Weights, bloom: bool) -> dict[str, Tensor]:
    table = "word_embeddings.weight" if bloom else "wte.weight"
    ours = family.embeddings(shape, weights[table], None, weights.get("lm_head.weight"))
    for name, theirs in _names(shape, bloom).items():
        turned = bloom and ".qkv." in name
        ours[name] = _reorder(shape, weights[theirs], False) if turned else weights[theirs]
    return ours


def _bloom_shape(config: Config) -> Shape:
    if config.get("apply_residual_connection_post_layernorm", False):
        raise ExportError("apply_residual_connection_post_layernorm=true: no shape adds a normed residual")
    return Shape(
        layers=config["n_layer"],
        heads=config["n_head"],
        width=config.get("hidden_size") or config["n_embed"],
        sequence_length=config.get("seq_length", 2048),
        vocab_size=config["vocab_size"],
        position="alibi",
        embedding_norm=True,
        tied=config.get("tie_word_embeddings", True),
        dropout=float(config.get("hidden_dropout", 0.0)),
        norm_epsilon=config.get("layer_norm_epsilon", 1e-5),
    )


def _mpt_shape(config: Config) -> Shape:
    attention = config.get("attn_config") or {}
    # Each changes what attention computes, and none has a field in a shape.
    odd = [name for name in ("clip_qkv", "softmax_scale", "qk_ln", "prefix_lm") if attention.get(name)]
    if odd or not attention.get("alibi", True) or not config.get("no_bias", True):
        raise ExportError(f"an MPT with {odd[0] if odd else 'learned positions or biases'}, which no shape has")
    return Shape(
        layers=config["n_layers"],
        heads=config["n_heads"],
        width=config["d_model"],
        sequence_length=config["max_seq_len"],
        vocab_size=config["vocab_size"],
        position="alibi",
        activation="gelu-exact",
        bias=False,
        tied=config.get("tie_word_embeddings", True),
        dropout=float(config.get("resid_pdrop", 0.0)),
        norm_epsilon=config.get("layer_norm_epsilon", 1e-5),
    )


BLOOM = Family(
    "bloom",
    "BloomForCausalLM",
    lambda shape: _objections(shape, activation="gelu", bias=True, embedding_norm=True),
    _bloom_config,
    lambda shape, weights: _write(shape, weights, bloom=True),
    _bloom_shape,
    lambda shape, weights: _read(shape, weights, bloom=True),
)
MPT = Family(
    "mpt",
    "MptForCausalLM",
    lambda shape: _objections(shape, activation="gelu-exact", bias=False),
    _mpt_config,
    lambda shape, weights: _write(shape, weights, bloom=False),
    _mpt_shape,
    lambda shape, weights: _read(shape, weights, bloom=False),
)
