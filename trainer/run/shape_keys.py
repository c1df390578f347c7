"""A line of help for each key of a shape."""

from trainer.model.shape import CHOICES

SHAPE_HELP = {
    "layers": "blocks (of each half, in an encoder-decoder)",
    "heads": "attention heads of a block",
    "width": "numbers that a token has in the residual stream",
    "sequence_length": "tokens of a row, T",
    "kv_heads": "heads of keys and values (0: as many as heads)",
    "head_size": "numbers a head has (0: width / heads)",
    "inner": "width of the feed-forward layer (0: four times width)",
    "norm": "LayerNorm or RMSNorm",
    "norm_place": "before, behind, around a branch, or DeepNorm",
    "position": "how a token knows its place",
    "architecture": "what a token sees",
    "activation": "of the feed-forward layer",
    "bias": "biases in linear layers and norms",
    "tied": "one matrix for the embedding and the head",
    "qk_norm": "norm queries and keys",
    "dropout": "share of activations dropped",
    "pattern": "attention of the layers, repeated: D dense, B banded",
    "band": "tokens a banded layer looks back over",
    "rotary_base": "longest wavelength of rotary positions, over 2 pi",
    "rotary_scaling": "how rotary positions are stretched",
    "rotary_factor": "by what factor they are stretched",
    "rotary_original": "length before stretching (yarn, llama3)",
    "relative_buckets": "T5's buckets of distances",
    "relative_distance": "distance from which on all share T5's last bucket",
    "embedding_norm": "norm the embedded tokens",
    "head_transform": "BERT's layer before the head, and a bias of each token",
    "zero_init": "projections into the residual stream begin at zero",
    "soft_cap": "greatest score, by c tanh(s/c) (0: none)",
    "value_embeddings": "tables of tokens added to the first and last layers' values",
    "norm_epsilon": "added to the variance in a norm",
    "position_std": "spread of the first positions",
    "gpt1_exact": "positions share the softmax, dropout on the weight, as OpenAI's code",
}


def describe_shape(name: str) -> str:
    """The line, with the values that the key may have."""
    choices = f": {', '.join(CHOICES[name])}" if name in CHOICES else ""
    return SHAPE_HELP[name] + choices
