"""Main text by blocks: one pass over a page in compiled code, a small learned model, a second look, text out.

1. *Blocks* (`native/tree.cpp`): a forgiving reader of tags makes elements and runs of text between block borders.
2. *Features* (`native/block_features.cpp`): counts of the text, its element, class words, containers, neighbours, page;
   and what was learned of the words of texts, classes and ids (`native/lexicon.h`).
3. *Model* (`native/forest.cpp`): boosted trees give each block the probability that it is main text.
4. *Second look* (`native/choose.cpp`): blocks that are built alike decide together, code follows the prose around it,
   and the page's threshold is the one with the greatest expected F1. A text shown in two places stands once.
5. *Layout* (`native/layout.cpp`): the chosen blocks in the convention of docs/text.md.

Nothing in it is random, and no number depends on the machine: features are quotients of counts, leaves are integers,
and the logistic function is a table of products. docs/log.md has the figures, and what was tried without gain.
"""

from functools import cache

from corpus.extraction.blocks.native import Forest, Reading
from corpus.extraction.blocks.weights import load

MOST_TAGS = 1_000_000  # as in native/page.h: a page beyond it is not read


def read(html: str, url: str = "") -> Reading:
    """The pass over a page, in linear time for any input; use it in a `with`. It depends on the arguments alone."""
    return Reading(html.encode("utf-8", "replace"), url)


@cache
def forest() -> Forest:
    """The model of this release."""
    return Forest(load())
