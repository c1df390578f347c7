"""Corpora of a few short documents, written as a build leaves them: prose of ours against what a shop's page holds."""

from dataclasses import asdict

import numpy as np

from corpus.document import Document
from corpus.files.manifest import MANIFEST, write_manifest, write_parquet
from corpus.hashing import digest
from corpus.schema import KEPT_SCHEMA, kept_row

PROSE = (
    "the river ran slowly past the old mill while two children watched a heron from the bridge",
    "after the war she returned to the village and found that nobody remembered her father",
    "a good carpenter measures the board twice because wood cannot be made longer again",
    "we walked along the coast until the light was gone and the gulls had fallen silent",
    "he had read the letter many times, and still he did not know what it asked of him",
    "in winter the road over the pass is closed, so the valley lives by what it has stored",
)
SHOP = (
    "add to cart free shipping over 50 sale ends today",
    "sign in register forgot password cookie policy accept all",
    "sort by price low to high show 24 per page next page",
    "home products contact about us follow us share tweet",
    "buy now in stock only 3 left ratings 4 5 write a review",
    "copyright 2019 all rights reserved terms privacy sitemap",
)


def text_of(sentences, number, count=12):
    """A text of some of the sentences, another one for each number."""
    order = np.random.default_rng(number).choice(sentences, count)
    return ". ".join(f"{sentence} {number % 7}" for sentence in order)


def documents(source, sentences, count, first=0):
    """Documents of as many domains."""
    return [
        Document(f"{source}/{digest(source, str(number))}", "", text_of(sentences, number),
                 canonical_url=f"http://{source}{number}.example/", domain=f"{source}{number}.example", source=source)
        for number in range(first, first + count)
    ]  # fmt: skip


def write_corpus(folder, found):
    """A finished corpus of some documents, in two parts."""
    half = len(found) // 2
    parts = [
        write_parquet(folder / "kept" / f"part-{name}.parquet", folder, KEPT_SCHEMA, map(kept_row, part))
        for name, part in (("a", found[:half]), ("b", found[half:]))
        if part
    ]
    write_manifest(folder / MANIFEST, {"parts": [asdict(part) for part in parts]})
    return str(folder)
