"""Keys of a run: where a value comes from, what is refused and in which words, what may change when a run goes on."""

import json
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from trainer.model.presets import PRESETS
from trainer.run.config import (
    MAY_CHANGE,
    RUN_KEYS,
    SHAPE_KEYS,
    ConfigError,
    RunConfig,
    describe_keys,
    differences,
    kept_lengths,
    parse_value,
    read_config,
)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_configuration_and_survives_json(preset):
    config = read_config(preset, None, ["steps=1000"])
    assert config.shape == replace(PRESETS[preset].shape, vocab_size=config.shape.vocab_size)
    assert RunConfig.from_json(config.to_json()) == config
    assert config.to_json().keys() == {"preset", "given", *SHAPE_KEYS, *RUN_KEYS}


def test_a_key_overrides_the_file_and_the_file_the_preset(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('preset = "tiny"\nrate = 0.5\nwidth = 128\ndocument_mask = true\nbatch_tokens = "64k"\n')
    config = read_config("", file, ["rate=0.25", "sequence_length=100"])
    assert (config.preset, config.rate, config.document_mask) == ("tiny", 0.25, True)
    assert (config.shape.width, config.shape.sequence_length, config.batch_tokens) == (128, 100, 64_000)
    assert config.beta2 == PRESETS["tiny"].recipe["beta2"]
    assert read_config("gpt1", file, ["sequence_length=100", "heads=4"]).preset == "gpt1"


def test_what_a_run_wrote_is_read_as_what_it_was_given(tmp_path):
    config, file = read_config("gpt1", None, ["rate=0.5", "steps=7", "layers=2"]), tmp_path / "config.json"
    file.write_text(json.dumps({"config": config.to_json(), "shape": {}}))
    again = read_config("", file, [])
    assert again == config and again.given == config.given
    assert read_config("", file, ["steps=9"]).steps == 9
    for text in ("{}", "[]", "no"):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"config\.json: not the config\.json of a run"):
            read_config("", file, [])


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("steps", "524_288", 524_288),
        ("steps", "1,000", 1000),
        ("tokens", "375M", 375_000_000),
        ("tokens", "0.5m", 500_000),
        ("tokens", "300B", 300_000_000_000),
        ("tokens", "5e5", 500_000),
        ("tokens", "1.4T", 1_400_000_000_000),
        ("rate", "6e-4", 6e-4),
        ("bias", "false", False),
        ("bias", "on", True),
        ("tensorboard", True, True),
        ("width", "64", 64),
        ("schedule", "Cosine", "cosine"),
        ("pattern", "DB", "DB"),
        ("weights", "books:1", "books:1"),
    ],
)
def test_values_are_read_by_the_type_of_their_key(name, text, value):
    parsed = parse_value(name, text)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    "settings, words",
    [
        (["stepps=3"], ["'stepps'", "did you mean steps?"]),
        (["steps=many"], ["steps=many", "not a whole number"]),
        (["steps=1.5"], ["steps=1.5", "not a whole number"]),
        (["steps=-5"], ["steps=-5", "less than nothing"]),
        (["rate=fast"], ["rate=fast", "not a number"]),
        (["bias=maybe"], ["bias=maybe", "not true or false"]),
        (["optimizer=adam"], ["optimizer=adam", "adamw, muon, gpt1-adam"]),
        (["steps"], ["'steps' is no key=value"]),
        (["batch_tokens=100"], ["batch_tokens=100", "rows of 64", "write batch_tokens=128"]),
        (["batch_tokens=0"], ["batch_tokens=0", "write batch_tokens="]),
        (["ramp_from_tokens=64k", "batch_tokens=640"], ["ramp_from_tokens=64000", "batch_tokens=640"]),
        (["norm=batch"], ["norm", "layer, rms"]),
        (["heads=5"], ["width 64", "5 heads"]),
        (["save_every=0"], ["save_every"]),
        (["rate=nan"], ["rate=nan", "not a finite number"]),
        (["rate=-inf"], ["rate=-inf", "not a finite number"]),
        (["rate=0"], ["rate=0", "more than 0"]),
        (["dropout=nan"], ["dropout=nan", "not a finite number"]),
        (["rotary_base=0"], ["rotary_base=0", "more than 0"]),
        (["beta2=1"], ["beta2=1", "less than 1"]),
        (["final_share=1.5"], ["final_share=1.5", "at most 1"]),
        (["steps=1e19"], ["steps=1e19", "64 bits"]),
        (["steps=nan"], ["steps=nan", "64 bits"]),
        (["tokens=1e999999999"], ["64 bits"]),
        (["seed=9223372036854775808"], ["seed=", "64 bits"]),
        (["kv_heads=-2"], ["kv_heads", "-2"]),
        (["threads=100000"], ["threads=100000", "at most 4096"]),
        (["vocab_size=7"], ["vocab_size"]),
    ],
)
def test_what_is_wrong_is_named(settings, words):
    with pytest.raises(ConfigError) as error:
        read_config("tiny", None, settings)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "text, word",
    [("rate = ", "run.toml"), ("[optimizer]\nrate = 1.0", "'optimizer' is a table"), ("speed = 1", "'speed'")],
)
def test_a_file_that_is_wrong_is_named(tmp_path, text, word):
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=word):
        read_config("tiny", file, [])
    with pytest.raises(ConfigError, match="No such file"):
        read_config("tiny", tmp_path / "absent.toml", [])


def test_presets_are_suggested_and_without_one_a_shape_is_asked_for():
    with pytest.raises(ConfigError, match="did you mean gpt2-124m"):
        read_config("gpt2-124", None, [])
    with pytest.raises(ConfigError, match="layers="):
        read_config("", None, ["steps=1"])
    assert read_config("", None, ["layers=3", "heads=2", "width=8"]).shape.layers == 3


def test_a_recipe_longer_than_the_run_is_fitted_unless_its_length_is_given():
    recipe = PRESETS["gpt3-125m"].recipe
    whole = read_config("gpt3-125m", None, [])
    assert {name: getattr(whole, name) for name in recipe} == recipe
    run = 100 * whole.batch_tokens
    short = read_config("gpt3-125m", None, ["steps=100"])
    assert (short.warmup_tokens, short.decay_tokens, short.ramp_over_tokens) == (run // 10, 0, run // 4)
    given = read_config("gpt3-125m", None, ["steps=100", "warmup_tokens=375M"])
    assert given.warmup_tokens == 375_000_000


def test_tokens_given_set_the_preset_s_steps_aside():
    assert read_config("tiny", None, []).steps > 0
    assert read_config("tiny", None, ["tokens=1M"]).steps == 0


def test_lengths_that_were_fitted_stay_when_the_end_moves():
    old = read_config("gpt2-124m", None, ["steps=100"])
    new = kept_lengths(read_config("gpt2-124m", None, ["steps=200"]), old.to_json())
    assert (new.steps, new.warmup_tokens) == (200, old.warmup_tokens)
    assert not differences(old.to_json(), new.to_json())
    given = kept_lengths(read_config("gpt2-124m", None, ["steps=200", "warmup_tokens=1M"]), old.to_json())
    assert differences(old.to_json(), given.to_json()) == [f"warmup_tokens was {old.warmup_tokens}, is now 1000000"]


def test_differences_name_what_a_run_must_keep_and_nothing_else():
    assert set(RUN_KEYS) > MAY_CHANGE
    old = read_config("tiny", None, [])
    changed = replace(old, steps=7, minutes=1.0, weights="books:1", micro_batch=4, rate=1.0, beta1=0.5, seed=3)
    assert differences(old.to_json(), changed.to_json()) == [
        f"beta1 was {old.beta1}, is now 0.5",
        "seed was 0, is now 3",
    ]


def test_help_lists_every_key_and_preset_with_a_line_and_needs_no_torch():
    text = describe_keys()
    for name in (*RUN_KEYS, *SHAPE_KEYS, *PRESETS):
        lines = [line for line in text.splitlines() if line.strip().startswith((f"{name}=", f"{name} "))]
        assert any(len(line.split(maxsplit=1)) == 2 for line in lines), name
    assert all(each.metadata["help"] for each in fields(RunConfig) if each.name in RUN_KEYS)
    code = "import sys, trainer.train as t; t.parser().format_help(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
