"""Fine-tuning: the four layouts token by token, the loss by hand, symmetry, the schedule, and toy tasks to the end."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from run_folders import SHAPES, SMALL, logits_of, random_model, small_tokenizer, write_run

from trainer.evaluation import forms
from trainer.evaluation.forms import Marks, TaskExample, sequences
from trainer.evaluation.recipe import TuningRecipe
from trainer.evaluation.tasks import TaskError
from trainer.evaluation.tuning import (
    Examples,
    epoch_batches,
    load_tuned,
    predict,
    quality,
    train,
    warmup_linear,
)
from trainer.finetune import main
from trainer.model.encoder_decoder import make_model
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.model.task_model import TaskModel, with_marks
from trainer.predict import main as predictions
from trainer.run.runs import RunError, model_of, open_run

VOCAB = SMALL["vocab_size"]
MARKS = Marks(61, 62, 63)


def tuned(name, form, outputs, seed=0):
    model = random_model(SHAPES[name], seed)
    task = TaskModel(with_marks(model.shape, model.state_dict(), seed=1), form, outputs, seed=2).eval()
    with torch.no_grad():
        task.layer.weight.mul_(20)
    return task


@pytest.mark.parametrize(
    ("form", "parts", "expected"),
    [
        ("classification", [[1, 2, 3]], [[61, 1, 2, 3, 63]]),
        ("entailment", [[1, 2], [3]], [[61, 1, 2, 62, 3, 63]]),
        ("similarity", [[1, 2], [3]], [[61, 1, 2, 62, 3, 63], [61, 3, 62, 1, 2, 63]]),
        ("choice", [[1, 2], [3], [4, 5], []], [[61, 1, 2, 62, 3, 63], [61, 1, 2, 62, 4, 5, 63], [61, 1, 2, 62, 63]]),
    ],
)
def test_the_layouts_are_those_of_the_paper(form, parts, expected):
    assert sequences(form, parts, MARKS, 24) == expected


def test_long_texts_are_cut_from_the_end_and_leave_room_for_the_marks():
    long, other = list(range(50)), list(range(30, 60))
    assert sequences("classification", [long], MARKS, 24) == [[61, *range(22), 63]]
    assert sequences("entailment", [long, other], MARKS, 24) == [[61, *range(10), 62, *range(30, 40), 63]]
    assert sequences("entailment", [long, other], MARKS, 25) == [[61, *range(10), 62, *range(30, 40), 63]]
    assert sequences("entailment", [long, [5]], MARKS, 24) == [[61, *range(10), 62, 5, 63]]
    with pytest.raises(TaskError, match="too few"):
        sequences("entailment", [long, other], MARKS, 7)


def test_a_batch_is_padded_on_the_right_and_knows_what_follows_what():
    rows = forms.rows_of([[[61, 1, 62, 2, 63], [61, 3, 63]], [[61, 4, 63]]])
    assert rows.tokens.tolist() == [[[61, 1, 62, 2, 63], [61, 3, 63, 0, 0]], [[61, 4, 63, 0, 0], [0] * 5]]
    assert rows.targets.tolist() == [
        [[1, 62, 2, 63, -100], [3, 63, -100, -100, -100]],
        [[4, 63, -100, -100, -100], [-100] * 5],
    ]
    assert rows.extract.tolist() == [[4, 2], [2, 0]]
    assert rows.present.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("name", ["gpt1", "gpt1-exact", "gpt2", "gpt2-plain", "modern"])
def test_the_marks_are_three_new_rows_and_change_nothing_else(name):
    model = random_model(SHAPES[name])
    wider = with_marks(model.shape, model.state_dict(), seed=3).eval()
    assert wider.shape == replace(model.shape, vocab_size=64)
    tokens = torch.randint(VOCAB, (2, 20), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(logits_of(wider, tokens)[..., :VOCAB], logits_of(model, tokens), rtol=0, atol=1e-6)
    marks = wider.embedding.weight[VOCAB : VOCAB + 3]
    assert 0.01 < float(marks.detach().std()) < 0.03
    assert float(wider.embedding.weight[wider.shape.softmax_size :].detach().abs().sum()) == 0
    assert with_marks(model.shape, model.state_dict(), seed=3, dropout=0.25).shape.dropout == 0.25


@pytest.mark.parametrize("name", ["gpt1", "gpt1-exact", "gpt2", "gpt2-plain", "llama"])
@pytest.mark.parametrize("form", ["classification", "entailment", "similarity", "choice"])
def test_the_loss_is_that_of_the_task_and_half_that_of_the_language_model(name, form):
    """L3 = L2 + L1/2 by hand: one sequence at a time, in numpy, from the model's hidden states."""
    rng = np.random.default_rng(4)
    model = tuned(name, form, 1 if form == "choice" else 3)
    counts = {"classification": [1, 1, 1], "entailment": [2, 2, 2], "similarity": [2, 2, 2], "choice": [4, 3, 4]}[form]
    parts = [[rng.integers(0, VOCAB, rng.integers(1, 9)).tolist() for _ in range(count)] for count in counts]
    examples = [sequences(form, each, model.marks, 24) for each in parts]
    labels = torch.tensor([1, 0, 2])

    task = language = n_sequences = 0
    for example, label in zip(examples, labels.tolist(), strict=True):
        vectors = []
        for sequence in example:
            with torch.no_grad():
                hidden = model.model.hidden(torch.tensor([sequence]))[0]
            shape = model.model.shape
            matrix = model.model.embedding.weight if shape.tied else model.model.head.weight
            scores = (hidden @ matrix[: shape.softmax_size].T).double().detach().numpy()[:-1]
            logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
            language -= logs[range(len(sequence) - 1), sequence[1:]].mean()
            vectors.append(hidden[-1].double().numpy())
            n_sequences += 1
        layer, bias = model.layer.weight.double().detach().numpy(), model.layer.bias.double().detach().numpy()
        outputs = (
            np.array([(layer @ v + bias)[0] for v in vectors]) if form == "choice" else layer @ sum(vectors) + bias
        )
        task += np.log(np.exp(outputs).sum()) - outputs[label]

    rows = forms.rows_of(examples)
    expected = task / 3 + 0.5 * language / n_sequences
    assert float(model.loss(rows, labels, auxiliary=0.5).detach()) == pytest.approx(expected, rel=1e-5)
    assert float(model.loss(rows, labels, auxiliary=0).detach()) == pytest.approx(task / 3, rel=1e-5)
    assert task / 3 > 0.3


def test_a_similarity_is_the_same_when_the_texts_are_swapped():
    model = tuned("gpt1", "similarity", 2)
    rng = np.random.default_rng(0)
    pairs = [[rng.integers(0, VOCAB, size).tolist() for size in rng.integers(1, 10, 2)] for _ in range(20)]
    there = forms.rows_of([sequences("similarity", pair, model.marks, 24) for pair in pairs])
    back = forms.rows_of([sequences("similarity", pair[::-1], model.marks, 24) for pair in pairs])
    with torch.no_grad():
        torch.testing.assert_close(model(there)[0], model(back)[0], rtol=0, atol=1e-6)
        order = tuned("gpt1", "entailment", 2)
        one = order(forms.rows_of([sequences("entailment", pair, MARKS, 24) for pair in pairs]))[0]
        other = order(forms.rows_of([sequences("entailment", pair[::-1], MARKS, 24) for pair in pairs]))[0]
    assert float((one - other).abs().min(1).values.max()) > 0.01


def test_an_answer_that_is_not_there_is_never_chosen():
    model = tuned("gpt1", "choice", 1)
    rows = forms.rows_of(
        [sequences("choice", [[1], [2]], MARKS, 24), sequences("choice", [[1], [2], [3], [4]], MARKS, 24)]
    )
    with torch.no_grad():
        scores, language = model(rows)
    assert scores.isinf().tolist() == [[False, True, True], [False, False, False]]
    assert math.isfinite(float(language))
    model.loss(rows, torch.tensor([0, 2]), auxiliary=0.5).backward()
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("done", "share"), [(0.0, 0.0), (0.001, 0.5 * 0.999), (0.002, 0.998), (0.5, 0.5), (0.999, 0.001), (1.0, 0.0)]
)
def test_the_rate_rises_over_a_five_hundredth_and_falls_to_zero(done, share):
    assert warmup_linear(done) == pytest.approx(share, abs=1e-12)


def test_an_epoch_has_every_example_once_in_an_order_of_its_own():
    recipe = TuningRecipe(batch=32, seed=5)
    epochs = [[number for batch in epoch_batches(100, recipe, epoch) for number in batch] for epoch in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(100)) and epochs[0] != epochs[1]
    assert [len(batch) for batch in epoch_batches(100, recipe, 0)] == [32, 32, 32, 4]
    with pytest.raises(ValueError, match="batch is 0"):
        TuningRecipe(batch=0)


def toy(form, n, seed):
    """A task with a rule: token 7 is in the text; is among both; the numbers of sevens agree; the answer repeats."""
    rng = np.random.default_rng(seed)
    examples, labels = [], []
    for _ in range(n):
        label = int(rng.integers(2))
        first, second = (rng.integers(10, 20, 4).tolist() for _ in range(2))
        if form == "classification":
            first[int(rng.integers(4))] = 7 if label else 8
        elif form == "entailment":
            second[int(rng.integers(4))] = 7 if label else 8
        elif form == "similarity":
            first[0], second[0] = 7 if label else 8, 7 if label else 8
        parts = [first] if form == "classification" else [first, second]
        if form == "choice":
            parts = [first, *([7, *second] if number == label else [8, *second] for number in range(2))]
        examples.append(sequences(form, parts, MARKS, 24))
        labels.append(label)
    return Examples(examples, torch.tensor(labels))


@pytest.mark.parametrize("form", ["classification", "entailment", "similarity", "choice"])
def test_a_separable_task_is_learned_to_the_last_example(form):
    shape = Shape(layers=1, heads=4, width=32, sequence_length=24, vocab_size=VOCAB, dropout=0.05)
    model = TaskModel(with_marks(shape, GPT(shape).state_dict(), 0), form, 1 if form == "choice" else 2)
    lines = []
    train(model, toy(form, 256, 0), TuningRecipe(epochs=6, rate=3e-3, micro_batch=32), lines.append)
    fresh = toy(form, 200, 1)
    assert quality(predict(model, fresh), fresh.labels) == {"accuracy": 1.0}
    assert len(lines) == 48 and lines[-1]["loss"] < lines[1]["loss"]


def test_a_smaller_micro_batch_gives_the_same_model():
    shape = Shape(**SMALL, norm_place="post")
    models = []
    for micro in (32, 8):
        model = TaskModel(with_marks(shape, GPT(shape).state_dict(), 0), "classification", 2, dropout=0.0)
        train(
            model, toy("classification", 48, 0), TuningRecipe(epochs=1, rate=1e-3, micro_batch=micro), lambda line: None
        )
        models.append(model)
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_labels_are_classes_by_name_or_numbers():
    def examples(*labels):
        return [TaskExample(("a", "b"), label) for label in labels]

    assert forms.label_names("entailment", examples("YES", "NO", "YES")) == ["NO", "YES"]
    assert forms.label_values("entailment", examples("YES", "NO"), ["NO", "YES"]).tolist() == [1, 0]
    assert forms.label_names("similarity", examples(1, 0)) == [0, 1]
    assert forms.label_names("similarity", examples(1, 2.5)) == []
    assert forms.label_values("similarity", examples(1, 2.5), []).tolist() == [1.0, 2.5]
    assert forms.label_values("choice", examples(1, 0), []).tolist() == [1, 0]
    with pytest.raises(TaskError, match="'MAYBE' does not occur in training; there is NO, YES"):
        forms.label_values("entailment", examples("MAYBE"), ["NO", "YES"])


def test_a_regression_is_judged_by_correlation_and_square_error():
    scores, labels = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([2.0, 3.0, 5.0])
    assert quality(scores, labels) == {"pearson": pytest.approx(1.0), "mean_square_error": 1.0}
    assert quality(scores * 0, labels)["pearson"] == 0.0


def lines_of(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def run(tmp_path):
    tokenizer = small_tokenizer(tmp_path / "tokenizer")
    shape = Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size, "layers": 1})
    return write_run(tmp_path / "runs" / "small", GPT(shape), tokenizer, data=tmp_path / "shards")


def test_the_command_tunes_and_its_output_opens_again(run, tmp_path, capsys):
    words = ["the right answer", "the wrong answer", "again right and right", "and again wrong"]
    rows = [{"text": words[n % 4], "label": "good" if n % 2 == 0 else "bad"} for n in range(64)]
    train_file, dev = lines_of(tmp_path / "train.jsonl", rows), lines_of(tmp_path / "dev.jsonl", rows[:8])
    command = [str(run), "--task", "classification", "--train", train_file, "--validation", dev]
    command += ["--output", str(tmp_path / "tuned"), "--rate", "3e-3", "--epochs", "6", "--batch", "8"]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"accuracy": 1.0} and "epoch 6" in printed.err
    lines = [json.loads(line) for line in (tmp_path / "tuned" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 49)) and lines[-1]["validation_accuracy"] == 1.0

    model, names = load_tuned(tmp_path / "tuned")
    assert names == ["bad", "good"]
    encode = small_tokenizer(tmp_path / "tokenizer").encode
    texts = [TaskExample(("the right answer",), "good"), TaskExample(("the wrong answer",), "bad")]
    rows = forms.encode_examples("classification", texts, lambda text: encode(text).tolist(), model.marks, 24)
    assert predict(model, Examples(rows, torch.tensor([1, 0]))).argmax(-1).tolist() == [1, 0]
    (tmp_path / "tuned" / "task.json").write_text("{}")
    with pytest.raises(RunError, match="not the output of python -m"):
        load_tuned(tmp_path / "tuned")


def test_a_command_has_the_threads_of_the_training_that_it_reads(run, tmp_path, monkeypatch):
    """Of a small model one: more are slower, and rounded otherwise on a machine of other cores."""
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    examples = lines_of(tmp_path / "train.jsonl", [{"text": "a right answer", "label": n % 2} for n in range(4)])
    flags = ["--task", "classification", "--train", examples, "--validation", examples, "--epochs", "1"]
    assert main([str(run), *flags, "--output", str(tmp_path / "tuned")]) == 0
    model_of(open_run(run))
    assert asked == [1, 1]


def test_several_seeds_go_on_where_they_stopped_and_are_summed_up(run, tmp_path, capsys):
    words = ["the right answer", "the wrong answer", "again right and right", "and again wrong"]
    rows = [{"text": words[n % 4], "label": "good" if n % 2 == 0 else "bad"} for n in range(16)]
    file, output = lines_of(tmp_path / "train.jsonl", rows), tmp_path / "tuned"
    command = [str(run), "--task", "classification", "--train", file, "--validation", file, "--rate", "1e-3"]
    command += ["--epochs", "1", "--batch", "8", "--output", str(output)]
    assert main([*command, "--seeds", "2"]) == 0
    first = json.loads(capsys.readouterr().out)
    before = (output / "seed-0" / "model.safetensors").stat().st_mtime_ns
    (output / "seed-1" / "task.json").unlink()
    assert main([*command, "--seeds", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((output / "seeds.json").read_text()) and set(found["seeds"]) == {"0", "1", "2"}
    assert {seed: found["seeds"][seed] for seed in "01"} == first["seeds"]
    values = [each["accuracy"] for each in found["seeds"].values()]
    assert found["accuracy"]["median"] == sorted(values)[1] and found["accuracy"]["mean"] == pytest.approx(
        sum(values) / 3
    )
    assert (output / "seed-0" / "model.safetensors").stat().st_mtime_ns == before
    assert main([*command, "--seeds", "3", "--rate", "2e-3"]) == 2
    assert "was tuned by another recipe" in capsys.readouterr().err


def test_from_scratch_the_runs_weights_do_not_count(run, tmp_path, capsys):
    rows = [{"text": word, "label": n} for n, word in enumerate(["the right answer", "the wrong answer"])]
    file = lines_of(tmp_path / "train.jsonl", rows)
    command = [str(run), "--task", "classification", "--train", file, "--validation", file, "--epochs", "1"]
    for name, flags in (("new", ["--from-scratch"]), ("tuned", [])):
        assert main([*command, "--rate", "1e-9", "--output", str(tmp_path / name), *flags]) == 0
    models = {name: load_tuned(tmp_path / name)[0].model for name in ("new", "tuned")}
    base = GPT(open_run(run).shape, seed=0)
    fresh = with_marks(base.shape, base.state_dict(), 0)
    part = "blocks.0.feed.up.weight"
    assert torch.allclose(models["new"].get_parameter(part), fresh.get_parameter(part), atol=1e-6)
    assert torch.allclose(models["tuned"].get_parameter(part), open_run(run).weights[part], atol=1e-6)


@pytest.mark.parametrize("kind", ["encoder", "prefix", "encoder-decoder"])
def test_models_that_see_the_whole_text_are_tuned_without_a_look_at_padding(kind):
    shape = Shape(**SMALL, architecture=kind, position="relative")
    model = TaskModel(with_marks(shape, make_model(shape).state_dict(), 1), "classification", 2, seed=2).eval()
    short, long = [[61, 1, 2, 63]], [[61, 1, 2, 3, 4, 5, 6, 63]]
    alone, padded = model(forms.rows_of([short]))[0], model(forms.rows_of([short, long]))[0]
    assert torch.allclose(alone[0], padded[0], atol=1e-6)
    rows = forms.rows_of([short, long])
    assert model(rows)[1].item() == 0
    train(
        model,
        Examples([short, long], torch.tensor([0, 1])),
        TuningRecipe(epochs=60, rate=1e-2, batch=2),
        lambda line: None,
    )
    assert predict(model, Examples([short, long], torch.tensor([0, 1]))).argmax(-1).tolist() == [0, 1]


def test_a_tuned_model_is_asked_by_a_command(run, tmp_path, capsys):
    words = ["the right answer", "the wrong answer", "again right and right", "and again wrong"]
    rows = [{"text": words[n % 4], "label": "good" if n % 2 == 0 else "bad"} for n in range(64)]
    file, output = lines_of(tmp_path / "train.jsonl", rows), tmp_path / "said.jsonl"
    command = [str(run), "--task", "classification", "--train", file, "--validation", file, "--rate", "3e-3"]
    assert main([*command, "--epochs", "6", "--batch", "8", "--output", str(tmp_path / "tuned")]) == 0
    asked = lines_of(tmp_path / "asked.jsonl", [{"text": word} for word in words])
    ask = [str(tmp_path / "tuned"), "--examples", asked, "--output", str(output)]
    assert predictions([*ask, "--tokenizer", str(tmp_path / "tokenizer")]) == 0
    said = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["label"] for line in said] == ["good", "bad", "good", "bad"]
    assert all(sum(line["probabilities"].values()) == pytest.approx(1) for line in said)
    capsys.readouterr()
    assert predictions(ask) == 2 and "is there already" in capsys.readouterr().err
    bad = lines_of(tmp_path / "bad.jsonl", [{"title": "x"}])
    wrong = [str(tmp_path / "tuned"), "--examples", bad, "--output", str(tmp_path / "new")]
    assert predictions([*wrong, "--tokenizer", str(tmp_path / "tokenizer")]) == 3
    assert "an example of classification has the fields text or sentence" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "row", "words"),
    [
        (
            "entailment",
            {"premise": "a", "label": 1},
            "fields premise or sentence1, hypothesis or sentence2, label or gold",
        ),
        ("classification", {"text": 3, "label": 1}, "texts must be strings"),
        ("choice", {"context": "a", "choices": ["b", "c"], "label": 2}, "the label 2 is not the number of one of 2"),
        ("similarity", [], "an example of similarity has the fields"),
    ],
)
def test_an_example_that_does_not_fit_is_named(run, task, row, words, tmp_path, capsys):
    file = lines_of(tmp_path / "train.jsonl", [row])
    command = [str(run), "--task", task, "--train", file, "--validation", file, "--output", str(tmp_path / "tuned")]
    assert main(command) == 3
    error = capsys.readouterr().err
    assert words in error and "train.jsonl:1:" in error
    assert not (tmp_path / "tuned").exists()
