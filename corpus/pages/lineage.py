"""The outputs that one was made from, and those made from it, as relative links between their pages.

    corpus  ⇄  tokenizer  ⇄  shards  ⇄  run

An output says in `run.json` where its inputs lay. Looked at from the other side, those are outputs that lie in the same
folder and say so of this one. Both are looked for when a page is written: what has moved, or has no page yet, gets no
link, and `python -m corpus.report FOLDER` looks again.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from corpus.files.run_file import RUN_FILE, read_run
from corpus.pages.environment import neighbours

PAGES = ("report.html", "index.html", "README.md")
_MOST_BESIDE, _MOST_LINKS = 500, 24


def relatives(folder: Path, page: str) -> dict[str, str]:
    """`{"tokenizer mine": "../mine/report.html"}` for the page of a folder: what it was made from first, then what was
    made from it, the nearest first. Nothing for a folder in a store.
    """
    if not isinstance(folder, Path):
        return {}
    home = folder.absolute().resolve()
    found = [*_reached(home, _inputs), *_reached(home, _outputs)][:_MOST_LINKS]
    named = {_name(each): _page(each) for each in found}
    return neighbours(folder / page, {name: path for name, path in named.items() if path})


def _reached(home: Path, step: Callable[[Path], Iterator[Path]]) -> list[Path]:
    """All folders that some steps lead to, the nearest first."""
    found, at = [home], 0
    while at < len(found) <= _MOST_LINKS:
        found += [each for each in step(found[at]) if each not in found]
        at += 1
    return found[1:]


def _inputs(folder: Path) -> Iterator[Path]:
    yield from ((folder / str(each)).resolve() for each in read_run(folder).made_from)


def _outputs(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        for other in sorted(folder.parent.iterdir())[:_MOST_BESIDE]:
            if (other / RUN_FILE).is_file() and folder in _inputs(other):
                yield other.resolve()


def _name(folder: Path) -> str:
    """`tokenizer`, or `tokenizer mine` where the folder is called something else."""
    kind = read_run(folder).kind
    return kind if kind.endswith(folder.name) else f"{kind} {folder.name}"


def _page(folder: Path) -> Path | None:
    return next((folder / name for name in PAGES if (folder / name).is_file()), None)
