"""A shape: it refuses what cannot be, keeps what follows from the rest, and counts weights and work."""

from dataclasses import replace

import pytest

from trainer.model.shape import Shape

GPT2 = Shape(layers=12, heads=12, width=768)


def test_a_field_of_0_follows_the_others():
    wide = replace(GPT2, width=1536)
    assert (wide.head_width, wide.inner_width, wide.key_heads) == (128, 6144, 12)
    assert replace(GPT2, heads=6, head_size=32, inner=100, kv_heads=2).head_width == 32


@pytest.mark.parametrize(("width", "inner"), [(4096, 11008), (5120, 13824), (6656, 17920), (8192, 22016), (64, 256)])
def test_swiglu_is_as_wide_as_in_llama(width, inner):
    assert Shape(layers=1, heads=2, width=width, activation="swiglu").inner_width == inner


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"heads": 5}, "does not divide by 5 heads"),
        ({"kv_heads": 5}, "5 kv_heads"),
        ({"norm": "batch"}, "layer, rms"),
        ({"activation": "silu"}, "relu2"),
        ({"position": "blank"}, "architecture prefix"),
        ({"architecture": "encoder", "pattern": "DB"}, "no bands"),
        ({"architecture": "encoder-decoder", "head_transform": True}, "no norm_place deepnorm and no head_transform"),
        ({"value_embeddings": 7}, "give 0 to 6"),
        ({"rotary_scaling": "linear"}, "needs position rotary"),
        ({"position": "rotary", "rotary_scaling": "yarn", "rotary_factor": 2.0}, "needs rotary_original"),
        ({"relative_buckets": 6}, "multiple of 4"),
        ({"soft_cap": -1.0}, "soft_cap is -1.0"),
        ({"pattern": "DX"}, "pattern is 'DX'"),
        ({"pattern": ""}, "pattern is ''"),
        ({"dropout": 1.0}, "below 1"),
        ({"position": "rotary", "head_size": 3}, "must be even"),
        ({"gpt1_exact": True, "tied": False}, "tied true"),
        ({"band": 0}, "band is 0"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(GPT2, **wrong)


def test_json_gives_the_same_shape_and_refuses_what_it_does_not_know():
    shape = replace(GPT2, pattern="DB", qk_norm=True, kv_heads=4)
    assert Shape.from_json(shape.to_json()) == shape
    with pytest.raises(ValueError, match="no field 'depth'"):
        Shape.from_json({**shape.to_json(), "depth": 3})


def test_the_vocabulary_is_padded_to_128():
    assert (GPT2.padded_vocab_size, replace(GPT2, vocab_size=256).padded_vocab_size) == (50304, 256)
    exact = Shape(layers=1, heads=1, width=8, sequence_length=512, vocab_size=40478, gpt1_exact=True)
    assert (exact.softmax_size, exact.padded_vocab_size) == (40990, 41088)


@pytest.mark.parametrize(
    ("layers", "heads", "width", "giga"), [(12, 12, 768, 0.855), (24, 16, 1024, 2.42), (48, 25, 1600, 10.28)]
)
def test_flops_are_those_that_mfu_is_quoted_with(layers, heads, width, giga):
    assert Shape(layers, heads, width).flops_per_token() / 1e9 == pytest.approx(giga, abs=0.006)


def brute_keys(shape, length):
    seen = 0
    for layer in range(shape.layers):
        band = shape.band if shape.is_banded(layer) else length
        seen += sum(sum(1 for key in range(length) if query - band < key <= query) for query in range(length))
    return seen / length


@pytest.mark.parametrize("length", [5, 16, 40])
def test_true_flops_count_the_keys_that_are_seen(length):
    shape = Shape(layers=3, heads=2, width=8, sequence_length=40, pattern="DB", band=7, vocab_size=50)
    dense = 6 * (shape.n_parameters() - shape.position_parameters)
    assert shape.true_flops_per_token(length) == pytest.approx(dense + 12 * 8 * brute_keys(shape, length))


def test_a_matrix_that_is_only_looked_up_does_no_work():
    tied = Shape(layers=1, heads=1, width=8, vocab_size=100)
    untied = replace(tied, tied=False)
    assert untied.n_parameters() == tied.n_parameters() + 800
    assert untied.flops_per_token() == tied.flops_per_token()
