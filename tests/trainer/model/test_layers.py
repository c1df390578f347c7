"""The parts of a block beside their formulas."""

import math

import pytest
import torch
import torch.nn.functional as F

from trainer.model.layers import FeedForward, Linear, Norm
from trainer.model.positions import rotary_tables, rotate
from trainer.model.shape import Shape

torch.set_num_threads(1)
SHAPE = Shape(layers=1, heads=2, width=16, sequence_length=32, vocab_size=50)


def drawn(*size):
    return torch.randn(*size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def filled(module):
    """The module in float64 with random weights."""
    module = module.double()
    for number, parameter in enumerate(module.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)).double() / 4
    return module


def test_layer_norm_and_rms_norm():
    x = drawn(3, 16)
    norm = filled(Norm(16, "layer", True, 1e-5))
    centred = x - x.mean(-1, keepdim=True)
    spread = (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(norm(x), centred / spread * norm.weight + norm.bias, atol=1e-12)
    norm = filled(Norm(16, "rms", True, 1e-6))
    assert norm.bias is None
    assert torch.allclose(norm(x), x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * norm.weight, atol=1e-12)


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_norms_sum_in_float32_whatever_comes_in(kind):
    x = (drawn(2, 4096) + 30).bfloat16()
    norm = Norm(4096, kind, True, 1e-5)
    wanted = norm.double()(x.double())
    assert norm.float()(x).dtype == torch.bfloat16
    assert (norm(x).double() - wanted).abs().max() <= wanted.abs().max() * 2**-8


def test_weights_are_cast_where_they_are_used():
    linear = Linear(8, 4)
    linear.weight.data, linear.bias.data = drawn(4, 8).float(), drawn(4).float()
    x = drawn(3, 8).bfloat16().requires_grad_()
    output = linear(x)
    output.sum().backward()
    assert (output.dtype, linear.weight.dtype, linear.weight.grad.dtype) == (
        torch.bfloat16,
        torch.float32,
        torch.float32,
    )
    assert torch.equal(output, F.linear(x, linear.weight.bfloat16(), linear.bias.bfloat16()))


@pytest.mark.parametrize("activation", ["gelu", "gelu-exact", "relu2", "swiglu"])
def test_feed_forwards(activation):
    feed = filled(FeedForward(Shape(layers=1, heads=2, width=16, inner=24, activation=activation)))
    x = drawn(5, 16)
    up = x @ feed.up.weight.T + feed.up.bias
    inner = {
        "gelu": lambda: 0.5 * up * (1 + torch.tanh(math.sqrt(2 / math.pi) * (up + 0.044715 * up**3))),
        "gelu-exact": lambda: 0.5 * up * (1 + torch.erf(up / math.sqrt(2))),
        "relu2": lambda: up.clamp(min=0) ** 2,
        "swiglu": lambda: up[:, :24] * torch.sigmoid(up[:, :24]) * up[:, 24:],
    }[activation]()
    assert feed.up.weight.shape[0] == (48 if activation == "swiglu" else 24) == sum(feed.up.parts)
    assert torch.allclose(feed(x), inner @ feed.down.weight.T + feed.down.bias, atol=1e-12)


def test_rotary_positions_turn_pairs_and_only_their_distance_counts():
    cosines, sines = rotary_tables(SHAPE, 32, torch.device("cpu"), torch.float64)
    x = drawn(32, 8)
    angles = torch.outer(torch.arange(32).double(), 10_000.0 ** -(torch.arange(4).double() / 4))
    turned = torch.view_as_real(torch.complex(x[:, :4], x[:, 4:]) * torch.polar(torch.ones_like(angles), angles))
    assert torch.allclose(rotate(x, cosines, sines), torch.cat((turned[..., 0], turned[..., 1]), 1), atol=1e-12)

    query, key = (rotate(drawn(1, 8).expand(32, 8) * sign, cosines, sines) for sign in (1.0, 0.5))
    scores = query @ key.T
    assert torch.allclose(scores[5:, 5:], scores[:-5, :-5], atol=1e-12)


def test_rotary_angles_are_right_far_out():
    shape = Shape(layers=1, heads=1, width=4, sequence_length=8)
    cosines, _ = rotary_tables(shape, 200_001, torch.device("cpu"), torch.float32)
    assert cosines[200_000, 1].item() == pytest.approx(math.cos(200_000 * 0.01), abs=1e-6)
    assert cosines[123_457, 0].item() == pytest.approx(math.cos(123_457), abs=1e-6)
