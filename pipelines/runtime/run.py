"""A run: one execution of a build, with the values that its workers need beside the stages."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus.files.manifest import MANIFEST
from corpus.files.storage import place
from pipelines.runtime.task import STAGES


@dataclass(frozen=True)
class BuildRun:
    """`identity` names the run: an error counts in the run that met it and in no later one.

    `published` is the file that makes the output whole, `max_quarantined` the share of unreadable records at which a
    stage stops.
    """

    root_path: str
    identity: str
    published: str = MANIFEST
    max_quarantined: float = 1.0

    @cached_property
    def root(self) -> Path:
        """The output folder."""
        return place(self.root_path)

    @property
    def code(self) -> Path:
        """The file that says which code and libraries the driver has."""
        return self.root / STAGES / f"code-{self.identity}.json"

    def folder(self, stage: Any) -> "StageFolder":
        """The hidden folder of a stage."""
        return StageFolder(self.root, stage.name)

    def error(self, stage: Any) -> Path:
        """The place of the error that stopped a stage in this run."""
        # By run: the error of an earlier one, not yet cleared on a slow store, must not stop this one.
        return self.folder(stage).home / f"error-{self.identity}.json"


@dataclass(frozen=True)
class StageFolder:
    """Where a stage keeps what is its own.

    .stages/NAME/_MANIFEST.json     the root of its manifest, written last
    .stages/NAME/leaves/            records of finished tasks, a thousand a file
    .stages/NAME/records/           one file a task, written when its parts are in place
    .stages/NAME/FOLDER/            parts that later stages read
    """

    root: Path
    name: str

    @property
    def home(self) -> Path:
        """The folder."""
        return self.root / STAGES / self.name

    @property
    def records(self) -> Path:
        """The folder of the records."""
        return self.home / "records"

    @property
    def leaves(self) -> Path:
        """The folder of the leaves of its manifest."""
        return self.home / "leaves"

    @property
    def outlook(self) -> Path:
        """How much there is to do in a run, for the progress line."""
        return self.home / "outlook.json"
