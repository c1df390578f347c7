"""Is there anything to publish? A build that read nothing, or kept nothing, must not look like one that succeeded.

Inputs can be swapped, a month can be a failed download, a language can be misspelt: each stage is content with little,
and what is published at the end is empty and whole. So each input file must give at least one readable record, and the
corpus must keep at least one document; otherwise the command ends before the manifest, with the most frequent reason.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import Counts

_MOST_NAMED = 3


def need_readable(flag: str, files: Iterable[Mapping[str, Any]], max_quarantined: float) -> None:
    """Each file has a record that could be read; `CorpusloomError` (3) naming the first that has none.

    `files` are of a `name`, a number of `records` and how many pieces of them were `quarantined`. A bound of 1 allows
    files of which nothing can be read.
    """
    if max_quarantined >= 1:
        return
    nothing = [file for file in files if file["records"] <= file["quarantined"]]
    if not nothing:
        return
    first = nothing[0]
    more = f", nor of {len(nothing) - 1} more files" if len(nothing) > 1 else ""
    pieces = first["quarantined"]
    cause = f"it has {pieces:,} unreadable pieces and no whole record" if pieces else "it is empty"
    raise CorpusloomError(
        f"{flag}: nothing of {first['name']} could be read{more}: {cause}. Is it the right file, and whole? Fetch it "
        "again, or leave it out; --max-quarantined 1 allows it",
        ExitCode.INPUT,
    )


def need_some(found: int, of: Counts | None, sentence: str) -> None:
    """`CorpusloomError` (4) with the sentence, and the reasons of `of`, where nothing was found."""
    if not found:
        raise CorpusloomError(f"{sentence}{frequent_reasons(of)}; nothing is published", ExitCode.USELESS)


def frequent_reasons(counts: Counts | None) -> str:
    """The most frequent reasons of rejection, as the end of a sentence."""
    if counts is None or not counts.reasons:
        return ""
    ranked = sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0]))[:_MOST_NAMED]
    return ": most were rejected by " + ", ".join(f"{reason} ({count:,})" for reason, count in ranked)
