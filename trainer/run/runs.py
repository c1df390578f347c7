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

from corpus.errors import CorpusloomError, ExitCode
from trainer.model.encoder_decoder import make_model
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.run.devices import choose_dtype, prepare_device
from trainer.run.outputs import CHECKPOINTS, CONFIG
from trainer.run.saved import BEST, STATE, load_checkpoint, newest_whole

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer


class RunError(CorpusloomError):
    """A folder that is no run, or a tokenizer that is not the run's: what is missing, and what to give.

    The exit code is 3, for an input that is missing or another's; 2 where only a flag is wrong.
    """


@dataclass(frozen=True, eq=False)
class TrainedRun:
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


def open_run(path: Path, best: bool = False) -> TrainedRun:
    """The newest whole checkpoint of a run, with `best` the one of the least validation loss; or the one at `path`.

    Raises RunError where there is none, DamagedError and UnreadableError as `newest_whole` does.
    """
    folder, one = path / CHECKPOINTS, None
    if (path / STATE).is_file():
        folder, one = path.parent, path
    elif best and (folder / BEST).is_file():
        one = folder / (folder / BEST).read_text(encoding="utf-8").strip()
    elif best and folder.is_dir():
        raise RunError(f"{folder}: no checkpoint is named best; the run has not validated yet", ExitCode.FLAGS)
    if one is not None:
        saved = load_checkpoint(one, ("model",))
    else:
        saved, _ = newest_whole(folder, lambda said: print(said, file=sys.stderr), ("model",))
    if saved is None:
        raise RunError(f"{path}: no run with a checkpoint; give runs/NAME or one of its checkpoints")
    try:
        shape, entry = Shape.from_json(saved.state["shape"]), saved.state.get("tokenizer") or {}
        marks = saved.state.get("marks") or {}
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{saved.path}: its shape cannot be read ({error}); was it written by a newer version?"
        ) from error
    return TrainedRun(path, saved.path, saved.step, shape, saved.model, entry, _data_of(folder.parent / CONFIG), marks)


def _data_of(config: Path) -> str:
    try:
        return json.loads(config.read_bytes()).get("data", "")
    except (OSError, ValueError, AttributeError):
        return ""


def model_of(run: TrainedRun, device: str = "auto", dtype: str = "auto") -> GPT:
    """The model with the run's weights, on the device, ready to be evaluated.

    `dtype` is that of the products inside the blocks, float32 or bfloat16 (auto: bfloat16 on a card that has it);
    logits are float32 whatever it is.
    """
    model = make_model(run.shape, seed=None)
    try:
        model.load_state_dict(dict(run.weights))
    except RuntimeError as error:
        raise RunError(f"{run.checkpoint}: the weights are not those of the shape: {error}") from error
    model.to(prepare_device(device, run.shape)).eval()
    model.compute_dtype = choose_dtype(dtype, model.embedding.weight.device)
    return model


def ids_with_token(tokenizer: "Tokenizer", rows: int) -> Tensor:
    """Which of the `rows` ids of a model are tokens: bool [rows].

    An imported model often has more rows than its tokenizer has ids, up to a round number, and some tokenizers leave
    ids out; their logits are as good as random, and they have no text.
    """
    from corpus.tokenizer.models import tokens_of

    known = torch.zeros(rows, dtype=torch.bool)
    if tokenizer.kind == "sentencepiece":
        known[: tokenizer.vocab_size] = True
    else:
        known[[number for number in tokens_of(json.loads(tokenizer.model)) if number < rows]] = True
    return known


def tokenizer_of(run: TrainedRun, given: Path | None = None) -> "Tokenizer | None":
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
    # runs/NAME/checkpoints/step_…: two folders up is the run, also where `path` is the checkpoint.
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
