"""Is there anything to continue with? A build that read nothing must not look like one that succeeded.

Inputs can be swapped, a month can be a failed download: each stage is content with little, and what is published at the
end is empty and whole. So each input file must give at least one readable record; the plan of the next stage asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import Counts
from pipelines.work.publish import frequent_reasons


@dataclass(frozen=True)
class FileReport:
    """A file, how many records it has, and how many pieces of them could not be read."""

    name: str
    records: int
    quarantined: int


def need_readable(flag: str, files: Iterable[FileReport], max_quarantined: float) -> None:
    """Each file has a record that could be read; `CorpusloomError` (3) naming the first that has none.

    A bound of 1 allows files of which nothing can be read.
    """
    if max_quarantined >= 1:
        return
    nothing = [file for file in files if file.records <= file.quarantined]  # also 0 <= 0: an empty file
    if not nothing:
        return
    first = nothing[0]
    more = f", nor of {len(nothing) - 1} more files" if len(nothing) > 1 else ""
    pieces = first.quarantined
    cause = f"it has {pieces:,} unreadable pieces and no whole record" if pieces else "it is empty"
    raise CorpusloomError(
        f"{flag}: nothing of {first.name} could be read{more}: {cause}. Is it the right file, and whole? Fetch it "
        "again, or leave it out; --max-quarantined 1 allows it",
        ExitCode.INPUT,
    )


def need_some(found: int, of: Counts, sentence: str) -> None:
    """`CorpusloomError` (4) with the sentence, and the reasons of `of`, where nothing was found."""
    if not found:
        raise CorpusloomError(f"{sentence}{frequent_reasons(of)}; nothing is published", ExitCode.USELESS)
