"""A finished or running run, opened by its folder: its model, and the tokenizer that its tokens come from.

What export, sample, score and finetune share. A path may be a run, or one checkpoint of it; only the model's weights
are read, and every byte of them is checked. Shards name their tokenizer by its digest and do not hold it, so it is
looked for where it usually lies, and one with another digest is refused: the same ids would mean other words.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trainer.model.encoder_decoder import make_model
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.run.checkpoint import BEST, STATE, CheckpointError, load_checkpoint

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer

CHECKPOINTS, CONFIG = "checkpoints", "config.json"


class RunError(Exception):
    """A folder that is no run, or a tokenizer that is not the run's: what is missing, and what to give."""


@dataclass(frozen=True, eq=False)
class Run:
    """A checkpoint and where it comes from. `tokenizer` is the entry of the shards' manifest, empty without one.

    `marks` are the ids behind the tokenizer's, by name, that the objective of the run has added.
    """

    path: Path
    checkpoint: Path
    step: int
    shape: Shape
    weights: Mapping[str, Tensor] = field(repr=False)
    tokenizer: Mapping[str, Any]
    data: str = ""
    marks: Mapping[str, int] = field(default_factory=dict)

    @property
    def end_of_text(self) -> int | None:
        """The id that ends a document, where the run knows it."""
        return self.tokenizer.get("end_of_text")


def open_run(path: Path, best: bool = False) -> Run:
    """The newest whole checkpoint of a run, with `best` the one of the least validation loss; or the one at `path`."""
    folder = path / CHECKPOINTS
    if (path / STATE).is_file():
        found, folder = [path], path.parent
    elif best and (folder / BEST).is_file():
        found = [folder / (folder / BEST).read_text(encoding="utf-8").strip()]
    elif best:
        raise RunError(f"{folder}: no checkpoint is named best; the run has not validated yet")
    else:
        found = sorted(folder.glob("step_*"), reverse=True)
    errors = []
    for checkpoint in found:
        try:
            saved = load_checkpoint(checkpoint, ("model",))
        except CheckpointError as error:
            errors.append(str(error))
            print(f"passed over: {error}", file=sys.stderr)
            continue
        shape = Shape.from_json(saved.state["shape"])
        entry, data = saved.state.get("tokenizer") or {}, _data_of(folder.parent / CONFIG)
        marks = saved.state.get("marks") or {}
        return Run(path, checkpoint, saved.step, shape, saved.model, entry, data, marks)
    raise RunError(
        errors[0] if errors else f"{path}: no run with a checkpoint; give runs/NAME or one of its checkpoints"
    )


def _data_of(config: Path) -> str:
    try:
        return json.loads(config.read_bytes()).get("data", "")
    except (OSError, ValueError, AttributeError):
        return ""


def model_of(run: Run, device: str = "auto") -> GPT:
    """The model with the run's weights, on the device, ready to be evaluated."""
    model = make_model(run.shape, seed=None)
    try:
        model.load_state_dict(dict(run.weights))
    except RuntimeError as error:
        raise RunError(f"{run.checkpoint}: the weights are not those of the shape: {error}") from error
    return model.to(device_named(device)).eval()


def device_named(name: str) -> torch.device:
    """The device of a name; "auto" is the GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except RuntimeError as error:
        raise RunError(f"no device {name!r} here: {str(error).splitlines()[0]}") from error


def tokenizer_of(run: Run, given: Path | None = None) -> "Tokenizer | None":
    """The run's tokenizer: the one given, or what lies with the run or its shards; None where nothing is found.

    `RunError` for a given one that is not the run's.
    """
    try:
        from corpus.tokenizer.files import TokenizerError, load_tokenizer
    except ModuleNotFoundError as error:
        if given is None:
            return None
        raise RunError(f"{given}: tokenizers need {error.name}, which is not installed here") from error

    digest = run.tokenizer.get("digest")
    if given is not None:
        try:
            tokenizer = load_tokenizer(given)
        except TokenizerError as error:
            raise RunError(str(error)) from error
        if digest and tokenizer.digest != digest:
            raise RunError(f"{given}: the tokenizer is {tokenizer.digest}, the run's tokens come from {digest}")
        if tokenizer.vocab_size > run.shape.vocab_size:
            raise RunError(f"{given}: {tokenizer.vocab_size} ids, the model has {run.shape.vocab_size}")
        return tokenizer
    folders = [run.path, run.checkpoint.parent.parent]
    folders += [Path(run.data), Path(run.data).parent] if run.data else []
    for place in (place for folder in folders for place in (folder / "tokenizer", folder)):
        try:
            tokenizer = load_tokenizer(place)
        except TokenizerError:
            continue
        if tokenizer.digest == digest:
            return tokenizer
    return None
