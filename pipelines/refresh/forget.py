"""Forgetting on demand: what is asked for becomes tombstones, a release without it is made, older ones are purged.

The release has the inputs of the current one and nothing new: somebody who wants a page gone does not want a refresh.
Gates are not asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from corpus.errors import CorpusloomError, ExitCode
from corpus.releases.matches import corpora_of, find, own_pieces
from corpus.releases.search import Needles
from corpus.releases.tombstones import Tombstones, tombstones_for
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.purging import purge, read_ids
from pipelines.refresh.redaction import root_tables
from pipelines.refresh.snapshots import NEW, TAKEN
from pipelines.refresh.working import Working


@dataclass(frozen=True)
class Forgotten:
    """What was done, for people; what was asked for and matches nothing; what to search for."""

    lines: list[str]
    missed: list[str]
    needles: Needles


def ask(domains: Sequence[str], urls: Sequence[str], ids: str) -> Tombstones:
    """What the flags ask for; `CorpusloomError` (2) where they ask for nothing."""
    asked = tombstones_for(domains, urls, read_ids(ids) if ids else ())
    if not asked:
        raise CorpusloomError("forget: give --domain, --url or --ids FILE", ExitCode.FLAGS)
    return asked


def forget_now(corpus: MaintainedCorpus, asked: Tombstones, copies: bool) -> Forgotten:
    """Do it; the caller is the writer."""
    current = corpus.releases.current
    if current is None:
        corpus.state.bury(corpus.state.tombstones() | asked)
        return Forgotten(["there is no release yet; the tombstones stand"], [], Needles.of(asked, frozenset()))
    # New files stay out of this release, and are new to the next refresh: this `held` is not written down.
    inputs = [replace(each, state="held") if each.state == NEW else each for each in corpus.inputs()]
    working = Working(corpus.definition, inputs)
    corpora = corpora_of(corpus.releases.folder(current))
    found = find(asked, corpora, copies)
    needles = Needles.of(found.tombstones, own_pieces(found, corpora), filter(None, found.documents.values()))
    for build in working.builds.values():  # links below the least karma, say, stand in no release
        for table in root_tables(build):
            found.look_beside(table)
    known = corpus.state.tombstones()
    # Forgotten before, and so in no release any more: that is no miss.
    missed = [name for name in found.missed if name not in {*known.domains, *known.urls, *known.ids}]
    corpus.state.bury(known | found.tombstones)
    release = corpus.rebuild(working, [each for each in inputs if each.state == TAKEN or each.name])
    lines = [f"forgotten {len(found.documents):,} documents, and {len(found.copies):,} copies of their texts elsewhere"]
    lines += [f"copy      {url or identity}" for identity, url in sorted(found.copies.items())]
    lines += [f"release   {release.release} has none of it" if release else "release   the current one has none of it"]
    lines += purge(corpus.releases, corpus.state, corpus.definition.retention.forgotten)
    return Forgotten(lines, missed, needles)
