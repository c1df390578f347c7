"""The stages of one build: run in order, each named, remembered by its manifest and its time.

A build is a plain sequence of calls (`pipelines.builds.webtext`, `pipelines.builds.texts`); what they share stands
here. The identity of a stage is its settings, the versions of code and libraries, and the digests of the stages it
reads.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.files.manifest import code_version, manifest_digest, read_json, write_json
from corpus.files.storage import is_remote
from corpus.recipes import library_versions
from pipelines.runtime.map_parts import run_shuffle, run_stage
from pipelines.runtime.stage import Stage, Unit, Work

Manifest = dict[str, Any]


@dataclass
class Stages:
    """What every stage of a build needs, and what the stages so far have left.

    `worth_a_worker` says for a stage how much of it (in the size of its units) pays for one more worker process.
    """

    root: Path
    beam_flags: list[str]
    max_quarantined: float
    worth_a_worker: dict[str, int]
    manifests: dict[str, Manifest] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_remote(self.root):
            self.root = self.root.absolute()  # workers of other engines run in other folders

    def stage(self, name: str, owned: tuple[str, ...], after: tuple[str, ...], settings: dict[str, Any]) -> Stage:
        """The stage with its identity."""
        digests = {other: manifest_digest(self.home(other)) for other in after}
        identity = {"code": code_version(), "versions": library_versions(), **settings, "after": digests}
        return Stage(name, self.root, owned, identity, self.max_quarantined, self.worth_a_worker.get(name, 1))

    def home(self, name: str) -> Path:
        """The folder of a stage."""
        return Stage(name, self.root, (), {}).home

    def map(
        self,
        name: str,
        owned: tuple[str, ...],
        units: list[Unit],
        work: Work,
        after: tuple[str, ...] = (),
        **settings: Any,
    ) -> Manifest:
        """Run a map-only stage to its manifest."""
        stage = self.stage(name, owned, after, settings)
        return self._timed(name, lambda: run_stage(stage, units, work, self.beam_flags))

    def shuffle(
        self, stage: Stage, units: list[Unit], elements: list[Any], transform: Callable[[list[Any]], Any]
    ) -> Manifest:
        """Run a stage with a shuffle: `elements` go in, `transform` (given the units' tasks) makes their parts."""
        return self._timed(stage.name, lambda: run_shuffle(stage, units, elements, transform, self.beam_flags))

    def paths(self, name: str, folder: str) -> list[str]:
        """The parts of a finished stage that lie in one of its folders."""
        return [part["path"] for part in self.manifests[name]["parts"] if part["path"].startswith(f"{folder}/")]

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What the units of a finished stage noted, in the order of their names."""
        return [self.manifests[name]["facts"][unit] for unit in sorted(self.manifests[name]["facts"])]

    def save_times(self) -> dict[str, float]:
        """The seconds of each stage, those of reused stages from the run that did them."""
        path = self.root / "run.json"
        times = {**read_json(path, {}).get("seconds", {}), **self.seconds}
        write_json(path, {"seconds": times})
        return times

    def _timed(self, name: str, run: Callable[[], tuple[Manifest, bool]]) -> Manifest:
        started = time.monotonic()
        self.manifests[name], fresh = run()
        if fresh:
            self.seconds[name] = time.monotonic() - started
        return self.manifests[name]
