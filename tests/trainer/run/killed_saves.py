"""A process of its own that forks savers and kills each with SIGKILL at another point: FOLDER in, one line each out.

Point k is the k-th time that the second save of a saver flushes something to the disk: model, optimizer, state, the
temporary folder, the folder after the rename, the new `latest`, the folder again. Point 0 is in the middle of a file.
"""

import os
import resource
import signal
import sys
from pathlib import Path

import torch

from trainer.run.checkpoint import Checkpoints

POINTS = range(8)


def tensors(step: int) -> dict[str, torch.Tensor]:
    """What a save of this step holds."""
    return {"weight": torch.full((1000, 64), float(step)), "steps": torch.tensor(float(step))}


def save(checkpoints: Checkpoints, step: int) -> None:
    checkpoints.save(step, tensors(step), tensors(-step), {"loss": step / 3})
    checkpoints.wait()


def killed_at(folder: Path, point: int) -> None:
    """Save step 1 whole and step 2 until `point`; does not return."""
    checkpoints = Checkpoints(folder)
    save(checkpoints, 1)
    flush, calls = os.fsync, 0

    def fatal(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(handle)

    os.fsync = fatal
    if point == 0:  # the kernel's own kill, when the first file passes 100 kB
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    save(checkpoints, 2)
    os._exit(0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for point in POINTS:
        child = os.fork()
        if not child:
            killed_at(Path(sys.argv[1]) / str(point), point)
        _, status = os.waitpid(child, 0)
        print(point, os.WTERMSIG(status) if os.WIFSIGNALED(status) else "ended", flush=True)
