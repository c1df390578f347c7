"""Phase 4: the same weights, the same batches, the same optimizer on both sides: are the losses the same?

A speed that changes the model is no speed. The reference is built first and gives its first weights away; both sides
then train on the same learnable tokens, and the losses of the last steps are compared.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.trainer.settings import BenchmarkSettings
from benchmarks.trainer.sides import OURS, REFERENCE, Spec, build
from benchmarks.trainer.stand import Finding, Goal, Stand
from benchmarks.trainer.tokens import learnable
from benchmarks.trainer.worker import forget
from corpus.shards.read import open_shards
from trainer.optim.schedule import Schedule
from trainer.run.tensor_file import write_tensors

_LAST, _MOST = 20, 0.01


def give_weights(kept: dict[str, Any], spec: Spec, path: Path) -> None:
    """Build a side and write its first weights; a tied one under its first name only (in a worker)."""
    side = build(spec)
    write_tensors(path, {name: parameter.detach().cpu() for name, parameter in side.model.named_parameters()})


def losses_of(kept: dict[str, Any], spec: Spec, batches: Path, warmup: int) -> list[float]:
    """The loss of every step over the rows of a file int32 [steps, rows, T + 1] (in a worker)."""
    forget(kept)
    side, rows = build(spec), np.load(batches, mmap_mode="r")
    schedule = Schedule("constant", warmup_tokens=warmup)
    losses = []
    for number, step in enumerate(rows):
        tokens = torch.from_numpy(step.astype(np.int64)).to(spec.device)
        micro = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
        losses.append(side.step([micro], schedule.lr_scale(number + 1)))
    return torch.stack(losses).tolist()


def phase(stand: Stand) -> Finding:
    """Phase 4."""
    settings, shape = stand.settings, stand.settings.shape
    with tempfile.TemporaryDirectory() as folder:
        weights, batches = Path(folder) / "weights.safetensors", Path(folder) / "batches.npy"
        np.save(batches, _rows(settings))
        first = Spec(REFERENCE, shape, settings.device, False, settings.reference)
        stand.worker(REFERENCE).call(give_weights, spec=first, path=weights)
        warmup = max(1, settings.parity_steps // 10)
        for side in (REFERENCE, OURS):  # side by side: nothing is timed here
            spec = Spec(side, shape, settings.device, settings.compiled, settings.reference, weights)
            stand.worker(side).start(losses_of, spec=spec, batches=batches, warmup=warmup)
        found = {side: stand.worker(side).result() for side in (REFERENCE, OURS)}
    return _finding(found[REFERENCE], found[OURS], "given shards" if settings.data else "learnable tokens")


def _rows(settings: BenchmarkSettings) -> np.ndarray:
    """Rows for every step: windows of the first source of the given shards, else learnable tokens."""
    length = settings.shape.sequence_length + 1
    size = (settings.parity_steps, settings.shipped_rows, length)
    count = size[0] * size[1] * size[2]
    if settings.data is None:
        return learnable(count, settings.shape.vocab_size, seed=11).astype(np.int32).reshape(size)
    shards = open_shards(settings.data)
    stream = shards.stream(shards.manifest.sources[0].name)
    starts = np.random.default_rng(11).integers(0, stream.n_tokens - length, size[0] * size[1])
    return stream.windows(starts, length, np.int32).reshape(size)


def _finding(theirs: Sequence[float], ours: Sequence[float], data: str) -> Finding:
    differences = np.abs(np.array(ours) - np.array(theirs))
    marks = sorted({0, len(ours) // 4, len(ours) // 2, 3 * len(ours) // 4, len(ours) - 1})
    rows = tuple(
        {"step": mark + 1, "reference": theirs[mark], "ours": ours[mark], "|difference|": float(differences[mark])}
        for mark in marks
    )
    mean = float(differences[-_LAST:].mean())
    name = f"mean |difference of loss|, last {min(_LAST, len(ours))} of {len(ours)} steps"
    return Finding(rows, (Goal(name, mean, _MOST, most=True),), (f"on {data}",))
