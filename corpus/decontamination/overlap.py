"""GPT-3's overlap report (Brown et al. 2020, appendix C): which examples of a benchmark share words with the corpus.

For each benchmark N is the 5th percentile of its examples' lengths in words, at least 8 and at most 13. An example that
shares N words in a row with any document is *dirty*, one that shares none is *clean*, and one of less than N words is
*uncheckable*: nothing is known of it, and to call it clean would be a claim. The lists are for evaluation, where a
score on the clean examples stands beside the score on all; nothing is cut for them (`filtering.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_WORDS, MOST_WORDS = 8, 13
PERCENTILE = 5


@dataclass(frozen=True)
class Overlap:
    """A benchmark against a corpus. `found` were dirty before filtering, `dirty` still are in what is published.

    `unfiltered` is how many examples have no gram that filtering could find: fewer words than it looks for.
    """

    benchmark: str
    examples: int
    gram_words: int
    uncheckable: int
    unfiltered: int
    found: int
    dirty: int

    @property
    def clean(self) -> int:
        """How many examples share no gram with what is published."""
        return self.examples - self.uncheckable - self.dirty


def gram_words(example_words: Sequence[int]) -> int:
    """N of a benchmark, from the number of words of each of its examples.

    Of 100 examples with 1 to 100 words the 5th percentile is the 5th shortest, 5 words: N is 8.
    """
    ranked = sorted(example_words)
    # ceil(n · 5 / 100) by negative floor division, from 1 on; of up to 20 examples it is the shortest.
    at = max(0, -(-len(ranked) * PERCENTILE // 100) - 1)
    return min(MOST_WORDS, max(LEAST_WORDS, ranked[at])) if ranked else MOST_WORDS
