"""The documents that a model is kept from: nothing is ever scored by weights that have seen it.

A classifier is `FOLDS` models. Documents fall into as many folds by a hash of their registrable domain, each model is
trained on all folds but its own, and a document is scored by the model of its fold, in training, in evaluation and in a
build. So the negatives of the training, which are pages of the very crawl that is to be filtered, need no list of what
was seen, and the figures of the card hold for all data and not for a corner of it.

A domain that holds more than a fifth of a corpus (Wikipedia) would be more than a fold: its documents, and those
without a domain (books), fall into folds one by one.
"""

from collections import Counter
from collections.abc import Collection, Iterable

from corpus.hashing import uniform

FOLDS = 5
_SEED = "classifier-fold"


def large_domains(domains: Iterable[str]) -> set[str]:
    """Those that hold more than one in `FOLDS` of some documents."""
    counts = Counter(domains)
    # `count / total > 1 / FOLDS` in whole numbers; "" is no domain and never large.
    return {name for name, count in counts.items() if name and count * FOLDS > counts.total()}


def fold_key(identity: str, domain: str, large: Collection[str]) -> str:
    """What keeps documents together: the domain, or the document itself."""
    return domain if domain and domain not in large else identity


def fold_of(key: str) -> int:
    """The fold of a key, in [0, FOLDS)."""
    return int(uniform(key, _SEED) * FOLDS)
