"""The snapshots there are, and what of each can be taken: found by patterns, known by size and sampled digest.

A snapshot is what a pattern's wildcard folder stands for (`incoming/crawl/*/*.warc.gz`: a folder of archives), or a
file of its own (`RS_*`). The world delivers late, twice, half and not at all, and none of it may stop a refresh: what
cannot be taken is set aside with a reason, is looked at again when its bytes change, and stands in every release.
"""

import glob
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.document import Quarantined
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.inputs import InputFile
from corpus.files.storage import in_utf8
from corpus.releases.manifest import InputState
from pipelines.cli.inputs import sample_files
from pipelines.refresh.definition import SourceSection, patterns
from pipelines.refresh.sources import Kind, kind_of

# How many unreadable pieces are read past before a file is taken for broken.
_PATIENCE = 200
TAKEN, NEW = "taken", "new"


@dataclass(frozen=True)
class FoundFile:
    """A file that a pattern finds, and the snapshot that it is of."""

    flag: str
    snapshot: str
    file: InputFile


def discover(
    source: SourceSection, before: Iterable[InputState], taken: frozenset[str], held: frozenset[str]
) -> list[InputState]:
    """Every file of a source that is there or ever was, with its state.

    `before` are the states as last seen, `taken` the samples that the current release has, `held` those that a rollback
    took out.
    """
    kind = kind_of(source)
    known = {(each.flag, each.sample): each for each in before if each.source == source.name and each.sample}
    listed = _read_crawl_list(source)
    states: list[InputState] = []
    for flag in kind.inputs:
        found = sorted(_find_files(source, flag), key=lambda each: each.file.name)
        newest = max((each.snapshot for each in found if each.file.sample in taken), default="")
        seen: dict[str, str] = {}
        for each in found:
            state = InputState(source.name, flag, each.snapshot, each.file.name, each.file.bytes, each.file.sample, NEW)
            state = _settle(state, each, seen, listed if flag == "pages" else None)
            if state.state == NEW:
                state = _probe(state, kind, known.get((flag, state.sample)), taken, held)
            if state.state in (TAKEN, NEW):
                seen[state.sample] = state.name
                earlier = known.get((flag, state.sample))
                # Late: a new file of a snapshot older than the newest that was taken. Once taken it keeps what it was.
                late = earlier.late if earlier and state.state == TAKEN else bool(newest) and state.snapshot < newest
                state = replace(state, late=late)
            states.append(state)
        if flag == "pages" and listed is not None:
            states += _missing_crawls(source, listed, found)
    states += _removed_files(source, states, known.values(), taken)
    return sorted(states, key=lambda each: (each.flag, each.snapshot, each.name))


def usable(states: Iterable[InputState], flag: str) -> list[str]:
    """The names of the files that a build takes."""
    return [each.name for each in states if each.flag == flag and each.state in (TAKEN, NEW)]


def _find_files(source: SourceSection, flag: str) -> list[FoundFile]:
    names: dict[str, str] = {}
    for pattern in patterns(getattr(source, flag)):
        names.update((name, snapshot_of(pattern, name)) for name in glob.glob(pattern, recursive=True))
    files = []
    for name in sorted(names):
        path = Path(name)
        if path.is_file():
            try:
                files.append(InputFile(in_utf8(name), path.stat().st_size, file=str(path.resolve())))
            except OSError as error:
                raise CorpusloomError(f"{source.name}: {name}: {error.strerror}", ExitCode.INPUT) from error
    by_name = {in_utf8(name): snapshot for name, snapshot in names.items()}
    return [FoundFile(flag, by_name[file.name], file) for file in sample_files(files)]


def snapshot_of(pattern: str, name: str) -> str:
    """`crawl/*/*.gz`, `crawl/2016-11/a.gz` → `2016-11`; `RS_*`, `RS_2016-11.zst` → `RS_2016-11.zst`."""
    folders, parts = Path(pattern).parts[:-1], Path(name).parts[:-1]
    if any(glob.has_magic(part) for part in folders) and parts:
        # crawl/*/*.gz      crawl/2016-11/a.gz    2016-11
        # crawl/**/*.gz     crawl/2016/11/a.gz    11          ** stands for several folders: the last one
        # RS_*              RS_2016-11.zst        RS_2016-11.zst
        chosen = [part for part, wild in zip(parts, folders, strict=False) if glob.has_magic(wild)]
        same = len(folders) == len(parts)
        return "/".join(chosen) if same and chosen else parts[-1]
    return Path(name).name


def _settle(state: InputState, found: FoundFile, seen: Mapping[str, str], listed: Sequence[str] | None) -> InputState:
    """What names and digests alone tell."""
    if not found.file.bytes:
        return replace(state, state="empty", detail="it has no byte")
    if found.file.sample in seen:
        return replace(state, state="duplicate", detail=f"the same bytes as {seen[found.file.sample]}")
    if listed is not None and state.snapshot not in listed:
        return replace(state, state="withdrawn", detail="its crawl is not in the list of crawls")
    return state


def _probe(
    state: InputState, kind: Kind, known: InputState | None, taken: frozenset[str], held: frozenset[str]
) -> InputState:
    if state.sample in taken:
        return replace(state, state=TAKEN)
    if state.sample in held:
        return replace(state, state="held", detail="a rollback took it out; run --take-held takes it again")
    if known is not None and known.state in ("broken", "empty"):  # same bytes, same answer
        return replace(state, state=known.state, detail=known.detail)
    return _looked_into(state, kind)


def _looked_into(state: InputState, kind: Kind) -> InputState:
    """Whether anything of a file can be read: its first records decide."""
    # The build's own readers: what they can read, a build can; the first item that is no damage decides.
    reader = kind.readers[state.flag]
    pieces = 0
    try:
        for item in itertools.islice(reader(Path(state.name), state.name), _PATIENCE):
            if not isinstance(item, Quarantined):
                return state
            pieces += 1
    except (ValueError, OSError, EOFError) as error:
        return replace(state, state="broken", detail=f"{type(error).__name__}: {error}"[:200])
    if pieces:
        return replace(state, state="broken", detail=f"its first {pieces} pieces cannot be read")
    return replace(state, state="empty", detail="it has no record")


def _read_crawl_list(source: SourceSection) -> list[str] | None:
    """The ids of a list of crawls shaped like collinfo.json; None where the definition names none."""
    if not source.collinfo:
        return None
    try:
        return [entry["id"] for entry in json.loads(Path(source.collinfo).read_bytes())]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorpusloomError(
            f"{source.name}: collinfo {source.collinfo}: no list of crawls ({error}); fetch it again", ExitCode.INPUT
        ) from error


def _missing_crawls(source: SourceSection, listed: Sequence[str], found: Sequence[FoundFile]) -> Iterator[InputState]:
    there = {each.snapshot for each in found}
    for name in listed:
        if name not in there:
            yield InputState(source.name, "pages", name, "", 0, "", "announced", "listed, and no file of it is here")


def _removed_files(
    source: SourceSection, states: Sequence[InputState], known: Iterable[InputState], taken: frozenset[str]
) -> Iterator[InputState]:
    """Files that were taken and are not there any more, under any name."""
    there = {(each.flag, each.sample) for each in states}
    for each in known:
        gone = (each.flag, each.sample) not in there
        if gone and (each.sample in taken or each.state in (TAKEN, "withdrawn")):
            yield replace(each, state="withdrawn", detail="it was taken, and is not there any more")
