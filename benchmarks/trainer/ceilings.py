"""Phase 0: what the machine is, and how fast it can be: one large product of matrices, one large copy.

A model's share of the published peak says little where the card never reaches that peak; so the rate of a product that
large matrices allow, on random data (zeros cost a card less power and run faster), is measured in the same run.
"""

import platform
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch

from benchmarks.trainer.stand import Finding, Stand
from trainer.run.plan import peak_flops


def seconds_of(act: Callable[[], Any], device: str, warm: int, timed: int) -> list[float]:
    """Seconds of each of `timed` calls after `warm` others: by CUDA events, waiting only at the ends, or by a clock."""
    for _ in range(warm):
        act()
    if device != "cuda":
        stamps = [time.perf_counter()]
        for _ in range(timed):
            act()
            stamps.append(time.perf_counter())
        return [end - begin for begin, end in pairwise(stamps)]
    events = [torch.cuda.Event(enable_timing=True) for _ in range(timed + 1)]
    torch.cuda.synchronize()
    events[0].record()
    for event in events[1:]:
        act()
        event.record()
    torch.cuda.synchronize()
    return [begin.elapsed_time(end) / 1e3 for begin, end in pairwise(events)]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[float]) -> float:
    """From the tenth to the ninetieth percentile, as a share of the median."""
    ordered = sorted(values)
    return (ordered[int(0.9 * (len(ordered) - 1))] - ordered[int(0.1 * len(ordered))]) / median(ordered)


def measure(kept: dict[str, Any], device: str, small: bool) -> dict[str, Any]:
    """The environment, TFLOP/s of a square product (8,192 in bfloat16 on a card) and GB/s of a copy (in a worker)."""
    size, dtype = (256, torch.float32) if small else (8192, torch.bfloat16)
    generator = torch.Generator(device).manual_seed(0)
    left, right = (torch.randn(size, size, device=device, generator=generator).to(dtype) for _ in range(2))
    product = median(seconds_of(lambda: left @ right, device, 5, 20))
    source = torch.empty(1 << (20 if small else 30), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = median(seconds_of(lambda: target.copy_(source), device, 3, 10))
    card = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    peak = peak_flops(card)
    return {
        "device": card,
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "none",
        "peak TFLOP/s": peak / 1e12 if peak else None,
        f"product {size}³ {dtype} TFLOP/s".replace("torch.", ""): 2 * size**3 / product / 1e12,
        "copy GB/s": 2 * source.nbytes / copy / 1e9,
        "matrix_rate": 2 * size**3 / product,
        "peak": peak,
    }


def ceilings(stand: Stand) -> dict[str, Any]:
    """What `measure` found, measured once a run: every phase that prints a share of it asks here."""
    if not stand.ceilings:
        stand.ceilings = stand.worker("ours").call(measure, device=stand.settings.device, small=stand.settings.small)
    return stand.ceilings


def phase(stand: Stand) -> Finding:
    """Phase 0."""
    found = ceilings(stand)
    shown = {name: value for name, value in found.items() if name not in ("matrix_rate", "peak")}
    return Finding((shown,))
