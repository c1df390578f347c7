"""Devices: what one can do, and what follows: the type of the products, threads, memory, the compiler."""

import os
from pathlib import Path

import torch

from trainer.command import FlagError
from trainer.model.shape import Shape

# Width of a model. The preset tiny, 64 wide, made about 20,000 tokens per
# second on one thread and 900 on two of a busy machine (docs/log.md).
_WORTH_THREADS = 256


def device_named(name: str) -> torch.device:
    """The device of a name; "auto" is the GPU where there is one. FlagError for one that is not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device  # "cuda" becomes cuda:0, and a card that is not there an error
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise FlagError(f"no device {name!r} here: {str(error).splitlines()[0]}; give cpu, or cuda:N") from error


def compiles(asked: str, device: torch.device) -> bool:
    """Whether the model is compiled: auto does on a card, where it pays within minutes."""
    return asked == "true" or (asked == "auto" and device.type == "cuda")


def choose_dtype(asked: str, device: torch.device) -> torch.dtype:
    """The type of the products: auto is bfloat16 on a card that has it in hardware (8.0 on), else float32."""
    if asked == "auto":
        able = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if able else torch.float32
    return torch.bfloat16 if asked == "bfloat16" else torch.float32


def choose_threads(asked: int, shape: Shape, device: torch.device, processes: int = 1) -> int:
    """Threads of a product on a CPU: one for small models, where handing out costs more than it saves, else the cores
    of this process. Their number is part of how sums are rounded, so it does not depend on how busy a machine is."""
    if asked or device.type != "cpu":
        return asked or torch.get_num_threads()
    return 1 if shape.width < _WORTH_THREADS else max(1, (os.cpu_count() or 1) // processes)


def prepare_device(name: str, shape: Shape) -> torch.device:
    """The device of a name, with the threads that a training of this shape has: no figure depends on who reads it."""
    device = device_named(name)
    torch.set_num_threads(choose_threads(0, shape, device))
    return device


def free_memory(device: torch.device) -> int:
    """Free bytes of a card; 0 for a CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0


def total_memory(device: torch.device) -> int:
    """All bytes of a card, or of this machine for a CPU, no more than the control group allows."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # Version 2, then version 1. "max", no limit, is no number; nor is a file that is not there.
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            machine = min(machine, int(text))
    return machine


def processes_on(device: torch.device) -> int:
    """How many processes of this run share the device: one a card, all of torchrun's on this machine for a CPU."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if device.type == "cpu" else 1
