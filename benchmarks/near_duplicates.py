"""Near duplicates against known pairs: how many does our MinHash find, and how many does it invent?

    python -m benchmarks.near_duplicates --data ../shared/data/neardup

Two sets of real texts: a thousand articles with planted pairs, and originals with edited variants whose Jaccard
similarity of 5-word shingles is known. For the variants, the share found is set beside the share that the curve of
the bands promises at that similarity; pairs below `min_similarity` are not meant to be found.
"""

import argparse
import gzip
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np

from corpus.dedup.clusters import similar_pairs
from corpus.dedup.minhash import MinHash, band_hashes, signature, similarity
from corpus.readers.lines import Line, read_lines

EDGES = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.01)


def found_pairs(texts: dict[str, str], config: MinHash) -> set[frozenset[str]]:
    """All verified pairs of a set of texts, by id."""
    ids = list(texts)
    signatures = np.stack([signature(texts[name], config) for name in ids])
    hashes = band_hashes(signatures, config)

    def alike(document: int, others: np.ndarray) -> np.ndarray:
        return similarity(signatures[document], signatures[others])

    numbers = np.arange(len(ids))
    bands = (similar_pairs(hashes[:, band], numbers, alike, config.min_similarity) for band in range(config.bands))
    return {frozenset((ids[one], ids[other])) for band in bands for one, other in band}


def planted(folder: Path, config: MinHash) -> str:
    """The articles with planted pairs."""
    with gzip.open(folder / "mccormick_articles_1000.train.gz", "rt", encoding="utf-8") as file:
        texts = dict(line.rstrip("\n").split(" ", 1) for line in file)
    truth = {frozenset(line.split()) for line in (folder / "mccormick_articles_1000.truth").read_text().splitlines()}
    found = found_pairs(texts, config)
    return f"{len(texts)} articles: {len(found & truth)} of {len(truth)} planted pairs, {len(found - truth)} others"


def edited(folder: Path, config: MinHash) -> list[str]:
    """The edited variants, by their true similarity."""
    lines = read_lines(folder / "edits_docs.jsonl.zst")
    records = [json.loads(line.data) for line in lines if isinstance(line, Line)]
    found = found_pairs({record["id"]: record["text"] for record in records}, config)
    pairs = [json.loads(line) for line in (folder / "edits_pairs.jsonl").read_text().splitlines()]
    table = ["Jaccard     pairs  found  the curve promises"]
    for low, high in pairwise(EDGES):
        inside = [pair for pair in pairs if low <= pair["jaccard_5word"] < high]
        if inside:
            share = sum(frozenset((pair["a"], pair["b"])) in found for pair in inside) / len(inside)
            promised = sum(_promised(pair["jaccard_5word"], config) for pair in inside) / len(inside)
            table.append(f"{low:.2f}-{min(high, 1):.2f}  {len(inside):>6}  {share:>5.2f}  {promised:>18.2f}")
    known = {frozenset((pair["a"], pair["b"])) for pair in pairs}
    table.append(f"pairs found that are no known variants: {len(found - known)}")
    return table


def _promised(value: float, config: MinHash) -> float:
    """A shared band, and an estimate of at least `min_similarity` (normal approximation)."""
    error = math.sqrt(max(value * (1 - value), 1e-9) / config.minima)
    passes = 0.5 * (1 + math.erf((value - config.min_similarity) / error / math.sqrt(2)))
    return config.candidate_probability(value) * passes


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_duplicates", description="MinHash on known pairs.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the known pairs")
    folder = parser.parse_args().data
    config = MinHash()
    print(planted(folder, config))
    print("\n".join(edited(folder, config)))


if __name__ == "__main__":
    main()
