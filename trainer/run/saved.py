"""Checkpoints as they are read: whole, damaged, or not readable now, which are three different things.

A damaged checkpoint is passed over for the one before it. One that cannot be read (no permission, an error of the
disk, a store that is away) may be whole tomorrow: taking an older one in its place would throw work away, so it ends
the command. Weights that are no finite numbers are whole on the disk and of no use: such a checkpoint counts as
damaged, since whatever goes on from it has diverged already.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import torch
from torch import Tensor

from corpus.errors import CorpusloomError
from corpus.json_types import JsonObject
from trainer.run.tensor_file import TensorFileError, read_tensors

LATEST, BEST, STATE = "latest", "best", "state.json"
PARTS = ("model", "optimizer")
DAMAGED = "damaged-"
"""Before the name of a checkpoint that was passed over when a run went on: kept, and never looked at again."""
_GONE = {errno.ENOENT, errno.ENOTDIR}


class DamagedError(CorpusloomError):
    """A checkpoint that is not what was saved, or a run whose checkpoints are all like that."""


class UnreadableError(CorpusloomError):
    """A checkpoint that the system does not let us read now, and that may be whole."""


class RunDescription(TypedDict):
    """What `config.json` and every checkpoint say of a run: enough to build the model and to know its data again.

    `content` is the digest of the tokens of each source and split, `code` the version that wrote it.
    """

    config: JsonObject
    shape: JsonObject
    tokenizer: dict[str, Any]
    marks: dict[str, int]
    fingerprint: str
    content: dict[str, str]
    code: str


class RunState(RunDescription):
    """The state in a checkpoint: where the run was after `step`. That of imported weights has but some of it."""

    step: int
    samples_seen: int
    tokens: int
    best: float
    losses: list[float]
    training_seconds: float
    wall_seconds: float
    order: dict[str, Any]
    torch: str


@dataclass(frozen=True)
class Saved:
    """A checkpoint as it was saved: tensors by name on the host, and the state that was given with them."""

    step: int
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: RunState
    path: Path


def load_checkpoint(path: Path, parts: Collection[str] = PARTS) -> Saved:
    """Read a checkpoint's folder, every byte of its `parts` checked: ("model",) spares the optimizer's file.

    The tensors are mapped from the files: copy what is to outlive them. Raises DamagedError that names the damage, and
    UnreadableError where the system refuses.
    """
    try:
        record = json.loads((path / STATE).read_bytes())
        # `state.json` has the digests of both files, and its own over all the rest of it.
        if record.pop("sha256") != digest_of(record):
            raise TensorFileError(f"{STATE} is damaged: its SHA-256 is not the one in it")
        files: dict[str, str] = record["files"]
        read = {part: read_tensors(path / part_file(part), files[part_file(part)]) for part in parts}
        saved = Saved(record["step"], read.get("model", {}), read.get("optimizer", {}), record["state"], path)
    except OSError as error:
        if error.errno in _GONE:
            raise DamagedError(f"{path} is no whole checkpoint ({error})") from error
        reason = f"{error.filename or path}: {error.strerror or error}"
        raise UnreadableError(
            f"{path} cannot be read ({reason}); nothing was changed: make it readable and start the same command again"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, TensorFileError) as error:
        raise DamagedError(f"{path} is no whole checkpoint ({error})") from error
    for part, tensors in read.items():
        if name := next((name for name, tensor in tensors.items() if not all_finite(tensor)), ""):
            raise DamagedError(f"{path} holds numbers that are not finite ({part}, {name}): training had diverged")
    return saved


def newest_whole(
    folder: Path, say: Callable[[str], None], parts: Collection[str] = PARTS
) -> tuple[Saved | None, list[Path]]:
    """The newest whole checkpoint of a folder, None where there has never been one, and the damaged ones above it.

    `say` hears of each that is passed over. DamagedError where there are checkpoints and none is whole: starting again
    in their place is for the user to decide. UnreadableError as soon as one cannot be read.
    """
    passed: list[Path] = []
    # Newest first, by the folders and not by `latest`: a run
    # killed between the two has a newer one than `latest` names.
    for path in reversed(steps_in(folder)):
        try:
            return load_checkpoint(path, parts), passed
        except DamagedError as error:
            say(f"passed over: {error}")
            passed.append(path)
    if passed or (folder / LATEST).exists():
        lost = f"all {len(passed)} are damaged" if passed else f"the one that {folder / LATEST} names is gone"
        raise DamagedError(
            f"{folder} has no whole checkpoint: {lost}. Nothing was changed: bring one back from a copy, or give "
            "another --output to start again"
        )
    return None, passed


def steps_in(folder: Path) -> list[Path]:
    """The folders of checkpoints, oldest first. UnreadableError where the folder does not let itself be listed."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith("step_") and entry.is_dir()]
    except OSError as error:
        if error.errno in _GONE:
            return []
        raise UnreadableError(f"{folder} cannot be read ({error.strerror}); nothing was changed") from error
    return sorted((folder / name for name in names if name[5:].isdecimal()), key=step_of)


def step_of(path: Path) -> int:
    """The optimizer step that a checkpoint's folder is named after."""
    return int(path.name[5:])


def part_file(part: str) -> str:
    """The file of one of `PARTS`."""
    return f"{part}.safetensors"


def digest_of(record: Mapping[str, Any]) -> str:
    """The SHA-256 that `state.json` carries of everything else in it."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def all_finite(tensor: Tensor) -> bool:
    """Whether no number of a tensor is infinite or not a number; makes no copy, since NaN goes through min and max."""
    if not tensor.numel() or not tensor.is_floating_point():
        return True
    # One pass, two numbers: isfinite of the whole would be a bool tensor as long as the weights.
    least, most = tensor.aminmax()
    return bool(torch.isfinite(least) & torch.isfinite(most))
