"""The ways in which a token's place reaches the model: tables, angles, and biases of the attention's scores.

All are functions of the shape and a length, computed once per device in at least float32 and never learned, but for
T5's relative biases, of which only the bucket of each distance is computed here and the table is the model's. Rotary
positions are stretched to contexts longer than the model was trained on in the four published ways.
"""

import math

import torch
from torch import Tensor

from trainer.model.shape import Shape

# Turns within the original length: beta_fast, beta_slow of YaRN; low_freq_factor, high_freq_factor of Llama 3.1.
_YARN_FAST, _YARN_SLOW = 32.0, 1.0
_LLAMA3_LOW, _LLAMA3_HIGH = 1.0, 4.0


def rotary_tables(shape: Shape, length: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles t·rate_i (Su et al., 2021, section 3.2.2), each [length, head size / 2].

    The angles are computed in float64: at position 100,000 a float32 angle is off by more than a hundredth. YaRN also
    scales both tables, which is its temperature of the attention.
    """
    angles = torch.outer(torch.arange(length, dtype=torch.float64), rotary_rates(shape))
    # Queries and keys both carry it, so a score has its square: for s = 4, 1.139² = 1.297.
    scale = 0.1 * math.log(shape.rotary_factor) + 1 if shape.rotary_scaling == "yarn" else 1.0
    return (scale * angles.cos()).to(device, dtype), (scale * angles.sin()).to(device, dtype)


def ntk_base(shape: Shape) -> float:
    """The base of NTK-aware scaling: the slowest pair turns slower by the whole factor, the fastest as before."""
    return shape.rotary_base * shape.rotary_factor ** (shape.head_width / (shape.head_width - 2))


def rotary_rates(shape: Shape) -> Tensor:
    """Radians per position of each pair, base^(-2i/d), as `rotary_scaling` stretches them; float64 [head size / 2].

    "linear" divides all by the factor s (Chen et al., 2023); "ntk" changes the base; "yarn" (Peng et al., 2023)
    divides pairs that turn less than once in the original length, leaves those that turn more than 32 times, and ramps
    between them along the number of the pair, as its released code does; "llama3" (Llama 3.1's released code) the same
    between 1 and 4 turns, along the number of turns. With d = 4, base 10,000 and s = 2 the rates 1 and .01 become .5
    and .005 (linear), or 1 and .005 (ntk: the base becomes 10,000·2^(4/2) = 40,000).
    """
    size, factor = shape.head_width, shape.rotary_factor
    base = ntk_base(shape) if shape.rotary_scaling == "ntk" else shape.rotary_base
    rates = base ** -(torch.arange(0, size, 2, dtype=torch.float64) / size)
    if shape.rotary_scaling == "linear":
        return rates / factor
    if shape.rotary_scaling == "yarn":
        kept = _yarn_kept(shape)
    elif shape.rotary_scaling == "llama3":
        turns = shape.rotary_original * rates / (2 * math.pi)
        kept = ((turns - _LLAMA3_LOW) / (_LLAMA3_HIGH - _LLAMA3_LOW)).clamp(0, 1)
    else:
        return rates
    return kept * rates + (1 - kept) * rates / factor


def _yarn_kept(shape: Shape) -> Tensor:
    """How much of each pair's rate YaRN keeps, from 1 for the fast pairs to 0 for the slow ones."""

    def pair_that_turns(times: float) -> float:
        # Pair i turns L·base^(-2i/d)/2π times in L positions; solved for i. d = 128, L = 4,096, base 10,000: 32 turns
        # at i = 20.9, one at 45.0; so pairs up to 20 keep their rate, and those from 46 on are divided.
        turn = math.log(shape.rotary_original / (times * 2 * math.pi))
        return shape.head_width * turn / (2 * math.log(shape.rotary_base))

    low = max(math.floor(pair_that_turns(_YARN_FAST)), 0)
    high = min(math.ceil(pair_that_turns(_YARN_SLOW)), shape.head_width - 1)
    pairs = torch.arange(shape.head_width // 2, dtype=torch.float64)
    return 1 - ((pairs - low) / (high - low or 0.001)).clamp(0, 1)  # 0.001: a step where both meet


def rotate(input: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn the pairs (i, i + d/2) of [..., T, d] by the angles of the tables, [T, d/2] each.

    The paper pairs neighbours, (2i, 2i+1); halves are the layout of LLaMA's weights in `transformers`.
    """
    # A quarter turn of (1, 2, 3, 4): the pairs (1, 3) and (2, 4) become (-3, 1) and (-4, 2), so (-3, -4, 1, 2).
    first, second = input.to(cosines.dtype).chunk(2, dim=-1)
    turned = torch.cat((first * cosines - second * sines, second * cosines + first * sines), dim=-1)
    return turned.to(input.dtype)


def sinusoids(length: int, width: int) -> Tensor:
    """sin and cos of t·10,000^(-2i/d) in turn (Vaswani et al., 2017, section 3.5), float64 [length, width]."""
    rates = 10_000.0 ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.outer(torch.arange(length, dtype=torch.float64), rates)
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)[:, :width]  # s0 c0 s1 c1 …; odd widths end early


def alibi_slopes(heads: int) -> Tensor:
    """The slope of each head (Press et al., 2022): 2^(-8/n), 2^(-16/n), … for n heads; float64 [heads].

    Where n is no power of two, those of the power below it, and then every other one of the power above it.
    """
    # 8 heads: 1/2, 1/4, … 1/256. 6 heads: 1/4, 1/16, 1/64, 1/256 of four, then 1/2 and 1/8 of eight.
    power = 2 ** int(math.log2(heads))
    first = 2.0 ** (-8.0 / power * torch.arange(1, power + 1, dtype=torch.float64))
    between = 2.0 ** (-4.0 / power * torch.arange(1, 2 * power + 1, 2, dtype=torch.float64))
    return torch.cat((first, between))[:heads]


def distances(queries: int, keys: int, device: torch.device) -> Tensor:
    """key - query for the last `queries` of `keys` places, int64 [queries, keys]."""
    places = torch.arange(keys, device=device)
    return places[None, :] - places[keys - queries :, None]  # 2 queries, 4 keys: [[-2 -1 0 1] [-3 -2 -1 0]]


def relative_buckets(distance: Tensor, shape: Shape, both_ways: bool) -> Tensor:
    """T5's bucket of each distance key - query (Raffel et al., 2020, section 2.1), in 0 … relative_buckets - 1.

    Half of the buckets are for single distances, the others grow by a constant ratio up to `relative_distance`, and
    the last takes all beyond. With `both_ways` keys before and after a query have buckets of their own; without, all
    keys after it share that of distance 0. With 32 buckets one way: 0 … 15 for 0 … 15, then 16 for 16, 17 and 18.
    """
    buckets, start = shape.relative_buckets, torch.zeros_like(distance)
    if both_ways:
        buckets //= 2
        start = torch.where(distance > 0, buckets, 0)
        far = distance.abs()
    else:
        far = (-distance).clamp(min=0)
    # Both ways 16 of 32 a side, 8 of them single: 1 before is bucket 1 and 1 after 17, 8 before is 8 and 8 after 24.
    single = buckets // 2
    # In float32, as the released code rounds it.
    growth = torch.log(far.clamp(min=1).float() / single) / math.log(shape.relative_distance / single)
    grown = single + (growth * (buckets - single)).long()
    return start + torch.where(far < single, far, grown.clamp(max=buckets - 1))
