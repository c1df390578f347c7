"""Forgetting: out of the working folders, the next release, its shards, and every older release.

A build over the inputs is made, searched, and what is found is taken out of the stages that read inputs; then the build
does again what depended on it. That repeats until the search finds nothing, and only then anything is published: so
what was forgotten does not come back with a late snapshot or with a stage that is done again.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from corpus.errors import CorpusloomError, ExitCode
from corpus.releases.layout import Releases
from corpus.releases.matches import corpora_of, digests_of, find, tables_of
from corpus.releases.tombstones import Tombstones, tombstones_for
from pipelines.refresh.definition import CorpusDefinition, patterns
from pipelines.refresh.redaction import redact
from pipelines.refresh.state import State
from pipelines.refresh.working import Working
from pipelines.runtime.task import STAGES

_MOST_ROUNDS = 6  # two do, unless copies of copies turn up: the second finds nothing


def forget_all(working: Working, state: State) -> int:
    """Take everything that has a tombstone out of finished working folders; how many rows were.

    `CorpusloomError` (1) where it does not end: then nothing may be published.
    """
    total = 0
    for _ in range(_MOST_ROUNDS):
        tombstones = state.tombstones()
        if not tombstones:
            return total
        folders = [working.folder(source) for source in working.definition.source]
        # A round: search what is published in the working folders, add what is found (copies of a text too) to the
        # tombstones, redact the stages that read inputs, build again what depended on them.
        clean = _clean(state, tombstones)
        found = find(tombstones, folders, clean=clean)
        if found.documents:
            tombstones = replace(found, asked=tombstones).tombstones
            state.bury(tombstones)
        rows, searched = _redact_all(working, clean, tombstones)
        total += rows
        # Nothing found and nothing redacted: all these parts are
        # clean under these tombstones, and are not searched again.
        if not rows and not found.documents:
            state.note_clean(dict.fromkeys([*digests_of(folders), *searched], tombstones.digest))
            return total
        # Found in a corpus, yet in no stage that reads inputs: no redaction can help, so this is a bug.
        if not rows:
            break
        working.bring_sources()
        _forget_words(working)
    raise CorpusloomError(
        f"{working.root}: what was forgotten is still there after {_MOST_ROUNDS} rounds; nothing is published. Remove "
        "the folder of its source there and run again",
        ExitCode.BUG,
    )


def _redact_all(working: Working, clean: frozenset[str], tombstones: Tombstones) -> tuple[int, list[str]]:
    """Redact every source; how many rows that concerned, and the parts that have none."""
    rows, searched = 0, list[str]()
    for build in working.builds.values():
        done = redact(build, tombstones, clean)
        rows, searched = rows + done.rows, [*searched, *done.clean]
    return rows, searched


def _clean(state: State, tombstones: Tombstones) -> frozenset[str]:
    """The digests of the parts that were searched for these tombstones and have none."""
    return frozenset(part for part, under in state.clean().items() if under == tombstones.digest)


def _forget_words(working: Working) -> None:
    """A frozen tokenizer does not need the counts of words that it was trained on."""
    if working.is_frozen():
        shutil.rmtree(working.root / "tokenizer" / STAGES, ignore_errors=True)


def with_opt_outs(definition: CorpusDefinition, tombstones: Tombstones) -> Tombstones:
    """The tombstones, with all that stands in the files of the definition."""
    files = definition.opt_out
    asked = tombstones_for(_lines(files.domains), _lines(files.urls), _lines(files.ids))
    return tombstones | asked if asked else tombstones


def _lines(names: str | list[str]) -> list[str]:
    lines: list[str] = []
    for name in patterns(names):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusloomError(f"opt_out: {name}: {error}; without it nobody is left out", ExitCode.INPUT) from error
        lines += [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines


def read_ids(path: str) -> list[str]:
    """The ids in a file, one a line."""
    return _lines(path)


def purge(releases: Releases, state: State, policy: str) -> list[str]:
    """Remove, or withdraw, the releases before the current one that hold something forgotten; a line for each.

    A release that was searched is not searched again for the same tombstones.
    """
    said, tombstones, known = [], state.tombstones(), state.searched()
    searched = {}
    # Withdrawn ones too: they lie on the disk, and a rollback may go back to one.
    for number in [*releases.numbers(), *releases.withdrawn_numbers()]:
        there = releases.folder(number) if number in releases.numbers() else releases.withdrawn(number)
        clean = not tombstones or known.get(str(number)) == tombstones.digest
        # The current one has just been made without what is forgotten.
        if number == releases.current or clean or not holds(there, tombstones):
            searched[str(number)] = tombstones.digest
            continue
        if policy == "purge":
            releases.remove(number)
            said.append(f"release {number} held it and was removed")
        elif number in releases.numbers():
            releases.withdraw(number)
            said.append(f"release {number} holds it and was withdrawn from readers")
    state.note_searched(searched)
    return said


def holds(release: Path, tombstones: Tombstones) -> bool:
    """Whether a release has a row of something forgotten."""
    return any(tombstones.rows(table).any() for table in tables_of(corpora_of(release)))
