"""The folder that a command is about to write into: whose it is already, and whether it may be written.

A run, an exported model, a fine-tuned one, shards, a corpus and a tokenizer all have a `config.json` or a manifest of
their own, and each would be silently broken by another's. So every command asks here before it writes: a folder of
another kind is refused always, and one of the same kind, where the command would replace what is finished, unless
the user says `--replace`.
"""

import json
from pathlib import Path

from trainer.command import FlagError

CHECKPOINTS, CONFIG = "checkpoints", "config.json"
RUN, EXPORT, TUNED = "a run", "an exported model", "a fine-tuned model"
SEEDS, SEEDS_FILE = "fine-tuned models of several seeds", "seeds.json"
# What lies in a folder and nowhere else, most telling first. A run's own config.json is told from transformers' by
# what stands in it.
_SIGNS = (
    ("state.json", "a checkpoint of a run"),
    (CHECKPOINTS, RUN),
    ("task.json", TUNED),
    (SEEDS_FILE, SEEDS),
    ("model.safetensors", EXPORT),
    ("model.safetensors.index.json", EXPORT),
    ("pytorch_model.bin", EXPORT),
    ("_MANIFEST.json", "a corpus"),
    ("manifest.json", "token shards"),
    ("tokenizer.json", "a tokenizer"),
)


def kind_of(folder: Path) -> str:
    """What a folder holds, in words; "" for one that is new, empty, or holds nothing that we know."""
    for name, kind in _SIGNS:
        if (folder / name).exists():
            return kind
    if (folder / CONFIG).is_file():
        return RUN if _is_of_a_run(folder / CONFIG) else EXPORT
    return ""


def claim(output: Path, kind: str, replace: bool = False) -> None:
    """Raise FlagError where `output` may not be written by a command that makes `kind`.

    Runs go on and are never replaced; an export or a tuned model is replaced with `replace` only.
    """
    if output.exists() and not output.is_dir():
        raise FlagError(f"--output {output} is a file; give a folder")
    for place in (output.absolute(), *output.absolute().parents):
        if place.name == CHECKPOINTS and place.is_dir():
            raise FlagError(
                f"--output {output} lies among the checkpoints of the run {place.parent}; give a new folder"
            )
    there = kind_of(output)
    if not there:
        return
    if there != kind:
        raise FlagError(f"--output {output} is {there} already, and would be spoiled; give a new folder")
    if kind != RUN and not replace:
        raise FlagError(f"--output {output} is {there} already; give a new folder, or --replace to write over it")


def _is_of_a_run(config: Path) -> bool:
    try:
        values = json.loads(config.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and "shape" in values and "model_type" not in values
