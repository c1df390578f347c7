"""The presets: as many weights as published, and recipes that a run can take."""

import pytest

from trainer.model.presets import PRESETS

MILLIONS = {
    "gpt1": 116.5,
    "gpt2-124m": 124.4,
    "gpt2-355m": 354.8,
    "gpt2-774m": 774.0,
    "gpt2-1558m": 1557.6,
    "gpt3-125m": 125,
    "gpt3-350m": 356,
    "gpt3-760m": 760,
    "gpt3-1.3b": 1316,
    "gpt3-2.7b": 2652,
    "gpt3-6.7b": 6658,
    "gpt3-13b": 12853,
    "gpt3-175b": 174600,
    "llama-134m": 134.1,
    "llama-1.1b": 1100,
    "llama-7b": 6700,
    "llama-13b": 13000,
    "llama-33b": 32500,
    "llama-65b": 65200,
    "modern-124m": 124,
    "bert-110m": 109.5,
    "t5-60m": 60.5,
    "t5-220m": 222.9,
    "prefix-110m": 109.6,
    "glm-110m": 109.3,
    "distilbert-66m": 66.98,
    "distilgpt2-82m": 81.9,
}


@pytest.mark.parametrize("name", MILLIONS)
def test_weights_are_as_many_as_published(name):
    wanted = MILLIONS[name]
    tolerance = 0.008 * wanted if name.startswith(("llama", "modern")) else max(0.06, 0.0005 * wanted)
    if name in ("gpt3-125m", "gpt3-350m", "gpt3-760m"):
        tolerance = 0.5
    assert PRESETS[name].shape.n_parameters() / 1e6 == pytest.approx(wanted, abs=tolerance)


def test_every_preset_but_the_tiny_one_has_a_published_count():
    assert set(PRESETS) - {"tiny"} == set(MILLIONS)
    assert all(name == preset.name for name, preset in PRESETS.items())


def test_the_two_misprints_of_gpt3_are_mended_and_said():
    assert (PRESETS["gpt3-1.3b"].shape.heads, PRESETS["gpt3-13b"].shape.width) == (16, 5120)
    assert "24 heads" in PRESETS["gpt3-1.3b"].note
    assert "5,140" in PRESETS["gpt3-13b"].note


@pytest.mark.parametrize(
    ("name", "rate", "rows"),
    [("gpt3-125m", 6e-4, 256), ("gpt3-760m", 2.5e-4, 256), ("gpt3-2.7b", 1.6e-4, 512), ("gpt3-175b", 6e-5, 1600)],
)
def test_gpt3_is_trained_as_its_table_says(name, rate, rows):
    shape, recipe = PRESETS[name].shape, PRESETS[name].recipe
    assert (shape.sequence_length, shape.pattern, shape.head_width) == (2048, "DB", shape.width // shape.heads)
    assert (recipe["rate"], recipe["batch_tokens"]) == (rate, rows * 2048)
    assert (recipe["tokens"], recipe["decay_tokens"], recipe["warmup_tokens"]) == (300e9, 260e9, 375e6)
    assert (recipe["ramp_from_tokens"], recipe["clip"], recipe["weight_decay"]) == (32_768, 1.0, 0.1)
    assert 4e9 <= recipe["ramp_over_tokens"] <= 12e9


def test_gpt1_is_trained_as_its_paper_and_code_say():
    shape, recipe = PRESETS["gpt1"].shape, PRESETS["gpt1"].recipe
    assert (shape.norm_place, shape.dropout, shape.sequence_length, shape.position_std) == ("post", 0.1, 512, 0.02)
    assert (recipe["optimizer"], recipe["rate"], recipe["weight_decay"]) == ("gpt1-adam", 2.5e-4, 0.01)
    assert recipe["warmup_tokens"] == 2_000 * recipe["batch_tokens"] == 2_000 * 64 * 512


def test_the_modern_one_does_the_work_of_gpt2():
    modern, gpt2 = PRESETS["modern-124m"].shape, PRESETS["gpt2-124m"].shape
    assert modern.matrix_parameters == gpt2.matrix_parameters
    assert modern.flops_per_token() == pytest.approx(gpt2.flops_per_token(), rel=2e-3)


@pytest.mark.parametrize("name", PRESETS)
def test_batches_are_whole_rows_and_sources_are_named(name):
    preset = PRESETS[name]
    for key in ("batch_tokens", "ramp_from_tokens"):
        assert preset.recipe.get(key, 0) % preset.shape.sequence_length == 0
    assert preset.cites


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_is_keys_of_a_run(name):
    config = pytest.importorskip("trainer.run.config")
    assert set(PRESETS[name].recipe) <= set(config.RUN_KEYS)
