"""The recipe of fine-tuning and the names of its forms: what a command's flags need, without PyTorch."""

import math
from dataclasses import dataclass

from trainer.command import FlagError

FORMS = ("classification", "entailment", "similarity", "choice")


@dataclass(frozen=True)
class TuningRecipe:
    """How to fine-tune; the defaults are GPT-1's. `micro_batch` examples are in memory at once."""

    epochs: int = 3
    batch: int = 32
    micro_batch: int = 8
    rate: float = 6.25e-5
    weight_decay: float = 0.01
    clip: float = 1.0
    auxiliary: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "micro_batch"):
            if getattr(self, name) < 1:
                raise FlagError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.rate < math.inf:
            raise FlagError(f"rate is {self.rate}; give a number above 0")
        for name in ("weight_decay", "clip", "auxiliary"):
            if not 0 <= getattr(self, name) < math.inf:
                raise FlagError(f"{name} is {getattr(self, name)}; give a number of at least 0")
