"""Runs with every objective: they learn, cut into any batches and killed at any step; bad keys end with the cure."""

import json
import shutil

import numpy as np
import pytest
import torch
from small_runs import command, final_state, rows_of, run, session, timeless

from trainer.data.loader import Loader
from trainer.export import main as export
from trainer.run.loop import take_step
from trainer.run.runs import model_of, open_run
from trainer.run.validation import inputs_of
from trainer.sample import main as sample
from trainer.train import main

BERT = ["objective=masked", "architecture=encoder", "norm_place=post", "embedding_norm=true", "head_transform=true"]
T5 = [
    "objective=spans",
    "architecture=encoder-decoder",
    "position=relative",
    "norm=rms",
    "bias=false",
    "activation=relu",
]
PREFIX = ["objective=spans", "architecture=prefix", "position=alibi"]
GLM = ["objective=blanks", "architecture=prefix", "position=blank"]
KINDS = {"masked": BERT, "spans": T5, "prefix": PREFIX, "blanks": GLM}
SMALL = ["sequence_length=32", "batch_tokens=256", "validate_tokens=640", "dropout=0.1"]
# Test-sized: enough of both for a small model to see further than frequencies.
LEARNING = ["layers=2", "heads=4", "width=64", "sequence_length=64", "batch_tokens=2048", "steps=300", "optimizer=muon"]
LEARNING += [
    "rate=5e-3",
    "matrix_rate=0.03",
    "weight_decay=0",
    "warmup_tokens=40k",
    "validate_tokens=8192",
    "save_every=300",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_bit_for_bit_where_it_was_killed(kind, markov_shards, tmp_path):
    settings = [*SMALL, *KINDS[kind], "steps=5", "save_every=3", "validate_every=5"]
    whole = timeless(run(markov_shards.folder, tmp_path / "whole", *settings))
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "step_00000005")
    assert timeless(run(markov_shards.folder, tmp_path / "killed", *settings)) == whole
    one, other = final_state(tmp_path / "whole", 5), final_state(tmp_path / "killed", 5)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_the_same_however_it_is_cut(kind, markov_shards, tmp_path):
    """Rows may have different numbers of targets; every target of a step counts the same."""
    results = []
    for rows in (8, 3, 1):
        settings = [*SMALL, *KINDS[kind], "steps=5", "dropout=0", f"micro_batch={rows}", "clip=0"]
        opened = session(markov_shards.folder, tmp_path / str(rows), *settings)
        order = opened.order
        with Loader(opened.shards, order, lambda _: 8, micro_rows=rows, objective=opened.objective) as loader:
            results.append(take_step(opened, next(loader), 8, 1.0))
        results[-1] = torch.cat((results[-1], *(part.flatten() for part in opened.model.parameters())))
    assert torch.allclose(results[0], results[1], atol=2e-5) and torch.allclose(results[0], results[2], atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_processes_sees_the_same_rows(kind, markov_shards, tmp_path):
    opened = session(markov_shards.folder, tmp_path, *SMALL, *KINDS[kind], "steps=5")
    streams = []
    for world in (1, 2, 3):
        loaders = [
            Loader(opened.shards, opened.order, lambda _: 7, 40, rank, world, objective=opened.objective)
            for rank in range(world)
        ]
        batches = [batch for _ in range(3) for loader in loaders for batch in next(loader)]
        for loader in loaders:
            loader.close()
        more = [torch.cat([batch.more[name] for batch in batches]) for name in batches[0].more]
        streams.append([torch.cat([batch.tokens for batch in batches]), torch.cat([b.targets for b in batches]), *more])
    for other in streams[1:]:
        assert all(torch.equal(one, two) for one, two in zip(streams[0], other, strict=True))


def test_validation_hides_the_same_words_each_time_and_others_than_training(markov_shards, tmp_path):
    opened = session(markov_shards.folder, tmp_path, *SMALL, *BERT, "steps=5")
    windows, cpu = opened.held[0].rows, torch.device("cpu")
    whole = inputs_of(windows, 0, opened.objective, cpu)
    assert torch.equal(inputs_of(windows[3:5], 3, opened.objective, cpu).tokens, whole.tokens[3:5])
    trained = np.empty((len(windows), 64), np.int32)
    assert opened.objective is not None
    opened.objective.write(windows.astype(np.int32), np.arange(len(windows)), trained)
    assert not np.array_equal(trained[:, 32:], whole.targets.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_of_tokens_is_filled_in_better_than_by_frequencies(kind, markov_shards, tmp_path):
    settings = [*LEARNING, *KINDS[kind], "layers=1", "width=32", "heads=2", "sequence_length=32", "steps=120"]
    settings += ["batch_tokens=1024", "validate_tokens=4096", "validate_every=120", "warmup_tokens=0"]
    assert main(["--data", str(markov_shards.folder), "--preset", "tiny", "--output", str(tmp_path), *settings]) == 0
    opened = session(markov_shards.folder, tmp_path / "again", *settings)
    assert rows_of(tmp_path)[-1]["bits_per_byte"]["markov"] < 0.97 * opened.baselines["markov"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_small_model_learns_more_of_a_real_text_than_frequencies(kind, play_shards, tmp_path):
    settings = [*LEARNING, *KINDS[kind], "validate_every=300"]
    assert main(["--data", str(play_shards), "--preset", "tiny", "--output", str(tmp_path), *settings]) == 0
    opened = session(play_shards, tmp_path / "again", *settings)
    found = rows_of(tmp_path)[-1]["bits_per_byte"]["plays"]
    assert found < 0.97 * opened.baselines["plays"], (found, opened.baselines)


@pytest.mark.parametrize("kind", ["masked", "spans"])
def test_a_run_is_exported_with_its_marks(kind, play_shards, tmp_path, capsys):
    transformers = pytest.importorskip("transformers")
    settings = [*SMALL, *KINDS[kind], "steps=1", "validate_every=0"]
    assert main(command(play_shards, tmp_path / "run", *settings)) == 0
    run_there = open_run(tmp_path / "run")
    names = ["[MASK]"] if kind == "masked" else ["<extra_id_0>", "<extra_id_1>"]
    assert dict(run_there.marks) == {name: 512 + number for number, name in enumerate(names)}
    assert run_there.shape.vocab_size == 512 + len(names)
    arguments = [str(tmp_path / "run"), "--output", str(tmp_path / "export"), "--check"]
    assert export([*arguments, "--tokenizer", str(play_shards / "tokenizer")]) == 0
    assert float(capsys.readouterr().out.rsplit("at most ", 1)[1]) < 1e-4
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "export", local_files_only=True)
    assert [tokenizer.convert_tokens_to_ids(name) for name in names] == [512 + number for number in range(len(names))]
    assert tokenizer(f"the {names[0]} of")["input_ids"].count(512) == 1
    if kind == "masked":
        assert tokenizer.mask_token == "[MASK]"


@pytest.mark.parametrize("kind", ["masked", "spans", "blanks"])
def test_what_only_fills_in_is_not_asked_to_continue(kind, markov_shards, tmp_path, capsys):
    run(markov_shards.folder, tmp_path / "run", *SMALL, *KINDS[kind], "steps=1", "validate_every=0")
    assert sample([str(tmp_path / "run"), "--prompt", "1 2 3"]) != 0
    assert "continues no text" in capsys.readouterr().err
    assert not model_of(open_run(tmp_path / "run"), "cpu").shape.continues_text


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["objective=masked"], "objective=masked is not for architecture=decoder, but for encoder"),
        (["architecture=encoder"], "objective=next is not for architecture=encoder, but for decoder"),
        (["objective=blanks", "architecture=prefix"], "blanks and position=blank go together"),
        ([*BERT, "document_mask=true"], "leave out document_mask and packing"),
        ([*GLM, "blank_shares=0.5,0.5,0"], "needs the tokenizer to know where sentences end"),
        ([*GLM, "blank_shares=half"], "give three numbers"),
        ([*GLM, "blank_shares=1"], "give three shares that add up to 1"),
        ([*GLM, "blank_shares=nan,0,1"], "give three shares that add up to 1"),
        ([*BERT, "marks=tokenizer"], "put it there as tokenizer/, or write marks=added"),
        (["objective=mask"], "there is next, masked, spans, blanks"),
    ],
)
def test_an_objective_that_does_not_fit_ends_with_the_cure(settings, says, markov_shards, tmp_path, capsys):
    for dry in ([], ["--dry-run"]):
        arguments = command(markov_shards.folder, tmp_path / "run", *SMALL, *settings, "steps=2")
        if dry and "blank_shares=0.5,0.5,0" in settings:
            continue
        assert main([*arguments, *dry]) == 2
        assert says in capsys.readouterr().err


def test_a_tokenizer_that_lacks_the_marks_is_named_with_the_cure(play_shards, tmp_path, capsys):
    assert main(command(play_shards, tmp_path / "run", *SMALL, *T5, "marks=tokenizer", "steps=2")) == 2
    error = capsys.readouterr().err
    assert "needs <extra_id_0> and 1 more marks that the tokenizer gpt2 lacks: write marks=added" in error


def test_a_checkpoint_of_another_objective_is_refused_by_name(markov_shards, tmp_path, capsys):
    run(markov_shards.folder, tmp_path, *SMALL, *PREFIX, "steps=1", "validate_every=0")
    assert main(command(markov_shards.folder, tmp_path, *SMALL, *GLM, "steps=2", "validate_every=0")) == 2
    assert "objective was spans, is now blanks" in capsys.readouterr().err


def test_sentences_end_where_the_tokenizer_says(play_shards, tmp_path):
    settings = [*SMALL, *GLM, "blank_shares=0,1,0", "steps=2", "validate_every=0", "sequence_length=64"]
    run(play_shards, tmp_path, *settings)
    text = session(play_shards, tmp_path / "again", *settings).objective.text
    tokenizer = json.loads((play_shards / "tokenizer" / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    assert text.sentence_ends[vocabulary["."]] and text.sentence_ends[vocabulary["Ċ"]]
    assert not text.sentence_ends[vocabulary["a"]]
