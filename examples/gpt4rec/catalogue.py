"""A catalogue and its customers, made from a seed: nothing is copied from any shop.

A title is a maker, a trait and a thing of one of eight departments. A customer has one department and one maker that he
comes back to; what he buys next follows from what he has bought, with a rest of chance.
"""

import random
from dataclasses import dataclass

_THINGS = {
    "kitchen": ("paring knife", "cast iron skillet", "mixing bowl", "pepper mill", "kettle", "rolling pin"),
    "garden": ("watering can", "hand trowel", "pruning shears", "garden hose", "rake", "seed tray"),
    "music": ("violin strings", "metronome", "guitar strap", "music stand", "reed case", "drum sticks"),
    "weaving": ("loom shuttle", "warp comb", "bobbin winder", "linen yarn", "heddle", "tapestry needle"),
    "writing": ("fountain pen", "ink bottle", "notebook", "blotting paper", "letter opener", "desk lamp"),
    "hiking": ("day pack", "walking stick", "rain jacket", "water bottle", "wool socks", "compass"),
    "bicycle": ("brake pads", "chain oil", "saddle bag", "inner tube", "bell", "hand pump"),
    "sewing": ("thread set", "thimble", "cutting mat", "pin cushion", "fabric shears", "tape measure"),
}
_TRAITS = ("small", "large", "light", "classic", "blue", "green")
_MAKERS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")


@dataclass(frozen=True)
class Customer:
    """Titles in the order in which they were bought; the last is what is to be foreseen."""

    history: tuple[str, ...]
    next: str


def titles() -> list[str]:
    """The whole catalogue, 1,728 titles."""
    things = [thing for department in _THINGS.values() for thing in department]
    return [f"{maker} {trait} {thing}" for maker in _MAKERS for trait in _TRAITS for thing in things]


def customers(count: int, seed: int) -> list[Customer]:
    """`count` customers, each a function of the seed and its number."""
    return [_customer(random.Random(f"{seed}/{number}")) for number in range(count)]


def _customer(rng: random.Random) -> Customer:
    things = _THINGS[rng.choice(sorted(_THINGS))]
    maker, trait, at = rng.choice(_MAKERS), rng.choice(_TRAITS), rng.randrange(6)
    bought = []
    for _ in range(rng.randrange(4, 7)):
        # One thing leads to the next of its department; one time in ten it is by another maker.
        by = rng.choice(_MAKERS) if rng.random() < 0.1 else maker
        bought.append(f"{by} {trait} {things[at % 6]}")
        at += 1
    return Customer(tuple(bought[:-1]), bought[-1])
