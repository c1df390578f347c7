"""One process of a sharded run that watches what it gathers: how many bytes of gathered tensors are alive at most.

RANK=0 WORLD_SIZE=2 … python tests/trainer/run/watched_save.py '["--data", …]'
"""

import json
import os
import sys
import weakref
from pathlib import Path

import torch.distributed as dist

from trainer.command import leave
from trainer.run import checkpoint
from trainer.train import main

ALIVE = {"now": 0, "most": 0, "largest": 0, "total": 0}
_gathered = checkpoint.gather_whole


def watched(tensor):
    """`gather_whole`, counting the bytes of what it returns until they are freed."""
    whole = _gathered(tensor)
    if hasattr(tensor, "full_tensor"):
        size = whole.numel() * whole.element_size()
        ALIVE["now"] += size
        ALIVE["total"] += size
        ALIVE["most"] = max(ALIVE["most"], ALIVE["now"])
        ALIVE["largest"] = max(ALIVE["largest"], size)

        def freed():
            ALIVE["now"] -= size

        weakref.finalize(whole.untyped_storage(), freed)
    return whole


if __name__ == "__main__":
    dist.init_process_group("gloo")
    checkpoint.gather_whole = watched
    arguments = json.loads(sys.argv[1])
    code = main(arguments)
    output = Path(arguments[arguments.index("--output") + 1])
    (output / f"alive-{os.environ['RANK']}.json").write_text(json.dumps(ALIVE))
    dist.destroy_process_group()
    leave(code)
