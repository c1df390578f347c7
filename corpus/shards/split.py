"""Training and validation: which document stands where, so that no text of the one is a text of the other.

Inside a corpus the near-duplicate cluster decides, by a hash of its name: copies of one text share it, and a greater
share of validation only adds clusters. Two corpora know nothing of each other's clusters, so the same text may fall to
training in one and to validation in the other. What is validated is a sliver; the keys of its texts fit in memory, and
a document of training, of any source, whose text has one of them is left out and counted.

A text's key is made of its first and last words alone: that finds a copy with another date in the middle, and costs a
tenth of hashing all of it.
"""

import unicodedata

import numpy as np

from corpus.hashing import key64, uniform
from corpus.shards.documents import Documents
from corpus.shards.layout import TRAIN, VALIDATION

_WORDS = 64
_TWO_TO_64 = 1 << 64


def split_of(cluster: str, validation_share: float) -> str:
    """`train` or `validation`, by the near-duplicate cluster (a document without one is its own: give its id)."""
    return VALIDATION if uniform(cluster, "split") < validation_share else TRAIN


def text_key(text: str) -> int:
    """A key in 0 … 2^64 - 1 that texts share if their first and last 64 words are equal but for case and blanks."""
    # A text of 3 words has each twice; that is the same for all of its copies.
    words = [*text.split(None, _WORDS)[:_WORDS], *text.rsplit(None, _WORDS)[-_WORDS:]]
    return key64(unicodedata.normalize("NFC", " ".join(words)).casefold()) % _TWO_TO_64  # signed to unsigned


def without_validated(documents: Documents, validated: np.ndarray) -> Documents:
    """The documents whose texts' keys are not in `validated` (uint64, sorted)."""
    if documents.texts is None or not len(validated):
        return documents
    # validated [3 7], texts [1 7 9]: places [0 1 2], the last one beyond the end; fresh [True False True].
    places = np.searchsorted(validated, documents.texts)
    fresh = validated[np.minimum(places, len(validated) - 1)] != documents.texts
    return documents if fresh.all() else documents.take(np.flatnonzero(fresh))
