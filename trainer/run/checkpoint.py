"""Checkpoints that are whole or not there: safetensors and JSON, digests, and a name that comes last.

`checkpoints/step_00001234/` holds model.safetensors, optimizer.safetensors and state.json, which has the SHA-256 of
the other two and of itself. All is written into a `.tmp-` folder, files and folder are flushed to the disk, the folder
is renamed, and only then does the file `latest` name it: killed at any moment, a run leaves the checkpoint before.

Training waits only while the tensors are copied to the host. A thread writes them; the next save joins it first, and
raises what went wrong. Nothing is pickled, so opening a checkpoint runs no code.
"""

import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainer.run.tensor_file import TensorFileError, read_tensors, write_tensors

LATEST, BEST, STATE = "latest", "best", "state.json"
PARTS = ("model", "optimizer")
_TEMPORARY = ".tmp-"


class CheckpointError(Exception):
    """A checkpoint that cannot be written or read, and what to do."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint as it was saved: tensors by name on the host, and the state that was given with them."""

    step: int
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]
    path: Path


def load_checkpoint(path: Path, parts: Collection[str] = PARTS) -> Saved:
    """Read a checkpoint's folder, every byte of its `parts` checked: ("model",) spares the optimizer's file.

    The tensors are mapped from the files: copy what is to outlive them. Raises CheckpointError that names the damage.
    """
    try:
        record = json.loads((path / STATE).read_bytes())
        if record.pop("sha256") != _digest_of(record):
            raise TensorFileError(f"{STATE} is damaged: its SHA-256 is not the one in it")
        files: dict[str, str] = record["files"]
        read = {part: read_tensors(path / _file(part), files[_file(part)]) for part in parts}
        return Saved(record["step"], read.get("model", {}), read.get("optimizer", {}), record["state"], path)
    except (OSError, ValueError, KeyError, AttributeError, TensorFileError) as error:
        raise CheckpointError(f"{path} is no whole checkpoint ({error}); take an older one") from error


class Checkpoints:
    """The checkpoints of a run in one folder; only one process writes, any may read.

    The newest `keep_last` stay, those of every `keep_every`-th step (0: none), and the one that the file `best` names.
    `say` gets a sentence about each checkpoint that is passed over.
    """

    def __init__(
        self, folder: Path, keep_last: int = 2, keep_every: int = 0, say: Callable[[str], None] = print
    ) -> None:
        if keep_last < 1 or keep_every < 0:
            raise CheckpointError(f"keep_last is {keep_last} and keep_every {keep_every}; keep at least the last one")
        self.folder, self.keep_last, self.keep_every, self.say = folder, keep_last, keep_every, say
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._host: dict[str, Tensor] = {}

    def save(
        self,
        step: int,
        model: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        state: Mapping[str, Any],
        best: bool = False,
    ) -> None:
        """Copy everything to the host and return; a thread writes it as the checkpoint of `step`.

        Sharded tensors must have been gathered. `state` is JSON: floats come back as they were, bit for bit. With
        `best` the file of that name will name this checkpoint, and it stays until another is better. Raises
        CheckpointError where the disk has no room, and whatever made the save before fail.
        """
        self.wait()
        record = json.dumps(state, allow_nan=True)
        parts = {"model": model, "optimizer": optimizer}
        needed = sum(tensor.nbytes for tensors in parts.values() for tensor in tensors.values()) + len(record)
        self.folder.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(self.folder).free) < needed:
            raise CheckpointError(self._full(step, f"it needs {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} are free"))
        copies = {
            part: {name: self._copy(f"{part}.{name}", tensor) for name, tensor in tensors.items()}
            for part, tensors in parts.items()
        }
        if torch.cuda.is_available():
            torch.cuda.current_stream().synchronize()
        arguments = (step, copies, json.loads(record), best)
        self._thread = threading.Thread(target=self._write, args=arguments, name=f"checkpoint {step}")
        self._thread.start()

    def wait(self) -> None:
        """Until the save under way is on the disk; raises CheckpointError where it failed."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def latest(self) -> Path | None:
        """The folder of the newest whole checkpoint, every byte checked; None where there is none."""
        saved = self.load_latest()
        return saved.path if saved else None

    def load_latest(self) -> Saved | None:
        """The newest whole checkpoint. A damaged one is passed over, and `say` hears of it."""
        for path in reversed(self._steps()):
            try:
                return load_checkpoint(path)
            except CheckpointError as error:
                self.say(f"passed over: {error}")
        return None

    def _copy(self, name: str, tensor: Tensor) -> Tensor:
        """The tensor's own copy on the host; from an accelerator into pinned memory, which the next save uses again."""
        if hasattr(tensor, "full_tensor"):
            raise CheckpointError(f"{name} is sharded: gather it on every process before it is saved")
        tensor = tensor.detach()
        if tensor.device.type == "cpu":
            return tensor.clone(memory_format=torch.contiguous_format)
        there = self._host.get(name)
        if there is None or there.shape != tensor.shape or there.dtype != tensor.dtype:
            self._host[name] = there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
        return there.copy_(tensor, non_blocking=tensor.is_cuda)

    def _write(self, step: int, copies: dict[str, dict[str, Tensor]], state: dict[str, Any], best: bool) -> None:
        temporary = self.folder / f"{_TEMPORARY}{_folder(step)}"
        try:
            for leftover in self.folder.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            temporary.mkdir()
            files = {_file(part): write_tensors(temporary / _file(part), copies[part]) for part in PARTS}
            record = {"step": step, "files": files, "state": state}
            text = json.dumps({**record, "sha256": _digest_of(record)}, indent=1)
            _write_flushed(temporary / STATE, text)
            _flush_folder(temporary)
            self._discard(self.folder / _folder(step))
            temporary.rename(self.folder / _folder(step))
            _flush_folder(self.folder)
            for name in (LATEST, BEST) if best else (LATEST,):
                self._name(name, step)
            self._thin(step)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            reason = str(error)
            shutil.rmtree(temporary, ignore_errors=True)
            message = self._full(step, reason) if full else f"the checkpoint of step {step} failed: {reason}"
            self._error = CheckpointError(message)
        except Exception as error:
            self._error = error

    def _name(self, name: str, step: int) -> None:
        temporary = self.folder / f"{_TEMPORARY}{name}"
        _write_flushed(temporary, _folder(step) + "\n")
        temporary.replace(self.folder / name)
        _flush_folder(self.folder)

    def _thin(self, newest: int) -> None:
        """Remove what need not stay once the checkpoint of step `newest` does."""
        steps = self._steps()
        for path in (path for path in steps if _step(path) > newest):
            # Taking up a run takes the newest whole checkpoint: one of a later step can only be damaged.
            self.say(f"removed: {path}, which was passed over and is of a later step than the one just saved")
            self._discard(path)
        best = self.folder / BEST
        stays = best.read_text().strip() if best.exists() else ""
        for path in [path for path in steps if _step(path) <= newest][: -self.keep_last]:
            if path.name != stays and (not self.keep_every or _step(path) % self.keep_every):
                self._discard(path)
        if stays and not (self.folder / stays).exists():
            best.unlink()

    def _discard(self, path: Path) -> None:
        """Take the name away first: a folder that is half removed must not look like a checkpoint."""
        if path.exists():
            gone = path.rename(self.folder / f"{_TEMPORARY}gone-{path.name}")
            shutil.rmtree(gone)

    def _steps(self) -> list[Path]:
        found = [path for path in self.folder.glob("step_*") if path.name[5:].isdigit() and path.is_dir()]
        return sorted(found, key=_step)

    def _full(self, step: int, reason: str) -> str:
        stands = f"the checkpoint {steps[-1].name} is whole" if (steps := self._steps()) else "there is none before it"
        return (
            f"no room in {self.folder} for the checkpoint of step {step} ({reason}); {stands}. "
            "Make room, or keep fewer with keep_last, and start the same command again"
        )


def _file(part: str) -> str:
    return f"{part}.safetensors"


def _folder(step: int) -> str:
    return f"step_{step:08d}"


def _step(path: Path) -> int:
    return int(path.name[5:])


def _digest_of(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _write_flushed(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
