"""Phase 6: what the band saves, and what feeding from shards costs.

The banded model of GPT-3's pattern and the same one all dense take turns, and so do steps over batches that already
lie on the device and steps that the loader feeds from mapped shards. The loader is also timed alone.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.trainer.ceilings import ceilings, median, seconds_of
from benchmarks.trainer.sides import OURS, REFERENCE
from benchmarks.trainer.speed import Load, in_turns, prepare, row_of, spec_of
from benchmarks.trainer.stand import Finding, Goal, Stand
from benchmarks.trainer.tokens import write_learnable_shards
from benchmarks.trainer.worker import WorkerError
from corpus.mixture import Mixture, Source
from corpus.shards.layout import TRAIN
from corpus.shards.read import open_shards
from trainer.data.loader import Loader
from trainer.data.order import SampleOrder

_FED = 50_000_000.0
_ALONE = (512, 1024)


def phase(stand: Stand) -> Finding:
    """Phase 6."""
    rows, notes = _band_rows(stand)
    with _shards(stand) as folder:
        try:
            if stand.over:
                raise WorkerError(stand.over)
            fed, goals = _fed_rows(stand, folder)
        except WorkerError as error:
            fed, goals = [{"what": "fed by the loader", "error": str(error)}], ()
    return Finding((*rows, *fed), goals, notes)


def _band_rows(stand: Stand) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    settings = stand.settings
    ceilings(stand)
    # Both are ours; they take the processes of the two sides, and what differs is the pattern.
    shapes = {REFERENCE: replace(settings.band, pattern="D"), OURS: settings.band}
    specs = {name: spec_of(settings, OURS, shape) for name, shape in shapes.items()}
    found = in_turns(stand, specs, Load(settings.band, settings.band_rows))
    rows = [
        {"what": what, **row_of(stand, OURS, Load(shapes[name], settings.band_rows), found[name])}
        for what, name in (("dense", REFERENCE), ("banded", OURS))
    ]
    if "tokens/s" in rows[0] and "tokens/s" in rows[1]:
        rows[1]["ratio"] = rows[1]["tokens/s"] / rows[0]["tokens/s"]
    length = settings.band.sequence_length
    return rows, (f"band of {settings.band.band} in every second layer, rows of {length:,}",)


@contextmanager
def _shards(stand: Stand) -> Iterator[Path]:
    """The given shards, else learnable ones in a folder that goes away."""
    if stand.settings.data is not None:
        yield stand.settings.data
        return
    with tempfile.TemporaryDirectory() as folder:
        count = 2_000_000 if stand.settings.small else 40_000_000
        yield write_learnable_shards(Path(folder), count, stand.settings.shape.vocab_size)


def _fed_rows(stand: Stand, folder: Path) -> tuple[list[dict[str, Any]], tuple[Goal, ...]]:
    settings, worker = stand.settings, stand.worker(OURS)
    load = Load(settings.shape, settings.sweep[-1])
    worker.call(prepare, spec=spec_of(settings, OURS, settings.shape), load=load)
    found = worker.call(fed_beside_fixed, folder=folder, load=load, warm=settings.warm, timed=settings.timed)
    rows = [
        {"what": name, "rows": load.rows, "tokens/s": load.tokens / found[name], "ms/step": 1e3 * found[name]}
        for name in ("fixed batches", "fed by the loader")
    ]
    rows[1]["ratio"] = found["fixed batches"] / found["fed by the loader"]
    rate = worker.call(time_alone, folder=folder, steps=4 if settings.small else 30)
    rows.append({"what": "the loader alone, one thread", "tokens/s": rate})
    return rows, (Goal("tokens/s of the loader alone", rate, _FED),)


def loader_over(folder: Path, sequence_length: int, rows: int, device: str) -> Loader:
    """A loader over all training tokens of a folder by its weights; not hashed, for nothing that is learned is kept."""
    shards = open_shards(folder, verified=True)
    sources = [source for source in shards.manifest.sources if source.split == TRAIN]
    mixture = Mixture(tuple(Source(source.name, source.weight) for source in sources))
    order = SampleOrder(mixture, {source.name: source.n_tokens for source in sources}, sequence_length, seed=0)
    return Loader(shards, order, lambda _: rows, device=device)


def fed_beside_fixed(kept: dict[str, Any], folder: Path, load: Load, warm: int, timed: int) -> dict[str, float]:
    """Median seconds of a step over fixed batches and of one that is fed, in turns (in a worker)."""
    side, batches, device = kept["side"], kept["batches"], kept["device"]
    seconds: dict[str, list[float]] = {"fixed batches": [], "fed by the loader": []}
    with loader_over(folder, load.shape.sequence_length, load.rows, device) as loader:
        ways = {
            "fixed batches": lambda: side.step(batches[0]),
            "fed by the loader": lambda: side.step([(batch.tokens, batch.targets) for batch in next(loader)]),
        }
        for _ in range(2):
            for name, way in ways.items():
                seconds[name] += seconds_of(way, device, warm, timed)
    return {name: median(values) for name, values in seconds.items()}


def time_alone(kept: dict[str, Any], folder: Path, steps: int, rows: int = _ALONE[0]) -> float:
    """Tokens per second of the loader with nobody else at work: the median of three stretches (in a worker)."""
    length = _ALONE[1]
    with loader_over(folder, length, rows, "cpu") as loader:
        rates = []
        for _ in range(3):
            begin = time.perf_counter()
            for _ in range(steps):
                next(loader)
            rates.append(steps * rows * length / (time.perf_counter() - begin))
    return median(rates)
