"""Samples of a run, on the terminal.

    python -m trainer.sample runs/NAME --prompt "Once upon" --count 3 --temperature 0.8 --top-k 50 --tokens 200

With the run's tokenizer (found beside its shards, or given) prompts and samples are text. Without one they are token
ids: a prompt is then ids with blanks between them. A sample stops at the end of text; without a prompt it starts there.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser
from trainer.command import COUNT, WHOLE, FlagError, run_command

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer
    from trainer.run.runs import TrainedRun

COMMAND = "python -m trainer.sample"


def prompt_ids(text: str, run: "TrainedRun", tokenizer: "Tokenizer | None") -> list[int]:
    """The ids of a prompt; the end of text for an empty one, since that is what comes before a document."""
    if not text:
        if run.end_of_text is None:
            raise FlagError("the run does not know its end of text: give --prompt")
        return [run.end_of_text]
    try:
        ids = tokenizer.encode(text).tolist() if tokenizer else [int(word) for word in text.split()]
    except ValueError as error:
        reason = error if tokenizer else f"without a tokenizer a prompt is token ids, not {text!r}; give --tokenizer"
        raise FlagError(f"--prompt: {reason}") from None
    wrong = next((number for number in ids if not 0 <= number < run.shape.vocab_size), None)
    if wrong is not None:
        raise FlagError(f"--prompt: the id {wrong} is not in the model's vocabulary of {run.shape.vocab_size}")
    return ids


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Continue a prompt with a trained model.")
    flags.add_argument("run", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--prompt", default="", help="text, or token ids where there is no tokenizer")
    flags.add_argument("--count", type=COUNT, default=1, help="how many samples")
    flags.add_argument("--tokens", type=COUNT, default=200, help="the most tokens of a sample")
    flags.add_argument("--temperature", type=float, default=1.0, help="0 takes the likeliest token each time")
    flags.add_argument("--top-k", type=WHOLE, default=0, help="draw among the K likeliest tokens (0: all)")
    flags.add_argument(
        "--top-p", type=float, default=1.0, help="draw among the likeliest that make up this probability"
    )
    flags.add_argument("--seed", type=WHOLE, default=0, help="another seed, other samples")
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    flags.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto", help="of the products")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _sample(given))


def _sample(given: argparse.Namespace) -> int:
    from trainer.model.generate import Sampling, generate
    from trainer.run.runs import ids_with_token, model_of, open_run, tokenizer_of

    sampling = Sampling(given.temperature, given.top_k, given.top_p)  # refused before the model is read
    run = open_run(Path(given.run), given.best)
    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    if tokenizer is None:
        print("no tokenizer found: token ids stand for text; give --tokenizer", file=sys.stderr)
    prompt = prompt_ids(given.prompt, run, tokenizer)
    model = model_of(run, given.device, given.dtype)
    if tokenizer:
        sampling = replace(sampling, allowed=ids_with_token(tokenizer, run.shape.vocab_size))
    samples = generate(model, [prompt] * given.count, given.tokens, sampling, given.seed, run.end_of_text)
    for number, sample in enumerate(samples, 1):
        if len(samples) > 1:
            print(f"--- {number}")
        # Decoded together: a character may begin in the prompt's last token and end in the first of the sample.
        shown = prompt + list(sample.tokens) if given.prompt else list(sample.tokens)
        print(tokenizer.decode(shown) if tokenizer else " ".join(map(str, shown)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
