"""Fine-tune a run on a task, as GPT-1 was (Radford et al., 2018, section 4.1).

    python -m trainer.finetune runs/NAME --task entailment --train train.jsonl --validation dev.jsonl --output tuned/

Examples are JSON lines: {"text", "label"}, {"premise", "hypothesis", "label"}, {"first", "second", "label"} or
{"context", "choices", "label"}. Three epochs at 6.25e-5, batches of 32, GPT-1's Adam, a rate that rises over .2 % of
the updates and falls to zero, clipping at 1, the language model's loss at .5 beside the task's. The output folder holds
model.safetensors, task.json with what is needed to open it (`load_tuned`), and metrics.jsonl.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.evaluation import forms
from trainer.evaluation.forms import FORMS, Rows
from trainer.evaluation.tasks import TaskError
from trainer.model.encoder_decoder import make_model
from trainer.model.shape import Shape
from trainer.model.task_model import AUXILIARY, TaskModel, with_marks
from trainer.optim.optimizer import OptimizerConfig, make_optimizer
from trainer.run.runs import RunError, device_named, open_run, tokenizer_of
from trainer.run.tensor_file import read_tensors, write_tensors

COMMAND = "python -m trainer.finetune"
WARMUP = 0.002
_MODEL, _TASK, _METRICS = "model.safetensors", "task.json", "metrics.jsonl"


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune; the defaults are GPT-1's. `micro_batch` examples are in memory at once."""

    epochs: int = 3
    batch: int = 32
    micro_batch: int = 8
    rate: float = 6.25e-5
    weight_decay: float = 0.01
    clip: float = 1.0
    auxiliary: float = AUXILIARY
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True, eq=False)
class Examples:
    """The sequences of each example and the labels [n] (`forms.encoded`, `forms.label_values`)."""

    sequences: Sequence[Sequence[Sequence[int]]]
    labels: Tensor

    def batch(self, numbers: Sequence[int]) -> tuple[Rows, Tensor]:
        """The examples of these numbers."""
        return forms.rows_of([self.sequences[number] for number in numbers]), self.labels[list(numbers)]


def warmup_linear(done: float, warmup: float = WARMUP) -> float:
    """The share of the peak rate after the share `done` of all updates: up to `warmup`, then down to zero.

    As the released code has it, the fall begins at once and the first update has the rate 0.
    """
    return (min(1.0, done / warmup) if warmup else 1.0) * (1 - done)


def epoch_batches(n: int, recipe: Recipe, epoch: int) -> Iterator[list[int]]:
    """Every example once, in batches, in an order that hangs on seed and epoch only; the last batch may be smaller."""
    order = np.random.default_rng([recipe.seed, epoch]).permutation(n).tolist()
    for first in range(0, n, recipe.batch):
        yield order[first : first + recipe.batch]


def train(model: TaskModel, examples: Examples, recipe: Recipe, say: Callable[[dict[str, Any]], None]) -> None:
    """Train in place; `say` gets step, epoch and loss of every update."""
    n, device = len(examples.labels), next(model.parameters()).device
    config = OptimizerConfig(
        "gpt1-adam", rate=recipe.rate, betas=(0.9, 0.999), weight_decay=recipe.weight_decay, clip=recipe.clip
    )
    optimizer = make_optimizer(model, config, device.type)
    steps = recipe.epochs * -(-n // recipe.batch)
    model.train()
    step = 0
    for epoch in range(recipe.epochs):
        for batch in epoch_batches(n, recipe, epoch):
            # Dropout hangs on the update alone, not on what was drawn before it.
            torch.manual_seed(recipe.seed * 1_000_003 + step)
            total = 0.0
            for first in range(0, len(batch), recipe.micro_batch):
                numbers = batch[first : first + recipe.micro_batch]
                rows, labels = examples.batch(numbers)
                loss = model.loss(rows.to(device), labels.to(device), recipe.auxiliary) * (len(numbers) / len(batch))
                loss.backward()
                total += float(loss.detach())
            optimizer.clip(recipe.clip)
            optimizer.step(warmup_linear(step / steps))
            optimizer.zero_grad()
            step += 1
            say({"step": step, "epoch": epoch, "loss": total})


@torch.inference_mode()
def predict(model: TaskModel, examples: Examples, micro_batch: int = 32) -> Tensor:
    """Scores float32 [n, outputs], or [n, ways] for `choice`, on the host."""
    model.eval()
    device = next(model.parameters()).device
    rows = [
        model(examples.batch(range(first, min(first + micro_batch, len(examples.labels))))[0].to(device))[0].cpu()
        for first in range(0, len(examples.labels), micro_batch)
    ]
    ways = max(scores.shape[1] for scores in rows)
    padded = [torch.nn.functional.pad(scores, (0, ways - scores.shape[1]), value=-torch.inf) for scores in rows]
    return torch.cat(padded)


def quality(scores: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy; for a regression Pearson's correlation (0 where either side is constant) and the mean square error."""
    if not labels.is_floating_point():
        return {"accuracy": float((scores.argmax(-1) == labels).double().mean())}
    given, wanted = scores[:, 0].double() - scores[:, 0].double().mean(), labels.double() - labels.double().mean()
    scale = float(given.norm() * wanted.norm())
    error = float((scores[:, 0] - labels).square().mean())
    return {"pearson": float(given @ wanted) / scale if scale else 0.0, "mean_square_error": error}


def save_tuned(model: TaskModel, labels: Sequence[Any], folder: Path, about: dict[str, Any]) -> None:
    """Write model.safetensors and task.json, the latter last."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    temporary = folder / f".tmp-{_MODEL}"
    digest = write_tensors(temporary, weights)
    temporary.replace(folder / _MODEL)
    task = {"form": model.form, "labels": list(labels), "outputs": model.layer.out_features, "dropout": model.dropout}
    text = json.dumps({**task, "shape": model.model.shape.to_json(), "sha256": digest, **about}, indent=1)
    (folder / f".tmp-{_TASK}").write_text(text + "\n", encoding="utf-8")
    (folder / f".tmp-{_TASK}").replace(folder / _TASK)


def load_tuned(folder: Path) -> tuple[TaskModel, list[Any]]:
    """A fine-tuned model, on the CPU and ready to predict, and the names of its classes."""
    try:
        task = json.loads((folder / _TASK).read_bytes())
        weights = read_tensors(folder / _MODEL, task["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder}: not the output of {COMMAND} ({error})") from error
    model = TaskModel(
        make_model(Shape.from_json(task["shape"]), seed=None), task["form"], task["outputs"], task["dropout"]
    )
    model.load_state_dict(weights)
    return model.eval(), task["labels"]


def finetune(given: argparse.Namespace, recipe: Recipe) -> dict[str, Any]:
    """What the command does; the last validation."""
    run, output = open_run(Path(given.run), given.best), Path(given.output)
    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    if tokenizer is None:
        raise RunError("examples are text, and the run's tokenizer was not found: give --tokenizer")
    read = [forms.read_examples(given.task, Path(path)) for path in (given.train, given.validation)]
    names = forms.label_names(given.task, read[0])
    model = TaskModel(
        with_marks(run.shape, run.weights, recipe.seed, given.dropout), given.task, max(1, len(names)), seed=recipe.seed
    )
    model.to(device_named(given.device))
    length, encode = run.shape.sequence_length, tokenizer.encode
    training, validation = (
        Examples(
            forms.encoded(given.task, each, lambda text: encode(text).tolist(), model.marks, length),
            forms.label_values(given.task, each, names),
        )
        for each in read
    )
    output.mkdir(parents=True, exist_ok=True)
    updates = -(-len(training.labels) // recipe.batch)
    result: dict[str, Any] = {}
    with (output / _METRICS).open("w", encoding="utf-8") as metrics:

        def say(line: dict[str, Any]) -> None:
            nonlocal result
            if line["step"] % updates == 0:
                result = quality(predict(model, validation), validation.labels)
                model.train()
                line |= {f"validation_{name}": value for name, value in result.items()}
                shown = ", ".join(f"{name} {value:.4f}" for name, value in result.items())
                print(f"epoch {line['epoch'] + 1}  loss {line['loss']:.4f}  validation {shown}", file=sys.stderr)
            metrics.write(json.dumps(line) + "\n")

        train(model, training, recipe, say)
    about = {"tokenizer": dict(run.tokenizer), "run": given.run, "step": run.step, "validation": result}
    save_tuned(model, names, output, about)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when the model has been written."""
    usual = Recipe()
    flags = argparse.ArgumentParser(prog=COMMAND, description="Fine-tune a run on a task, as GPT-1 was.")
    flags.add_argument("run", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--task", required=True, choices=FORMS, help="the form of the task")
    flags.add_argument("--train", required=True, metavar="FILE", help="examples to train on, .jsonl or .jsonl.gz")
    flags.add_argument("--validation", required=True, metavar="FILE", help="examples to validate on after each epoch")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the tuned model goes")
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    flags.add_argument("--dropout", type=float, help="instead of the run's (GPT-1: 0.1)")
    flags.add_argument("--epochs", type=int, default=usual.epochs)
    flags.add_argument("--batch", type=int, default=usual.batch, help="examples an update")
    flags.add_argument("--micro-batch", type=int, default=usual.micro_batch, help="examples in memory at once")
    flags.add_argument("--rate", type=float, default=usual.rate, help="peak of the rate")
    flags.add_argument("--auxiliary", type=float, default=usual.auxiliary, help="weight of the language model's loss")
    flags.add_argument("--seed", type=int, default=usual.seed)
    given = flags.parse_args(arguments)
    names = ("epochs", "batch", "micro_batch", "rate", "auxiliary", "seed")
    try:
        result = finetune(given, Recipe(**{name: getattr(given, name) for name in names}))
    except (RunError, TaskError, ValueError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
