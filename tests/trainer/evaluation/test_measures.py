"""Agreement of answers by hand calculation, and items that are made."""

import math
import random

import numpy as np
import pytest

from trainer.evaluation.made_items import ARITHMETIC, SCRAMBLES, arithmetic, frequent_words, make_scrambled
from trainer.evaluation.measures import bleu, bleu_counts, exact, f1, interval, rouge


def test_f1_is_of_words_without_articles_and_marks():
    assert f1("The red fox!", ["a fox"]) == pytest.approx(2 / 3)
    assert f1("red red fox", ["red cat", "one red fox"]) == pytest.approx(2 / 3)
    assert f1("the", ["a"]) == 1 and f1("", ["fox"]) == 0
    assert exact("The Fox.", ["cat", "fox"]) == 1 and exact("foxes", ["fox"]) == 0


def test_rouge_is_shared_grams_and_a_common_order():
    # Words shared: the, cat, sat (3 of 5 and of 4). Pairs: "the cat" (1 of 4 and of 3). In order: the cat sat.
    found = rouge("the cat then sat down", ["the cat quietly sat"])
    assert found == pytest.approx({"rouge1": 2 * 3 / 9, "rouge2": 2 * 1 / 7, "rougeL": 2 * 3 / 9})
    # The other way round only one word of "b a" is in order with "a b".
    assert rouge("b a", ["a b"])["rougeL"] == pytest.approx(0.5)
    assert rouge("x", ["y", "x"])["rouge1"] == 1


def test_bleu_of_a_corpus_by_hand():
    """Two sentences: 5 + 4 words of which 4 + 4 are shared, 4 + 3 pairs of which 3 + 3, and so on."""
    one = bleu_counts("the small cat sat down", ["the small cat sat there"])
    assert one.tolist() == [4, 3, 2, 1, 5, 4, 3, 2, 5, 5]
    two = bleu_counts("a b c d", ["a b c d e f", "a b c d e"])
    assert two.tolist() == [4, 3, 2, 1, 4, 3, 2, 1, 4, 5]
    precision = (8 / 9) * (6 / 7) * (4 / 5) * (2 / 3)
    assert bleu(one + two) == pytest.approx(100 * precision**0.25 * math.exp(1 - 10 / 9))
    assert bleu(bleu_counts("a b c d", ["a b c d"])) == pytest.approx(100)


def test_bleu_without_a_match_of_an_order_is_smoothed_and_without_a_word_is_nothing():
    # Orders 3 and 4 have no match: they count one half and one quarter of one, as sacreBLEU's "exp".
    counts = bleu_counts("a b x c d", ["a b c d e"])
    assert counts.tolist() == [4, 2, 0, 0, 5, 4, 3, 2, 5, 5]
    assert bleu(counts) == pytest.approx(100 * (4 / 5 * 2 / 4 * 0.5 / 3 * 0.25 / 2) ** 0.25)
    assert bleu(bleu_counts("x y z w", ["a b c d"])) == 0


def test_bleu_cuts_marks_but_not_numbers():
    assert bleu_counts("It is 3,000.5 m, no?", ["It is 3,000.5 m , no ?"])[:8].tolist() == [7, 6, 5, 4, 7, 6, 5, 4]


def test_an_interval_holds_the_mean_and_narrows_with_the_items():
    low, high = interval([0.0, 1.0] * 50)
    # The standard error of 100 halves is .05, so the interval is about .5 ± .098.
    assert low == pytest.approx(0.402, abs=0.015) and high == pytest.approx(0.598, abs=0.015)
    values = np.linspace(0, 1, 40) ** 2
    assert interval(values) == interval(values) != interval(values, seed=1)
    wide = interval([0.0, 1.0] * 5)
    assert wide[1] - wide[0] > 2 * (high - low)
    assert interval([1.0] * 9) == (1.0, 1.0)
    counts = np.stack([bleu_counts("a b c d", ["a b c d"])] * 3)
    assert interval(counts, bleu) == pytest.approx((100.0, 100.0))


@pytest.mark.parametrize("kind", ARITHMETIC)
def test_arithmetic_is_right(kind):
    rows = list(arithmetic(kind, 200, seed=1))
    assert rows == list(arithmetic(kind, 200, seed=1)) and rows[:5] == list(arithmetic(kind, 5, seed=1))
    assert rows != list(arithmetic(kind, 200, seed=2))
    for row in rows:
        assert row["context"].startswith("Q: What is ") and row["context"].endswith("?\nA:")
        asked = row["context"].removeprefix("Q: What is ").removesuffix("?\nA:")
        for word, sign in (("plus", "+"), ("minus", "-"), ("times", "*")):
            asked = asked.replace(word, sign)
        assert eval(asked) == int(row["answer"])
    digits = max(len(part) for row in rows for part in row["context"].split() if part.isdigit()) if kind != "1dc" else 1
    assert digits == int(kind[0])


def test_words_are_scrambled_as_in_gpt3():
    rng = random.Random(0)
    assert SCRAMBLES["reversed"]("objects", rng) == "stcejbo"
    assert SCRAMBLES["cycle"]("inevitably", rng) in {"inevitably"[at:] + "inevitably"[:at] for at in range(1, 10)}
    one, two = SCRAMBLES["anagram1"]("corruption", rng), SCRAMBLES["anagram2"]("opponent", rng)
    assert (one[0], one[-1], sorted(one)) == ("c", "n", sorted("corruption"))
    assert (two[:2], two[-2:], sorted(two)) == ("op", "nt", sorted("opponent"))
    inserted = SCRAMBLES["insertion"]("succession", rng)
    assert inserted[::2] == "succession" and set(inserted[1::2]) <= set(" .,!/?-")


@pytest.mark.parametrize("kind", SCRAMBLES)
def test_each_word_is_asked_once(kind):
    words = frequent_words("Loom! looms weave; weavers weave warps, warps and the wefts of threads; weave")
    assert words == ["weave", "warps", "looms", "threads", "weavers", "wefts"]
    rows = list(make_scrambled(kind, words, 100, seed=3))
    assert sorted(row["answer"] for row in rows) == sorted(words)
    assert rows == list(make_scrambled(kind, words, 100, seed=3)) and all(row["context"].endswith(" =") for row in rows)
