"""The second stage of the token shards: tokenized runs → shards, one unit a shard.

It needs to know how many tokens the runs of a source have, not where they come from; so a generated token set is
ordered by the same code as a corpus (`benchmarks.ordering`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.files.manifest import write_arrow, write_json
from corpus.files.storage import local
from corpus.shards.layout import SPLITS, VALIDATION, Batch, Shard, TokenizerEntry
from corpus.shards.runs import text_keys
from corpus.shards.write import n_shards_for, shard_of
from pipelines.cli.memory import Memory
from pipelines.runtime.stage import Unit
from pipelines.runtime.stages import Stages
from pipelines.work.tokens import RUNS, TOKENIZED, VALIDATED, GatherShard

OWNED = tuple(f"{TOKENIZED}-{split}" for split in SPLITS)
WORTH_A_WORKER = {"tokenized": 3_000, "shards": 20_000_000}
Made = dict[tuple[str, str], list[Shard]]


@dataclass(frozen=True)
class Gathering:
    """The shards of the sources `names`, after the stage `tokenized`; `removed` has, by source, ids to leave out."""

    stages: Stages
    names: Sequence[str]
    tokenizer: TokenizerEntry
    tokens_a_shard: int
    memory: Memory
    removed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def run(self) -> Made:
        """The stage; its shards by source and split, in their order. A shard of no document is no file."""
        runs = self._runs()
        write_json(self.stages.root / RUNS, runs)
        self._write_validated(runs)
        work = GatherShard(self.tokenizer, RUNS, self.memory.unit_bytes)
        self.stages.map("shards", tuple(self.names), self._units(), work, after=("tokenized",))
        made: Made = {(name, split): [] for name in sorted(self.names) for split in SPLITS}
        for fact in sorted(self.stages.facts("shards"), key=lambda fact: fact["number"]):
            if fact["shard"]:
                made[fact["source"], fact["split"]].append(_shard(fact["shard"]))
        return made

    def _write_validated(self, runs: dict[str, dict[str, list[str]]]) -> None:
        """The keys of all validation texts, for the shards of training: 8 bytes for each of a sliver of documents."""
        root = self.stages.root
        paths = [local(root / run) for name in self.names for run in runs[name][VALIDATION]]
        keys = np.unique(np.concatenate([np.empty(0, np.uint64), *map(text_keys, paths)]))
        write_arrow(root / VALIDATED, root, pa.table({"text": pa.array(keys)}))

    def _runs(self) -> dict[str, dict[str, list[str]]]:
        """The tokenized files by source and split, sorted, though no shard depends on it."""
        runs = {name: {split: [] for split in SPLITS} for name in self.names}
        for fact in self.stages.facts("tokenized"):
            for split, paths in fact["runs"].items():
                runs[fact["source"]][split] += paths
        return {name: {split: sorted(paths) for split, paths in found.items()} for name, found in runs.items()}

    def _units(self) -> list[Unit]:
        """One unit a shard; how many a source has follows from all its tokens, so that removal moves none."""
        units = []
        for split in SPLITS:
            documents = counted(self.stages, self.names, split, "documents")
            for name, n_tokens in counted(self.stages, self.names, split).items():
                if not documents[name]:
                    continue
                # More shards than documents would only be empty ones.
                of = min(n_shards_for(n_tokens, self.tokens_a_shard), documents[name])
                gone: dict[int, list[str]] = {}
                for doc_id in self.removed.get(name, ()):
                    gone.setdefault(shard_of(doc_id, of), []).append(doc_id)
                for number in range(of):
                    payload = {"source": name, "split": split, "of": of, "number": number}
                    payload["removed"] = sorted(gone.get(number, ()))
                    units.append(Unit(payload, f"{name} {split} {number}", n_tokens // of + 1))
        return units


def counted(stages: Stages, names: Sequence[str], split: str, what: str = "tokens") -> dict[str, int]:
    """The tokens (or documents) of each source in a split, when the stage `tokenized` is done."""
    found = dict.fromkeys(names, 0)
    for fact in stages.facts("tokenized"):
        found[fact["source"]] += fact[what][split]
    return found


def _shard(values: dict[str, Any]) -> Shard:
    return Shard(**{**values, "batches": tuple(Batch(**batch) for batch in values["batches"])})
