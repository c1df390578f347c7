"""Files that may be removed: releases beyond those kept, halves of killed runs, working folders of no source."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.files.manifest import TEMPORARY
from corpus.releases.layout import Releases
from pipelines.refresh.definition import CorpusDefinition


@dataclass(frozen=True)
class Garbage:
    """What `gc` finds: paths, and the bytes below them that no other name holds."""

    paths: tuple[Path, ...]
    freed: int


def expire(releases: Releases, keep: int) -> list[int]:
    """Remove the oldest releases beyond `keep`, never the current one; their numbers."""
    numbers = releases.numbers()
    doomed = [number for number in numbers[: max(len(numbers) - keep, 0)] if number != releases.current]
    for number in doomed:
        releases.remove(number)
    return doomed


def garbage(definition: CorpusDefinition, releases: Releases) -> Garbage:
    """Everything below the corpus that nothing needs: a refresh would make none of it again."""
    paths = releases.halves()
    work = definition.root / "work"
    used = {source.name for source in definition.source}
    used |= {"tokenizer", "shards"} if definition.shards.write else set()
    if work.is_dir():
        paths += [path for path in sorted(work.iterdir()) if path.name not in used]
    paths += sorted((definition.root / "index").glob(f"{TEMPORARY}*"))
    return Garbage(tuple(paths), sum(map(_own_bytes, paths)))


def remove(paths: Sequence[Path]) -> None:
    """Remove files and folders."""
    for path in paths:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def _own_bytes(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    # Parts are hard links between work/ and releases/: removing one of two names frees nothing.
    return sum(each.stat().st_size for each in files if each.stat().st_nlink == 1)
