"""Labels for training the block model: how much of each block is in the gold text of its page.

Where a page has no gold text, but snippets that must or must not appear, the blocks that hold one are labelled by it,
and the others are unknown.

A label is the share of a block's tokens in the longest common subsequence of the page's tokens and the gold tokens, so
that a word of the navigation does not count as found because the article has it too. Blocks that share hardly any
3-gram with the gold text are left out of the alignment first: that makes it fast, and keeps stray words from matching.
"""

import numpy as np
from rapidfuzz.distance import LCSseq

from benchmarks.gold_pages import token_list

LEAST_SHARED = 0.15  # of the 3-grams of a block, for it to take part in the alignment
SHORTEST_BY_NGRAM = 4  # tokens; shorter blocks take part if the gold text has all their words
SHORTEST_SNIPPET = 4  # characters, for it to say something about a block
LONG_SNIPPET = 20  # characters; a shorter one in several blocks may be meant in any of them
LARGEST_ALIGNMENT = 6_000_000_000  # cells of the table; a longer page is cut


def label(blocks: list[str], gold: str) -> np.ndarray:
    """The label of each block, from 0 to 1."""
    block_tokens = [token_list(block) for block in blocks]
    gold_tokens = token_list(gold)
    known = set(gold_tokens)
    ngrams = set(zip(gold_tokens, gold_tokens[1:], gold_tokens[2:], strict=False))
    owners: list[int] = []
    sequence: list[str] = []
    for position, tokens in enumerate(block_tokens):
        if tokens and _may_match(tokens, known, ngrams):
            sequence += tokens
            owners += [position] * len(tokens)
    found = np.zeros(len(blocks))
    if sequence and gold_tokens:
        sequence = sequence[: LARGEST_ALIGNMENT // len(gold_tokens)]
        for start, end in _matches(sequence, gold_tokens):
            np.add.at(found, owners[start:end], 1)
    return found / np.maximum(1, [len(tokens) for tokens in block_tokens])


def label_by_snippets(blocks: list[str], wanted: list[str], unwanted: list[str]) -> np.ndarray:
    """1 for the block of a wanted snippet, 0 for those of an unwanted one, NaN for all others."""
    plain = [" ".join(block.split()) for block in blocks]
    labels = np.full(len(blocks), np.nan)
    for snippets, value in ((unwanted, 0.0), (wanted, 1.0)):
        for snippet in (" ".join(snippet.split()) for snippet in snippets):
            holders = (
                [i for i, block in enumerate(plain) if snippet in block] if len(snippet) >= SHORTEST_SNIPPET else []
            )
            if value == 0:
                labels[holders] = value
            elif len(holders) == 1 or (holders and len(snippet) > LONG_SNIPPET):
                labels[max(holders, key=lambda i: len(plain[i]))] = value
    return labels


def _may_match(tokens: list[str], known: set[str], ngrams: set[tuple[str, str, str]]) -> bool:
    if len(tokens) < SHORTEST_BY_NGRAM:
        return all(token in known for token in tokens)
    shared = sum(ngram in ngrams for ngram in zip(tokens, tokens[1:], tokens[2:], strict=False))
    return shared >= LEAST_SHARED * (len(tokens) - 2)


def _matches(sequence: list[str], gold: list[str]) -> list[tuple[int, int]]:
    """The runs of `sequence` that are in a longest common subsequence."""
    numbers: dict[str, int] = {}
    first = [numbers.setdefault(token, len(numbers)) for token in sequence]
    second = [numbers.setdefault(token, len(numbers)) for token in gold]
    steps = LCSseq.opcodes(first, second)
    return [(step.src_start, step.src_end) for step in steps if step.tag == "equal"]
