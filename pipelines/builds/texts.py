"""The stages of a source that comes as text: Wikipedia and books.

`build_wikipedia` and `build_books` have the flags; read `run` from top to bottom.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from corpus.command_line import CommandParser
from corpus.files.manifest import MANIFEST
from corpus.files.storage import local, place
from corpus.recipes import Recipe
from corpus.report.write import write_report
from pipelines.builds.finish import described, publish_corpus, summary
from pipelines.builds.selection import need_kept, select
from pipelines.builds.usefulness import need_readable
from pipelines.cli.command import disk_line, settings_of
from pipelines.cli.inputs import InputFile, digests_of, find_inputs, payload_of, with_digests
from pipelines.cli.replacement import CORPUS, Output
from pipelines.runtime.stage import Unit
from pipelines.runtime.stages import Stages
from pipelines.work import documents
from pipelines.work.templates import FOUND, ReadTemplates
from pipelines.work.texts import ReadTexts, spans_of

# Measured on a bzip2 dump and on zstd books: bytes written for a byte of compressed input, all stages together.
DISK_SHARE = 3.0
WORTH_A_WORKER = {"templates": 2**24, "documents": 2**21, "signatures": 1_500, "selected": 10_000}
FUNNEL = {"documents": "documents", "exact": "exact_duplicates", "clusters": "near_duplicates"}
STAGES = ("templates", "documents", "signatures", "exact", "near", "clusters", "selected", "damage")


@dataclass
class TextBuild:
    """One build of a text source."""

    source: str
    flag: str
    files: list[InputFile]
    recipe: Recipe
    snapshot: str
    output: Output
    stages: Stages

    def plan(self) -> list[str]:
        """What a run would do."""
        size = sum(file.bytes for file in self.files)
        done = [name for name in STAGES if (self.stages.home(name) / MANIFEST).is_file()]
        return [
            f"recipe    {self.recipe.name}: {self.recipe.cites}",
            f"files     {len(self.files)} files, {size / 1e6:,.1f} MB",
            f"stages    {', '.join(STAGES)}",
            f"found     {', '.join(done) or 'nothing'} from an earlier run (taken over if nothing changed)",
            disk_line(self.stages.root, int(size * DISK_SHARE)),
        ]

    def run(self) -> list[str]:
        """All stages, the manifest, the report."""
        root = self.stages.root
        self.files = with_digests(self.files, self.stages)
        self.output.add({"files": digests_of(self.files)})
        units = [unit for file in self.files for unit in self._units(file)]
        owned = (documents.KEPT, documents.REJECTED, documents.DAMAGE)
        steps = {"source": self.source, "text_steps": self.recipe.describe()["text_steps"]}
        templates = self._templates(units)
        work = ReadTexts(self.source, self.recipe, templates)
        self.stages.map("documents", owned, units, work, ("templates",) if templates else (), **steps)
        read = [{**file, "records": file["documents"]} for file in self._found()]
        need_readable(self.flag, read, self.stages.max_quarantined)
        select(self.stages, self.recipe.near, {"documents": documents.DAMAGE})
        need_kept(self.stages)
        inputs = {self.source: self._found()}
        manifest = publish_corpus(self.stages, self.source, self.recipe.describe(), FUNNEL, inputs, {})
        write_report(root, self.stages.save_times(), None)
        return summary(root, manifest)

    def _templates(self, units: list[Unit]) -> tuple[str, ...]:
        """The parts with the templates of the dumps; none where the source has none."""
        if self.source != "wikipedia":
            return ()
        self.stages.map("templates", (FOUND,), units, ReadTemplates())
        return tuple(self.stages.paths("templates", FOUND))

    def _units(self, file: InputFile) -> list[Unit]:
        """One for each span of a file."""
        units = []
        for span in spans_of(self.source, local(place(file.file))):
            payload = {**payload_of(file), "snapshot": self.snapshot, "span": [span.start, span.end]}
            label = f"{file.name}@{span.start}" if span.start else file.name
            size = (file.bytes if span.end is None else span.end) - span.start
            units.append(Unit(payload, label, max(size, 1)))
        return units

    def _found(self) -> list[dict[str, Any]]:
        """Each file with what its spans held."""
        sums: dict[str, dict[str, int]] = {}
        for fact in self.stages.facts("documents"):
            found = sums.setdefault(fact["name"], {"documents": 0, "quarantined": 0})
            for key in found:
                found[key] += fact[key]
        return [{**described(file), **sums[file.name]} for file in self.files]


def text_build(
    source: tuple[str, str], ours: CommandParser, given: argparse.Namespace, beam_flags: Sequence[str], recipe: Recipe
) -> TextBuild:
    """A build from its flags; `source` is the name of the source and the flag of its files.

    Everything that can be checked is checked before the first byte is written.
    """
    name, flag = source
    patterns = [pattern for group in getattr(given, flag.removeprefix("--")) for pattern in group]
    files = find_inputs(patterns, flag)
    settings = settings_of(ours, given, {flag: [file.name for file in files]})
    output = Output(place(given.output), CORPUS, given.replace, settings)
    stages = Stages(place(given.output), list(beam_flags), given.max_quarantined, WORTH_A_WORKER)
    return TextBuild(name, flag, files, recipe, given.snapshot, output, stages)
