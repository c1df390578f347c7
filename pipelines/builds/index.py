"""An index of finished corpora: the build of a layer, and the decider of `--index`.

kept parts → signatures → entries → published                                 build_index --output INDEX/NAME
judged → earlier_own ──┬── earlier_bands → earlier_requests → earlier_pairs → earlier        --index INDEX
INDEX → earlier_index ─┘
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser
from corpus.dedup.index import layer_folders, read_layer
from corpus.dedup.minhash import MinHash
from corpus.errors import CorpusloomError
from corpus.files.corpora import corpora_read, kept_parts
from corpus.files.manifest import MANIFEST, read_manifest
from corpus.files.storage import place, read
from corpus.hashing import digest
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.builds.corpus import Decider, MakeDecider, grouped
from pipelines.builds.duplicates import NEEDS, room_for
from pipelines.cli.command import settings_of
from pipelines.cli.memory import share_memory
from pipelines.cli.replacement import INDEX, Output
from pipelines.runtime.stage import Stage
from pipelines.work.against import KnownPart
from pipelines.work.comparisons import CountLeft, left_out
from pipelines.work.earlier import AskEarlier, CompareEarlier, DecideEarlier, FindEarlier, LayerToList, ListLayer
from pipelines.work.grouping import GROUP_BYTES
from pipelines.work.indexing import PublishLayer, SignLayer, SortEntries, whole_layer
from pipelines.work.judging import JudgedFacts
from pipelines.work.publish import FunnelStep
from pipelines.work.signatures import SignDocuments
from pipelines.work.verdicts import VERDICTS_PER_PART, DecidedFacts, candidates

DOCUMENTS_PER_WORKER = 10_000


def know_earlier(index: str, near: MinHash, group_bytes: int = GROUP_BYTES) -> MakeDecider:
    """The decider against an index; `CorpusloomError` for one that cannot be compared with, or is not finished."""
    folders = layer_folders(index)
    # Read here, before the first byte is written, and again by the stage `earlier_index`: paths travel, not contents.
    for folder in folders:
        read_layer(folder, near, VERDICTS_PER_PART)
    layers = [LayerToList(each.name, digest(read(each / MANIFEST)), str(each)) for each in folders]
    return partial(_earlier, layers, near, group_bytes)


def _earlier(
    layers: list[LayerToList],
    near: MinHash,
    group_bytes: int,
    judged: Stage[Any, JudgedFacts],
    earlier: tuple[Stage[Any, DecidedFacts], ...],
) -> Decider:
    own = Stage("earlier_own", SignDocuments(near), plan=candidates, reads=(judged, *earlier), units_per_worker=10_000)
    # A layer of the index -> where its files lie; nothing is read of them yet
    known = Stage("earlier_index", ListLayer(near), plan=partial(list, layers))
    # Our hashes of a range, looked up in the layers -> sets with documents of both
    bands = grouped("earlier_bands", FindEarlier(near, group_bytes=group_bytes), own, known)
    # What is wanted, by run, of ours and of the layers
    requests = grouped("earlier_requests", AskEarlier(), own, known, bands)
    # Those who are asked for, by set -> for each of ours the one it leaves for
    pairs = grouped("earlier_pairs", CompareEarlier(near, group_bytes=group_bytes), own, known, requests)
    # Matches by run of ours -> verdicts
    decided = grouped("earlier", DecideEarlier(near), own, known, pairs)
    about = "Documents; kept are those that no earlier snapshot has, nor one close to them (--index)."
    left = Stage("earlier_comparisons", CountLeft(), plan=left_out, reads=(bands, pairs))
    return Decider(decided, ((decided, FunnelStep("earlier", "earlier_snapshots", about)),), left)


def layer_stages(parts: list[KnownPart], near: MinHash, source: str, corpus: str, group_bytes: int) -> Stage[Any, Any]:
    """The last stage of a layer of the kept parts of a corpus."""
    # A kept part -> a row of keys and minima per document
    signed = Stage(
        "signatures",
        SignLayer(near),
        plan=partial(list, parts),
        writes=("signatures",),
        units_per_worker=DOCUMENTS_PER_WORKER,
    )
    # (hash, document) of a range of hashes -> a sorted file
    entries = grouped("entries", SortEntries(near, group_bytes=group_bytes), signed, writes=("entries",))
    return Stage("published", PublishLayer(near, source, corpus), plan=whole_layer, reads=(signed, entries))


def index_layer(ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> Build:
    """The build that the flags ask for; everything that can be checked is checked before the first byte is written."""
    found = kept_parts(given.corpus)
    manifest = read_manifest(place(given.corpus))
    if "near_duplicates" not in manifest.get("recipe", {}):
        raise CorpusloomError(f"{given.corpus} is no corpus that was deduplicated here; build it with one of build_…")
    near = MinHash(**manifest["recipe"]["near_duplicates"])
    documents = sum(part.rows for part in found)
    memory, beam_flags = share_memory(given.memory_mb, beam_flags, NEEDS)
    parts = [KnownPart(0, part.digest, part.rows, part.file) for part in found]
    last = layer_stages(parts, near, manifest["source"], given.corpus, room_for(memory, 0).group_bytes)
    settings = settings_of(ours, given, {"--corpus": corpora_read({"corpus": given.corpus})})
    # Per document: a signature (4 bytes a minimum), about 116 bytes of keys, id and date, and entries of 16 bytes: one
    # for each band, one for its page and one for its text.
    size = documents * (4 * near.minima + 116 + 16 * (near.bands + 2))
    return Build(
        last=last,
        output=Output(place(given.output), INDEX, given.replace, settings, closure_of_stages(last)),
        beam_flags=beam_flags,
        summary=partial(_summary, documents),
        workers=workers_for([(documents, DOCUMENTS_PER_WORKER)]),
        disk=2 * size,
        lines=lambda: [f"corpus    {given.corpus}: {documents:,} kept documents", memory.line()],
    )


def _summary(documents: int, root: Path) -> list[str]:
    """What is said at the end."""
    return [f"index     {root.parent}: {root.name} has {documents:,} documents; builders take --index {root.parent}"]
