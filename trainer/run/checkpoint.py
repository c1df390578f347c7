"""Checkpoints that are whole or not there: safetensors and JSON, digests, and a name that comes last.

`checkpoints/step_00001234/` holds model.safetensors, optimizer.safetensors and state.json, which has the SHA-256 of
the other two and of itself. All is written into a `.tmp-` folder, files and folder are flushed to the disk, the folder
is renamed, and only then does the file `latest` name it: killed at any moment, a run leaves the checkpoint before.

Training waits only while the tensors are copied to the host. A thread writes them; the next save joins it first, and
raises what went wrong. Nothing is pickled, so opening a checkpoint runs no code.
"""

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from corpus.errors import CorpusloomError, ExitCode
from trainer.run.saved import (
    BEST,
    DAMAGED,
    LATEST,
    PARTS,
    STATE,
    Saved,
    digest_of,
    newest_whole,
    part_file,
    step_of,
    steps_in,
)
from trainer.run.tensor_file import write_tensors

_TEMPORARY = ".tmp-"


class CheckpointError(CorpusloomError):
    """A checkpoint that cannot be written, and what to do."""

    code = ExitCode.MACHINE


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
        self._host: dict[str, Tensor] = {}  # pinned copies, by "model." or "optimizer." and name

    def save(
        self,
        step: int,
        model: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        state: Mapping[str, object],
        best: bool = False,
    ) -> None:
        """Copy everything to the host and return; a thread writes it as the checkpoint of `step`.

        Sharded tensors are gathered here one at a time, while the other processes do the same (`gather_along`).
        `state` is JSON: floats come back as they were, bit for bit. With `best` the file of that name will name this
        checkpoint, and it stays until another is better. Raises CheckpointError where the disk has no room, or where
        the save before failed.
        """
        # As JSON at once: the training loop changes lists in `state` while the thread writes.
        record = json.dumps(state, allow_nan=True)
        parts = {"model": model, "optimizer": optimizer}
        if fault := self.fault_of(step, bytes_of(*parts.values()) + len(record)):
            raise CheckpointError(fault)
        copies = {
            part: {name: self._copy(f"{part}.{name}", tensor) for name, tensor in tensors.items()}
            for part, tensors in parts.items()
        }
        if torch.cuda.is_available():
            # Copies into pinned memory only begin above; the next step would change the weights under them.
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

    def take_up(self) -> Saved | None:
        """The newest whole checkpoint, None where there has never been one (`newest_whole` says what it raises).

        Damaged ones that were passed over are renamed, never removed.
        """
        saved, passed = newest_whole(self.folder, self.say)
        for path in passed:
            self._set_aside(path)
        return saved

    def fault_of(self, step: int, n_bytes: int) -> str:
        """Why a checkpoint of `n_bytes` cannot be saved now; "" where it can. Waits for the save before.

        Of several processes the first asks and tells the others, before they all take part in gathering tensors.
        """
        try:
            self.wait()
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        except (CheckpointError, OSError) as error:
            return str(error)
        if free < n_bytes:
            return self._full(step, f"it needs {n_bytes / 1e6:,.0f} MB, {free / 1e6:,.0f} are free")
        return ""

    def _copy(self, name: str, tensor: Tensor) -> Tensor:
        """The tensor's own copy on the host; from an accelerator into pinned memory, which the next save uses again."""
        tensor = gather_whole(tensor)
        if tensor.device.type == "cpu":
            return tensor.clone(memory_format=torch.contiguous_format)
        there = self._host.get(name)
        if there is None or there.shape != tensor.shape or there.dtype != tensor.dtype:
            self._host[name] = there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
        return there.copy_(tensor, non_blocking=tensor.is_cuda)

    def _write(self, step: int, copies: dict[str, dict[str, Tensor]], state: Mapping[str, object], best: bool) -> None:
        temporary = self.folder / f"{_TEMPORARY}{_folder(step)}"
        try:
            # A kill from here on leaves
            #   .tmp-step_00000010/            nothing has changed; removed by the next save
            #   step_00000010/, latest older   whole, and found by its name: readers look at folders, not at `latest`
            #   latest, not yet thinned        one checkpoint too many, until the next save
            for leftover in self.folder.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            temporary.mkdir()
            files = {part_file(part): write_tensors(temporary / part_file(part), copies[part]) for part in PARTS}
            record = {"step": step, "files": files, "state": state}
            text = json.dumps({**record, "sha256": digest_of(record)}, indent=1)
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
        """Remove what need not stay once the checkpoint of step `newest` does; damaged ones keep their place."""
        steps = steps_in(self.folder)
        # What is newer than the one just saved the run did not go on from. If it were counted, the newest `keep_last`
        # could all be such, and the one just saved would be removed.
        for path in (path for path in steps if step_of(path) > newest):
            self._set_aside(path)
        best = self.folder / BEST
        stays = best.read_text().strip() if best.exists() else ""
        # steps 10 20 30 40 with keep_last=2: 10 and 20 may go; with keep_every=20, 20 stays.
        for path in [path for path in steps if step_of(path) <= newest][: -self.keep_last]:
            if path.name != stays and (not self.keep_every or step_of(path) % self.keep_every):
                self._discard(path)
        # Set aside above: `best` must not name what is not there.
        if stays and not (self.folder / stays).exists():
            best.unlink()

    def _set_aside(self, path: Path) -> None:
        """Rename a checkpoint that the run does not go on from, so that it is neither lost nor looked at again."""
        aside = self.folder / f"{DAMAGED}{path.name}"
        number = 1
        while aside.exists():
            number += 1
            aside = self.folder / f"{DAMAGED}{path.name}-{number}"
        path.rename(aside)
        self.say(f"renamed: {path} is {aside.name} now, and the run goes on from a checkpoint before it")

    def _discard(self, path: Path) -> None:
        """Take the name away first: a folder that is half removed must not look like a checkpoint."""
        if path.exists():
            gone = path.rename(self.folder / f"{_TEMPORARY}gone-{path.name}")
            shutil.rmtree(gone)

    def _full(self, step: int, reason: str) -> str:
        stands = (
            f"the checkpoint {steps[-1].name} is whole"
            if (steps := steps_in(self.folder))
            else "there is none before it"
        )
        return (
            f"no room in {self.folder} for the checkpoint of step {step} ({reason}); {stands}. "
            "Make room, or keep fewer with keep_last, and start the same command again"
        )


def gather_whole(tensor: Tensor) -> Tensor:
    """A sharded tensor put together, on every process that calls this; another one as it is."""
    gather = getattr(tensor.detach(), "full_tensor", None)
    return gather() if gather else tensor.detach()


def gather_along(*states: Mapping[str, Tensor]) -> None:
    """What the other processes do while the first one saves: gather each tensor in turn, and forget it."""
    for state in states:
        for tensor in state.values():
            gather_whole(tensor)


def bytes_of(*states: Mapping[str, Tensor]) -> int:
    """Bytes of all tensors, of sharded ones the whole."""
    return sum(tensor.numel() * tensor.element_size() for state in states for tensor in state.values())


def _folder(step: int) -> str:
    return f"step_{step:08d}"


def _write_flushed(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    # The name of a file is on the disk when its folder is, not when the file is.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
