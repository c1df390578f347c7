"""The command that fine-tunes a run on a task, as GPT-1 was (Radford et al., 2018, section 4.1).

    python -m trainer.finetune runs/NAME --task entailment --train train.jsonl --validation dev.jsonl --output tuned/

Examples are JSON lines: {"text", "label"}, {"premise", "hypothesis", "label"}, {"first", "second", "label"} or
{"context", "choices", "label"}. Three epochs at 6.25e-5, batches of 32, GPT-1's Adam, a rate that rises over .2 % of
the updates and falls to zero, clipping at 1, the language model's loss at .5 beside the task's. The output folder holds
model.safetensors, task.json with what is needed to open it, and metrics.jsonl. With `--seeds N` it holds N such
folders, of which finished ones are kept when the command is given again, and seeds.json with their median: GPT-1's
figures are medians of ten runs. `--from-scratch` trains the same model without what it learned before.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.command_line import SHARE_BELOW_ONE, CommandParser, Number
from trainer.command import COUNT, WHOLE, FlagError, run_command
from trainer.evaluation.recipe import FORMS, TuningRecipe
from trainer.run.outputs import SEEDS, SEEDS_FILE, TUNED, claim

if TYPE_CHECKING:
    from trainer.evaluation.tuning import Examples, UpdateRow
    from trainer.model.task_model import TaskModel

COMMAND = "python -m trainer.finetune"
_METRICS = "metrics.jsonl"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    usual = TuningRecipe()
    flags = CommandParser(COMMAND, "Fine-tune a run on a task, as GPT-1 was.")
    flags.add_argument("run", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--task", required=True, choices=FORMS, help="the form of the task")
    flags.add_argument("--train", required=True, metavar="FILE", help="examples to train on, .jsonl or .jsonl.gz")
    flags.add_argument("--validation", required=True, metavar="FILE", help="examples to validate on after each epoch")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="where the tuned model goes")
    flags.add_argument("--replace", action="store_true", help="write over the tuned model that is in --output")
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    flags.add_argument("--dropout", type=SHARE_BELOW_ONE, help="instead of the run's (GPT-1: 0.1)")
    flags.add_argument("--epochs", type=COUNT, default=usual.epochs)
    flags.add_argument("--batch", type=COUNT, default=usual.batch, help="examples per update")
    flags.add_argument("--micro-batch", type=COUNT, default=usual.micro_batch, help="examples in memory at once")
    flags.add_argument("--rate", type=Number(), default=usual.rate, help="peak of the rate")
    flags.add_argument(
        "--auxiliary", type=Number(), default=usual.auxiliary, help="weight of the language model's loss"
    )
    flags.add_argument("--seed", type=WHOLE, default=usual.seed)
    flags.add_argument("--seeds", type=COUNT, default=1, metavar="N", help="tune N models, of this seed and the next")
    flags.add_argument("--from-scratch", action="store_true", help="begin with new weights instead of the run's")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _finetune(given))


def _finetune(given: argparse.Namespace) -> int:
    names = ("epochs", "batch", "micro_batch", "rate", "auxiliary", "seed")
    recipe, output = TuningRecipe(**{name: getattr(given, name) for name in names}), Path(given.output)
    if given.seeds == 1:
        claim(output, TUNED, given.replace)
        result = _tune(given, recipe, output)
    else:
        # Not by --replace: seeds that are finished stay, and the others are tuned (`_over_seeds`).
        claim(output, SEEDS, replace=True)
        result = _over_seeds(given, recipe, output)
    print(json.dumps(result))
    return 0


def _tune(given: argparse.Namespace, recipe: TuningRecipe, output: Path) -> dict[str, float]:
    """Tune one model into a folder; its quality on the validation examples."""
    from trainer.evaluation.tuning import save_tuned
    from trainer.run.runs import open_run

    run = open_run(Path(given.run), given.best)
    model, labels, training, validation = _prepare(given, recipe, run)
    output.mkdir(parents=True, exist_ok=True)
    result = _train(model, training, validation, recipe, output / _METRICS)
    about = {"tokenizer": dict(run.tokenizer), "run": given.run, "step": run.step, "validation": result}
    save_tuned(model, labels, output, about | _settings(given, recipe))
    return result


def _settings(given: argparse.Namespace, recipe: TuningRecipe) -> dict[str, object]:
    """What a tuned model depends on beside its run."""
    return {"recipe": asdict(recipe), "from_scratch": given.from_scratch, "train": given.train}


def _over_seeds(given: argparse.Namespace, recipe: TuningRecipe, output: Path) -> dict[str, object]:
    """Tune one model for each seed, but for those that are there; for every figure its median, mean and spread."""
    found: dict[int, dict[str, float]] = {}
    for number in range(given.seeds):
        mine = replace(recipe, seed=recipe.seed + number)
        folder = output / f"seed-{mine.seed}"
        # task.json comes last: a seed that was interrupted has none, and is tuned again from its beginning.
        there = _read_finished(folder)
        if there is None:
            found[mine.seed] = _tune(given, mine, folder)
        elif there["recipe"] == asdict(mine) and there["from_scratch"] == given.from_scratch:
            found[mine.seed] = there["validation"]
        else:
            raise FlagError(f"{folder} was tuned by another recipe ({there['recipe']}); give a new --output")
    summary: dict[str, object] = {"seeds": found}
    for name in next(iter(found.values())):
        values = [result[name] for result in found.values()]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        summary[name] = {"median": statistics.median(values), "mean": statistics.fmean(values), "deviation": spread}
    (output / SEEDS_FILE).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def _read_finished(folder: Path) -> dict[str, Any] | None:
    """What is written of a tuned model, whose task.json comes last; None where there is none."""
    try:
        return json.loads((folder / "task.json").read_bytes())
    except (OSError, ValueError):
        return None


def _prepare(
    given: argparse.Namespace, recipe: TuningRecipe, run: Any
) -> "tuple[TaskModel, list[Any], Examples, Examples]":
    """The model with its new layer, the names of the classes, the examples to train and to validate on."""
    from trainer.evaluation import forms
    from trainer.evaluation.tuning import Examples
    from trainer.model.encoder_decoder import make_model
    from trainer.model.task_model import TaskModel, with_marks
    from trainer.run.devices import prepare_device
    from trainer.run.runs import tokenizer_of

    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    if tokenizer is None:
        raise FlagError("examples are text, and the run's tokenizer was not found: give --tokenizer")
    read = [forms.read_examples(given.task, Path(path)) for path in (given.train, given.validation)]
    labels = forms.label_names(given.task, read[0])  # of the training file; others in the second file are an error
    # From scratch or not, the new rows and the layer are drawn alike: only what was learned before differs.
    weights = make_model(run.shape, seed=recipe.seed).state_dict() if given.from_scratch else run.weights
    base = with_marks(run.shape, weights, recipe.seed, given.dropout)
    model = TaskModel(base, given.task, max(1, len(labels)), seed=recipe.seed)
    model.to(prepare_device(given.device, run.shape))
    length = run.shape.sequence_length

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text).tolist()

    training, validation = (
        Examples(
            forms.encode_examples(given.task, each, encode, model.marks, length),
            forms.label_values(given.task, each, labels),
        )
        for each in read
    )
    return model, labels, training, validation


def _train(
    model: "TaskModel", training: "Examples", validation: "Examples", recipe: TuningRecipe, path: Path
) -> dict[str, float]:
    """Train in place, writing a line of metrics per update; the quality after the last epoch."""
    from trainer.evaluation.tuning import predict, quality, train

    updates = -(-len(training.labels) // recipe.batch)
    result: dict[str, float] = {}
    with path.open("w", encoding="utf-8") as metrics:

        def say(row: "UpdateRow") -> None:
            more: dict[str, float] = {}
            if row["step"] % updates == 0:
                result.update(quality(predict(model, validation), validation.labels))
                model.train()  # `predict` has switched dropout off
                more = {f"validation_{name}": value for name, value in result.items()}
                shown = ", ".join(f"{name} {value:.4f}" for name, value in result.items())
                print(f"epoch {row['epoch'] + 1}  loss {row['loss']:.4f}  validation {shown}", file=sys.stderr)
            metrics.write(json.dumps({**row, **more}) + "\n")

        train(model, training, recipe, say)
    return result


if __name__ == "__main__":
    sys.exit(main())
