"""The weights of the block model: a forest of small trees as flat arrays, one .npz file of less than 100 kB.

A threshold is kept as the greatest float32 that is not above the trained double, so that a float32 feature falls on the
same side of it as in training; a leaf is an integer in units of 2^-16 of a logit, so that sums are exact.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

DEFAULT = Path(__file__).with_name("weights.npz")
LEAF_UNIT = 2.0**-16


@dataclass(frozen=True)
class Weights:
    """Nodes, leaves, and where each tree begins in them; `left` and `right` below zero are leaf ~child."""

    thresholds: np.ndarray
    features: np.ndarray
    lefts: np.ndarray
    rights: np.ndarray
    leaves: np.ndarray
    first_nodes: np.ndarray
    first_leaves: np.ndarray
    feature_version: int
    feature_count: int

    def check(self, version: int, count: int) -> None:
        """Raise ValueError if these weights were trained on other features than the library computes."""
        if (self.feature_version, self.feature_count) != (version, count):
            raise ValueError(
                f"the weights are for version {self.feature_version} of the features ({self.feature_count} of them), "
                f"and this installation computes version {version} ({count}): "
                "train them again (benchmarks/train_blocks.py), or install the release that they belong to"
            )

    def save(self, path: Path) -> None:
        """Write them as a compressed .npz."""
        np.savez_compressed(path, **{field.name: getattr(self, field.name) for field in fields(self)})


_TYPES = {
    "thresholds": np.float32,
    **dict.fromkeys(("features", "lefts", "rights"), np.int16),
    **dict.fromkeys(("leaves", "first_nodes", "first_leaves"), np.int32),
}


def load(path: Path = DEFAULT) -> Weights:
    """Read a file that `Weights.save` wrote. Raises ValueError, naming the file, for anything else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.ascontiguousarray(file[name], kind) for name, kind in _TYPES.items()}
            about: dict[str, Any] = {name: int(file[name]) for name in ("feature_version", "feature_count")}
            return Weights(**arrays, **about)
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path} holds no weights of a block model: {error}") from error


def from_lightgbm(dumped: dict[str, Any], feature_version: int) -> Weights:
    """The trees of `Booster.dump_model()`."""
    columns: dict[str, list[Any]] = {name: [] for name in _TYPES}
    for tree in dumped["tree_info"]:
        columns["first_nodes"].append(len(columns["thresholds"]))
        columns["first_leaves"].append(len(columns["leaves"]))
        _flatten(tree["tree_structure"], columns)
    arrays = {name: np.array(columns[name], kind) for name, kind in _TYPES.items()}
    return Weights(**arrays, feature_version=feature_version, feature_count=dumped["max_feature_idx"] + 1)


def _flatten(node: dict[str, Any], columns: dict[str, list[Any]]) -> int:
    """Append a subtree; the number of its root within the tree, or ~leaf."""
    if "leaf_value" in node:
        leaf = len(columns["leaves"]) - columns["first_leaves"][-1]
        columns["leaves"].append(round(node["leaf_value"] / LEAF_UNIT))
        return ~leaf
    position = len(columns["thresholds"])
    columns["thresholds"].append(_not_above(node["threshold"]))
    columns["features"].append(node["split_feature"])
    for side in ("lefts", "rights"):
        columns[side].append(0)
    for side, child in (("lefts", "left_child"), ("rights", "right_child")):
        columns[side][position] = _flatten(node[child], columns)
    return position - columns["first_nodes"][-1]


def _not_above(threshold: float) -> np.float32:
    """The greatest float32 that is at most `threshold`."""
    single = np.float32(threshold)
    return np.nextafter(single, np.float32(-np.inf)) if float(single) > threshold else single
