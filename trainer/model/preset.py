"""A named model with its recipe, and the recipe that most of them share."""

from dataclasses import dataclass, field

from corpus.json_types import JsonObject
from trainer.model.shape import Shape


@dataclass(frozen=True)
class Preset:
    """A shape, the recipe as keys of the configuration, the source of both, and what was decided here."""

    name: str
    shape: Shape
    recipe: JsonObject = field(default_factory=dict)
    cites: str = ""
    note: str = ""


# GPT-3's (appendix B), and since then nearly everybody's.
ADAMW = {
    "optimizer": "adamw",
    "beta1": 0.9,
    "beta2": 0.95,
    "epsilon": 1e-8,
    "weight_decay": 0.1,
    "clip": 1.0,
    "schedule": "cosine",
    "final_share": 0.1,
}
