"""The working folders of a corpus: each source, the tokenizer and the shards, built by the commands' own builds.

    work/<source>/  work/tokenizer/  work/shards/

A stage's task is named by its own input, so a build over old and new snapshots reads the new ones and takes the rest
over from what stands in the working folder. Readers never look here: what is finished is published as a release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import MANIFEST, ManifestError, read_checked
from corpus.hashing import digest
from corpus.releases.manifest import InputState
from pipelines import build_shards, train_tokenizer
from pipelines.builds.build import Build
from pipelines.cli.replacement import SETTINGS
from pipelines.refresh.definition import CorpusDefinition, SourceSection
from pipelines.refresh.snapshots import usable
from pipelines.refresh.sources import build_of_source, kind_of, parse_build
from pipelines.runtime.driver import find_missing, new_run
from pipelines.runtime.stage import in_order

# Settings of a build that are its inputs, not its recipe.
_INPUTS = frozenset({"--submissions", "--pages", "--dumps", "--books", "corpora"})


@dataclass(frozen=True)
class Working:
    """The working folders below `root`, by a definition and the state of its inputs."""

    definition: CorpusDefinition
    inputs: Sequence[InputState]

    @property
    def root(self) -> Path:
        """The folder of them all."""
        return self.definition.root / "work"

    def folder(self, source: SourceSection) -> Path:
        """Where a source is built."""
        return self.root / source.name

    @cached_property
    def builds(self) -> dict[str, Build]:
        """The build of each source over what is there; `CorpusloomError` (3) where a source has nothing to read."""
        return {source.name: self._build(source) for source in self.definition.source}

    def _build(self, source: SourceSection) -> Build:
        states = [each for each in self.inputs if each.source == source.name]
        files = {key: usable(states, key) for key in kind_of(source).inputs}
        for key, names in files.items():
            if not names:
                aside = ", ".join(f"{each.name} is {each.state}" for each in states if each.flag == key and each.name)
                raise CorpusloomError(
                    f"source {source.name}: none of its {key} can be taken ({aside or 'none is there'}); nothing was "
                    "published",
                    ExitCode.INPUT,
                )
        return build_of_source(self.definition, source, files, self.folder(source))[0]

    def settings(self) -> dict[str, str]:
        """Source → the digest of recipe, flags and code, without its inputs."""
        return {name: settings_digest(build) for name, build in self.builds.items()}

    def bring_sources(self) -> None:
        """Bring every source to its end."""
        for name, build in self.builds.items():
            bring(build, f"source {name}")

    @property
    def tokenizer(self) -> Path:
        """The folder of the tokenizer that shards are made with."""
        given = self.definition.tokenizer.path
        return Path(given) if given else self.root / "tokenizer"

    def bring_shards(self) -> None:
        """Bring the tokenizer and the shards to their end, where the definition wants them."""
        if self.definition.shards.write:
            if not self.definition.tokenizer.path and not self.is_frozen():
                bring(self._tokenizer_build(), "tokenizer")
            corpora = {source.name: self.folder(source) for source in self.definition.source}
            bring(shards_build(self.definition, corpora, self.tokenizer, self.root / "shards"), "shards")

    def is_frozen(self) -> bool:
        """Whether a tokenizer stands that is to stay: one of the kind and size that the definition names."""
        asked = self.definition.tokenizer
        if asked.policy != "frozen" or not (self.tokenizer / "training.json").is_file():
            return False
        try:
            flags: Any = read_checked(self.tokenizer / SETTINGS)["flags"]
        except (FileNotFoundError, ManifestError, KeyError):
            return False
        # Another kind or size in the definition: the one that stands is not what is asked for, so it is trained again.
        return (flags.get("--kind"), flags.get("--vocab-size")) == (asked.kind, asked.vocab_size)

    def _tokenizer_build(self) -> Build:
        asked = self.definition.tokenizer
        flags = ["--kind", asked.kind, "--sample-bytes", str(asked.sample_bytes)]
        flags += ["--output", str(self.root / "tokenizer"), "--replace"]
        flags += ["--vocab-size", str(asked.vocab_size)] if asked.vocab_size else []
        for name, weight in self.definition.weights.items():
            flags += ["--corpus", f"{self.root / name}:{weight}"]
        return parse_build(train_tokenizer, flags + _beam(self.definition), "tokenizer")


def shards_build(definition: CorpusDefinition, corpora: Mapping[str, Path], tokenizer: Path, output: Path) -> Build:
    """The build of the shards of some finished corpora, by name."""
    asked = definition.shards
    flags = ["--tokenizer", str(tokenizer), "--output", str(output), "--replace"]
    flags += ["--tokens-a-shard", str(asked.tokens_a_shard), "--validation-share", str(asked.validation_share)]
    flags += ["--budget", str(asked.budget), "--temperature", str(asked.temperature)]
    for name, folder in corpora.items():
        flags += ["--source", f"{name}={folder}:{definition.weights.get(name, 1)}"]
    return parse_build(build_shards, flags + _beam(definition), "shards")


def bring(build: Build, label: str) -> None:
    """Run a build to its end; an error says whose it is."""
    build.output.root.mkdir(parents=True, exist_ok=True)
    build.output.check()
    try:
        build.run()
    except CorpusloomError as error:
        raise CorpusloomError(f"{label}: {error}", error.code) from error


def missing_stages(build: Build) -> list[str]:
    """The stages that a build would do again, in order; those that read one of them are among them."""
    root = build.output.root
    if not root.is_dir():
        return [stage.name for stage in in_order(build.last)]
    run = new_run(root, MANIFEST)
    return [stage.name for stage in find_missing(in_order(build.last), run).stages]


def settings_digest(build: Build) -> str:
    """The identity of a build without its inputs: settings, code and libraries."""
    # New inputs alone are no change of the recipe; `news` tells of them by their files.
    settings = {name: value for name, value in build.output.settings.items() if name not in _INPUTS}
    return digest(msgspec.json.encode(settings, order="sorted").decode(), build.output.closure.digest)


def _beam(definition: CorpusDefinition) -> list[str]:
    """Flags of builds that every command has: Beam's."""
    return list(definition.run.flags)
