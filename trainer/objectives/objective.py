"""The training objective over a window of text, as one interface over the shards and the loader of all.

The loader reads windows of `sequence_length` + 1 tokens whatever the objective. `write` turns them into one row of
32-bit numbers each, in the loader's thread, which crosses to the device as one copy; `read` takes it apart there. What
is hidden from the model is a function of the seed and the number of the sample. Training on the next token is the case
without an objective.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from corpus.errors import CorpusloomError, ExitCode


class ObjectiveError(CorpusloomError, ValueError):
    """Raised for an invalid objective: which setting is wrong, or what the tokenizer or the model lacks."""

    code = ExitCode.FLAGS


class ModelInputs(NamedTuple):
    """What the model is called with: tokens and targets int64 [n, …], and by name what else it takes."""

    tokens: Tensor
    targets: Tensor
    more: Mapping[str, Tensor] = {}


@dataclass(frozen=True)
class TextVocabulary:
    """The tokenizer as an objective sees it: how many ids text has, the end of text, and the ids of the marks.

    `sentence_ends` is bool [n_ids], whether a token ends a sentence; None where that is not known.
    """

    n_ids: int
    end_of_text: int
    marks: tuple[int, ...]
    sentence_ends: np.ndarray | None = field(default=None, compare=False, repr=False)


class Objective(Protocol):
    """One way to make inputs and targets of windows; `columns` is the count of numbers written for each row."""

    columns: int

    def write(self, rows: np.ndarray, samples: np.ndarray, out: np.ndarray) -> None:
        """Windows int32 [n, sequence_length + 1] and the samples' numbers int64 [n] -> `out` int32 [n, columns]."""
        ...

    def read(self, written: Tensor) -> ModelInputs:
        """Rows as they were written, int32 [n, columns] on the device -> what the model is called with."""
        ...

    def counts(self, targets: Tensor) -> Tensor:
        """Which targets are words of the text, bool like `targets`: neither ignored, nor marks between the words."""
        ...
