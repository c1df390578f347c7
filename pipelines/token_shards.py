"""The stages of the token shards: several corpora, one tokenizer, one manifest. `build_shards` has the flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus.manifest import read_manifest
from corpus.mixture import Mixture, Source, describe
from corpus.shards.bin import write_bin
from corpus.shards.layout import SHARD_MANIFEST, SPLITS, TRAIN, Batch, Shard, SourceShards
from corpus.shards.read import open_shards
from corpus.shards.write import n_shards_for, shard_of, source_shards, write_shard_manifest
from pipelines.command import disk_line
from pipelines.stage import StageError, Unit
from pipelines.stages import Stages
from pipelines.transforms import tokens

WORTH_A_WORKER = {"tokenized": 3_000, "shards": 20_000_000}
# Measured on text: bytes of tokens, twice (tokenized and shards), for a byte of compressed Parquet.
DISK_SHARE = 2.5


@dataclass
class ShardBuild:
    """One build of token shards. What is under `removed` (ids) and `removed_domains` must not be in them."""

    mixture: Mixture
    tokenizer_path: Path
    tokens_a_shard: int
    validation_share: float
    also_bin: bool
    removed: frozenset[str]
    removed_domains: frozenset[str]
    budget: int
    stages: Stages

    def plan(self) -> list[str]:
        """What a run would do."""
        parts = {source.name: kept_parts(Path(source.path)) for source in self.mixture.sources}
        size = sum(part["bytes"] for found in parts.values() for part in found)
        documents = {name: sum(part["rows"] for part in found) for name, found in parts.items()}
        lines = [f"source    {name}: {count:,} documents" for name, count in documents.items()]
        return [*lines, "stages    tokenized, shards", disk_line(self.stages.root, int(size * DISK_SHARE))]

    def run(self) -> list[str]:
        """Both stages, and the manifest last."""
        tokenizer = tokens.tokenizer_at(str(self.tokenizer_path))
        root = self.stages.root
        owned = tuple(f"{tokens.TOKENIZED}-{split}" for split in SPLITS)
        work = tokens.TokenizePart(str(self.tokenizer_path), self.validation_share)
        settings = {"tokenizer": tokenizer.digest, "validation_share": self.validation_share}
        self.stages.map("tokenized", owned, self._parts(), work, **settings)
        (root / SHARD_MANIFEST).unlink(missing_ok=True)
        entry = tokens.entry_of(tokenizer)
        folders = tuple(source.name for source in self.mixture.sources)
        self.stages.map("shards", folders, self._shards(), tokens.GatherShard(entry), after=("tokenized",))
        manifest = write_shard_manifest(root, entry, self._sources())
        if self.also_bin:
            write_bin(open_shards(root), root)
        self.stages.save_times()
        n_tokens = {source.name: source.n_tokens for source in manifest.sources if source.split == TRAIN}
        table = describe(self.mixture, n_tokens, self.budget or sum(n_tokens.values()))
        return [table, f"shards  {root / SHARD_MANIFEST}  ({_n_shards(manifest.sources)} files)"]

    def _parts(self) -> list[Unit]:
        return [
            Unit({"source": source.name, "file": part["file"], "digest": part["digest"]}, part["file"], part["rows"])
            for source in self.mixture.sources
            for part in kept_parts(Path(source.path))
        ]

    def _shards(self) -> list[Unit]:
        """One unit a shard; how many a source has follows from all its tokens, so that removal moves no document."""
        units = []
        for source in self.mixture.sources:
            removed = self._removed_from(source)
            facts = [fact for fact in self.stages.facts("tokenized") if fact["source"] == source.name]
            for split in SPLITS:
                of = n_shards_for(sum(fact["tokens"][split] for fact in facts), self.tokens_a_shard)
                parts = sorted(fact["parts"][split] for fact in facts)
                common = {"source": source.name, "split": split, "of": of, "parts": parts}
                gone: dict[int, list[str]] = {}
                for doc_id in removed:
                    gone.setdefault(shard_of(doc_id, of), []).append(doc_id)
                size = sum(fact["tokens"][split] for fact in facts) // of + 1
                units += [
                    Unit({**common, "number": n, "removed": gone.get(n, [])}, f"{source.name} {split} {n}", size)
                    for n in range(of)
                ]
        return units

    def _removed_from(self, source: Source) -> list[str]:
        """The ids of this source that must go, sorted; only its own, so that no other source's shards change."""
        if not (self.removed or self.removed_domains):
            return []
        found = []
        for part in kept_parts(Path(source.path)):
            table = pq.read_table(part["file"], columns=["id", "domain"])
            rows = zip(table["id"].to_pylist(), table["domain"].to_pylist(), strict=True)
            found += [name for name, domain in rows if name in self.removed or domain in self.removed_domains]
        return sorted(found)

    def _sources(self) -> list[SourceShards]:
        made: dict[tuple[str, str], list[tuple[int, Shard]]] = {}
        for fact in self.stages.facts("shards"):
            values = dict(fact["shard"])
            shard = Shard(**{**values, "batches": tuple(Batch(**batch) for batch in values["batches"])})
            made.setdefault((fact["source"], fact["split"]), []).append((fact["number"], shard))
        weights = {source.name: source.weight for source in self.mixture.sources}
        return [
            source_shards(name, split, weights[name], [shard for _, shard in sorted(shards, key=lambda one: one[0])])
            for (name, split), shards in sorted(made.items())
        ]


def kept_parts(folder: Path) -> list[dict[str, Any]]:
    """The kept parts of a finished corpus, by its manifest, each with the `file` where it lies."""
    if not folder.is_dir():
        raise StageError(f"{folder}: no such corpus; build it first", 3)
    parts = [part for part in read_manifest(folder)["parts"] if part["path"].startswith("kept/")]
    return [{**part, "file": str(folder / part["path"])} for part in parts]


def _n_shards(sources: Sequence[SourceShards]) -> int:
    return sum(len(source.shards) for source in sources)


def read_ids(path: str) -> frozenset[str]:
    """Ids from a file, one a line."""
    lines = Path(path).read_text().splitlines() if path else []
    return frozenset(line.strip() for line in lines if line.strip())
