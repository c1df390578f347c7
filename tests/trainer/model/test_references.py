"""The model beside GPT-1, GPT-2 and LLaMA written down once more, in numpy and float64, from their papers.

Nothing is shared with the model but the weights: heads are loops, the mask is a comparison, norms are sums.
"""

import math

import numpy as np
import pytest
import torch

from trainer.model.gpt import GPT
from trainer.model.shape import Shape

torch.set_num_threads(1)
GPT1 = Shape(layers=3, heads=4, width=32, sequence_length=24, vocab_size=90, norm_place="post", position_std=0.02)
GPT2 = Shape(layers=3, heads=4, width=32, sequence_length=24, vocab_size=90)
LLAMA = Shape(
    *(3, 4, 32, 24, 90), kv_heads=2, norm="rms", position="rotary", activation="swiglu", bias=False, tied=False
)


def layer_norm(x, weights, name):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def rms_norm(x, weights, name):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weights[f"{name}.weight"]


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def attend(query, key, value):
    """[T, d] of one head each."""
    scores = query @ key.T / math.sqrt(query.shape[-1])
    length = len(query)
    scores[np.arange(length)[None, :] > np.arange(length)[:, None]] = -np.inf
    return softmax(scores) @ value


def turn(x):
    """Rotary positions of one head [T, d], the pairs (i, i + d/2) as complex numbers."""
    half = x.shape[1] // 2
    angles = np.arange(len(x))[:, None] / 10_000.0 ** (np.arange(half) / half)
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angles)
    return np.concatenate([turned.real, turned.imag], axis=1)


def attention(x, weights, name, shape):
    size, groups = shape.width // shape.heads, shape.heads // (shape.kv_heads or shape.heads)
    parts = linear(x, weights, f"{name}.qkv")
    keys_at, values_at = shape.width, shape.width + shape.width // groups
    heads = []
    for head in range(shape.heads):
        query = parts[:, head * size :][:, :size]
        key = parts[:, keys_at + head // groups * size :][:, :size]
        value = parts[:, values_at + head // groups * size :][:, :size]
        if shape.position == "rotary":
            query, key = turn(query), turn(key)
        heads.append(attend(query, key, value))
    return linear(np.concatenate(heads, axis=1), weights, f"{name}.out")


def gpt1(tokens, weights, shape):
    """n = LN(x + attention(x)); h = LN(n + mlp(n)); no norm at the end (released code of GPT-1)."""
    positions = weights["embedding.weight"][shape.vocab_size :] if shape.gpt1_exact else weights["positions.weight"]
    x = weights["embedding.weight"][tokens] + positions[: len(tokens)]
    for layer in range(shape.layers):
        name = f"blocks.{layer}"
        x = layer_norm(x + attention(x, weights, f"{name}.attention", shape), weights, f"{name}.attention_norm")
        feed = linear(gelu(linear(x, weights, f"{name}.feed.up")), weights, f"{name}.feed.down")
        x = layer_norm(x + feed, weights, f"{name}.feed_norm")
    return x @ weights["embedding.weight"].T


def gpt2(tokens, weights, shape):
    """The norm before each part, and one more at the end (GPT-2, section 2.3)."""
    x = weights["embedding.weight"][tokens] + weights["positions.weight"][: len(tokens)]
    for layer in range(shape.layers):
        name = f"blocks.{layer}"
        x = x + attention(layer_norm(x, weights, f"{name}.attention_norm"), weights, f"{name}.attention", shape)
        inner = gelu(linear(layer_norm(x, weights, f"{name}.feed_norm"), weights, f"{name}.feed.up"))
        x = x + linear(inner, weights, f"{name}.feed.down")
    return layer_norm(x, weights, "final_norm") @ weights["embedding.weight"].T


def llama(tokens, weights, shape):
    """RMSNorm, rotary positions, SwiGLU, grouped heads, a head of its own (LLaMA, section 2.2)."""
    x = weights["embedding.weight"][tokens]
    for layer in range(shape.layers):
        name = f"blocks.{layer}"
        x = x + attention(rms_norm(x, weights, f"{name}.attention_norm"), weights, f"{name}.attention", shape)
        gate, value = np.split(linear(rms_norm(x, weights, f"{name}.feed_norm"), weights, f"{name}.feed.up"), 2, 1)
        x = x + linear(gate / (1 + np.exp(-gate)) * value, weights, f"{name}.feed.down")
    return rms_norm(x, weights, "final_norm") @ weights["head.weight"].T


CASES = [
    pytest.param(GPT1, gpt1, id="gpt1"),
    pytest.param(Shape(**{**GPT1.to_json(), "gpt1_exact": True}), gpt1, id="gpt1-exact"),
    pytest.param(GPT2, gpt2, id="gpt2"),
    pytest.param(LLAMA, llama, id="llama"),
]


def model_of(shape, scale):
    """A model whose vectors are no ones and zeros, its weights in float64, and tokens."""
    model = GPT(shape, seed=5).eval()
    draw = torch.Generator().manual_seed(6)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += torch.randn(parameter.shape, generator=draw) * 0.1
        else:
            parameter.data *= scale
    weights = {name: value.detach().double().numpy() for name, value in model.state_dict().items()}
    return model, weights, torch.randint(0, shape.vocab_size, (2, 24), generator=draw)


@torch.no_grad()
@pytest.mark.parametrize(("shape", "independent"), CASES)
@pytest.mark.parametrize(("scale", "dtype", "within"), [(1, torch.float32, 1e-6), (8, torch.float64, 1e-11)])
def test_scores_equal_the_independent_model(shape, independent, scale, dtype, within):
    model, weights, tokens = model_of(shape, scale)
    model = model.to(dtype)
    scores = model.logits(model.hidden(tokens)).double().numpy()
    for row in range(2):
        wanted = independent(tokens[row].numpy(), weights, shape)[:, : shape.vocab_size]
        assert np.abs(scores[row] - wanted).max() < within


@torch.no_grad()
@pytest.mark.parametrize(("shape", "independent"), CASES)
def test_the_loss_equals_the_independent_model(shape, independent):
    """With `gpt1_exact` it ranges over the rows of the positions too."""
    model, weights, tokens = model_of(shape, 4)
    targets = tokens.roll(-1, 1)
    targets[:, -1] = -100
    wanted = []
    for row in range(2):
        scores = independent(tokens[row].numpy(), weights, shape)[:, : shape.softmax_size]
        chances = softmax(scores)[np.arange(23), targets[row, :23].numpy()]
        wanted.append(-np.log(chances))
    model = model.double()
    assert model(tokens, targets).item() == pytest.approx(np.mean(wanted), abs=1e-11)
    losses = model.token_losses(tokens, targets)
    assert np.abs(losses[:, :23].numpy() - np.stack(wanted)).max() < 1e-11
    assert not losses[:, 23].any()
