"""Measures of a written answer against those that count as right: F1, ROUGE, BLEU, and intervals of their means.

Each is the one that the papers' figures are quoted in. F1 and exact match compare words as SQuAD's and TriviaQA's
released scripts do: lower case, no punctuation, no articles. ROUGE (Lin, 2004) is the F-measure of shared n-grams and
of the longest common subsequence, over lower-case letters and digits, without stemming. BLEU (Papineni et al., 2002) is
the corpus-level figure over 1- to 4-grams of mteval-v13a's tokens, as sacreBLEU prints it by default.
"""

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

ROUNDS = 1000  # of the bootstrap
_ORDER = 4  # of BLEU: the longest n-gram
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))


def normal(answer: str) -> str:
    """An answer as TriviaQA compares them: lower case, no punctuation, no articles, single blanks."""
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", answer.lower().translate(_PUNCTUATION)).split())


def exact(written: str, answers: Sequence[str]) -> float:
    """1 where the answer is one of those that count, else 0."""
    return float(normal(written) in map(normal, answers))


def f1(written: str, answers: Sequence[str]) -> float:
    """The greatest F1 of the words over the answers that count; two empty answers agree.

    "the red fox" against "a fox": one shared word of two and of one, so 2 · ½ · 1 / (½ + 1) = ⅔.
    """
    ours = normal(written).split()
    return max((_f_measure(*_overlap(ours, normal(answer).split())) for answer in answers), default=0.0)


def _overlap(ours: Sequence[object], theirs: Sequence[object]) -> tuple[int, int, int]:
    return sum((Counter(ours) & Counter(theirs)).values()), len(ours), len(theirs)


def _f_measure(shared: int, ours: int, theirs: int) -> float:
    # Two empty answers agree (SQuAD's script); an empty one and another share nothing.
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * shared / (ours + theirs)


def rouge(written: str, answers: Sequence[str]) -> dict[str, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L, each the greatest over the references."""
    ours = _words(written)
    found = {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}
    for answer in answers:
        theirs = _words(answer)
        pairs = {f"rouge{n}": _overlap(_grams(ours, n), _grams(theirs, n)) for n in (1, 2)}
        pairs["rougeL"] = (_longest_common(ours, theirs), len(ours), len(theirs))
        found = {name: max(found[name], _f_measure(*pair)) for name, pair in pairs.items()}
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def _longest_common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    # One row of the table at a time: row[p] is the answer for the words so far and theirs[:p], `before` the value that
    # row[p - 1] had for one word less.
    row = [0] * (len(theirs) + 1)
    for word in ours:
        before = 0
        for place, other in enumerate(theirs, 1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]


def bleu_counts(written: str, references: Sequence[str]) -> np.ndarray:
    """What a sentence adds to BLEU: shared and all n-grams for n = 1 … 4, its length, and its nearest reference's.

    int64 [10]. Of references at the same distance the shorter counts.
    """
    ours, theirs = _bleu_tokens(written), [_bleu_tokens(reference) for reference in references]
    # "the cat sat" beside "the cat": shared 2 1 0 0, all 3 2 1 0, lengths 3 and 2.
    counts = np.zeros(2 * _ORDER + 2, np.int64)
    for n in range(1, _ORDER + 1):
        grams, most = Counter(_grams(ours, n)), Counter[tuple[str, ...]]()
        for reference in theirs:
            # The greatest count of any one reference bounds what is
            # shared: "the the the" beside "the cat" shares 1 of 3.
            most |= Counter(_grams(reference, n))
        counts[n - 1] = sum((grams & most).values())
        counts[_ORDER + n - 1] = sum(grams.values())
    counts[-2:] = len(ours), min((abs(len(each) - len(ours)), len(each)) for each in theirs)[1]
    return counts


def bleu(counts: np.ndarray) -> float:
    """BLEU in 0 … 100 of the sum of `bleu_counts`.

    An n-gram order without a match counts half, a quarter, … of one (sacreBLEU's "exp"), so that short texts have a
    figure; without a single word in common it is 0.
    """
    shared, total, (ours, theirs) = counts[:_ORDER], counts[_ORDER:-2], counts[-2:]
    if not shared[0] or not total.all():
        return 0.0
    logs, smoothed = 0.0, 1
    for match, all_grams in zip(shared.tolist(), total.tolist(), strict=True):
        if not match:
            smoothed *= 2
        # Orders 3 and 4 without a match count as 1/2 and 1/4 of a match.
        logs += math.log((match or 1 / smoothed) / all_grams)
    return 100 * math.exp(logs / _ORDER + min(0.0, 1 - theirs / ours))  # the second term is the brevity penalty


def _bleu_tokens(text: str) -> list[str]:
    """Words as mteval-v13a cuts them: symbols stand alone, and points and commas where no digit is on that side."""
    text = f" {text.strip()} "
    # The class is every ASCII mark but ' , - and the point. "3,500.5 (2-3 May), didn't" becomes
    # 3,500.5 ( 2 - 3 May ) , didn't     a hyphen is cut off behind a digit only
    text = re.sub(r"([{-~[-` -&(-+:-@/])", r" \1 ", text)
    text = re.sub(r"([^0-9])([.,])", r"\1 \2 ", text)
    text = re.sub(r"([.,])([^0-9])", r" \1 \2", text)
    return re.sub(r"([0-9])(-)", r"\1 \2 ", text).split()


def interval(
    values: Sequence[float] | np.ndarray, figure: Callable[[np.ndarray], float] | None = None, seed: int = 0
) -> tuple[float, float]:
    """The 95 % bootstrap interval (Efron, 1979) of the mean of the items' values, or of a `figure` of their sum.

    Items are drawn with replacement, `ROUNDS` times; the ends are the 2.5th and the 97.5th percentile.
    """
    # [items] of a mean, or [items, 10] of BLEU's counts, which are summed and not averaged.
    rows = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(ROUNDS):
        drawn = rows[rng.integers(0, len(rows), len(rows))]
        found.append(float(drawn.mean()) if figure is None else figure(drawn.sum(0)))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
