"""Known pairs: how many does our MinHash find, and how many does it invent?

Two sets of real texts: a thousand articles with planted pairs, and originals with edited variants whose Jaccard
similarity of 5-word shingles is known.
"""

import gzip
import json
from pathlib import Path

from corpus.dedup.evaluation import KnownPair, found_pairs, table
from corpus.dedup.minhash import MinHash, shingles
from corpus.readers.lines import Line, read_lines


def find_planted(folder: Path, config: MinHash) -> str:
    """The articles with planted pairs."""
    with gzip.open(folder / "mccormick_articles_1000.train.gz", "rt", encoding="utf-8") as file:
        texts = dict(line.rstrip("\n").split(" ", 1) for line in file)
    truth = {frozenset(line.split()) for line in (folder / "mccormick_articles_1000.truth").read_text().splitlines()}
    found = found_pairs(texts, config)
    return f"{len(texts)} articles: {len(found & truth)} of {len(truth)} planted pairs, {len(found - truth)} others"


def find_edited(folder: Path, config: MinHash) -> list[str]:
    """The edited variants, by the similarity of our own shingles."""
    lines = read_lines(folder / "edits_docs.jsonl.zst")
    records = [json.loads(line.data) for line in lines if isinstance(line, Line)]
    texts = {record["id"]: record["text"] for record in records}
    sets = {name: set(shingles(text, config).tolist()) for name, text in texts.items()}
    named = [json.loads(line) for line in (folder / "edits_pairs.jsonl").read_text().splitlines()]
    known = [KnownPair(pair["a"], pair["b"], _jaccard(sets[pair["a"]], sets[pair["b"]])) for pair in named]
    found = found_pairs(texts, config)
    others = found - {frozenset((pair.one, pair.other)) for pair in known}
    far = [pair for pair in known if pair.similarity < 0.6 and frozenset((pair.one, pair.other)) in found]
    similar = [pair for pair in known if pair.similarity >= 0.8]
    hits = sum(frozenset((pair.one, pair.other)) in found for pair in similar)
    wrong = sum(min(_jaccard(*(sets[name] for name in pair)), 1) < 0.6 for pair in others)
    return [
        *table(known, found, config),
        f"recall at true Jaccard >= .8: {hits} of {len(similar)}; found below .6: {len(far)} of the known, {wrong} of "
        f"{len(others)} pairs that nobody planted",
    ]


def _jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / max(len(one | other), 1)


def known_pairs(data: Path) -> list[str]:
    """Both tables."""
    config = MinHash()
    return [find_planted(data / "neardup", config), *find_edited(data / "neardup", config)]
