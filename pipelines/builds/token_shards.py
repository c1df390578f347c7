"""The stages of the token shards: several corpora, one tokenizer, one manifest. `build_shards` has the flags."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus.files.manifest import manifest_digest, open_published, read_manifest
from corpus.files.storage import is_remote, place
from corpus.mixture import MixtureError, Source
from corpus.shards.bin import write_bin
from corpus.shards.card import write_card
from corpus.shards.layout import SHARD_MANIFEST, SPLITS, TRAIN, ShardError, shard_digest
from corpus.shards.read import open_shards
from corpus.shards.write import n_shards_for, source_shards, write_shard_manifest
from corpus.tokenizer.classes import class_difference, named_class
from corpus.tokenizer.trial import Trial, first_texts
from pipelines.builds.gathering import OWNED, Gathering, Made, counted
from pipelines.builds.weights import Weighting, estimated_tokens, need_tokens
from pipelines.cli.command import disk_line
from pipelines.cli.memory import Memory, Needs
from pipelines.cli.replacement import Output
from pipelines.runtime.errors import StageError
from pipelines.runtime.stage import Unit, complete_manifest
from pipelines.runtime.stages import Stages
from pipelines.work import tokens

# Measured, in MB, resident: a process with Beam, Arrow and a tokenizer's tables, and the least a unit can work in.
NEEDS = Needs(driver=450, worker=450, unit=160)


@dataclass
class ShardBuild:
    """One build of token shards. What is under `removed` (ids) and `removed_domains` must not be in them."""

    weighting: Weighting
    tokenizer_path: str
    tokens_a_shard: int
    validation_share: float
    also_bin: bool
    removed: frozenset[str]
    removed_domains: frozenset[str]
    memory: Memory
    output: Output
    stages: Stages

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources, with their weights as given."""
        return self.weighting.mixture.sources

    def plan(self) -> list[str]:
        """What a run would do: sizes, and the mixture by counted or estimated tokens."""
        tokenizer = tokens.tokenizer_at(self.tokenizer_path)
        parts = {source.name: kept_parts(source.path) for source in self.sources}
        documents = {name: sum(part["rows"] for part in found) for name, found in parts.items()}
        known = self._counted()
        all_tokens = known or {name: estimated_tokens(found, tokenizer) for name, found in parts.items()}
        how = "counted" if known else "estimated from the first documents of each source"
        about = "" if known else "about "
        train = {name: round(count * (1 - self.validation_share)) for name, count in all_tokens.items()}
        need_tokens(train, documents)
        size = 2 * sum(all_tokens.values()) * tokenizer.dtype.itemsize
        return [
            *(f"source    {n}: {documents[n]:,} documents, {about}{all_tokens[n]:,} tokens" for n in documents),
            "stages    tokenized, shards",
            f"shards    about {sum(n_shards_for(count, self.tokens_a_shard) for count in train.values())} of "
            f"{self.tokens_a_shard:,} tokens, and validation",
            self.memory.line(),
            disk_line(self.stages.root, size + sum(documents.values()) * 128),
            *(f"tokenizer {setting}: left out" for setting in tokenizer.left_out),
            f"tokens    {how}",
            *self._table(train),
        ]

    def run(self) -> list[str]:
        """Both stages, and the manifest last."""
        _ = self._removed
        self._check_class()
        self.tokenize()
        return self.gather()

    def tokenize(self) -> None:
        """The first stage: every kept part as sorted runs of tokens."""
        digest = tokens.tokenizer_at(self.tokenizer_path).digest
        work = tokens.TokenizePart(self.tokenizer_path, digest, self.validation_share, self.memory.unit_bytes)
        self.stages.map("tokenized", OWNED, self._parts(), work, **self._settings())

    def gather(self) -> list[str]:
        """The second stage: the runs as shards, and what stands beside them; the lines for the end."""
        root, names, documents = self.stages.root, [source.name for source in self.sources], self._documents()
        need_tokens(counted(self.stages, names, TRAIN), documents)
        (root / SHARD_MANIFEST).unlink(missing_ok=True)
        entry = tokens.entry_of(tokens.tokenizer_at(self.tokenizer_path))
        removed = self._removed
        made = Gathering(self.stages, names, entry, self.tokens_a_shard, self.memory, removed).run()
        self._check_reused(made)
        n_tokens = {name: sum(shard.n_tokens for shard in made[name, TRAIN]) for name in names}
        need_tokens(n_tokens, documents, removal=True)
        lines = self._table(n_tokens)
        weights = {source.name: source.weight for source in self.weighting.effective(n_tokens).sources}
        sources = [source_shards(name, split, weights[name], shards) for (name, split), shards in made.items()]
        write_shard_manifest(root, entry, sources, self._about())
        write_card(root, sources)
        if self.also_bin:
            write_bin(open_shards(root, verified=True), root)
        self.stages.save_times()
        return [*lines, *self._tried(), f"shards  {root / SHARD_MANIFEST}  ({sum(map(len, made.values()))} files)"]

    def _check_reused(self, made: Made) -> None:
        """`ShardError` for a shard of an earlier run that has other bytes now: the manifest vouches for all."""
        if is_remote(self.stages.root) or "shards" in self.stages.seconds:
            return
        for shards in made.values():
            for path, expected in ((self.stages.root / shard.path, shard.digest) for shard in shards):
                if shard_digest(path) != expected:
                    raise ShardError(f"{path} is damaged: remove it and give the same command again")

    def _parts(self) -> list[Unit]:
        return [
            Unit(
                {"source": source.name, "file": part["file"], "digest": part["digest"]},
                f"{source.name} {part['path']}",
                part["rows"],
            )
            for source in self.sources
            for part in kept_parts(source.path)
        ]

    def _settings(self) -> dict[str, Any]:
        """What the tokens depend on; memory is not of it, for it decides only in how many runs they lie."""
        digest = tokens.tokenizer_at(self.tokenizer_path).digest
        return {"tokenizer": digest, "validation_share": self.validation_share}

    def _counted(self) -> dict[str, int]:
        """The tokens of each source, if the first stage has been done with just these flags; else nothing."""
        stage = self.stages.stage("tokenized", OWNED, (), self._settings())
        manifest = complete_manifest(stage, [stage.task(unit) for unit in self._parts()])
        if manifest is None:
            return {}
        self.stages.manifests["tokenized"] = manifest
        names = [source.name for source in self.sources]
        found = [counted(self.stages, names, split) for split in SPLITS]
        return {name: sum(counts[name] for counts in found) for name in names}

    def _documents(self) -> dict[str, int]:
        return {source.name: sum(part["rows"] for part in kept_parts(source.path)) for source in self.sources}

    @cached_property
    def _removed(self) -> dict[str, list[str]]:
        """The ids that must go, by source and sorted; `StageError` names those that no source has.

        Only its own, so that no other source's shards change.
        """
        gone: dict[str, list[str]] = {source.name: [] for source in self.sources}
        if not (self.removed or self.removed_domains):
            return gone
        domains: set[str] = set()
        for source, part in [(each, part) for each in self.sources for part in kept_parts(each.path)]:
            table = open_published(place(part["file"])).read(["id", "domain"])
            for name, domain in zip(table["id"].to_pylist(), table["domain"].to_pylist(), strict=True):
                if name in self.removed or domain in self.removed_domains:
                    gone[source.name].append(name)
                    domains.add(domain)
        _check_found("--remove-ids", self.removed, {name for names in gone.values() for name in names})
        _check_found("--remove-domain", self.removed_domains, domains)
        return {name: sorted(names) for name, names in gone.items()}

    def _about(self) -> dict[str, Any]:
        """What the manifest says beside the tokens: the split, what training left out for it, the tokenizer."""
        validated = {source.name: 0 for source in self.sources}
        for fact in self.stages.facts("shards"):
            validated[fact["source"]] += fact["validated"]
        return {
            "validation": {"share": self.validation_share, "left_out_of_training": validated},
            "tokenizer": {"settings_left_out": list(tokens.tokenizer_at(self.tokenizer_path).left_out)},
        }

    def _check_class(self) -> None:
        """The tokenizer's own class against its file, on the first documents of each source."""
        if is_remote(self.tokenizer_path) or not named_class(Path(self.tokenizer_path)):
            return
        for source in self.sources:
            batches = (batch for part in kept_parts(source.path) for batch in tokens.text_batches(place(part["file"])))
            texts = first_texts(text.as_py() for batch in batches for text in batch["text"])
            tokenizer = tokens.tokenizer_at(self.tokenizer_path)
            if found := class_difference(Path(self.tokenizer_path), tokenizer, texts):
                raise StageError(f"--tokenizer {self.tokenizer_path}: {found}", 3)

    def _tried(self) -> list[str]:
        """How the first documents came back, where not all did; which those are follows from how the parts were cut."""
        trial = Trial()
        for fact in self.stages.facts("tokenized"):
            trial.add(Trial(**fact["trial"]))
        if not trial.changed:
            return []
        lost = f"{trial.lost / max(trial.letters, 1):.2%} of their letters and digits are lost"
        return [f"changed {trial.changed:,} of {trial.documents:,} first documents do not decode to their text; {lost}"]

    def _table(self, n_tokens: Mapping[str, int]) -> list[str]:
        try:
            return self.weighting.table(n_tokens)
        except MixtureError as error:
            raise StageError(str(error), 2) from error


def kept_parts(corpus: str) -> list[dict[str, Any]]:
    """The kept parts of a finished corpus, by its manifest, each with the `file` where it lies."""
    folder = place(corpus) if is_remote(corpus) else Path(corpus).absolute()
    if not folder.is_dir():
        raise StageError(f"{folder}: no such corpus; build it first", 3)
    parts = [part for part in read_manifest(folder)["parts"] if part["path"].startswith("kept/")]
    return [{**part, "file": str(folder / part["path"])} for part in parts]


def _check_found(flag: str, wanted: frozenset[str], found: set[str]) -> None:
    if missing := sorted(wanted - found):
        more = f" and {len(missing) - 5:,} more" if len(missing) > 5 else ""
        raise StageError(
            f"{flag}: no source has {', '.join(missing[:5])}{more}, so nothing would be removed for it; correct it, or "
            "leave it out if it is gone already",
            3,
        )


def corpora_read(folders: Mapping[str, str]) -> list[dict[str, str]]:
    """The corpora by name, as the settings of an output have them: known by their manifests."""
    return [{"name": name, "digest": manifest_digest(place(folder))} for name, folder in folders.items()]


def read_ids(path: str) -> frozenset[str]:
    """Ids from a file, one on each line; `StageError` for a file that cannot be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError) as error:
        raise StageError(f"--remove-ids {path}: {error}", 3) from error
    return frozenset(line.strip() for line in lines if line.strip())
