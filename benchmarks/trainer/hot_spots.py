"""Phase 8: where a step of ours spends its time, kernel by kernel: what to improve next, and what to leave alone."""

from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.trainer.sides import OURS
from benchmarks.trainer.speed import Load, prepare, spec_of
from benchmarks.trainer.stand import Finding, Stand

_STEPS, _SHOWN, _LONGEST = 3, 15, 70


def phase(stand: Stand) -> Finding:
    """Phase 8, at the largest batch of the sweep."""
    settings, worker = stand.settings, stand.worker(OURS)
    load = Load(settings.shape, settings.sweep[-1])
    worker.call(prepare, spec=spec_of(settings, OURS, settings.shape), load=load)
    rows = worker.call(profile_steps, device=settings.device)
    return Finding(tuple(rows), (), (f"{_STEPS} steps of {load.rows} rows; the {_SHOWN} kernels that take longest",))


def profile_steps(kept: dict[str, Any], device: str) -> list[dict[str, Any]]:
    """Kernels by the time they take themselves, milliseconds and calls of a step (in a worker)."""
    side, batches = kept["side"], kept["batches"]
    side.step(batches[0])
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    with profile(activities=activities) as seen:
        for number in range(_STEPS):
            side.step(batches[number % len(batches)])
        if device == "cuda":
            torch.cuda.synchronize()
    field = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    events = sorted(seen.key_averages(), key=lambda event: getattr(event, field), reverse=True)
    total = sum(getattr(event, field) for event in events)
    return [
        {
            "kernel": event.key[:_LONGEST],
            "calls/step": event.count / _STEPS,
            "ms/step": getattr(event, field) / 1e3 / _STEPS,
            "share %": 100 * getattr(event, field) / total,
        }
        for event in events[:_SHOWN]
    ]
