"""One process of a world, as torchrun would start it: trains by the command, once for each line of its arguments.

RANK=0 WORLD_SIZE=2 … python tests/trainer/run/train_world.py '["--data", …]' '["--data", …]'
"""

import json
import sys

import torch.distributed as dist

from trainer.command import leave
from trainer.train import main

if __name__ == "__main__":
    dist.init_process_group("gloo")
    codes = [main(json.loads(line)) for line in sys.argv[1:]]
    dist.destroy_process_group()
    leave(max(codes))
