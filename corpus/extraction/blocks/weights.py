"""The weights of the block model: a forest of small trees and scores of words as flat arrays, in a small JSON file.

A threshold is kept as the greatest float32 that is not above the trained double, so that a float32 feature falls on the
same side of it as in training; a leaf is an integer in units of 2^-16 of a logit, so that sums are exact. Arrays are
those of the standard library: a process that reads pages does not wait for numpy.
"""

import base64
import binascii
import json
import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

DEFAULT = Path(__file__).with_name("weights.json")
# A logit of 32,768 would overflow an int32 leaf; those of this release are below 0.5.
LEAF_UNIT = 2.0**-16

# Codes of `array`, little-endian in the file: float32, uint8, int8, int32 and uint32.
_CODES = {
    "thresholds": "f",
    "features": "B",
    "lefts": "b",
    "rights": "b",
    "leaves": "i",
    "first_nodes": "i",
    "first_leaves": "i",
    "words": "I",
    "scores": "b",
}


@dataclass(frozen=True)
class Weights:
    """Nodes, leaves, and where each tree begins in them; words by their keys, and their scores (native/lexicon.h).

    A node goes to `lefts` if its feature is at most its threshold, else to `rights`. Children are nodes of the same
    tree, counted from its root; below zero they are leaf ~child of the tree.
    """

    feature_version: int
    feature_count: int
    arrays: dict[str, array]

    def check(self, version: int, count: int) -> None:
        """Raise ValueError if these weights were trained on other features than the library computes."""
        if (self.feature_version, self.feature_count) != (version, count):
            raise ValueError(
                f"the weights are for version {self.feature_version} of the features ({self.feature_count} of them), "
                f"and this installation computes version {version} ({count}): "
                "train them again (benchmarks/train_blocks.py), or install the release that they belong to"
            )

    def save(self, path: Path) -> None:
        """Write them as JSON, the arrays in base64."""
        packed = {name: base64.b64encode(_little_endian(values)).decode() for name, values in self.arrays.items()}
        about = {"feature_version": self.feature_version, "feature_count": self.feature_count}
        path.write_text(json.dumps({**about, **packed}, indent=0) + "\n", encoding="utf-8")


def load(path: Path = DEFAULT) -> Weights:
    """Read a file that `Weights.save` wrote. Raises ValueError, naming the file, for anything else."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        given = {"words": "", "scores": "", **said}  # none in weights of version 1, which `check` refuses
        arrays = {name: _array(code, base64.b64decode(given[name], validate=True)) for name, code in _CODES.items()}
        return Weights(int(said["feature_version"]), int(said["feature_count"]), arrays)
    except (KeyError, TypeError, ValueError, OSError, binascii.Error) as error:
        raise ValueError(f"{path} holds no weights of a block model: {error!r}") from error


class Leaf(TypedDict):
    """The end of a branch of a dumped tree."""

    leaf_value: float


class Split(TypedDict):
    """A node of a dumped tree that asks for a feature."""

    split_feature: int
    threshold: float
    left_child: "Leaf | Split"
    right_child: "Leaf | Split"


class DumpedTree(TypedDict):
    """A tree of `Booster.dump_model()`."""

    tree_structure: Leaf | Split


class BoosterDump(TypedDict):
    """What is read of `Booster.dump_model()`."""

    max_feature_idx: int
    tree_info: list[DumpedTree]


def from_lightgbm(dumped: BoosterDump, feature_version: int, scores: Mapping[int, int] | None = None) -> Weights:
    """The trees of `Booster.dump_model()`, of at most 128 leaves over at most 256 features; word → score, never 0."""
    arrays = {name: array(code) for name, code in _CODES.items()}
    for word, score in sorted((scores or {}).items()):
        arrays["words"].append(word)
        arrays["scores"].append(score)
    for tree in dumped["tree_info"]:
        arrays["first_nodes"].append(len(arrays["thresholds"]))
        arrays["first_leaves"].append(len(arrays["leaves"]))
        _flatten(tree["tree_structure"], arrays)
    return Weights(feature_version, dumped["max_feature_idx"] + 1, arrays)


def _flatten(node: Leaf | Split, arrays: dict[str, array]) -> int:
    """Append a subtree; the number of its root within the tree, or ~leaf."""
    if "leaf_value" in node:
        arrays["leaves"].append(round(node["leaf_value"] / LEAF_UNIT))
        # Leaf 0 is -1, leaf 1 is -2: below zero, so a child's sign says which of the two it is.
        return ~(len(arrays["leaves"]) - 1 - arrays["first_leaves"][-1])
    position = len(arrays["thresholds"])
    arrays["thresholds"].append(not_above(node["threshold"]))
    arrays["features"].append(node["split_feature"])
    # Place for the children, whose numbers are known only after their subtrees are appended.
    for side in ("lefts", "rights"):
        arrays[side].append(0)
    for side, child in (("lefts", "left_child"), ("rights", "right_child")):
        arrays[side][position] = _flatten(node[child], arrays)
    return position - arrays["first_nodes"][-1]


def not_above(threshold: float) -> float:
    """The greatest float32 that is at most `threshold`."""
    # .1 becomes the float32 .10000000149, which is above; the one below is .09999999404.
    single = struct.unpack("<f", struct.pack("<f", threshold))[0]
    if single <= threshold:
        return single
    # Floats of one sign are ordered like their bits read as a whole number: one less is the float below a positive one,
    # one more that below a negative one.
    bits = struct.unpack("<i", struct.pack("<f", single))[0]
    below = bits - 1 if single > 0 else bits + 1 if single < 0 else 1 - 2**31  # the last: the negative next to 0
    return struct.unpack("<f", struct.pack("<i", below))[0]


def _array(code: str, data: bytes) -> array:
    values = array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little_endian(values: array) -> bytes:
    copy = values[:]
    if sys.byteorder == "big":
        copy.byteswap()
    return copy.tobytes()
