"""Others that make signatures and find near duplicates, each from the same texts, with its own shingles.

All make 112 minima over 5-word shingles. A peer that is not installed is named and left out: rensa is no part of any
installation of ours (`pip install rensa`), datasketch and datatrove are of `[dev]`.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from corpus.dedup.minhash import MinHash, signatures

CONFIG = MinHash()
Signer = Callable[[Sequence[str]], object]


def ours(texts: Sequence[str]) -> object:
    """From strings, with their way into an Arrow column."""
    return signatures(pa.array(texts, pa.large_string()), CONFIG)


def rensa(texts: Sequence[str]) -> object:
    """Its batch function on sets of shingles, as its page has it."""
    from rensa import RMinHash  # type: ignore[import-not-found]

    return RMinHash.digest_matrix_from_token_sets([_shingles(text) for text in texts], num_perm=112, seed=1)


def datasketch(texts: Sequence[str]) -> object:
    """Its batch function."""
    from datasketch import MinHash as Theirs

    return Theirs.bulk(([shingle.encode() for shingle in _shingles(text)] for text in texts), num_perm=112)


def datatrove(texts: Sequence[str]) -> object:
    """The first stage of its four, without reading and writing; with sha1, as FineWeb, since its default hash does not
    take strings from every xxhash.
    """
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig

    stage = MinhashDedupSignature("/tmp", config=MinhashConfig(hash_config=HashConfig(hash_fc="sha1")))
    return [stage.get_signature(shingles) if len(shingles := stage.get_shingles(text)) else None for text in texts]


def _shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[start : start + 5]) for start in range(max(len(words) - 4, 1))]


# Each with the share of the texts that it is given: a slow one need not sign them all.
SIGNERS: dict[str, tuple[Signer, int]] = {
    "ours": (ours, 1),
    "rensa": (rensa, 3),
    "datasketch": (datasketch, 6),
    "datatrove": (datatrove, 30),
}


def signing(texts: Sequence[str], turns: int) -> list[str]:
    """Signatures for each second of one core; the best of some turns, in which all take part."""
    best: dict[str, float] = {}
    for _ in range(turns):
        for name, (signer, divisor) in SIGNERS.items():
            some = texts[: max(len(texts) // divisor, 1)]
            try:
                signer(some[:2])
                began = time.process_time()
                signer(some)
            except ImportError:
                continue
            best[name] = max(best.get(name, 0), sum(map(len, some)) / (time.process_time() - began))
    size = sum(map(len, texts)) / len(texts)
    lines = [f"signatures of {len(texts):,} texts of {size:,.0f} characters, 112 minima, 5-word shingles, one core"]
    for name in SIGNERS:
        if name in best:
            ratio = best["ours"] / best[name]
            rate = best[name] / size
            lines.append(f"  {name:<11} {rate:>9,.0f} a second  {best[name] / 1e6:>7.1f} MB/s  ours is {ratio:>6.1f} x")
        else:
            lines.append(f"  {name:<11} not installed")
    return lines


def real_texts(data: Path) -> list[str]:
    """Blog posts, articles and edited articles: real texts of some kilobytes."""
    import gzip
    import json

    from corpus.readers.lines import Line, read_lines

    found = []
    for name in ("text/usgov_blogs.jsonl.zst", "neardup/edits_docs.jsonl.zst"):
        found += [json.loads(line.data)["text"] for line in read_lines(data / name) if isinstance(line, Line)]
    with gzip.open(data / "neardup" / "mccormick_articles_1000.train.gz", "rt", encoding="utf-8") as file:
        found += [line.rstrip("\n").split(" ", 1)[1] for line in file]
    return found
