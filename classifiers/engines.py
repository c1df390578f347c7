"""The three engines, side by side: what a text is to each, and how its weights are found.

All of them end as one weight a bucket, so a model is an array and every engine is scored by the same few lines. For the
linear engine that is what it is; GPT-3's logistic regression differs in its tokens, and in summing where linear takes
the mean; and a supervised fastText of two classes averages word vectors and multiplies the mean with two output rows,
which is the mean of one number per word: (row of positive − row of negative) · vector.

| engine | a text is | weights by | after |
|---|---|---|---|
| `faithful` | counts of lower-cased tokens, 2^18 buckets | logistic regression | Brown et al. (2020), appendix A |
| `fasttext` | the mean of its words and pairs of words | fastText, supervised | Joulin et al. (2017); DCLM (2024) |
| `linear` | the mean of its words and pairs of words, 2^20 buckets | logistic regression | |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classifiers import counts, words
from classifiers.features import Features


@dataclass(frozen=True)
class Engine:
    """What decides the features of a text. `version` belongs to them; `pieces` says whether long texts are trained on
    in pieces (a mean is the mean of its pieces, a sum is not). A bucket that fewer than `least_groups` domains have,
    or fewer than this share of them, is a rare one (`classifiers.training`).
    """

    name: str
    version: int
    buckets: int
    mean: bool
    pieces: bool
    least_groups: int
    least_share: float
    features: Callable[[Sequence[str]], Features]
    named: Callable[[str], list[str]]


# In the order of `Engine`: version, buckets, mean, pieces, least_groups, least_share, features, named.
_OF_WORDS = (words.VERSION, words.BUCKETS, True, True, 3, 0.001, words.words_and_pairs, words.named_words_and_pairs)
ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "faithful", counts.VERSION, counts.BUCKETS, False, False, 1, 0.0, counts.token_counts, counts.named_tokens
        ),
        Engine("fasttext", *_OF_WORDS),
        Engine("linear", *_OF_WORDS),
    )
}
