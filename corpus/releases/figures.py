"""The figures of a release that gates look at and people compare: from manifests, footers and two columns.

`languages` and `scores` are distributions; how far one has moved is the population stability index of scorecards,
PSI = Σ (p − q) · ln(p / q) over the bins of the new (p) and the old (q) one. Below 0.1 nothing happened, above 0.25 it
is another population (Siddiqi 2006, Credit Risk Scorecards, §8). Example: q = (½, ½), p = (¾, ¼):
¼ · ln 1.5 − ¼ · ln 0.5 = 0.101 + 0.173 = 0.275.
"""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from corpus.files.manifest import open_published, read_manifest
from corpus.pages.figures import score_bin
from corpus.shards.layout import SHARD_MANIFEST, read_shard_manifest

CORPORA, SHARDS, TOKENIZER = "corpora", "shards", "tokenizer"
SCORE_COLUMN, SCORE_BINS = "quality_score", 10
# A bin that holds nobody counts as this share, so that its logarithm is a number.
_LEAST_SHARE = 1e-4


class SourceFigures(TypedDict, total=False):
    """What is known of a source: the first of its corpus, the rest of its shards."""

    documents: int
    kept_documents: int
    kept_rate: float
    duplicate_rate: float
    languages: dict[str, int]
    scores: dict[str, int]
    tokens: int
    tokens_a_document: float
    bytes_a_token: float


def figures_of(folder: Path) -> dict[str, SourceFigures]:
    """Source → its figures: documents, shares, tokens per document, bytes per token, and distributions as counts."""
    found = {source.name: figures_of_corpus(source) for source in sorted((folder / CORPORA).iterdir())}
    if (folder / SHARDS / SHARD_MANIFEST).is_file():
        for name, more in figures_of_shards(folder / SHARDS).items():
            found[name] = {**found.get(name, {}), **more}
    return found


def figures_of_corpus(folder: Path) -> SourceFigures:
    """The figures of one finished corpus."""
    manifest = read_manifest(folder)
    total = manifest["counts"]["corpus"]
    duplicates = sum(count for why, count in total["reasons"].items() if why.startswith("duplicates."))
    languages, scores = _columns(folder, manifest)
    return {
        "documents": total["in"],
        "kept_documents": total["kept"],
        "kept_rate": _ratio(total["kept"], total["in"]),
        "duplicate_rate": _ratio(duplicates, duplicates + total["kept"]),
        "languages": dict(sorted(languages.items())),
        "scores": dict(sorted(scores.items())),
    }


def figures_of_shards(folder: Path) -> dict[str, SourceFigures]:
    """Source → tokens, tokens per document and bytes per token, over all splits."""
    sums: dict[str, Counter[str]] = {}
    for source in read_shard_manifest(folder).sources:
        counted = {"tokens": source.n_tokens, "documents": source.n_docs, "bytes": source.n_bytes}
        sums.setdefault(source.name, Counter()).update(counted)
    return {
        name: {
            "tokens": total["tokens"],
            "tokens_a_document": _ratio(total["tokens"], total["documents"]),
            "bytes_a_token": _ratio(total["bytes"], total["tokens"]),
        }
        for name, total in sums.items()
    }


def stability(new: Mapping[str, int], old: Mapping[str, int]) -> float:
    """The population stability index of two distributions given as counts; 0 where one of them is empty."""
    if not (new and old):
        return 0.0
    all_new, all_old = sum(new.values()), sum(old.values())
    index = 0.0
    for name in sorted({*new, *old}):
        p = max(new.get(name, 0) / all_new, _LEAST_SHARE)
        q = max(old.get(name, 0) / all_old, _LEAST_SHARE)
        index += (p - q) * math.log(p / q)
    return index


def _columns(folder: Path, manifest: Mapping[str, Any]) -> tuple[Counter[str], Counter[str]]:
    languages, scores = Counter[str](), Counter[str]()
    for part in manifest["parts"]:
        if not part["path"].startswith("kept/"):
            continue
        file = open_published(folder / part["path"])
        names = [name for name in ("language", SCORE_COLUMN) if name in file.schema_arrow.names]
        for batch in file.iter_batches(columns=names):
            rows = {name: batch[name].to_pylist() for name in names}
            languages.update(filter(None, rows.get("language", ())))
            known = (score for score in rows.get(SCORE_COLUMN, ()) if score is not None)
            # .93 counts to "0.9"; a score of 1.0 too.
            scores.update(f"{score_bin(score, SCORE_BINS) / SCORE_BINS:.1f}" for score in known)
    return languages, scores


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0
