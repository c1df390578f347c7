"""Sources as values: which keys of the definition name their files, which command builds them, how to look into one.

A source is built by the flags of its own command, so that a refresh and a build by hand cannot differ. A further kind
of source is one more entry here.
"""

import glob
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.readers.books import read_books
from corpus.readers.mediawiki.articles import read_articles
from corpus.readers.reddit import read_submissions
from corpus.readers.warc.captures import scan
from pipelines import build_books, build_commoncrawl, build_webtext, build_wikipedia
from pipelines.refresh.definition import CorpusDefinition, SourceSection

if TYPE_CHECKING:
    from pipelines.builds.build import Build

Reader = Callable[[Path, str], Iterable[Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of source: the keys that name its files with a reader for each, and the module of its command."""

    name: str
    readers: Mapping[str, Reader]
    command: Any

    @property
    def inputs(self) -> tuple[str, ...]:
        """The keys that name files."""
        return tuple(self.readers)


KINDS = (
    Kind("webtext", {"submissions": read_submissions, "pages": scan}, build_webtext),
    Kind("commoncrawl", {"pages": scan}, build_commoncrawl),
    Kind("wikipedia", {"dumps": read_articles}, build_wikipedia),
    Kind("books", {"books": read_books}, build_books),
)


def kind_of(source: SourceSection) -> Kind:
    """The kind whose files a source names; `CorpusloomError` (2) for none, or for files that do not go together."""
    keys = {key for kind in KINDS for key in kind.inputs}
    given = {key for key in keys if getattr(source, key)}
    for kind in KINDS:
        # Exactly these: `pages` alone is commoncrawl, `pages` and `submissions` are webtext.
        if given == {*kind.inputs}:
            return kind
    kinds = "; ".join(f"{' and '.join(kind.inputs)} ({kind.name})" for kind in KINDS)
    said = " and ".join(sorted(given)) or "no files"
    raise CorpusloomError(f"source {source.name!r} names {said}; name {kinds}", ExitCode.FLAGS)


def build_of_source(
    definition: CorpusDefinition, source: SourceSection, files: Mapping[str, list[str]], output: Path
) -> "tuple[Build, list[str]]":
    """The build of a source from just these files, and the flags of the command that would do the same."""
    kind = kind_of(source)
    flags: list[str] = []
    for key in kind.inputs:
        flags += [f"--{key}", *map(glob.escape, files[key])]
    flags += ["--output", str(output), "--replace", "--max-quarantined", str(definition.run.max_quarantined)]
    if source.recipe:
        flags += ["--recipe", source.recipe]
    for name, value in source.flags.items():
        flags += flag_of(name, value)
    return parse_build(kind.command, [*flags, *definition.run.flags], f"source {source.name}"), flags


def flag_of(name: str, value: Any) -> list[str]:
    """A key of the definition as a flag; a list repeats it, `true` stands for the flag alone."""
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag] if value else []
    return [word for item in (value if isinstance(value, list) else [value]) for word in (flag, str(item))]


def parse_build(command: Any, flags: list[str], where: str) -> "Build":
    """The build that a command would do with some flags; `CorpusloomError` (2) where they are wrong."""
    from pipelines.cli.beam_flags import check_beam_flags

    ours = command.parser()
    ours.error = partial(_wrong, where)  # argparse would end the process, and knows no corpus.toml
    given, others = ours.parse_known_args(flags)
    return command.make(ours, given, check_beam_flags(others, ours.flags()))


def _wrong(where: str, message: str) -> Any:
    raise CorpusloomError(f"{where}: {message}", ExitCode.FLAGS)
