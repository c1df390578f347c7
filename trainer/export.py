"""A run as a folder for `transformers`, and such a folder as a run.

    python -m trainer.export runs/NAME --output EXPORT [--tokenizer TOKENIZER]
    python -m trainer.export --from MODEL --output runs/NAME

The export opens with `AutoModelForCausalLM.from_pretrained(EXPORT)` and gives the logits of our own model; the class
follows from the shape (`trainer.hugging_face`). An imported run has a checkpoint of step 0 without an optimizer: it can
be sampled from, scored, fine-tuned, exported again, and trained further by `trainer.train` over the same folder.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from trainer.hugging_face.family import ExportError
from trainer.hugging_face.folder import DTYPES, read_model, write_json, write_model
from trainer.hugging_face.marks import add_marks
from trainer.run.checkpoint import Checkpoints
from trainer.run.runs import CHECKPOINTS, CONFIG, Run, RunError, model_of, open_run, tokenizer_of

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer

COMMAND = "python -m trainer.export"


def export_run(run: Run, output: Path, tokenizer: "Tokenizer | None" = None, dtype: str = "float32") -> str:
    """Write a run's model, and the tokenizer's files where there is one; the name of the class that opens it."""
    family = write_model(output, run.shape, run.weights, run.end_of_text, dtype)
    if tokenizer is not None:
        from corpus.tokenizer.files import save_tokenizer

        save_tokenizer(tokenizer, output, run.shape.sequence_length)
        add_marks(output, run.marks)
    return family.architecture


def import_model(source: Path, output: Path) -> None:
    """Write a folder of `transformers` as a run with one checkpoint, of step 0."""
    from corpus.tokenizer.encoding import Tokenizer
    from corpus.tokenizer.files import TokenizerError, load_tokenizer, save_tokenizer

    if (output / CONFIG).exists():
        raise RunError(f"{output} is a run already; give a new folder")
    shape, weights, config = read_model(source)
    entry: dict[str, object] = {}
    tokenizer: Tokenizer | None = None
    try:
        tokenizer = load_tokenizer(source)
    except TokenizerError:
        end = config.get("eos_token_id")
        if isinstance(end, int):
            entry = {"vocab_size": shape.vocab_size, "end_of_text": end}
    if tokenizer is not None:
        save_tokenizer(tokenizer, output / "tokenizer")
        entry = {"name": tokenizer.kind, "digest": tokenizer.digest}
        entry |= {"vocab_size": tokenizer.vocab_size, "end_of_text": tokenizer.end_of_text}
    description = {"shape": shape.to_json(), "tokenizer": entry, "imported": config.get("model_type", "")}
    checkpoints = Checkpoints(output / CHECKPOINTS)
    checkpoints.save(0, weights, {}, {"step": 0, "tokens": 0, **description})
    checkpoints.wait()
    write_json(output / CONFIG, {**description, "data": ""})


def difference(run: Run, folder: Path, tokens: int = 64) -> float:
    """The greatest difference of logits between our model and the exported one, on random tokens (for `--check`)."""
    import transformers

    model = model_of(run, "cpu")
    kind = json.loads((folder / "config.json").read_bytes())["architectures"][0]
    there = getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32).eval()
    length = min(tokens, run.shape.sequence_length)
    ids = torch.randint(run.shape.vocab_size, (2, length), generator=torch.Generator().manual_seed(0))
    halves = run.shape.architecture == "encoder-decoder"
    with torch.inference_mode():
        ours = model.logits(model.hidden(ids, source=ids) if halves else model.hidden(ids))
        theirs = there(ids, decoder_input_ids=ids) if halves else there(ids)
    return float((ours - theirs.logits).abs().max())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it has done what was asked."""
    flags = argparse.ArgumentParser(
        prog=COMMAND,
        description="A run as a folder that transformers opens, and back.",
        epilog=f"examples:  {COMMAND} runs/small --output export/    {COMMAND} --from gpt2/ --output runs/gpt2",
    )
    flags.add_argument("run", nargs="?", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--from", dest="source", metavar="FOLDER", help="import this folder of transformers instead")
    flags.add_argument("--output", required=True, metavar="FOLDER", help="the folder to write")
    flags.add_argument("--tokenizer", metavar="PATH", help="the run's tokenizer, to be put beside the model")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--dtype", choices=sorted(DTYPES), default="float32", help="of the written weights")
    flags.add_argument("--check", action="store_true", help="open the export with transformers and compare the logits")
    given = flags.parse_args(arguments)
    if bool(given.run) == bool(given.source):
        flags.error("give either a run to export or --from FOLDER to import")
    output = Path(given.output)
    try:
        if given.source:
            import_model(Path(given.source), output)
            print(f"imported   {given.source} -> {output}")
            return 0
        run = open_run(Path(given.run), given.best)
        tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
        name = export_run(run, output, tokenizer, given.dtype)
        print(f"exported   {run.checkpoint} -> {output}  ({name}, {given.dtype})")
        print(f"tokenizer  {'written beside it' if tokenizer else 'none found; give --tokenizer to put it there'}")
        if given.check:
            print(f"checked    logits differ by at most {difference(run, output):.2e}")
    except (ExportError, RunError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
