"""Samples of a run, on the terminal.

    python -m trainer.sample runs/NAME --prompt "Once upon" --count 3 --temperature 0.8 --top-k 50 --tokens 200

With the run's tokenizer (found beside its shards, or given) prompts and samples are text. Without one they are token
ids: a prompt is then ids with blanks between them. A sample stops at the end of text; without a prompt it starts there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.model.generate import Sampling, generate
from trainer.run.runs import Run, RunError, model_of, open_run, tokenizer_of

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer

COMMAND = "python -m trainer.sample"


def prompt_ids(text: str, run: Run, tokenizer: "Tokenizer | None") -> list[int]:
    """The ids of a prompt; the end of text for an empty one, since that is what comes before a document."""
    if not text:
        if run.end_of_text is None:
            raise RunError("the run does not know its end of text: give --prompt")
        return [run.end_of_text]
    if tokenizer is not None:
        return [int(token) for token in tokenizer.encode(text)]
    try:
        ids = [int(word) for word in text.split()]
    except ValueError:
        raise RunError(f"without a tokenizer a prompt is token ids, not {text!r}; give --tokenizer") from None
    wrong = next((index for index in ids if not 0 <= index < run.shape.vocab_size), None)
    if wrong is not None:
        raise RunError(f"the id {wrong} is not in the vocabulary of {run.shape.vocab_size}")
    return ids


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when the samples have been printed."""
    flags = argparse.ArgumentParser(prog=COMMAND, description="Continue a prompt with a trained model.")
    flags.add_argument("run", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--prompt", default="", help="text, or token ids where there is no tokenizer")
    flags.add_argument("--count", type=int, default=1, help="how many samples")
    flags.add_argument("--tokens", type=int, default=200, help="the most tokens of a sample")
    flags.add_argument("--temperature", type=float, default=1.0, help="0 takes the likeliest token each time")
    flags.add_argument("--top-k", type=int, default=0, help="draw among the K likeliest tokens (0: all)")
    flags.add_argument(
        "--top-p", type=float, default=1.0, help="draw among the likeliest that make up this probability"
    )
    flags.add_argument("--seed", type=int, default=0, help="another seed, other samples")
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    given = flags.parse_args(arguments)
    try:
        run = open_run(Path(given.run), given.best)
        tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
        if tokenizer is None:
            print("no tokenizer found: token ids stand for text; give --tokenizer", file=sys.stderr)
        prompt = prompt_ids(given.prompt, run, tokenizer)
        sampling = Sampling(given.temperature, given.top_k, given.top_p)
        model = model_of(run, given.device)
        samples = generate(model, [prompt] * max(0, given.count), given.tokens, sampling, given.seed, run.end_of_text)
    except (RunError, ValueError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 1
    for number, sample in enumerate(samples, 1):
        if len(samples) > 1:
            print(f"--- {number}")
        shown = prompt + list(sample.tokens) if given.prompt else list(sample.tokens)
        print(tokenizer.decode(shown) if tokenizer else " ".join(map(str, shown)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
