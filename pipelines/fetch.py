"""Fetch the pages that no crawl holds, politely, into WARC files that a build reads as it reads any other.

    python -m pipelines.fetch --links data/webtext --contact https://example.org/crawler --output fetched
    python -m pipelines.build_webtext --submissions 'RS_*.zst' --pages 'crawl/*' 'fetched/*.gz' --output data/webtext

How a page is fetched stands in `corpus.fetching`, step by step; docs/fetching.md says what servers see of it. Run the
same command again after any interruption: nothing stored is asked for again.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, Number, WholeNumber, end_with
from corpus.errors import CorpusloomError, ExitCode
from pipelines.cli.flags import add_agent_flags, add_at_once_flag, add_list_flag

if TYPE_CHECKING:
    from corpus.fetching.fetcher import Fetcher
    from corpus.fetching.links import Link
    from corpus.fetching.network import Reach
    from corpus.files.manifest import Counts

COMMAND = "python -m pipelines.fetch"
EXAMPLE = """
example:  python -m pipelines.fetch --links data/webtext --contact https://example.org/crawler --output fetched
"""
_SECONDS_BETWEEN_LINES = 10.0


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Fetch pages politely into WARC files.", EXAMPLE)
    files = flags.add_argument_group("files")
    add_list_flag(files)
    files.add_argument("--output", required=True, metavar="FOLDER", help="where the WARC files go")
    files.add_argument("--most-links", type=WholeNumber(1), metavar="N", help="only the first N links of the list")
    add_agent_flags(flags.add_argument_group("who asks"))
    _add_manners(flags.add_argument_group("how servers are treated"))
    run = flags.add_argument_group("the run")
    run.add_argument("--retry-failed", action="store_true", help="try once more what failed in an earlier run")
    run.add_argument("--dry-run", action="store_true", help="print links, hosts and the least time; fetch nothing")
    return flags


def _add_manners(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--delay",
        type=Number(0),
        default=2.0,
        metavar="SECONDS",
        help="least time between two requests to a host (default 2)",
    )
    group.add_argument(
        "--per-host",
        type=WholeNumber(1, 8),
        default=1,
        metavar="N",
        help="answers from a host that may be on their way at a time (default 1)",
    )
    add_at_once_flag(group, 1000, 64, "requests at a time, over all hosts")
    group.add_argument(
        "--max-crawl-delay",
        type=Number(0),
        default=30.0,
        metavar="SECONDS",
        help="leave out hosts whose robots.txt asks for more (default 30)",
    )
    group.add_argument(
        "--max-page-mb", type=WholeNumber(1, 1000), default=10, metavar="N", help="cut off longer answers (default 10)"
    )
    group.add_argument(
        "--max-seconds", type=Number(1), default=60.0, metavar="SECONDS", help="cut off slower answers (default 60)"
    )
    group.add_argument(
        "--also-port",
        type=_port,
        action="append",
        default=[],
        metavar="PORT",
        help="let URLs name this port too, beside 80 and 443; repeatable",
    )


def main(arguments: Sequence[str] | None = None, reach: "Reach | None" = None) -> int:
    """The command; returns its exit code. `reach` is for tests on loopback: the command itself knows the Internet."""
    ours = parser()
    given = ours.parse_args(arguments)
    try:
        from corpus.files.lock import locked
        from pipelines.cli.command import end_on_signals

        end_on_signals(COMMAND)
        folder = Path(given.output)
        _check_folder(folder)
        if given.dry_run:
            print("\n".join(_plan(given, folder, reach)))
            return ExitCode.DONE
        with locked(folder):
            print("\n".join(_fetch(given, folder, reach)))
        return ExitCode.DONE
    except Exception as error:
        cause: BaseException = error
        while isinstance(cause, BaseExceptionGroup):  # of the tasks that ran at once, the first that failed
            cause = cause.exceptions[0]
        return end_with(cause, COMMAND, resume=True)


def _fetcher(given: argparse.Namespace, folder: Path, reach: "Reach | None") -> "Fetcher":
    from corpus.fetching.asking import Manners
    from corpus.fetching.client import Bounds, Client
    from corpus.fetching.fetcher import Fetcher
    from corpus.fetching.journal import FetchJournal
    from corpus.fetching.network import Reach
    from corpus.fetching.records import warcinfo
    from corpus.fetching.targets import WEB_PORTS

    agent = f"{given.agent} (+{given.contact})"
    # Bytes of an answer, seconds to connect, seconds in all.
    bounds = Bounds(given.max_page_mb * 10**6, min(15.0, given.max_seconds), given.max_seconds)
    client = Client(agent, reach or Reach(WEB_PORTS | {*given.also_port}), bounds, given.at_once)
    journal = FetchJournal(folder, "pages", opening=lambda name: warcinfo(name, agent))
    fetcher = Fetcher(client, journal, given.agent, Manners(given.delay, given.per_host), given.max_crawl_delay)
    fetcher.take_up(journal.entries(), given.retry_failed)
    return fetcher


def _fetch(given: argparse.Namespace, folder: Path, reach: "Reach | None") -> list[str]:
    """Fetch what is missing; the lines for the end."""
    from corpus.fetching.outcomes import write_outcomes
    from corpus.files.manifest import MANIFEST, part_of, write_manifest

    links = _links(given)
    fetcher = _fetcher(given, folder, reach)
    urls = [link.canonical_url for link in links if link.canonical_url]
    # More will be fetched: from now until the new one the folder is unfinished.
    if not all(map(fetcher.is_finished, urls)):
        (folder / MANIFEST).unlink(missing_ok=True)
    # In this order: pages into the journal, the journal into archives, the outcomes of all links, the manifest. A kill
    # anywhere leaves the journal or whole archives, and the next run takes up both.
    asyncio.run(_run(fetcher, urls))
    fetcher.journal.publish()
    outcomes, counts = write_outcomes(folder, links, fetcher)
    if not counts.kept:
        most = ", ".join(f"{reason} {number:,}" for reason, number in Counter(counts.reasons).most_common(3))
        raise CorpusloomError(f"no page of {counts.received:,} links could be fetched: {most}", ExitCode.USELESS)
    archives = sorted(folder.glob("pages-*.warc.gz"))
    parts = [outcomes, *(part_of(path, folder, 0) for path in archives)]
    manifest = {"kind": "fetched pages", "agent": fetcher.client.agent, "counts": counts.to_json()}
    write_manifest(folder / MANIFEST, {**manifest, "parts": [part.__dict__ for part in parts]})
    return [
        *_lines(counts),
        f"requests  {fetcher.asking.requests:,} in this run",
        f"written   {', '.join(path.name for path in archives)}, outcomes.parquet in {folder}",
    ]


async def _run(fetcher: "Fetcher", urls: list[str]) -> None:
    async def tell() -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LINES)
            print(f"{len(fetcher.done):,} URLs done, {fetcher.asking.requests:,} requests", file=sys.stderr)

    async with fetcher.client:
        # The line every ten seconds must not keep the loop alive,
        # nor hide an error of `run`: it is cancelled and awaited.
        telling = asyncio.create_task(tell())
        try:
            await fetcher.run(urls)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling


def _plan(given: argparse.Namespace, folder: Path, reach: "Reach | None") -> list[str]:
    """The lines of a dry run: links, hosts, how long the busiest host takes at least."""
    from corpus.fetching.targets import RefusedTarget

    links, fetcher = _links(given), _fetcher(given, folder, reach)
    hosts, refused = Counter[str](), Counter[str]()
    done = sum(fetcher.is_finished(link.canonical_url) for link in links)
    for link in links:
        try:
            # The least time is that of the busiest host: its links, one after the other, `delay` seconds apart.
            hosts[fetcher.client.reach.target(link.canonical_url or link.url).host] += 1
        except RefusedTarget as refusal:
            refused[refusal.reason] += 1
    busiest, most = next(iter(hosts.most_common(1)), ("", 0))
    return [
        f"links     {len(links):,}, of which {done:,} are done",
        f"refused   {', '.join(f'{reason} {number:,}' for reason, number in sorted(refused.items())) or 'none'}",
        f"hosts     {len(hosts):,}; {busiest} has {most:,} links, at least {most * given.delay / 60:,.1f} minutes",
        f"agent     {fetcher.client.agent}",
    ]


def _links(given: argparse.Namespace) -> "list[Link]":
    from itertools import islice

    from corpus.fetching.links import read_links

    links = list(islice(read_links(Path(given.links)), given.most_links))
    if not links:
        raise CorpusloomError(f"--links {given.links} holds no link", ExitCode.USELESS)
    return links


def _lines(counts: "Counts") -> list[str]:
    reasons = sorted(counts.reasons.items(), key=lambda each: (-each[1], each[0]))
    return [
        f"links     {counts.received:,} = {counts.kept:,} pages stored + {counts.rejected:,} without",
        *(f"          {number:>9,}  {reason}" for reason, number in reasons),
    ]


def _check_folder(folder: Path) -> None:
    """Refuse a folder in which somebody else keeps something."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names and ".journal" not in names and (others := sorted(names - {".lock"})):
        message = f"--output {folder} holds {others[0]} and nothing that this command made; choose an empty folder"
        raise CorpusloomError(message, ExitCode.FLAGS)


def _port(text: str) -> int:
    from corpus.fetching.targets import REFUSED_PORTS

    port = WholeNumber(1, 65535)(text)
    if port in REFUSED_PORTS:
        raise argparse.ArgumentTypeError(f"{port} is the port of another service, not of web pages")
    return port


if __name__ == "__main__":
    sys.exit(main())
