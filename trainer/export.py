"""The command that hands models over: a run as a folder for `transformers`, and such a folder as a run.

    python -m trainer.export runs/NAME --output EXPORT [--tokenizer TOKENIZER]
    python -m trainer.export --from MODEL --output runs/NAME

The export opens with `AutoModelForCausalLM.from_pretrained(EXPORT)` and gives the logits of our own model; the class
follows from the shape (`trainer.hugging_face`). An imported run has a checkpoint of step 0 without an optimizer: it can
be sampled from, scored, fine-tuned, exported again, and trained further by `trainer.train` over the same folder.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser
from trainer.command import run_command
from trainer.run.outputs import EXPORT, claim

COMMAND = "python -m trainer.export"
EXAMPLE = f"""
examples:  {COMMAND} runs/small --output export/
           {COMMAND} --from gpt2/ --output runs/gpt2
"""


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = CommandParser(COMMAND, "A run as a folder that transformers opens, and back.", EXAMPLE)
    flags.add_argument("run", nargs="?", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--from", dest="source", metavar="FOLDER", help="import this folder of transformers instead")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="the folder to write")
    flags.add_argument("--replace", action="store_true", help="write over the exported model that is in --output")
    flags.add_argument("--tokenizer", metavar="PATH", help="the run's tokenizer, to be put beside the model")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument(
        "--dtype", choices=("bfloat16", "float16", "float32"), default="float32", help="of the written weights"
    )
    flags.add_argument("--check", action="store_true", help="open the export with transformers and compare the logits")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    flags = parser()
    given = flags.parse_args(arguments)
    if bool(given.run) == bool(given.source):  # both or neither
        flags.error("give either a run to export or --from FOLDER to import")
    return run_command(COMMAND, lambda: _import(given) if given.source else _export(given))


def _import(given: argparse.Namespace) -> int:
    from trainer.hugging_face.exchange import import_model

    output = Path(given.output)
    for sentence in import_model(Path(given.source), output):
        print(sentence, file=sys.stderr)
    print(f"imported   {given.source} -> {output}")
    return 0


def _export(given: argparse.Namespace) -> int:
    output = Path(given.output)
    claim(output, EXPORT, given.replace)

    from trainer.hugging_face.exchange import difference, export_run
    from trainer.run.runs import open_run, tokenizer_of

    run = open_run(Path(given.run), given.best)
    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    name = export_run(run, output, tokenizer, given.dtype)
    print(f"exported   {run.checkpoint} -> {output}  ({name}, {given.dtype})")
    print(f"tokenizer  {'written beside it' if tokenizer else 'none found; give --tokenizer to put it there'}")
    if given.check:
        print(f"checked    logits differ by at most {difference(run, output):.2e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
