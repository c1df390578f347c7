"""From documents to the corpus: signatures, duplicates, the final parts. The same for every source.

The stage `documents` has left kept and rejected parts; here documents are told apart by duplicates, and each
part becomes one kept and one rejected part of the corpus.
"""

from typing import Any

from corpus.dedup.minhash import MinHash
from corpus.files.manifest import MANIFEST, Counts
from pipelines.builds.usefulness import need_some
from pipelines.runtime import band_shuffle
from pipelines.runtime.stage import Unit, complete_manifest
from pipelines.runtime.stages import Stages
from pipelines.work import documents, duplicates


def select(stages: Stages, near: MinHash, damage: dict[str, str]) -> None:
    """Run all stages after `documents`; `damage` maps stages to their folders of quarantined rows."""
    units = [Unit({"kept": run["kept"]}, run["kept"], max(run["documents"], 1)) for run in _runs(stages)]
    work = documents.SignDocuments(near)
    stages.map("signatures", (documents.SIGNATURES,), units, work, after=("documents",), near=repr(near))
    _find_duplicates(stages, near)
    _write_corpus(stages)
    damaged = [path for name, folder in damage.items() for path in stages.paths(name, folder)]
    unit = Unit({"parts": damaged}, "quarantined")
    stages.map("damage", (duplicates.QUARANTINED,), [unit], duplicates.GatherDamage(), after=tuple(damage))


def need_kept(stages: Stages) -> None:
    """`CorpusloomError` (4) where every document was rejected."""
    names = ("documents", "exact", "clusters")
    counts = [Counts.from_json(stages.manifests[name]["counts"]) for name in names]
    of = sum(counts[1:], counts[0])
    sentence = f"none of {counts[0].came:,} documents was kept (see {stages.root / duplicates.REJECTED})"
    need_some(counts[-1].kept, of, sentence)


def _runs(stages: Stages) -> list[dict[str, Any]]:
    """The runs of documents that `documents` has left: a kept and a rejected part each."""
    return [run for fact in stages.facts("documents") for run in fact["runs"]]


def _signed(stages: Stages) -> list[dict[str, Any]]:
    return sorted(stages.facts("signatures"), key=lambda fact: fact["signatures"])


def _find_duplicates(stages: Stages, near: MinHash) -> None:
    """Signatures → verdicts. The bands of all documents are the one thing that crosses a shuffle."""
    files = [fact["signatures"] for fact in _signed(stages)]
    unit = Unit({"parts": files}, "exact")
    stages.map("exact", (duplicates.ORDER,), [unit], duplicates.OrderDocuments(), after=("signatures",))
    order = stages.paths("exact", duplicates.ORDER)[0]
    stage = stages.stage("near", (band_shuffle.PAIRS,), ("signatures", "exact"), {"near": repr(near)})
    units = [Unit({"band": band, "order": order}, f"band {band}") for band in range(near.bands)]
    listed = band_shuffle.Listed(str(stages.root), str(stage.pending), order, near)
    parts = list(enumerate(files))
    stages.shuffle(stage, units, parts, lambda tasks: band_shuffle.BandShuffle(listed, tasks))
    pairs = stages.paths("near", band_shuffle.PAIRS)
    unit = Unit({"order": order, "signatures": files, "pairs": pairs}, "clusters")
    after = ("signatures", "exact", "near")
    work = duplicates.DecideClusters(near)
    stages.map("clusters", (duplicates.VERDICTS,), [unit], work, after=after, near=repr(near))


def _write_corpus(stages: Stages) -> None:
    """Verdicts → `kept/` and `rejected/`. The manifest of the whole goes first: half a corpus must not look whole."""
    verdicts = stages.paths("clusters", duplicates.VERDICTS)[0]
    rejected = {run["kept"]: run["rejected"] for run in _runs(stages)}
    units, start = [], 0
    for fact in _signed(stages):
        payload = {"kept": fact["kept"], "rejected": rejected[fact["kept"]], "verdicts": verdicts, "start": start}
        units.append(Unit(payload, fact["kept"], max(fact["documents"], 1)))
        start += fact["documents"]
    owned, after = (duplicates.KEPT, duplicates.REJECTED), ("documents", "clusters")
    stage = stages.stage("selected", owned, after, {})
    if complete_manifest(stage, [stage.task(unit) for unit in units]) is None:
        (stages.root / MANIFEST).unlink(missing_ok=True)
    stages.map("selected", owned, units, duplicates.SelectDocuments(), after=after)
