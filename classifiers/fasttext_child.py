"""fastText, supervised, in a process of its own: lines of buckets in, one weight a bucket out.

    python -m classifiers.fasttext_child LINES WEIGHTS SETTINGS

fasttext 0.9.3 fills its matrices for `thread` × 10 % only and leaves the rest as the heap had it
(facebookresearch/fastText issue 1061), so that a model trained on one thread differs from run to run or ends as "NaN".
The parent therefore starts this process with `MALLOC_PERTURB_=255`, by which glibc hands out zeroed memory: the same
bytes every time. More than one thread would race for the weights.

The two classes' probabilities are a softmax over two rows of the output times the mean of the word vectors, so the
logit is the mean of (row of positive − row of negative) · vector: one number a bucket. The end of the line is a word
too.
"""

import json
import sys
from pathlib import Path

import numpy as np


def collapse(lines: Path, settings: dict[str, float]) -> dict[str, np.ndarray]:
    """Train; `buckets` int64 and `weights` float64 of what the model knows, and `end`, the weight of a line's end."""
    import fasttext

    # Words are buckets already, so fastText's own n-grams of words (wordNgrams) and of characters (maxn) are off and
    # their table is one row.
    model = fasttext.train_supervised(
        str(lines), thread=1, verbose=0, minCount=1, wordNgrams=1, bucket=1, maxn=0, **settings
    )
    rows = dict(zip(model.get_labels(), np.array(model.f.getOutputMatrix()), strict=True))
    direction = (rows["__label__1"] - rows["__label__0"]).astype(np.float64)
    words = model.get_words()
    # The input matrix has one row per word and, after them, those of n-grams, which are not used.
    vectors = np.array(model.f.getInputMatrix())[: len(words)].astype(np.float64)
    weights = (vectors * direction).sum(axis=1)
    is_end = np.array([word == "</s>" for word in words])
    buckets = np.array([int(word) for word in words if word != "</s>"], np.int64)
    # [None]: an array of one number, which savez wants.
    return {"buckets": buckets, "weights": weights[~is_end], "end": weights[is_end].sum()[None]}


if __name__ == "__main__":
    found = collapse(Path(sys.argv[1]), json.loads(sys.argv[3]))
    if not all(np.isfinite(values).all() for values in found.values()):
        sys.exit("fastText's weights are no numbers")
    np.savez(sys.argv[2], allow_pickle=False, **found)
