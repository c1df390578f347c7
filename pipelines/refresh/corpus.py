"""A corpus that is kept current: its definition, its inputs as they are now, what is new, and a refresh of it.

A refresh discovers, builds what is missing, searches for what must stay forgotten, and publishes. Killed at any moment
and started again it ends in the same release: builds take up their finished parts, and a release that got its number
becomes the current one.
"""

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from corpus.files.lock import locked
from corpus.releases.layout import Releases
from corpus.releases.manifest import InputState, Release
from pipelines.refresh.definition import CorpusDefinition, read_definition
from pipelines.refresh.garbage import expire
from pipelines.refresh.publishing import Draft, Publisher
from pipelines.refresh.purging import forget_all, purge, with_opt_outs
from pipelines.refresh.snapshots import NEW, TAKEN, discover
from pipelines.refresh.state import State
from pipelines.refresh.working import Working


@dataclass(frozen=True)
class MaintainedCorpus:
    """A corpus by its definition."""

    definition: CorpusDefinition

    @property
    def root(self) -> Path:
        """Its folder."""
        return self.definition.root

    @cached_property
    def releases(self) -> Releases:
        """Its releases."""
        return Releases(self.root / "releases")

    @cached_property
    def state(self) -> State:
        """What it remembers."""
        return State(self.root / "index")

    @property
    def publisher(self) -> Publisher:
        """What makes its releases."""
        return Publisher(self.definition, self.releases, self.state)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer, and finish what a killed one began; `CorpusloomError` (6) where there is another."""
        with locked(self.root):
            # Killed between a release's number and the pointer to it:
            # the release is whole, so it becomes the current one.
            if self.releases.recover():
                made = self.releases.read_current()
                if made:
                    self.state.note_event(made.release, made.made, 0.0, "taken up after a run that was killed")
            yield

    def inputs(self, take_held: bool = False) -> list[InputState]:
        """Every file of every source with its state, as it is now."""
        current = self.releases.read_current()
        seen = self.state.seen()
        held = frozenset() if take_held else self.state.held()
        found: list[InputState] = []
        for source in self.definition.source:
            had = current.inputs if current else ()
            taken = frozenset(each.sample for each in had if each.source == source.name and each.state == TAKEN)
            found += discover(source, seen, taken, held)
        return found

    def news(self, inputs: Sequence[InputState]) -> list[str]:
        """What is new since the current release, a line each; nothing where a refresh would find nothing to do."""
        current = self.releases.read_current()
        if current is None:
            return ["there is no release yet"]
        lines = [f"new       {each.name}{', late' if each.late else ''}" for each in inputs if each.state == NEW]
        had = {(each.source, each.sample) for each in current.inputs if each.state == TAKEN}
        # By samples, not by names: bytes that are there under another name are not gone.
        there = {(each.source, each.sample) for each in inputs if each.state in (NEW, TAKEN)}
        lines += [
            f"gone      {each.name}" for each in inputs if each.state == "withdrawn" and _key(each) in had - there
        ]
        lines += [f"source    {name} is new" for name in self._names() - {*current.sources}]
        lines += [f"source    {name} is left out" for name in {*current.sources} - self._names()]
        if with_opt_outs(self.definition, self.state.tombstones()).digest != current.tombstones:
            lines.append("forget    there are tombstones that the current release does not know")
        before = self.state.settings()
        for name, settings in sorted(Working(self.definition, inputs).settings().items()):
            # A source without settings of before is new, which is said above already.
            if settings != before.get(name, settings):
                lines.append(f"changed   the recipe of {name}, its flags, the code or a library of it")
        return lines

    def refresh(self, accepted: Collection[str] = (), take_held: bool = False) -> Release | None:
        """Make the next release; None where it would be the current one. The caller is the writer."""
        began = time.monotonic()
        if take_held:
            self.state.hold(())
        inputs = self.inputs()
        self.state.note_seen(inputs)
        working = Working(self.definition, inputs)
        settings = working.settings()
        # Tombstones first: what is built from here on is searched for them before anything is published.
        self.state.bury(with_opt_outs(self.definition, self.state.tombstones()))
        self._bring(working)
        release = self.publisher.publish(self._draft("refresh", working, inputs, settings), began, accepted)
        # Only what was published counts as taken: where a gate fails, the new files are still new at the next refresh.
        if release:
            self.state.note_seen([replace(each, state=TAKEN if each.state == NEW else each.state) for each in inputs])
            expire(self.releases, self.definition.retention.releases)
        purge(self.releases, self.state, self.definition.retention.forgotten)
        self.state.note_settings(settings)
        self._note_success(began)
        return release

    def rebuild(self, working: Working, inputs: Sequence[InputState]) -> Release | None:
        """Make the current release again, without what has a tombstone by now. The caller is the writer."""
        began, settings = time.monotonic(), working.settings()
        self._bring(working)
        return self.publisher.publish(self._draft("forget", working, inputs, settings), began)

    def _bring(self, working: Working) -> None:
        # Shards last: they are made of documents from which everything forgotten is gone.
        working.bring_sources()
        forget_all(working, self.state)
        working.bring_shards()

    def _draft(self, made: str, working: Working, inputs: Sequence[InputState], settings: dict[str, str]) -> Draft:
        shards = self.definition.shards.write
        return Draft(
            made=made,
            corpora={source.name: working.folder(source) for source in self.definition.source},
            tokenizer=working.tokenizer if shards else None,
            shards=working.root / "shards" if shards else None,
            inputs=tuple(inputs),
            settings=settings,
        )

    def _names(self) -> set[str]:
        return {source.name for source in self.definition.source}

    def _note_success(self, began: float) -> None:
        """When a refresh last succeeded, whether or not it published: an alert looks at it."""
        self.state.note_event(self.releases.current or 0, "checked", time.monotonic() - began)


def corpus_at(path: Path) -> MaintainedCorpus:
    """The corpus of a definition; the process works in the folder of the file from then on."""
    definition = read_definition(path)
    os.chdir(path.absolute().parent)
    return MaintainedCorpus(definition)


def _key(each: InputState) -> tuple[str, str]:
    return each.source, each.sample
