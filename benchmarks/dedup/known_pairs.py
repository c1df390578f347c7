"""Known pairs: how many does our MinHash find, how many does it invent, and who is removed?

Three sets of real texts: a thousand articles with planted pairs, originals with edited variants, and the pages of a
crawl file as a build without rules extracts them. The truth is brute force: the Jaccard similarity of the sets of
5-word shingles, for every two documents. A pair is right from .8 on and wrong below .6; those between are near the
threshold, where the estimate decides, and are counted apart.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.dedup.whole import verdicts
from corpus.dedup.evaluation import KnownPair, found_pairs, promised, table
from corpus.dedup.minhash import MinHash, shingles
from corpus.files.manifest import open_published, read_manifest
from corpus.readers.lines import Line, read_lines

RIGHT, WRONG = 0.8, 0.6
Pair = frozenset[str]


def known_pairs(data: Path, scratch: Path) -> list[str]:
    """The lines of all three sets."""
    config, lines = MinHash(), list[str]()
    articles, planted = _articles(data / "neardup")
    edits, named = _edits(data / "neardup")
    for name, texts in (("articles", articles), ("edits", edits), ("pages", _pages(data / "pages", scratch))):
        near, truth = found_pairs(texts, config), similarities(texts, config)
        lines += scored(name, texts, near, truth)
        lines += removed(texts, truth, config, scratch / name)
        if name == "articles":
            lines.append(f"  planted: {len(near & planted)} of {len(planted)} found, {len(near - planted)} others")
        if name == "edits":
            pairs = [KnownPair(one, other, truth.get(frozenset((one, other)), 0.0)) for one, other in named]
            lines += [f"  {line}" for line in table(pairs, near, config)]
    return lines


def scored(name: str, texts: Mapping[str, str], near: set[Pair], truth: Mapping[Pair, float]) -> list[str]:
    """Found pairs at a true Jaccard of `RIGHT`, beside what the curve promises, and their precision."""
    similar = {pair for pair, value in truth.items() if value >= RIGHT}
    right, wrong = len(near & similar), sum(truth.get(pair, 0.0) < WRONG for pair in near)
    between = len(near) - right - wrong
    precision = right / max(right + wrong, 1)
    promise = sum(promised(truth[pair], MinHash()) for pair in similar)
    return [
        f"{name}: {len(texts):,} texts, {len(similar):,} pairs of Jaccard {RIGHT} and more: {right:,} found "
        f"by a band ({promise:,.1f} by the curve), {wrong} below {WRONG} (P {precision:.4f}), {between:,} between"
    ]


def removed(texts: Mapping[str, str], truth: Mapping[Pair, float], config: MinHash, folder: Path) -> list[str]:
    """Who leaves by the stages of a build, held against the truth."""
    folder.mkdir(parents=True)
    found = {name: verdict for name, verdict in verdicts(texts, config, folder).items() if verdict[0]}
    near = {name: other for name, (rule, other) in found.items() if rule == "duplicates.near"}
    far = [truth.get(frozenset((name, other)), 0.0) for name, other in near.items()]
    similar = [pair for pair, value in truth.items() if value >= RIGHT]
    both = sum(not pair & found.keys() for pair in similar)
    return [
        f"  removed: {len(found) - len(near)} copies, {len(near)} near duplicates, "
        f"{sum(value < WRONG for value in far)} of them below {WRONG} (least {min(far, default=1):.3f}); of the "
        f"pairs of {RIGHT} and more both stay in {both} (R {1 - both / max(len(similar), 1):.4f})"
    ]


def similarities(texts: Mapping[str, str], config: MinHash, least: float = 0.3) -> dict[Pair, float]:
    """The true Jaccard similarity of every two texts that have at least `least`: all products of a sparse matrix."""
    from scipy.sparse import csr_matrix

    names, sets = list(texts), [shingles(text, config) for text in texts.values()]
    _, columns = np.unique(np.concatenate(sets), return_inverse=True)
    sizes = np.array([len(some) for some in sets])
    shape = (len(sets), int(columns.max()) + 1)
    matrix = csr_matrix((np.ones(len(columns), np.int64), columns, np.r_[0, np.cumsum(sizes)]), shape)
    found: dict[Pair, float] = {}
    for start in range(0, len(sets), 500):
        shared = (matrix[start : start + 500] @ matrix.T).tocoo()
        one, other = shared.row + start, shared.col
        value = shared.data / (sizes[one] + sizes[other] - shared.data)
        for place in np.flatnonzero((value >= least) & (one < other)):
            found[frozenset((names[one[place]], names[other[place]]))] = float(value[place])
    return found


def _articles(folder: Path) -> tuple[dict[str, str], set[Pair]]:
    with gzip.open(folder / "mccormick_articles_1000.train.gz", "rt", encoding="utf-8") as file:
        texts = dict(line.rstrip("\n").split(" ", 1) for line in file)
    truth = (folder / "mccormick_articles_1000.truth").read_text().splitlines()
    return texts, {frozenset(line.split()) for line in truth}


def _edits(folder: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    lines = read_lines(folder / "edits_docs.jsonl.zst")
    records = [json.loads(line.data) for line in lines if isinstance(line, Line)]
    named = [json.loads(line) for line in (folder / "edits_pairs.jsonl").read_text().splitlines()]
    return {record["id"]: record["text"] for record in records}, [(pair["a"], pair["b"]) for pair in named]


def _pages(folder: Path, scratch: Path) -> dict[str, str]:
    """The texts of all pages that a build without rules judges, kept or left as duplicates."""
    from pipelines.build_commoncrawl import main

    output = scratch / "corpus"
    flags = ["--pages", str(folder / "pages.warc.gz"), "--recipe", "unfiltered", "--direct_num_workers=1"]
    if main([*flags, "--output", str(output)]):
        raise SystemExit("the build of the pages failed")
    texts: dict[str, str] = {}
    for part in read_manifest(output)["parts"]:
        kind = part["path"].partition("/")[0]
        if kind in ("kept", "rejected"):
            rows = open_published(output / part["path"]).read().to_pylist()
            some = (row for row in rows if kind == "kept" or row["step"] == "duplicates")
            texts.update({f"{row['id']} {row['date']}": row["text"] for row in some})
    return texts
