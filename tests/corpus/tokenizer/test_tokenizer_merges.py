"""Training: against a naive trainer that recounts everything, against Hugging Face's, and at its limits."""

import json
import random
from collections import Counter
from itertools import pairwise

import pytest

from corpus.tokenizer.counts import add_counts
from corpus.tokenizer.merges import replay_merges, train_character_merges, train_merges
from corpus.tokenizer.models import to_bytes
from corpus.tokenizer.words import count_words


def made_words(seed, distinct, letters, longest):
    """Word counts that fall off as in a language, without any language."""
    chance = random.Random(seed)
    words = {bytes(chance.choices(letters, k=chance.randint(1, longest))) for _ in range(distinct)}
    return {word: 1 + distinct // (1 + rank) for rank, word in enumerate(sorted(words))}


def pair_counts(words):
    pairs = Counter()
    for parts, count in words:
        for pair in pairwise(parts):
            pairs[pair] += count
    return pairs


def merged(parts, pair):
    out, index = [], 0
    while index < len(parts):
        if tuple(parts[index : index + 2]) == pair:
            out.append(pair[0] + pair[1])
            index += 2
        else:
            out.append(parts[index])
            index += 1
    return out


def replay(counts, merges=None, number=0):
    """Merges by full recounts: the given ones, each checked to be a most frequent pair, or the best `number`."""
    words = [([bytes([byte]) for byte in word], count) for word, count in counts.items()]
    made = []
    for step in range(number if merges is None else len(merges)):
        pairs = pair_counts(words)
        best = max(pairs.values(), default=0)
        if best < 2:
            break
        pair = min(pair for pair, count in pairs.items() if count == best) if merges is None else merges[step]
        assert pairs[pair] == best, f"merge {step}, {pair}, occurs {pairs[pair]} times, the best {best}"
        words = [(merged(parts, pair), count) for parts, count in words]
        made.append(pair)
    return tuple(made)


@pytest.mark.parametrize(
    ("counts", "merges"),
    [
        ({b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}, [(b"e", b"s"), (b"es", b"t"), (b"l", b"o")]),
        ({b"ab": 3, b"cd": 3}, [(b"a", b"b"), (b"c", b"d")]),  # equal counts: by bytes
        ({b"cd": 3, b"ab": 2**40}, [(b"a", b"b"), (b"c", b"d")]),  # more than 32 bits
        ({b"aaaaa": 2}, [(b"a", b"a"), (b"aa", b"a"), (b"aa", b"aaa")]),  # left to right
        ({b"abab": 2}, [(b"a", b"b"), (b"ab", b"ab")]),
        ({b"ab": 1}, []),  # a pair that occurs once is not learnt
        ({b"a": 9}, []),
    ],
)
def test_the_most_frequent_pair_is_merged_first(counts, merges):
    assert list(train_merges(add_counts(counts), len(merges) or 5).merges) == merges


@pytest.mark.parametrize(
    ("seed", "distinct", "letters", "longest"),
    [(1, 300, b"ab", 9), (2, 400, b"abcde ", 8), (3, 200, bytes(range(256)), 6)],
)
def test_merges_are_those_of_full_recounts(seed, distinct, letters, longest):
    counts = add_counts(made_words(seed, distinct, letters, longest))
    assert train_merges(counts, 150).merges == replay(counts, number=150)


def test_merges_are_hugging_faces_but_for_ties():
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    chance = random.Random(4)
    vocabulary = ["".join(chance.choices("etaoinshrdlu'é", k=chance.randint(1, 9))) for _ in range(800)]
    text = " ".join(vocabulary[int(800 * chance.random() ** 3)] for _ in range(20_000))
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.pre_tokenizer = level
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=256 + 300, min_frequency=2, initial_alphabet=level.alphabet(), show_progress=False
    )
    theirs.train_from_iterator([text], trainer)
    lines = json.loads(theirs.to_str())["model"]["merges"]
    merges = [(to_bytes(left), to_bytes(right)) for left, right in lines]
    counts = add_counts(count_words([text], "gpt2"))
    assert replay(counts, merges) == tuple(merges)
    assert all(count == best for count, best in replay_merges(counts, merges))
    ours = train_merges(counts, 300).merges
    assert replay(counts, ours) == ours
    assert len(ours) == len(merges) == 300


def test_the_order_of_the_words_leaves_no_trace():
    counts = made_words(5, 500, b"abcdef", 7)
    pairs = [(word, part) for word, count in counts.items() for part in (count - count // 2, count // 2) if part]
    random.Random(6).shuffle(pairs)
    assert add_counts(pairs) == add_counts(counts)
    assert list(add_counts(pairs).items()) == sorted(counts.items())
    assert train_merges(add_counts(pairs), 200) == train_merges(add_counts(counts), 200)


def test_characters_carry_the_end_of_the_word():
    counts = add_counts({"été".encode(): 4, "té".encode(): 3, b"x": 2, "∂é".encode(): 1})
    trained = train_character_merges(counts, 2, characters=2)
    plain = [b"t", "é".encode()]
    assert trained.alphabet == (*plain, *(character + b"</w>" for character in plain))
    assert trained.merges == ((b"t", "é</w>".encode()), ("é".encode(), "té</w>".encode()))


def test_a_replay_tells_a_greedy_merge_from_another():
    counts = add_counts({b"ab": 9, b"cd": 9, b"ef": 5, b"aaaa": 2})
    assert replay_merges(counts, [(b"c", b"d"), (b"a", b"b"), (b"e", b"f")]) == [(9, 9), (9, 9), (5, 6)]
    with pytest.raises(KeyError):
        replay_merges(counts, [(b"ab", b"cd")])
