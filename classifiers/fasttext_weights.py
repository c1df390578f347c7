"""The weights of the fasttext engine: fastText is given buckets for words, so that its model is one number a bucket."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from classifiers.logistic import Bags
from corpus.errors import CorpusloomError
from corpus.files.provenance import ROOT
from corpus.splitmix import GOLDEN


@dataclass(frozen=True)
class FastTextSettings:
    """As fastText names them."""

    dim: int = 16
    lr: float = 0.5
    epoch: int = 5


def fasttext_weights(bags: Bags, labels: np.ndarray, size: int, settings: FastTextSettings) -> tuple[np.ndarray, float]:
    """(size,) weights and a bias of documents with labels (bool), as `logistic.fit` gives them.

    A line's end counts as one more word in fastText's mean; its weight goes into the bias at the mean length.
    """
    with tempfile.TemporaryDirectory(prefix="corpusloom-fasttext-") as folder:
        lines, out = Path(folder) / "lines.txt", Path(folder) / "weights.npz"
        with lines.open("w") as file:
            for place in _shuffled(len(bags)):
                file.write(f"__label__{int(labels[place])} {_words(bags, int(place))}\n")
        command = [
            sys.executable,
            "-m",
            "classifiers.fasttext_child",
            str(lines),
            str(out),
            json.dumps(asdict(settings)),
        ]
        # glibc fills new memory with the complement of this byte: 255 becomes 0.
        given = {**os.environ, "MALLOC_PERTURB_": "255", "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(command, env=given, capture_output=True, text=True)
        if ran.returncode:
            # The last line of a traceback is its message; a child that the kernel killed leaves none.
            said = (ran.stderr.strip().splitlines() or ["it was killed"])[-1]
            raise CorpusloomError(
                f"fastText failed ({said}); train with --engine linear, or with a smaller --documents"
            )
        found = np.load(out)
        weights = np.zeros(size)
        weights[found["buckets"]] = found["weights"]
        # fastText's mean is over the words and the line's end: n + 1 of them. A bias cannot depend on n, so the mean
        # length stands for it.
        return weights, float(found["end"][0] / np.mean(bags.lengths + 1))


def _words(bags: Bags, place: int) -> str:
    """The features of a document, each as often as it occurs."""
    own = slice(int(bags.starts[place]), int(bags.starts[place + 1]))
    # `values` are counts over the length (`bags_of` with mean): 2/3 of 3 words is a count of 2 again.
    counts = np.rint(bags.values[own] * bags.lengths[place]).astype(int)
    return " ".join(map(str, np.repeat(bags.features[own], counts).tolist()))


def _shuffled(count: int) -> np.ndarray:
    """An order in which neighbours have nothing to do with each other: stochastic descent needs one."""
    # Multiples of 2^64 / golden ratio, modulo 2^64, spread evenly: 8 documents come as 0 5 2 7 4 1 6 3. No random
    # state.
    return np.argsort((np.arange(count, dtype=np.uint64) * np.uint64(GOLDEN)) >> np.uint64(11), kind="stable")
