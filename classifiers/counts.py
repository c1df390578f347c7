"""The features of GPT-3's classifier: hashed counts of lower-cased tokens, as Spark's Tokenizer and HashingTF make
them.

A token is what lies between white space, in lower case. Its bucket is MurmurHash3 (32 bits, seed 42, UTF-8) modulo
2^18, Spark's default: the paper (Brown et al., 2020, appendix A) says "Spark's standard tokenizer and HashingTF" and
names no size.
"""

from collections.abc import Sequence
from functools import lru_cache

import mmh3
import numpy as np

from classifiers.features import Features, Run

# Another number for every change of what follows: a model of other features is refused.
VERSION = 1
BUCKETS = 1 << 18
SEED = 42


def token_counts(texts: Sequence[str]) -> Features:
    """One run: the bucket of every token."""
    tokens = [text.lower().split() for text in texts]
    buckets = [_bucket(token) for each in tokens for token in each]
    lengths = np.array([len(each) for each in tokens], np.int64)
    # Lengths [2, 3] give starts [0, 2]: the running sum less the text's own length.
    return Features((Run(np.array(buckets, np.int64), np.cumsum(lengths) - lengths, lengths),))


def named_tokens(text: str) -> list[str]:
    """The tokens of one text, in order."""
    return text.lower().split()


@lru_cache(maxsize=1 << 18)
def _bucket(token: str) -> int:
    """Python's modulo of a signed hash is Spark's `nonNegativeMod`."""
    # "cat" hashes to -77977549. Java's % would leave it negative; Python's gives 141363 at once.
    return mmh3.hash(token.encode("utf-8", "surrogatepass"), SEED) % BUCKETS
