"""The command that samples: text with a tokenizer, ids without, and what it says when something is missing."""

import pytest
import torch
from run_folders import SMALL, random_model, small_tokenizer, write_run

from trainer.model.generate import Sampling, generate
from trainer.model.shape import Shape
from trainer.run.runs import ids_with_token, open_run
from trainer.sample import main


@pytest.fixture
def worded(tmp_path):
    """(folder of a run, its model, its tokenizer); the tokenizer lies beside the shards that the run names."""
    tokenizer = small_tokenizer(tmp_path / "tokenizer")
    model = random_model(Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size}))
    return write_run(tmp_path / "runs" / "small", model, tokenizer, data=tmp_path / "shards"), model, tokenizer


def test_samples_are_the_prompt_and_what_the_model_says(worded, capsys):
    run, model, tokenizer = worded
    flags = "--count 3 --temperature 0.7 --top-k 40 --top-p 0.95 --tokens 9 --seed 4 --device cpu".split()
    assert main([str(run), "--prompt", "the same", *flags]) == 0
    prompt = tokenizer.encode("the same").tolist()
    samples = generate(model, [prompt] * 3, 9, Sampling(0.7, 40, 0.95), 4, tokenizer.end_of_text)
    texts = [f"--- {n}\n{tokenizer.decode([*prompt, *sample.tokens])}\n" for n, sample in enumerate(samples, 1)]
    assert capsys.readouterr().out == "".join(texts)


def test_without_a_prompt_a_sample_begins_after_the_end_of_text(worded, capsys):
    run, model, tokenizer = worded
    assert main([str(run), "--tokens", "5"]) == 0
    (sample,) = generate(model, [[tokenizer.end_of_text]], 5, end_of_text=tokenizer.end_of_text)
    assert capsys.readouterr().out == tokenizer.decode(list(sample.tokens)) + "\n"


def test_without_a_tokenizer_ids_stand_for_text(tmp_path, capsys):
    model = random_model(Shape(**SMALL))
    run = write_run(tmp_path / "run", model, end_of_text=60)
    assert main([str(run), "--prompt", "1 2 3", "--tokens", "6"]) == 0
    (sample,) = generate(model, [[1, 2, 3]], 6, end_of_text=60)
    printed = capsys.readouterr()
    assert printed.out.split() == ["1", "2", "3", *map(str, sample.tokens)]
    assert "give --tokenizer" in printed.err
    for prompt, words in (
        ("1 61", "the id 61 is not in the model's vocabulary"),
        ("the", "token ids, not 'the'"),
    ):
        assert main([str(run), "--prompt", prompt]) == 2
        assert words in capsys.readouterr().err


def test_a_checkpoint_can_be_named_itself(worded):
    run, model, _ = worded
    opened = open_run(run / "checkpoints" / "step_00000007")
    assert opened.step == 7 and opened.shape == model.shape and opened.data.endswith("shards")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--temperature", "-1"], 2, "a temperature of -1.0 makes no distribution"),
        (["--temperature", "nan"], 2, "a temperature of nan makes no distribution"),
        (["--temperature", "inf"], 2, "a temperature of inf makes no distribution"),
        (["--top-p", "1.5"], 2, "top-p of 1.5"),
        (["--top-p", "nan"], 2, "top-p of nan"),
        (["--device", "nowhere"], 2, "no device 'nowhere' here"),
        (["--tokenizer", "nowhere"], 3, "no such tokenizer"),
        (["--best"], 2, "the run has not validated yet"),
    ],
)
def test_what_is_wrong_is_said(worded, flags, code, words, capsys):
    assert main([str(worded[0]), *flags]) == code
    assert words in capsys.readouterr().err
    assert main([str(worded[0] / "nowhere")]) == 3
    assert "no run with a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--seed", "-1"], ["--seed", str(2**63)], ["--count", "0"], ["--tokens", "1e3"]])
def test_numbers_that_no_flag_can_mean_are_refused_by_name(worded, flags, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(worded[0]), *flags])
    assert ended.value.code == 2 and f"argument {flags[0]}" in capsys.readouterr().err


def test_another_seed_gives_another_sample(worded, capsys):
    seeds = [0, 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
    samples = set()
    for seed in seeds:
        assert main([str(worded[0]), "--tokens", "12", "--seed", str(seed), "--prompt", "the"]) == 0
        samples.add(capsys.readouterr().out)
    assert len(samples) == len(seeds)


def test_ids_that_no_token_has_are_never_drawn(tmp_path, capsys):
    """A model with more rows than its tokenizer has ids, whose bare rows are by far the likeliest."""
    tokenizer = small_tokenizer(tmp_path / "run" / "tokenizer")
    model = random_model(Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size + 77}))
    with torch.no_grad():
        model.embedding.weight[tokenizer.vocab_size : model.shape.vocab_size] *= 50
    run = write_run(tmp_path / "run", model, tokenizer)
    known = ids_with_token(tokenizer, model.shape.vocab_size)
    assert known.tolist() == [True] * tokenizer.vocab_size + [False] * 77
    for flags in ([], ["--temperature", "0"], ["--top-k", "3"], ["--top-p", "0.5"]):
        assert main([str(run), "--tokens", "30", "--count", "3", "--prompt", "the", *flags]) == 0
        assert capsys.readouterr().out.count("--- ") == 3
    drawn = generate(model, [[1]] * 3, 30, Sampling(allowed=known))
    assert max(token for sample in drawn for token in sample.tokens) < tokenizer.vocab_size
    free = generate(model, [[1]] * 3, 30)
    assert max(token for sample in free for token in sample.tokens) >= tokenizer.vocab_size
