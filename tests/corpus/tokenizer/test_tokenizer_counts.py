"""Word counts: the order they come in leaves no trace, and a limit of memory is kept."""

import random
import tracemalloc

import pytest

from corpus.tokenizer.counts import TrainingMemory, TrainingTooLarge, add_counts, fit, merge_counts
from corpus.tokenizer.merges import train_merges
from corpus.tokenizer.training import memory_of

COUNTS = {b"the": 90, b"tide": 7, b"rose": 7, b"once": 1, "née".encode(): 2, b"\xff": 1, b"a": 30}
FEW = TrainingMemory(at_least=1000, a_word=100, a_byte=10)


def test_equal_words_are_added_up_and_sorted_by_their_bytes():
    pairs = [(word, part) for word, count in COUNTS.items() for part in (count - count // 2, count // 2) if part]
    random.Random(6).shuffle(pairs)
    assert add_counts(pairs) == add_counts(COUNTS)
    assert list(add_counts(COUNTS).items()) == sorted(COUNTS.items())
    assert len(add_counts(COUNTS)) == len(COUNTS)
    assert list(add_counts({b"": 3, b"x": 1}).items()) == [(b"x", 1)]
    assert len(add_counts({})) == 0


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_sorted_parts_merge_to_the_same_counts(parts):
    items = sorted(COUNTS.items())
    spread = [[(word, 1 + (number == part)) for number, (word, _) in enumerate(items)] for part in range(parts)]
    whole = add_counts(pair for part in spread for pair in part)
    assert merge_counts(spread) == whole
    assert merge_counts(list(reversed(spread))) == whole


@pytest.mark.parametrize("count", [0, -1, 2**62])
def test_a_count_that_is_no_count_is_refused(count):
    with pytest.raises(ValueError, match="is counted"):
        add_counts({b"word": count})


def test_sums_that_overflow_are_refused():
    with pytest.raises(ValueError, match="overflow"):
        add_counts({b"word": 2**61})


def test_what_fits_is_left_as_it_is():
    words = add_counts(COUNTS)
    needed = FEW.estimate(len(words), len(words.data))
    for limit in (None, needed):
        fitted = fit(words, FEW, limit)
        assert (fitted.words, fitted.least, fitted.left_out_words, fitted.left_out_occurrences) == (words, 1, 0, 0)
    assert fit(words, FEW, needed - 1).least == 2


@pytest.mark.parametrize(
    ("limit", "left", "least"),
    [
        (1000 + 500 + 160, {"the", "tide", "rose", "née", "a"}, 2),
        (1000 + 400 + 120, {"the", "tide", "rose", "a"}, 3),
        (1000 + 399 + 120, {"the", "a"}, 8),  # words of one count go together
    ],
)
def test_the_rarest_words_are_left_out_until_it_fits(limit, left, least):
    fitted = fit(add_counts(COUNTS), FEW, limit)
    assert {word.decode() for word, _ in fitted.words.items()} == left
    assert fitted.least == least
    assert fitted.left_out_words == len(COUNTS) - len(left)
    assert fitted.occurrences == sum(COUNTS.values())
    assert fitted.left_out_occurrences == fitted.occurrences - int(fitted.words.counts.sum())
    assert FEW.estimate(len(fitted.words), len(fitted.words.data)) <= limit


def test_a_limit_that_nothing_fits_is_refused():
    with pytest.raises(TrainingTooLarge, match=r"at least .* MB, the limit is"):
        fit(add_counts(COUNTS), FEW, 1050)


def test_a_guess_grows_slower_than_the_text_and_covers_what_was_counted():
    guesses = [FEW.guess(size) for size in (10**6, 10**7, 10**8, 10**9)]
    assert guesses == sorted(guesses)
    assert guesses[3] < 10 * guesses[2]
    assert FEW.guess(10**8) > FEW.estimate(740_658, 7_589_093)


@pytest.mark.parametrize(("distinct", "letters"), [(20_000, b"etaoins hr"), (20_000, bytes(range(256)))])
def test_the_estimate_covers_the_peak(distinct, letters):
    chance = random.Random(8)
    drawn = {bytes(chance.choices(letters, k=chance.randint(1, 16))) for _ in range(distinct)}
    words = {word: 1 + distinct // (1 + rank) for rank, word in enumerate(sorted(drawn))}
    tracemalloc.start()
    try:
        counts = add_counts(words)
        train_merges(counts, 2000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    process = memory_of("gpt2", 257)
    estimate = memory_of("gpt2", 2257).estimate(len(counts), len(counts.data)) - process.at_least
    assert peak < estimate < 5 * peak
