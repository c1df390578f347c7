"""The status page: what is current, what runs and when, every release with what it changed, what was set aside.

Made like the report of a build: every string is made visible and escaped, no script, nothing from outside.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from corpus.pages.environment import environment
from corpus.releases.layout import shared_bytes
from corpus.releases.manifest import Release
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.snapshots import TAKEN

_TEMPLATES = Path(__file__).parent
_MOST_RELEASES, _MOST_ASIDE = 50, 100


@dataclass
class RefreshSchedule:
    """When a refresh is due, and how the last one ended; times in seconds since 1970, 0 for never."""

    due: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    code: int | None = None
    said: str = ""


@dataclass(frozen=True)
class Row:
    """A release in the table."""

    number: int
    made: str
    when: str
    documents: int
    tokens: int
    change: int | None
    bytes: int
    shared: int
    sources: tuple[str, ...]


def page(corpus: MaintainedCorpus, schedule: RefreshSchedule, running: bool) -> str:
    """The page as HTML."""
    releases = [corpus.releases.read(number) for number in corpus.releases.numbers()[-_MOST_RELEASES:]]
    aside = [each for each in corpus.state.seen() if each.state != TAKEN]
    times = {event.release: event.time for event in corpus.state.history() if event.made != "checked"}
    values: dict[str, object] = {
        "name": corpus.root.name,
        "current": corpus.releases.current,
        "rows": _rows(corpus, releases, times)[::-1],
        "aside": aside[:_MOST_ASIDE],
        "states": sorted(Counter(each.state for each in corpus.state.seen()).items()),
        "tombstones": len(corpus.state.tombstones()),
        "due": _time(schedule.due),
        "began": _time(schedule.began),
        "ended": _time(schedule.ended),
        "schedule": schedule,
        "running": running,
    }
    return environment(_TEMPLATES).get_template("status.html.j2").render(**values)


def _rows(corpus: MaintainedCorpus, releases: list[Release], times: dict[int, float]) -> list[Row]:
    rows: list[Row] = []
    for number, release in enumerate(releases):
        # What the release before holds too is stored once: hard links.
        before = [corpus.releases.folder(releases[number - 1].release)] if number else []
        size, shared = shared_bytes(corpus.releases.folder(release.release), before)
        documents = sum(entry.documents for entry in release.sources.values())
        rows.append(
            Row(
                number=release.release,
                made=release.made if release.of is None else f"{release.made} to {release.of}",
                when=_time(times.get(release.release, 0.0)),
                documents=documents,
                tokens=sum(figures.get("tokens", 0) for figures in release.figures.values()),
                change=documents - rows[-1].documents if rows else None,
                bytes=size,
                shared=shared,
                sources=tuple(sorted(release.sources)),
            )
        )
    return rows


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC" if seconds else ""
