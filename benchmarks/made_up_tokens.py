"""Made-up tokens for `benchmarks.ordering`: parts of them as a stage of its own, and what they add up to.

In a module of its own, so that workers import the classes by its name.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash

from corpus.files.identity import no_identity
from corpus.hashing import digest
from corpus.shards.documents import Documents, order_key
from corpus.shards.layout import TokenizerEntry
from corpus.tokenizer.trial import Trial
from pipelines.runtime.task import Outcome, Task
from pipelines.work.tokens import Runs, TokenFacts

ENTRY = TokenizerEntry("made up", digest("made up"), 50_257, 50_256)
TOKENS_PER_PART = 125_000_000
DOCUMENTS_PER_PIECE = 1000
SOURCE = "generated"


@dataclass(frozen=True)
class TokenPart:
    """A part of so many tokens that are made up."""

    number: int
    tokens: int

    @property
    def label(self) -> str:
        """Its number."""
        return f"part {self.number}"

    @property
    def size(self) -> int:
        """Its tokens."""
        return self.tokens


@dataclass(frozen=True)
class MakePart:
    """Stands where `TokenizePart` does; leaves what a part adds up to in a file beside the output."""

    sums: str = no_identity()
    memory: int = no_identity()

    def __call__(self, task: Task[TokenPart]) -> Outcome[TokenFacts]:
        """One part of made-up documents as sorted runs."""
        runs, sums = Runs(task, self.memory), [0, 0, 0]
        for documents in made_up(task.unit.number, task.unit.tokens):
            runs.add(documents, np.zeros(len(documents), bool))
            sums = [a + b for a, b in zip(sums, sums_of(documents), strict=True)]
        (Path(self.sums) / f"{task.unit.number}.json").write_text(json.dumps(sums))
        return runs.outcome(SOURCE, Trial())


def parts_of(tokens: int) -> Iterator[TokenPart]:
    """Parts of at most `TOKENS_PER_PART` tokens."""
    for number, start in enumerate(range(0, tokens, TOKENS_PER_PART)):
        yield TokenPart(number, min(TOKENS_PER_PART, tokens - start))


def made_up(number: int, n_tokens: int) -> Iterator[Documents]:
    """Documents of part `number` with `n_tokens` tokens together, a few more at the end: the same every time."""
    rng = np.random.default_rng(number)
    made = 0
    while made < n_tokens:
        lengths = rng.integers(501, 1002, DOCUMENTS_PER_PIECE)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        tokens = rng.integers(0, 1 << 64, offsets[-1] // 4 + 1, np.uint64).view(np.uint16)[: offsets[-1]] & 0x7FFF
        tokens[offsets[1:] - 1] = ENTRY.end_of_text
        ids = [f"{SOURCE}/{number:06}-{made + int(offset):012}" for offset in offsets[:-1]]
        keys = np.fromiter((order_key(doc_id)[0] for doc_id in ids), np.uint64, len(ids))
        yield Documents(keys, pa.array(ids), tokens, offsets, lengths * 4)
        made += int(offsets[-1])


def sums_of(documents: Documents) -> list[int]:
    """The number of documents, the sum of their keys, and the sum of a digest of each one's tokens under its key."""
    keys, bounds = documents.keys.tolist(), documents.offsets.tolist()
    tokens = documents.tokens.view(np.uint8).data
    digests = (
        xxhash.xxh3_64_intdigest(tokens[2 * start : 2 * stop], key)
        for key, (start, stop) in zip(keys, pairwise(bounds), strict=True)
    )
    return [len(documents), sum(keys), sum(digests)]
