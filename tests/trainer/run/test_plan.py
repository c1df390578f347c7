"""A plan is arithmetic: lengths, memory, epochs, and what `--dry-run` says of them."""

from dataclasses import replace

import pytest

from trainer.model.presets import PRESETS
from trainer.run.config import ConfigError, read_config
from trainer.run.memory import memory_of, micro_rows_of, sizes_of_passes, verdict
from trainer.run.plan import (
    course_of,
    peak_flops,
    plan_lines,
    ramp_of,
    schedule_of,
    source_lines,
    steps_of_process,
)
from trainer.run.resume import order_for
from trainer.train import main


def config(*settings, preset="tiny"):
    return read_config(preset, None, list(settings))


@pytest.mark.parametrize(
    "settings, steps, tokens",
    [
        (["steps=5", "batch_tokens=640"], 5, 3200),
        (["tokens=3200", "batch_tokens=640"], 5, 3200),
        (["tokens=3201", "batch_tokens=640"], 6, 3840),
        (["steps=5", "tokens=9M", "batch_tokens=640"], 5, 3200),
    ],
)
def test_a_run_is_as_long_as_its_steps_or_its_tokens(settings, steps, tokens):
    course = course_of(config(*settings))
    assert (course.steps, course.tokens, course.samples) == (steps, tokens, tokens // 64)


@pytest.mark.parametrize("length", ["steps=40", "tokens=30k", "steps=3", "tokens=200"])
def test_a_growing_batch_is_counted_step_by_step(length):
    grown = config(length, "batch_tokens=1280", "ramp_from_tokens=128", "ramp_over_tokens=12800")
    ramp, step, samples = ramp_of(grown), 0, 0
    while (step < grown.steps) if grown.steps else (samples * 64 < grown.tokens):
        samples += ramp.rows_at(samples)
        step += 1
    course = course_of(grown)
    assert (course.steps, course.samples) == (step, samples)


def test_a_batch_grows_by_eights_of_rows_where_its_ends_are_eights():
    preset = config("tokens=300B", preset="gpt3-125m")
    assert {ramp_of(preset).rows_at(number * 10**5) % 8 for number in range(20)} == {0}
    assert ramp_of(preset).rows_at(0) == 16 and ramp_of(preset).rows_at(10**9) == 256


def test_a_run_without_a_length_is_asked_for_one():
    with pytest.raises(ConfigError, match=r"steps=… or tokens=…"):
        course_of(config(preset="gpt2-124m"))


def test_a_decay_of_nothing_ends_with_the_run():
    run = config("steps=100", "batch_tokens=640", "warmup_tokens=6400", "final_share=0.25")
    schedule = schedule_of(run, course_of(run))
    assert schedule.lr_scale(64_000) == pytest.approx(0.25)
    assert schedule.lr_scale(6400) == 1.0
    early = config("steps=100", "batch_tokens=640", "warmup_tokens=6400", "decay_tokens=12800")
    assert schedule_of(early, course_of(early)).lr_scale(12_800) == pytest.approx(0.1)
    with pytest.raises(ConfigError, match="decay_tokens"):
        bad = config("steps=100", "warmup_tokens=6400", "decay_tokens=6400")
        schedule_of(bad, course_of(bad))


def test_memory_counts_weights_gradients_and_moments():
    gpt2 = config("steps=1", preset="gpt2-1558m")
    shape = PRESETS["gpt2-1558m"].shape
    padded = shape.n_parameters() + (50304 - 50257) * 1600
    memory = memory_of(gpt2, shape, 8, 2)
    assert (memory.weights, memory.gradients, memory.optimizer) == (6 * padded, 4 * padded, 8 * padded)
    assert 20e9 < memory.activations < 50e9
    sharded = memory_of(gpt2, shape, 8, 2, shards=8)
    assert sharded.gradients == 4 * padded // 8
    muon = memory_of(config("steps=1", "optimizer=muon", preset="gpt2-1558m"), shape, 8, 2)
    assert memory.optimizer - muon.optimizer == 4 * shape.matrix_parameters


@pytest.mark.parametrize(
    "preset, rows, memory, chosen",
    [
        ("tiny", 32, 0, 32),
        ("tiny", 1024, 0, 64),
        ("gpt2-124m", 512, 0, 4),
        ("gpt2-124m", 512, 140e9, 64),
        ("gpt2-124m", 512, 24e9, 32),
        ("gpt2-1558m", 512, 140e9, 16),
        ("gpt2-1558m", 512, 1e9, 1),
        ("gpt2-124m", 3, 140e9, 2),
    ],
)
def test_rows_of_a_pass_follow_from_the_memory(preset, rows, memory, chosen):
    assert micro_rows_of(config("steps=1", preset=preset), PRESETS[preset].shape, [rows], int(memory), 2) == chosen
    asked = config("steps=1", "micro_batch=12", preset=preset)
    assert micro_rows_of(asked, PRESETS[preset].shape, [rows], int(memory), 2) == min(12, rows)


@pytest.mark.parametrize(
    "name, peak",
    [
        ("NVIDIA H200", 989e12),
        ("NVIDIA GH200 480GB", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("A card", None),
    ],
)
def test_the_peak_is_known_by_the_name_of_the_card_or_not_at_all(name, peak):
    assert peak_flops(name) == peak


def test_the_plan_names_parameters_work_memory_length_and_epochs(small_shards):
    run = config("steps=100", "batch_tokens=640")
    order = order_for(run, small_shards.manifest)
    shape = run.shape
    text = "\n".join(plan_lines(run, shape, order, memory_of(run, shape, 10, 4), 10))
    assert f"{shape.n_parameters():,} parameters" in text and f"{shape.flops_per_token():.3e} FLOPs a token" in text
    assert "100 steps of 640 tokens: 64,000 tokens" in text and "10 rows per pass" in text
    assert "webtext is seen 6.13 times" in text, "repeats past four epochs are warned of"
    table = source_lines(order, 1000)
    counts = order.counts(1000)
    assert counts == {"books": 250, "webtext": 750}
    for name, line in zip(order.names, table[1:], strict=True):
        cells = line.split()
        assert cells[0] == name and cells[2] == f"{counts[name] * 64:,}"
        assert cells[3] == f"{order.epochs(1000)[name]:.3f}"
    assert table[1].split()[-2:] == ["25.00%", "25.00%"]


def test_a_dry_run_prints_the_plan_and_writes_nothing(small_shards, tmp_path, capsys):
    output = tmp_path / "run"
    flags = ["--data", str(small_shards.folder), "--preset", "gpt2-124m", "--output", str(output), "--dry-run"]
    assert main([*flags, "tokens=10B", "weights=books:1"]) == 0
    said = capsys.readouterr().out
    assert "fits        cpu has" in said
    assert "19,074 steps of 524,288 tokens" in said and "vocabulary 1,000" in said
    assert "books" in said and "100.00%" in said and "webtext" not in said
    assert not output.exists()


@pytest.mark.parametrize(
    "settings, words",
    [
        (["layers=10_000_000"], "weights, gradients and moments need"),
        (["width=4_194_304", "heads=64"], "weights, gradients and moments need"),
        (["sequence_length=1_000_000_000", "batch_tokens=1_000_000_000", "position=rotary"], "even one row per pass"),
    ],
)
def test_a_dry_run_says_what_does_not_fit_and_what_to_do(small_shards, tmp_path, settings, words, capsys):
    flags = ["--data", str(small_shards.folder), "--preset", "tiny", "--output", str(tmp_path / "run"), "--dry-run"]
    assert main([*flags, *settings, "tokens=10B"]) == 5 or "one window of" in capsys.readouterr().err
    printed = capsys.readouterr()
    if "sequence_length" not in settings[0]:
        assert words in printed.err and "take a smaller preset" in printed.err and "parameters" in printed.out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 8, 64])
@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith("gpt3")])
@pytest.mark.parametrize("memory", [0, 40e9, 80e9, 140e9])
def test_a_growing_batch_compiles_four_shapes_at_most(preset, processes, memory):
    run = config("tokens=300B", preset=preset)
    steps = steps_of_process(ramp_of(run), processes)
    rows = micro_rows_of(run, run.shape, steps, int(memory), 2, shards=8)
    passes = {min(rows, count - at) for count in steps for at in range(0, count, rows)}
    assert passes == sizes_of_passes(steps, rows) and len(passes) <= 4


def test_shards_leave_room_for_more_rows():
    """LLaMA's 7B on eight cards of 80 GB: a copy of all on each does not fit, an eighth leaves room for passes."""
    run, shape = config("tokens=1T", preset="llama-7b"), PRESETS["llama-7b"].shape
    whole, cut = (memory_of(run, shape, 1, 2, shards) for shards in (1, 8))
    assert whole.certain > 80e9 > 4 * cut.certain
    assert micro_rows_of(run, shape, [256], int(80e9), 2, shards=1) == 1
    assert micro_rows_of(run, shape, [256], int(80e9), 2, shards=8) >= 4
    again = config("tokens=1T", "recompute=true", preset="llama-7b")
    assert memory_of(again, shape, 4, 2, 8).activations < memory_of(run, shape, 4, 2, 8).activations / 5
    assert micro_rows_of(again, shape, [256], int(80e9), 2, shards=8) > micro_rows_of(
        run, shape, [256], int(80e9), 2, 8
    )


def test_the_verdict_names_the_first_thing_that_does_not_fit():
    run, shape = config("steps=1", preset="gpt2-124m"), PRESETS["gpt2-124m"].shape
    one, many = memory_of(run, shape, 1, 2), memory_of(run, shape, 64, 2)
    assert verdict(many, one, int(1e9), 1, 10**12).startswith("weights, gradients and moments need 2.24 GB")
    assert "even one row" in verdict(many, one, one.total - 1, 1, 10**12)
    assert "lower micro_batch" in verdict(many, one, many.total - 1, 1, 10**12)
    assert verdict(many, one, many.total, 1, 0) == ""
    cut = memory_of(run, shape, 1, 2, shards=8)
    assert "copied to the host first, 1.49 GB" in verdict(cut, cut, 10**12, 8, 10**9)
    assert verdict(cut, cut, 10**12, 8, int(1.5e9)) == ""


def test_a_gated_layer_keeps_its_gate():
    run, shape = config("steps=1", preset="gpt2-124m"), PRESETS["gpt2-124m"].shape
    plain, *gated = (replace(shape, activation=name, inner=3072) for name in ("gelu", "swiglu", "geglu"))
    more = 12 * 3072 * 1024 * 2  # a third number of the inner layer, of each of 1,024 tokens, in bfloat16
    for each in gated:
        assert memory_of(run, each, 1, 2).activations - memory_of(run, plain, 1, 2).activations == more


def test_a_batch_that_grows_for_a_billion_steps_is_counted_at_once():
    grown = config("tokens=1T", "batch_tokens=128", "ramp_from_tokens=64", "ramp_over_tokens=1T", "sequence_length=64")
    course = course_of(grown)
    assert course.tokens >= 10**12 and course.steps > 7 * 10**9
