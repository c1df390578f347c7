"""From finished working folders to a release: links to the parts, figures, gates, card, report, manifest, pointer.

A release is made in a hidden folder and gets its number by a rename, so nobody ever reads a half. A part that the
release before has already, by its digest, is not stored twice.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.files.manifest import Part, read_manifest
from corpus.files.storage import size_of
from corpus.hashing import file_digest
from corpus.releases import layout
from corpus.releases.card import write_card
from corpus.releases.difference import ReleaseDifference, compare
from corpus.releases.figures import CORPORA, SHARDS, TOKENIZER, figures_of
from corpus.releases.layout import Releases, share, visible_files
from corpus.releases.manifest import InputState, Release, SourceEntry, content_of, write_release
from corpus.releases.page import write_page
from corpus.shards.layout import SHARD_MANIFEST, read_shard_manifest
from pipelines.refresh.definition import CorpusDefinition
from pipelines.refresh.gates import check_gates, failures
from pipelines.refresh.state import State

# Beside the data: they hold times, or are made again for the release as a whole.
_NOT_DATA = frozenset({"report.html", "run.json"})
_TOKENIZER_LEFT_OUT = frozenset({"report.html", "report.json", "run.json", "training.json"})


@dataclass(frozen=True)
class Draft:
    """A release to be made: its corpora by name, tokenizer and shards by their folders, and what else it says.

    `settings` has, by source, the digest of all but its inputs.
    """

    made: str
    corpora: Mapping[str, Path]
    tokenizer: Path | None
    shards: Path | None
    inputs: Sequence[InputState]
    settings: Mapping[str, str]
    of: int | None = None


@dataclass(frozen=True)
class Publisher:
    """Makes releases of one corpus."""

    definition: CorpusDefinition
    releases: Releases
    state: State

    def publish(self, draft: Draft, began: float, accepted: Collection[str] = ()) -> Release | None:
        """Make a release of a draft and point to it; None where it would hold what the current one holds.

        `began` is when the work on it began, by the monotonic clock.

        `CorpusloomError` (4) where a gate is not met: then nothing has changed.
        """
        before = self.releases.read_current()
        number = self.state.next_number([*self.releases.numbers(), *self.releases.withdrawn_numbers()])
        partial = self.releases.begin(number)
        self._gather(draft, partial)
        release = self._release(draft, number, partial, before)
        # The half that was gathered is a hidden folder, which `recover` removes.
        if before is not None and _same(before, release):
            self.releases.recover()
            return None
        failed = failures(self.definition.gates, release.figures, before) if draft.made == "refresh" else []
        check_gates(failed, accepted)
        release = replace(release, accepted=tuple(sorted({each.gate for each in failed})))
        # All is written in a hidden folder; then `commit` gives it its number by a rename, and `point_to` moves the
        # link. Killed before the first nothing has happened; between
        # the two, `writing` of the next command moves the link.
        write_release(partial, release)
        difference = self._compare(before, partial)
        self._describe(partial, release, difference)
        self.releases.commit(partial, number)
        self.releases.point_to(number)
        self.state.note_event(number, release.made, time.monotonic() - began)
        return release

    def _compare(self, before: Release | None, partial: Path) -> ReleaseDifference | None:
        folder = self.releases.folder(before.release) if before else None
        return compare(folder, partial, self.state.tombstones()) if folder else None

    def _gather(self, draft: Draft, partial: Path) -> None:
        """Every file of the release, as links where that is safe."""
        for name, folder in draft.corpora.items():
            for path in visible_files(folder):
                if path.name != "run.json":
                    share(path, partial / CORPORA / name / path.relative_to(folder))
        if draft.tokenizer:
            for path in visible_files(draft.tokenizer):
                if path.name not in _TOKENIZER_LEFT_OUT:
                    share(path, partial / TOKENIZER / path.relative_to(draft.tokenizer))
        if draft.shards:
            for path in visible_files(draft.shards):
                if path.name not in _NOT_DATA:
                    share(path, partial / SHARDS / path.relative_to(draft.shards))

    def _release(self, draft: Draft, number: int, partial: Path, before: Release | None) -> Release:
        parts = self._parts(partial, before)
        figures = figures_of(partial)
        tombstones = self.state.tombstones()
        # Without shards a release has neither a tokenizer nor a fingerprint of them.
        manifest = partial / SHARDS / SHARD_MANIFEST
        shards = read_shard_manifest(partial / SHARDS) if manifest.is_file() else None
        sources = {
            name: SourceEntry(
                read_manifest(partial / CORPORA / name)["recipe"].get("name", ""),
                draft.settings.get(name, ""),
                figures[name].get("kept_documents", 0),
            )
            for name in draft.corpora
        }
        return Release(
            release=number,
            made=draft.made,
            sources=sources,
            inputs=tuple(replace(each, state="taken" if each.state == "new" else each.state) for each in draft.inputs),
            parts=parts,
            content=content_of(parts),
            before=before.release if before else None,
            of=draft.of,
            tokenizer=shards.tokenizer.digest if shards else "",
            shards=shards.fingerprint if shards else "",
            figures=figures,
            forgotten=len(tombstones),
            tombstones=tombstones.digest,
        )

    def _parts(self, partial: Path, before: Release | None) -> tuple[Part, ...]:
        """Every data file with its digest; one that the release before has becomes a link to it."""
        known = (
            {part.digest: self.releases.folder(before.release) / part.path for part in before.parts} if before else {}
        )
        # A part that is the same file as one of the release before,
        # a hard link, needs no digest: it is known by its inode.
        inodes = {path.stat().st_ino: digest for digest, path in known.items() if path.is_file()}
        rows = _named_parts(partial)
        parts = []
        for path in visible_files(partial):
            name = path.relative_to(partial).as_posix()
            if path.name in _NOT_DATA:
                continue
            named = rows.get(name)
            same = inodes.get(path.stat().st_ino)
            found = same or (named.digest if named and named.digest else file_digest(path))
            # The same bytes under another inode, as after a stage that
            # was done again: a link to the known ones takes their place.
            if found in known and not same and path.suffix in layout.LINKED and size_of(known[found]) == size_of(path):
                path.unlink()
                share(known[found], path)
            parts.append(Part(name, named.rows if named else 0, path.stat().st_size, found))
        return tuple(parts)

    def _describe(self, partial: Path, release: Release, difference: ReleaseDifference | None) -> None:
        name = self.definition.root.name or "corpus"
        write_card(partial, name, release, difference)
        write_page(partial, name, release, difference)


def _same(before: Release, release: Release) -> bool:
    return before.content == release.content and before.tombstones == release.tombstones


def _named_parts(partial: Path) -> dict[str, Part]:
    """The parts that the manifests inside a release name, with their rows; those of shards without a digest."""
    found: dict[str, Part] = {}
    for folder in sorted((partial / CORPORA).iterdir()):
        for entry in read_manifest(folder)["parts"]:
            part = Part(**entry)
            path = f"{CORPORA}/{folder.name}/{part.path}"
            found[path] = replace(part, path=path)
    if (partial / SHARDS / SHARD_MANIFEST).is_file():
        for source in read_shard_manifest(partial / SHARDS).sources:
            for shard in source.shards:
                found[f"{SHARDS}/{shard.path}"] = Part(f"{SHARDS}/{shard.path}", shard.n_docs, shard.bytes, "")
    return found
