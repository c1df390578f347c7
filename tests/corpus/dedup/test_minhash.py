"""MinHash against what it estimates: the exact Jaccard similarity, the S-curve, and datasketch's estimate."""

import random

import numpy as np
import pytest

from corpus.dedup.minhash import MinHash, band_hashes, shingles, signature, similarity

CONFIG = MinHash()


def jaccard(one, other):
    a, b = (set(shingles(text, CONFIG.shingle_words).tolist()) for text in (one, other))
    return len(a & b) / len(a | b)


def edited(words, share, rng):
    return [rng.choice(words) + "x" if rng.random() < share else word for word in words]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.06, 0.1, 0.3])
def test_the_estimate_is_within_four_standard_errors(share):
    rng = random.Random(int(share * 1000))
    words = [f"w{rng.randrange(4000)}" for _ in range(800)]
    one, other = " ".join(words), " ".join(edited(words, share, rng))
    exact = jaccard(one, other)
    estimate = float(similarity(signature(one, CONFIG), signature(other, CONFIG)[None])[0])
    assert abs(estimate - exact) <= 4 * (exact * (1 - exact) / CONFIG.minima) ** 0.5 + 1e-9


def test_the_curve_of_bands_is_the_one_in_the_books():
    """FineWeb's table for 14 bands of 8: 56.4 (cut, not rounded), 77.2, 92.4 and 98.8 % at .70, .75, .80 and .85."""
    curve = [round(100 * CONFIG.candidate_probability(s), 1) for s in (0.70, 0.75, 0.80, 0.85)]
    assert curve == [56.5, 77.2, 92.4, 98.8]


def test_bands_find_pairs_as_often_as_the_curve_says():
    rng, minima = np.random.default_rng(11), CONFIG.minima
    for level in (0.6, 0.8):
        one = rng.integers(0, 2**32, (3000, minima), np.uint32)
        other = np.where(rng.random(one.shape) < level, one, rng.integers(0, 2**32, one.shape, np.uint32))
        found = (band_hashes(one, CONFIG) == band_hashes(other, CONFIG)).any(axis=1).mean()
        expected = CONFIG.candidate_probability(level)
        assert found == pytest.approx(expected, abs=3 * (expected * (1 - expected) / 3000) ** 0.5)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" .,;! ", 0),
        ("one two", 1),
        ("one two three four five", 1),
        ("one two three four five six", 2),
        ("One TWO three, four-five six", 2),
        ("a b c d e a b c d e a b c d e", 5),
        ("我喜歡在海邊走路", 4),
    ],
)
def test_shingles(text, count):
    assert len(shingles(text, 5)) == count


def test_word_order_matters_and_case_does_not():
    assert shingles("a b c d e", 5).tolist() == shingles("A B, C d e.", 5).tolist()
    assert shingles("a b c d e", 5).tolist() != shingles("b a c d e", 5).tolist()


def test_signatures_never_change():
    """A golden value: an index of another build can be compared with this one."""
    assert signature("the tide comes in twice a day", CONFIG)[:3].tolist() == [671011854, 1347973594, 48733432]


def test_datasketch_estimates_the_same():
    datasketch = pytest.importorskip("datasketch")
    rng = random.Random(2)
    words = [f"w{rng.randrange(4000)}" for _ in range(600)]
    texts = [" ".join(words), " ".join(edited(words, 0.03, rng))]
    theirs = []
    for text in texts:
        sketch = datasketch.MinHash(num_perm=1024)
        for start in range(len(text.split()) - 4):
            sketch.update(" ".join(text.split()[start : start + 5]).encode())
        theirs.append(sketch)
    ours = [signature(text, MinHash(bands=128, rows=8)) for text in texts]
    assert float((ours[0] == ours[1]).mean()) == pytest.approx(theirs[0].jaccard(theirs[1]), abs=0.06)
