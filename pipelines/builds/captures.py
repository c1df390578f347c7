"""The stages of captures out of the index, top to bottom, and the reading at their end.

    submissions → posts → links ─┐
                     or a list ──┴→ sought ─┬→ chosen → ranges → (read, here, politely)
    index ─────────────────────→ candidates ┘

The join runs on any engine. The reading does not: one server is asked, at one rate, by one process. `fetch_captures`
has the flags.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from corpus.fetching.asking import Manners
from corpus.fetching.links import LOST_LINKS
from corpus.fetching.network import reach_of_server
from corpus.files.inputs import InputFile
from corpus.files.manifest import MANIFEST, Counts, Part, read_json, read_parquet, write_manifest, write_parquet
from corpus.files.storage import is_remote, place
from corpus.schema import QUARANTINED_SCHEMA
from corpus.sources.commoncrawl.reading import BUSY
from corpus.sources.links import LinkRules
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.builds.usefulness import need_some
from pipelines.builds.webtext import link_rules, read_link_table
from pipelines.cli.command import settings_of
from pipelines.cli.inputs import find_inputs, names_of, sample_files, samples_of
from pipelines.cli.replacement import CAPTURES, Output
from pipelines.runtime.records import Finished, read_finished
from pipelines.runtime.run import StageFolder
from pipelines.runtime.stage import Stage, in_order
from pipelines.work.capture_reading import ArchiveServer, CaptureArchive
from pipelines.work.index_join import (
    ChooseCaptures,
    JoinIndex,
    PlanRanges,
    RangeFacts,
    index_files,
    links_and_candidates,
    places,
)
from pipelines.work.links import LinkFacts, PostFacts
from pipelines.work.lost_links import merge_lost
from pipelines.work.sought import ListSought, SomeLinks, links_of_list, links_of_posts

# Flags that say how the server is asked, and change no byte.
_HOW_TO_READ = ("--archives", "--rate", "--at-once", "--contact", "--agent")
INDEX_BYTES_PER_WORKER = 200_000_000  # of compressed Parquet, of which a few columns are read


def stages(
    links: InputFile | Sequence[InputFile], rules: LinkRules, index: Sequence[InputFile], gap: int, archive_bytes: int
) -> Stage[Any, Any]:
    """The last stage before the reading; `links` is a list of links, or submission dumps."""
    if isinstance(links, InputFile):
        sought = Stage("sought", ListSought(), plan=partial(links_of_list, links))
    else:
        posts, table = read_link_table(links, rules, 1.0)
        sought = Stage("sought", ListSought(), plan=_links_to_find, reads=(posts, table))
    # A file of the index, all links -> of each link the nearest capture in that file
    candidates = Stage(
        "candidates",
        JoinIndex(),
        plan=partial(index_files, index),
        reads=(sought,),
        units_per_worker=INDEX_BYTES_PER_WORKER,
    )
    # A range of links -> of each the nearest of all files, or that there is none
    chosen = Stage("chosen", ChooseCaptures(), plan=links_and_candidates, reads=(sought, candidates))
    # Captures of some archives -> the ranges of bytes to ask for
    return Stage("ranges", PlanRanges(gap), plan=partial(places, archive_bytes), reads=(chosen,))


def _links_to_find(posts: Finished[PostFacts], links: Finished[LinkFacts]) -> Iterator[SomeLinks]:
    count = sum(facts.links.rows for facts in links)
    need_some(count, posts.counts + links.counts, "no post of --submissions gives a link")
    return links_of_posts(posts, links)


@dataclass(frozen=True)
class CaptureFetch:
    """A join of links with the index, and the reading of what it found."""

    build: Build
    server: ArchiveServer

    @property
    def output(self) -> Output:
        """Where it goes."""
        return self.build.output

    def plan(self) -> list[str]:
        """The lines of a dry run. The join is done for it, elsewhere if it is not done already."""
        done = self._read_finished(self.output.root)
        if done is not None:
            return [*self.build.lines(), *_ranges_lines(done)]
        with tempfile.TemporaryDirectory(prefix="corpusloom-join-") as folder:
            # What is asked for is known after the join only, so a dry
            # run joins too, in a folder that it leaves no trace of.
            elsewhere = replace(self.output, root=Path(folder), replace=False)
            replace(self.build, output=elsewhere).run()
            done = self._read_finished(Path(folder))
            return [*self.build.lines(), *_ranges_lines(done or [])]

    def run(self, wait: bool = True, running_job: str = "refuse") -> list[str]:
        """Join what is not joined and read what is not read; the lines for the end."""
        said = self.build.run(wait, running_job)
        ranges = self._read_finished(self.output.root)
        if ranges is None:
            return said
        # Joined and read before: nothing is asked of the server, and the summary is that of the manifest.
        if not self.output.marker.exists():
            print("\n".join(_ranges_lines(ranges)))
            self._read(ranges)
        return _summary(self.output.root)

    def _read_finished(self, root: Path) -> Finished[RangeFacts] | None:
        return read_finished(self.build.last, StageFolder(root, self.build.last.name))

    def _read(self, ranges: Sequence[RangeFacts]) -> None:
        root = self.output.root
        archives = [CaptureArchive(root, facts) for facts in ranges]
        failed, reason = 0, ""
        for archive in archives:
            if archive.is_done():
                continue
            failures, requests = archive.read(self.server)
            failed += len(failures)
            reason = str(failures[0]) if failures else reason
            print(f"read      {archive.facts.ranges:,} ranges, {requests:,} requests in this run")
        # Other archives are read all the same; the manifest waits until none has a failed range.
        if failed:
            raise CorpusloomError(
                f"{failed:,} ranges could not be read from {self.server.address} ({reason}); give the same command "
                "again later, what was read is kept",
                ExitCode.INPUT,
            )
        self._publish(archives)

    def _publish(self, archives: Sequence[CaptureArchive]) -> None:
        """The list of lost links and the manifest, if the counts add up and enough could be read."""
        root = self.output.root
        found = self._stage("chosen", root)
        captures = [archive.part(archive.captures) for archive in archives if archive.captures.exists()]
        unread = [archive.part(archive.lost) for archive in archives]
        kept, broken = sum(part.rows for part in captures), sum(part.rows for part in unread)
        # Links: received = kept (a capture was read) + rejected (not
        # in the index) + quarantined (not where the index says).
        counts = Counts(found.counts.received, kept, found.counts.rejected, broken, found.counts.reasons)
        counts.check("captures")
        _refuse_useless(counts, self.build.max_quarantined)
        # Only now, when the counts balance: files of an earlier
        # plan stay as long as this one is not sure to be published.
        _remove_stale(root, archives)
        lost = merge_lost(root, [*(facts.lost for facts in found), *unread])
        quarantined = [archive.part(archive.quarantined) for archive in archives if archive.quarantined.exists()]
        quarantined += self._damage_of_index(root)
        warcs = [archive.part(archive.warc) for archive in archives if archive.warc.exists()]
        parts = [*warcs, *captures, *quarantined, lost]
        totals = {name: sum(getattr(facts, name) for facts in (each.facts for each in archives))
                  for name in ("ranges", "files", "bytes")}  # fmt: skip
        index = self._stage("candidates", root)
        counted = {"index": index.counts.to_json(), "links": counts.to_json()}
        entries = [part.to_json() for part in parts]
        write_manifest(root / MANIFEST, {"kind": CAPTURES, "counts": counted, "read": totals, "parts": entries})

    def _damage_of_index(self, root: Path) -> list[Part]:
        """The rows of the index that name no place for a record, in one file."""
        parts = [facts.quarantined for facts in self._stage("candidates", root) if facts.quarantined.rows]
        rows = (row for part in parts for row in read_parquet(root / part.path))
        path = root / "quarantined" / "index.parquet"
        path.unlink(missing_ok=True)
        return [write_parquet(path, root, QUARANTINED_SCHEMA, rows)] if parts else []

    def _stage(self, name: str, root: Path) -> Finished[Any]:
        stage = next(stage for stage in in_order(self.build.last) if stage.name == name)
        done = read_finished(stage, StageFolder(root, name))
        assert done is not None, "the last stage is finished, so all are"
        return done


def captures(
    ours: CommandParser, flags: argparse.Namespace, beam_flags: list[str], first_pause: float = 1.0
) -> CaptureFetch:
    """The fetch that the flags ask for; everything that can be checked is checked before the first byte is written."""
    if is_remote(flags.output):
        raise CorpusloomError("--output: captures are read into a folder of this machine", ExitCode.FLAGS)
    index = sample_files(find_inputs(names_of(flags.index), "--index"))
    if flags.links:
        path = place(flags.links)
        links = sample_files(find_inputs([str(path / LOST_LINKS if path.is_dir() else path)], "--links"))[0]
    else:
        links = sample_files(find_inputs(names_of(flags.submissions), "--submissions"))
    last = stages(links, link_rules(flags), index, flags.gap_kb * 1000, flags.archive_mb * 10**6)
    effective = {
        "--index": samples_of(index),
        "--links": samples_of([links])[0] if isinstance(links, InputFile) else None,
        "--submissions": None if isinstance(links, InputFile) else samples_of(links),
    }
    settings = {name: value for name, value in settings_of(ours, flags, effective).items() if name not in _HOW_TO_READ}
    size = sum(file.bytes for file in index)
    build = Build(
        last=last,
        output=Output(place(flags.output), CAPTURES, flags.replace, settings, closure_of_stages(last)),
        beam_flags=beam_flags,
        summary=lambda root: [],
        max_quarantined=flags.max_quarantined,
        workers=workers_for([(size, INDEX_BYTES_PER_WORKER)]),
        lines=lambda: [f"index     {len(index):,} files, {size / 1e6:,.1f} MB",
                       f"archives  {flags.archives}, at most {flags.rate:g} requests per second"],
    )  # fmt: skip
    agent = f"{flags.agent} (+{flags.contact})"
    manners = Manners(1 / flags.rate, flags.at_once, attempts=5, first_pause=first_pause, busy=BUSY)
    server = ArchiveServer(flags.archives, agent, reach_of_server(flags.archives), manners)
    return CaptureFetch(build, server)


def _refuse_useless(counts: Counts, max_quarantined: float) -> None:
    if not counts.kept:
        raise CorpusloomError(
            f"none of {counts.received:,} links has a capture that could be read: {counts.rejected:,} are not in the "
            f"index, {counts.quarantined:,} are not where it says; do --index and --archives belong together?",
            ExitCode.USELESS,
        )
    # A link that is not in the index is no damage: the share is of those that were tried.
    tried = counts.kept + counts.quarantined
    if counts.quarantined > max_quarantined * tried:
        raise CorpusloomError(
            f"{counts.quarantined:,} of {tried:,} captures are not where the index says, more than "
            f"{max_quarantined:.0%}; see quarantined/, or raise --max-quarantined",
            ExitCode.INPUT,
        )


def _remove_stale(root: Path, archives: Sequence[CaptureArchive]) -> None:
    """Remove the files of an earlier plan."""
    ours = {
        path for archive in archives for path in (archive.warc, archive.captures, archive.quarantined, archive.lost)
    }
    for pattern in ("captures-*.warc.gz", "captures/part-*", "quarantined/part-*", ".stages/read/lost-*"):
        for path in root.glob(pattern):
            if path not in ours:
                path.unlink()
    # Journals of plans that are no more; those of this one are gone when their archive stands.
    for path in (root / ".stages" / "read").glob("*/"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _ranges_lines(ranges: Sequence[RangeFacts]) -> list[str]:
    captures, size = sum(facts.records.rows for facts in ranges), sum(facts.bytes for facts in ranges)
    links = sum(facts.links.rows for facts in ranges)
    return [
        f"captures  {captures:,} records for {links:,} links",
        f"to read   {sum(facts.ranges for facts in ranges):,} ranges of "
        f"{sum(facts.files for facts in ranges):,} files, {size / 1e6:,.1f} MB",
    ]


def _summary(root: Path) -> list[str]:
    manifest = read_json(root / MANIFEST, {})
    links = manifest["counts"]["links"]
    return [
        f"links     {links['in']:,} = {links['kept']:,} with a capture + {links['rejected']:,} not in the index + "
        f"{links['quarantined']:,} not where it says",
        f"written   {root}/captures-*.warc.gz, and {LOST_LINKS} for `pipelines.fetch --links {root}`",
    ]
