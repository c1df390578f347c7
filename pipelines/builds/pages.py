"""The shared parts of builds of pages: crawl files among the inputs, names of crawls, lines of a dry run."""

import re
from collections.abc import Sequence
from pathlib import Path

from corpus.files.inputs import InputFile
from corpus.files.storage import is_remote
from pipelines.builds.corpus import InputSettings, reports_of
from pipelines.builds.usefulness import need_readable
from pipelines.cli.contents import refuse_swapped
from pipelines.work.captures import CaptureFacts
from pipelines.work.publish import FunnelStep, InputEntry

# How many bytes of crawl pay for one more worker process, which takes two to four seconds to start.
CRAWL_BYTES_PER_WORKER = 15_000_000
UNNAMED = "unnamed"
_SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}")

CAPTURES = FunnelStep("captures", "captures", "Records of the crawl files; kept are pages.", has_text=False)
JUDGED = FunnelStep("judged", "judged", "Texts; kept are those that pass every step of the recipe.", "extracted")


def snapshots_of(files: Sequence[InputFile], given: str = "") -> dict[str, str]:
    """The crawl of each file: the one that was given, or what its path says."""
    # "crawl-data/CC-MAIN-2024-10/segments/…/x.warc.gz" is of CC-MAIN-2024-10.
    return {file.name: given or (_SNAPSHOT.findall(file.name) or [UNNAMED])[0] for file in files}


def archives_read(captures: Sequence[CaptureFacts]) -> list[InputEntry]:
    """The crawl files as the manifest has them."""
    entries = []
    for each in captures:
        found = {"records": each.records, "captures": each.pages.rows, "quarantined": each.quarantined.rows}
        entries.append(InputEntry("pages", each.name, each.bytes, each.digest, found))
    return entries


def need_readable_archives(reading: InputSettings, captures: Sequence[CaptureFacts]) -> None:
    """Stop where too much of a crawl file is unreadable."""
    need_readable("--pages", reports_of(archives_read(captures), "records"), reading.max_quarantined)


def refuse_unwanted(files: Sequence[InputFile], flag: str, unwanted: str, other_flag: str) -> None:
    """`CorpusloomError` (3) where a file on this machine is of the kind that the other flag takes."""
    # A look into a store would cost a request for each of a hundred thousand archives.
    here = (Path(file.file) for file in files if not is_remote(file.file))
    refuse_swapped(here, flag, unwanted, other_flag)


def files_line(flag: str, files: Sequence[InputFile]) -> str:
    """How many files, how big, and the first names."""
    names = ", ".join(file.name for file in files[:3])
    names += f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"{flag:<11} {len(files)} files, {sum(file.bytes for file in files) / 1e6:,.1f} MB: {names}"
