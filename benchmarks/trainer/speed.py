"""Phases 2, 3 and 5: tokens per second of all sides, taken in turns, and of the large model.

Reference, ours, reference, ours: a card's clock falls as it warms, and turns spread that evenly. All processes build
and compile first, side by side, and wait; then one works at a time. A step is everything: forward and backward passes,
clipping, AdamW, and has as many tokens on every side and at every micro-batch, for AdamW's share of it is large where
micro-batches are small. Tokens are random and not zeros.
"""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.trainer.ceilings import ceilings, median, seconds_of, spread
from benchmarks.trainer.settings import CLIP, BenchmarkSettings
from benchmarks.trainer.sides import CUDNN, OURS, REFERENCE, Micro, Spec, build
from benchmarks.trainer.stand import Finding, Goal, Stand
from benchmarks.trainer.worker import WorkerError, forget
from trainer.model.shape import Shape

_BATCHES, _ROUNDS = 4, 2


@dataclass(frozen=True)
class Load:
    """What a step holds: `accumulated` micro-batches of `rows` rows of a model of this shape."""

    shape: Shape
    rows: int
    accumulated: int = 1

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        return self.rows * self.accumulated * self.shape.sequence_length


def random_micro(load: Load, device: str, seed: int) -> list[Micro]:
    """A step's micro-batches of random tokens."""
    generator = torch.Generator(device).manual_seed(seed)
    size = (load.accumulated, load.rows, load.shape.sequence_length + 1)
    rows = torch.randint(load.shape.vocab_size, size, device=device, generator=generator)
    return [(micro[:, :-1].contiguous(), micro[:, 1:].contiguous()) for micro in rows]


def prepare(kept: dict[str, Any], spec: Spec, load: Load) -> dict[str, Any]:
    """Build a side, unless it stands already, and take one step, which compiles it (in a worker). What it is."""
    if kept.get("spec") != spec:
        forget(kept)
        kept["spec"], kept["side"] = spec, build(spec)
    side = kept["side"]
    kept["batches"] = [random_micro(load, spec.device, seed) for seed in range(_BATCHES)]
    kept["device"], kept["turn"] = spec.device, 0
    loss = side.step(kept["batches"][0]).item()
    return {"kind": side.kind, "loss": loss, "parameters": sum(p.numel() for p in side.model.parameters())}


def run(kept: dict[str, Any], warm: int, timed: int) -> dict[str, Any]:
    """Seconds of `timed` steps after `warm` others, and the most memory held, in GB (in a worker)."""
    side, batches, device = kept["side"], kept["batches"], kept["device"]

    def step() -> None:
        kept["turn"] += 1
        kept["loss"] = side.step(batches[kept["turn"] % len(batches)])

    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    gc.collect()
    gc.disable()
    try:
        seconds = seconds_of(step, device, warm, timed)
    finally:
        gc.enable()
    if not torch.isfinite(kept["loss"]):
        raise ArithmeticError(f"the loss is {kept['loss'].item()}")
    memory = torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None
    return {"seconds": seconds, "gigabytes": memory}


def in_turns(stand: Stand, specs: Mapping[str, Spec], load: Load) -> dict[str, dict[str, Any]]:
    """Time each side (by worker) in turns; a side that fails has an "error" and the others go on."""
    found: dict[str, dict[str, Any]] = {}
    if stand.over:
        return {name: {"error": stand.over} for name in specs}
    # A step of many micro-batches takes as long as so many steps.
    warm, timed = (-(-steps // load.accumulated) for steps in (stand.settings.warm, stand.settings.timed))
    for name, spec in specs.items():
        stand.worker(name).start(prepare, spec=spec, load=load)
    for name in specs:
        try:
            found[name] = {**stand.worker(name).result(), "seconds": []}
        except WorkerError as error:
            found[name] = {"error": str(error)}
    for _ in range(_ROUNDS):
        for name in (name for name in specs if "error" not in found[name]):
            try:
                turn = stand.worker(name).call(run, warm=warm, timed=timed)
                found[name]["seconds"] += turn["seconds"]
                found[name]["gigabytes"] = turn["gigabytes"]
            except WorkerError as error:
                found[name] = {"error": str(error)}
    return found


def row_of(stand: Stand, side: str, load: Load, found: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table: speed, spread, and the shares of the peak by both counts of the work."""
    row: dict[str, Any] = {"side": side, "rows": load.rows, "accumulated": load.accumulated}
    if "error" in found:
        return {**row, "error": found["error"]}
    seconds = median(found["seconds"])
    rate, peaks = load.tokens / seconds, ceilings(stand)
    work, true = load.shape.flops_per_token(), load.shape.true_flops_per_token()
    return {
        **row,
        "tokens/s": rate,
        "spread %": 100 * spread(found["seconds"]),
        "MFU %": 100 * rate * work / peaks["peak"] if peaks["peak"] else None,
        "of measured %": 100 * rate * work / peaks["matrix_rate"],
        "true MFU %": 100 * rate * true / peaks["peak"] if peaks["peak"] else None,
        "peak GB": found["gigabytes"],
        "ms/step": 1e3 * seconds,
        "kind": found["kind"],
    }


def spec_of(settings: BenchmarkSettings, side: str, shape: Shape) -> Spec:
    """A side as the settings want it."""
    return Spec(side, shape, settings.device, settings.compiled, settings.reference)


def compare(stand: Stand, rows: int, sides: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each side at micro-batches of `rows`, in turns, all with the same tokens in a step of the optimizer."""
    settings = stand.settings
    load = Load(settings.shape, rows, settings.step_rows // rows)
    found = in_turns(stand, {side: spec_of(settings, side, settings.shape) for side in sides}, load)
    return [row_of(stand, side, load, found[side]) for side in sides]


def phases_2_and_3(stand: Stand, sides: Sequence[str]) -> Finding:
    """The sweep over micro-batches of the sides, in turns."""
    settings, rows = stand.settings, []
    ceilings(stand)
    for batch in settings.sweep:
        new = {row["side"]: row for row in compare(stand, batch, sides)}
        for side in (REFERENCE, CUDNN):
            if OURS in new and side in new:
                new[OURS][f"/ {side}"] = _ratio(new[OURS].get("tokens/s"), new[side].get("tokens/s"))
        rows += new.values()
    shape = settings.shape
    note = (
        f"all: {shape.layers} layers of {shape.width}, T = {shape.sequence_length:,}, {shape.vocab_size:,} columns, "
        f"exact GELU, no biases, AdamW once in {settings.step_rows} rows, clipped at {CLIP}"
    )
    return Finding(tuple(rows), _goals(settings, rows) if OURS in sides else (), (note,))


def _goals(settings: BenchmarkSettings, rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    """Our best beside the reference as it ships, at its best, and with cuDNN; and the share of the peak."""
    shipped = _best([row for row in rows if row["rows"] == settings.shipped_rows], "tokens/s", REFERENCE)
    best = {side: _best(rows, "tokens/s", side) for side in (OURS, REFERENCE, CUDNN)}
    return (
        Goal("ours at its best / reference as shipped, 124M", _ratio(best[OURS], shipped), 1.15),
        Goal("ours at its best / reference at its best, 124M", _ratio(best[OURS], best[REFERENCE]), 1.10),
        Goal("ours at its best / reference with cuDNN at its best, 124M", _ratio(best[OURS], best[CUDNN]), 1.05),
        Goal("MFU % at 124M", _best(rows, "MFU %", OURS), 45.0),
    )


def _best(rows: Sequence[Mapping[str, Any]], column: str, side: str) -> float | None:
    """The greatest value of a side; every step of the optimizer has the same tokens, so none saves steps."""
    values = [row.get(column) for row in rows if row["side"] == side]
    return max((value for value in values if value is not None), default=None)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def phase_5(stand: Stand) -> Finding:
    """The large model, ours alone."""
    settings, rows = stand.settings, []
    ceilings(stand)
    for batch in settings.large_sweep:
        load = Load(settings.large, batch)
        found = in_turns(stand, {OURS: spec_of(settings, OURS, settings.large)}, load)
        rows.append(row_of(stand, OURS, load, found[OURS]))
    return Finding(tuple(rows), (Goal("MFU % at 1558M", _best(rows, "MFU %", OURS), 50.0),))
