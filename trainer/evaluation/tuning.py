"""A run fine-tuned on a task, as GPT-1 was (Radford et al., 2018, section 4.1): training, prediction, and the files.

The output folder holds model.safetensors and task.json with what is needed to open it (`load_tuned`).
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor

from trainer.evaluation import forms
from trainer.evaluation.forms import SequenceRows
from trainer.evaluation.recipe import TuningRecipe
from trainer.model.encoder_decoder import make_model
from trainer.model.shape import Shape
from trainer.model.task_model import TaskModel
from trainer.optim.optimizer import OptimizerConfig, make_optimizer
from trainer.run.loop import Diverged
from trainer.run.runs import RunError
from trainer.run.session import step_seed
from trainer.run.tensor_file import TensorFileError, read_tensors, write_tensors

WARMUP = 0.002
_MODEL, _TASK = "model.safetensors", "task.json"


@dataclass(frozen=True, eq=False)
class Examples:
    """The sequences of each example and the labels [n] (`forms.encoded`, `forms.label_values`)."""

    sequences: Sequence[Sequence[Sequence[int]]]
    labels: Tensor

    def batch(self, numbers: Sequence[int]) -> tuple[SequenceRows, Tensor]:
        """The examples of these numbers."""
        return forms.rows_of([self.sequences[number] for number in numbers]), self.labels[list(numbers)]


def warmup_linear(done: float, warmup: float = WARMUP) -> float:
    """The share of the peak rate after the share `done` of all updates: up to `warmup`, then down to zero.

    As the released code has it, the fall begins at once and the first update has the rate 0.
    """
    # Warm-up .002: 0 at the first update, .4995 after .1 % of them, .998 after .2 %, .5 at the half.
    return (min(1.0, done / warmup) if warmup else 1.0) * (1 - done)


def epoch_batches(n: int, recipe: TuningRecipe, epoch: int) -> Iterator[list[int]]:
    """Every example once, in batches, in the order of this seed and epoch; the last batch may be smaller."""
    order = np.random.default_rng([recipe.seed, epoch]).permutation(n).tolist()
    for first in range(0, n, recipe.batch):
        yield order[first : first + recipe.batch]


class UpdateRow(TypedDict):
    """A row of the metrics: one update, counted from 1, in an epoch, counted from 0."""

    step: int
    epoch: int
    loss: float


def train(model: TaskModel, examples: Examples, recipe: TuningRecipe, say: Callable[[UpdateRow], None]) -> None:
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
            # Dropout depends on the update alone, not on what was drawn before it.
            torch.manual_seed(step_seed(recipe.seed, step, 0, 0))
            total = 0.0
            for first in range(0, len(batch), recipe.micro_batch):
                numbers = batch[first : first + recipe.micro_batch]
                rows, labels = examples.batch(numbers)
                loss = model.loss(rows.to(device), labels.to(device), recipe.auxiliary) * (len(numbers) / len(batch))
                loss.backward()
                total += float(loss.detach())
            norm = float(optimizer.clip(recipe.clip))
            step += 1
            if not (math.isfinite(total) and math.isfinite(norm)):
                raise Diverged(
                    f"the loss is {total} and the norm {norm} at update {step}; nothing is saved. Lower --rate"
                )
            optimizer.step(warmup_linear((step - 1) / steps))
            optimizer.zero_grad()
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
    # Batches are as wide as their own widest example; -∞ is an answer that is not there, and never the greatest.
    padded = [torch.nn.functional.pad(scores, (0, ways - scores.shape[1]), value=-torch.inf) for scores in rows]
    return torch.cat(padded)


def quality(scores: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy; for a regression Pearson's correlation (0 where either side is constant) and the mean square error."""
    if not labels.is_floating_point():
        return {"accuracy": float((scores.argmax(-1) == labels).double().mean())}
    # Pearson: the cosine of the two centred vectors.
    given, wanted = scores[:, 0].double() - scores[:, 0].double().mean(), labels.double() - labels.double().mean()
    scale = float(given.norm() * wanted.norm())
    error = float((scores[:, 0] - labels).square().mean())
    return {"pearson": float(given @ wanted) / scale if scale else 0.0, "mean_square_error": error}


def save_tuned(model: TaskModel, labels: Sequence[Any], folder: Path, about: Mapping[str, object]) -> None:
    """Write model.safetensors and task.json, the latter last."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    temporary = folder / f".tmp-{_MODEL}"
    digest = write_tensors(temporary, weights)
    temporary.replace(folder / _MODEL)
    task = {"form": model.form, "labels": list(labels), "outputs": model.layer.out_features, "dropout": model.dropout}
    text = json.dumps({**task, "shape": model.model.shape.to_json(), "sha256": digest, **about}, indent=1)
    # A kill before this leaves weights without task.json, which `finetune --seeds` counts as not finished.
    (folder / f".tmp-{_TASK}").write_text(text + "\n", encoding="utf-8")
    (folder / f".tmp-{_TASK}").replace(folder / _TASK)


def load_tuned(folder: Path) -> tuple[TaskModel, list[Any]]:
    """A fine-tuned model, on the CPU and ready to predict, and the names of its classes."""
    try:
        task = json.loads((folder / _TASK).read_bytes())
        weights = read_tensors(folder / _MODEL, task["sha256"])
    except (OSError, ValueError, KeyError, TypeError, TensorFileError) as error:
        raise RunError(f"{folder}: not the output of python -m trainer.finetune ({error})") from error
    base = make_model(Shape.from_json(task["shape"]), seed=None)
    model = TaskModel(base, task["form"], task["outputs"], task["dropout"])
    model.load_state_dict(weights)
    return model.eval(), task["labels"]
