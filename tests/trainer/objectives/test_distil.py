"""Distillation: the losses by hand, a student that learns faster from a teacher, and what cannot be taught."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from run_folders import write_run
from small_runs import command, final_state, run, session, timeless

from trainer.model.encoder_decoder import make_model
from trainer.model.shape import Shape
from trainer.objectives.distil import Distiller, Lesson, layers_of
from trainer.run.loop import Stop, train
from trainer.run.runs import open_run
from trainer.train import main

torch.set_num_threads(1)
SHAPE = Shape(layers=2, heads=2, width=16, sequence_length=12, vocab_size=40)
BERT = {"architecture": "encoder", "norm_place": "post", "embedding_norm": True, "head_transform": True}
T5 = {"architecture": "encoder-decoder", "position": "relative"}


def tokens(seed):
    return torch.randint(0, 40, (3, 12), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("options", "more"), [({}, {}), (BERT, {}), (T5, {"source": tokens(4)}), ({"soft_cap": 2.0}, {})]
)
def test_the_loss_is_the_sum_of_its_three_parts(options, more, tmp_path):
    teacher = make_model(replace(SHAPE, layers=4, **options), seed=1)
    student = make_model(replace(SHAPE, **options), seed=2)
    taught = open_run(write_run(tmp_path / "teacher", teacher))
    targets = tokens(2)
    targets[:, 7:] = -100
    ours, theirs = student.hidden(tokens(1), **more), teacher.hidden(tokens(1), **more)
    one, other, kept = student.logits(ours), teacher.logits(theirs), targets != -100
    hard = F.cross_entropy(one[kept], targets[kept])
    p, q = (other[kept] / 3).softmax(-1), (one[kept] / 3).softmax(-1)
    soft = 9 * (p * (p / q).log()).sum(-1).mean()
    states = [model.scored_states(tokens(1), None, more)[0][kept.flatten()] for model in (student, teacher)]
    angle = (1 - F.cosine_similarity(*states, dim=-1)).mean()
    wanted = 0.2 * hard + 0.5 * soft + 0.3 * angle
    distiller = Distiller(student, taught, Lesson(0.5, 0.3, 3.0), "cpu")
    loss = distiller(tokens(1), targets, **more)
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-5)
    names = list(student.parameters())
    for slope, right in zip(torch.autograd.grad(loss, names), torch.autograd.grad(wanted, names), strict=True):
        assert torch.allclose(slope, right, atol=1e-5)
    assert len(list(distiller.parameters())) == len(names)


def test_a_student_of_itself_has_nothing_to_learn_but_the_tokens(tmp_path):
    model = make_model(SHAPE)
    taught = open_run(write_run(tmp_path / "teacher", model))
    assert Distiller(model, taught, Lesson(1.0, 0.0, 2.0), "cpu")(tokens(1), tokens(2)).item() == pytest.approx(
        0, abs=1e-6
    )
    hard = Distiller(model, taught, Lesson(0.0, 0.0, 2.0), "cpu")(tokens(1), tokens(2))
    assert hard.item() == pytest.approx(model(tokens(1), tokens(2)).item(), abs=1e-5)


@pytest.mark.parametrize("options", [{}, T5])
def test_every_other_layer_is_taken(options):
    deep = make_model(replace(SHAPE, layers=4, **options), seed=1)
    shallow = replace(SHAPE, layers=2, **options)
    model = make_model(shallow, seed=None)
    model.load_state_dict(layers_of(deep.state_dict(), deep.shape, shallow))
    wanted = [0, 2, 4, 6] if options else [0, 2]
    for layer, source in zip(range(len(model.blocks)), wanted, strict=True):
        assert torch.equal(model.blocks[layer].feed.up.weight, deep.blocks[source].feed.up.weight)
    assert torch.equal(model.embedding.weight, deep.embedding.weight)


SETTINGS = [
    "validate_every=0",
    "save_every=1000",
    "layers=1",
    "sequence_length=32",
    "batch_tokens=512",
    "optimizer=muon",
]
SETTINGS += ["weight_decay=0", "matrix_rate=0.03", "rate=5e-3", "warmup_tokens=0"]


def test_a_distilled_run_goes_on_bit_for_bit(markov_shards, tmp_path):
    run(markov_shards.folder, tmp_path / "teacher", *SETTINGS, "layers=2", "steps=120")
    lesson = [f"teacher={tmp_path / 'teacher'}", "distil_soft=0.9", "distil_temperature=1", "save_every=8"]
    rows = run(markov_shards.folder, tmp_path / "whole", *SETTINGS, *lesson, "steps=16")
    again = tmp_path / "killed"
    opened = session(markov_shards.folder, again, *SETTINGS, *lesson, "steps=16")
    stop, seen = Stop(), []

    class Until:
        def rows(self, rows):
            seen.extend(rows)
            stop.signal = 15 if seen[-1]["step"] == 7 else 0  # It ends after the step that is being taken.

        def went_back(self, step):
            raise AssertionError("no loss jumps here")

        def saving(self):
            pass

    assert not train(opened, stop, Until())
    assert timeless(rows)[:8] == timeless(seen)
    assert main(command(markov_shards.folder, again, *SETTINGS, *lesson, "steps=16")) == 0
    one, other = final_state(tmp_path / "whole", 16), final_state(again, 16)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_begins_where_another_stands(markov_shards, tmp_path):
    first = run(markov_shards.folder, tmp_path / "first", *SETTINGS, "steps=80")
    second = run(markov_shards.folder, tmp_path / "second", *SETTINGS, "steps=2", f"init_from={tmp_path / 'first'}")
    assert second[0]["step"] == 1 and second[0]["loss"] == pytest.approx(first[-1]["loss"], abs=0.15)
    assert first[0]["loss"] > math.log(13) - 0.1 > second[0]["loss"] + 0.3
    # The flag is the key; once there is a checkpoint of its own, that is what is gone on with.
    arguments = command(markov_shards.folder, tmp_path / "third", *SETTINGS, "steps=2")
    assert main([*arguments, "--init-from", str(tmp_path / "first")]) == 0
    assert all(
        torch.equal(value, final_state(tmp_path / "third", 2)[name])
        for name, value in final_state(tmp_path / "second", 2).items()
    )
    assert main([*arguments, "steps=3"]) == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["distil_soft=0.5"], "write teacher=runs/NAME"),
        (["teacher={run}"], "write distil_soft=0.5 too"),
        (["teacher={run}", "distil_soft=0.9", "distil_cosine=0.2"], "shares of at most 1 together"),
        (["teacher={run}", "distil_soft=0.5", "distil_cosine=0.2", "width=64"], "make the widths equal"),
        (["teacher={run}", "distil_soft=0.5", "sequence_length=64"], "32 positions; the student's rows need"),
        (["teacher=nowhere", "distil_soft=0.5"], "teacher=nowhere: nowhere: no run with a checkpoint"),
        (["init_from=nowhere"], "init_from=nowhere: nowhere: no run"),
        (["init_from={run}", "width=64"], "of another shape: width is 32 there and 64 here"),
        (["init_from={run}", "layers=2"], "it has 1 layers for 2 here"),
    ],
)
def test_what_cannot_be_taught_or_begun_with_ends_with_the_cure(settings, says, markov_shards, tmp_path, capsys):
    folder = tmp_path / "run"
    run(markov_shards.folder, folder, *SETTINGS, "steps=1")
    settings = [each.replace("{run}", str(folder)) for each in settings]
    assert main(command(markov_shards.folder, tmp_path / "new", *SETTINGS, *settings, "steps=1")) == 2
    assert says in capsys.readouterr().err


def test_a_teacher_of_other_words_is_refused(markov_shards, small_shards, tmp_path, capsys):
    run(small_shards.folder, tmp_path / "run", *SETTINGS, "steps=1")
    for settings in ([f"teacher={tmp_path / 'run'}", "distil_soft=0.5"], [f"init_from={tmp_path / 'run'}"]):
        assert main(command(markov_shards.folder, tmp_path / "new", *SETTINGS, *settings, "steps=1")) == 2
        assert "another tokenizer" in capsys.readouterr().err
