"""The command that asks a fine-tuned model: examples in, their labels out.

    python -m trainer.predict tuned/ --examples test.jsonl --output predictions.jsonl

Examples are those of `trainer.finetune`, without a label if there is none. A line of the output has the label that is
likeliest and the probability of each, for a choice the number of the answer, for a regression the number itself.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.command_line import CommandParser
from corpus.json_types import JsonObject
from trainer.command import FlagError, run_command

if TYPE_CHECKING:
    from torch import Tensor

    from corpus.tokenizer.encoding import Tokenizer

COMMAND = "python -m trainer.predict"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Predict labels by a fine-tuned model.")
    flags.add_argument("tuned", type=Path, metavar="TUNED", help="the output of python -m trainer.finetune")
    flags.add_argument(
        "--examples", required=True, type=Path, metavar="FILE", help="JSON lines, with or without labels"
    )
    flags.add_argument("--output", required=True, type=Path, metavar="FILE", help="JSON lines, which must not be there")
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _predict(given))


def _predict(given: argparse.Namespace) -> int:
    if given.output.exists():
        raise FlagError(f"--output {given.output} is there already; give another file")

    import torch

    from trainer.evaluation import forms
    from trainer.evaluation.tuning import Examples, load_tuned, predict
    from trainer.run.devices import prepare_device

    model, labels = load_tuned(given.tuned)
    tokenizer = _tokenizer(given)
    examples = forms.read_examples(model.form, given.examples, unlabelled=True)

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text).tolist()

    rows = forms.encode_examples(model.form, examples, encode, model.marks, model.model.shape.sequence_length)
    scores = predict(model.to(prepare_device(given.device, model.model.shape)), Examples(rows, torch.zeros(len(rows))))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(_line(model.form, row, labels), ensure_ascii=False) + "\n" for row in scores]
    given.output.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines):,} predictions: {given.output}")
    return 0


def _tokenizer(given: argparse.Namespace) -> "Tokenizer":
    """The tokenizer of the run that was tuned: given, or found where that run has it."""
    from trainer.run.runs import open_run, tokenizer_of

    run = open_run(Path(json.loads((given.tuned / "task.json").read_bytes())["run"]))
    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    if tokenizer is None:
        raise FlagError("examples are text, and the run's tokenizer was not found: give --tokenizer")
    return tokenizer


def _line(form: str, scores: "Tensor", labels: Sequence[Any]) -> JsonObject:
    if form != "choice" and not labels:
        return {"value": float(scores[0])}
    chances = scores.double().softmax(-1).tolist()
    names = labels if form != "choice" else range(len(chances))
    best = max(range(len(chances)), key=lambda number: chances[number])
    # An answer that an example does not have is scored -∞ and has the probability 0: it is left out.
    shares = {str(name): chance for name, chance in zip(names, chances, strict=True) if chance or form != "choice"}
    return {"label": names[best], "probabilities": shares}


if __name__ == "__main__":
    sys.exit(main())
