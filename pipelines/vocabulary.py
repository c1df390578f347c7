"""The stages of tokenizer training: words counted on a weighted sample, then merged. `train_tokenizer` has the flags.

Counting is a stage over kept parts; merging is one process, since a merge depends on the one before. Its memory is
estimated from the counts before it begins, and refused when it passes the limit: better than being killed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus.manifest import map_arrow, write_json
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.merges import TooLarge
from corpus.tokenizer.training import train_tokenizer
from pipelines.command import disk_line
from pipelines.stage import StageError, Unit
from pipelines.stages import Stages
from pipelines.token_shards import kept_parts
from pipelines.transforms.words import COUNTS, CountWords

WORTH_A_WORKER = {"words": 3_000}
REPORT = "training.json"


@dataclass
class VocabularyBuild:
    """One training. `corpora` maps folders to integer weights, `sample_bytes` bounds the text that is counted."""

    corpora: dict[str, int]
    kind: str
    vocab_size: int | None
    sample_bytes: int
    memory_limit: int | None
    stages: Stages

    def plan(self) -> list[str]:
        """What a run would do."""
        lines = [f"corpus    {folder}: {share:.2%} of its documents" for folder, share in self._shares().items()]
        size = self.vocab_size or "the published size"
        return [*lines, f"train     {self.kind}, {size} ids", disk_line(self.stages.root, self.sample_bytes // 20)]

    def run(self) -> list[str]:
        """Count, train, save."""
        shares = self._shares()
        units = [
            Unit({"file": part["file"], "digest": part["digest"], "share": shares[folder]}, part["file"], part["rows"])
            for folder in self.corpora
            for part in kept_parts(Path(folder))
        ]
        self.stages.map("words", (COUNTS,), units, CountWords(self.kind), kind=self.kind)
        try:
            tokenizer = train_tokenizer(self._words(), self.kind, self.vocab_size, self.memory_limit)
        except TooLarge as error:
            raise StageError(f"{error}; lower --sample-bytes or raise --memory-mb", 5) from error
        except ValueError as error:
            raise StageError(str(error), 2) from error
        root = self.stages.root
        save_tokenizer(tokenizer, root)
        facts = self.stages.facts("words")
        sampled = {name: sum(fact[name] for fact in facts) for name in ("documents", "sampled", "bytes")}
        write_json(root / REPORT, {"kind": self.kind, "digest": tokenizer.digest, "sample": sampled, "shares": shares})
        self.stages.save_times()
        return [
            f"sample     {sampled['sampled']:,} of {sampled['documents']:,} documents, {sampled['bytes']:,} bytes",
            f"tokenizer  {root}  ({self.kind}, {tokenizer.vocab_size:,} ids, {tokenizer.digest})",
        ]

    def _shares(self) -> dict[str, float]:
        """For each corpus the share of its documents that fits its part of the budget."""
        total = sum(self.corpora.values())
        budgets = {folder: self.sample_bytes * weight / total for folder, weight in self.corpora.items()}
        return {folder: min(1.0, budget / max(_text_bytes(folder), 1)) for folder, budget in budgets.items()}

    def _words(self) -> Iterator[tuple[bytes, int]]:
        for path in self.stages.paths("words", COUNTS):
            table = map_arrow(self.stages.root / path)
            yield from zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True)


def _text_bytes(folder: str) -> int:
    """The bytes of text in a corpus, from the footers of its parts alone."""
    total = 0
    for part in kept_parts(Path(folder)):
        metadata: Any = pq.read_metadata(part["file"])
        column = metadata.schema.to_arrow_schema().names.index("text")
        groups = (metadata.row_group(number).column(column) for number in range(metadata.num_row_groups))
        total += sum(group.total_uncompressed_size for group in groups)
    return total


def parse_corpus(text: str) -> tuple[str, int]:
    """`FOLDER` or `FOLDER:WEIGHT`."""
    folder, _, weight = text.rpartition(":")
    return (folder, int(weight)) if folder and weight.isdigit() else (text, 1)
