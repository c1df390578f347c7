"""Autoregressive blank infilling (GLM; Du et al., 2022, sections 2.1 to 2.3).

Spans of the window are taken out; each leaves a mark, and part A, what is left, is seen by every token. Part B writes
the spans one after another in random order, each from a start to an end. A token has two positions: its place in part
A (in part B that of its mark), and its place in its span (0 in part A). A window of 6 tokens, with the spans "c" and
"e f" taken out and written in the other order:

    tokens      a b [M] d [M]  [S] e f  [S] c        targets in part B   e f [E]  c [E]
    first       0 1  2  3  4    4  4 4   2  2
    second      0 0  0  0  0    1  2 3   1  2

Three kinds of blanks share the training: [MASK], short spans of Poisson(3) tokens that cover 15 %; [sMASK], whole
sentences that cover 15 %; [gMASK], one span of half to all of the window, at its end.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trainer.model.loss import IGNORED
from trainer.objectives.chance import sample_keys, uniforms
from trainer.objectives.objective import ModelInputs, ObjectiveError, TextVocabulary

MARKS = ("[MASK]", "[sMASK]", "[gMASK]", "<|startofpiece|>", "<|endofpiece|>")
_LONGEST_SPAN = 20  # of Poisson(3) one length in 10^10 is greater
# Streams of chance of one sample: which kind of blank, how long, where, and in which order they are written.
_KIND, _LENGTHS, _PLACES, _ORDER = range(4)
Span = tuple[int, int]


def poisson_table(mean: float) -> np.ndarray:
    """Cumulative chances of lengths 0, 1, 2, … of a Poisson distribution."""
    chances = [np.exp(-mean)]
    for number in range(1, _LONGEST_SPAN):
        chances.append(chances[-1] * mean / number)
    return np.cumsum(chances)


def short_spans(
    draws: np.ndarray, places: np.ndarray, tokens: int, budget: int, most: int, table: np.ndarray
) -> list[Span]:
    """Spans (start, length) of `budget` tokens together, at most `most` of them, that do not overlap.

    Lengths follow the table and are at least 1. Of the arrangements of the spans among what is left all are equally
    likely: of as many slots as there are spans and left tokens, the spans take those with the least of `places`.
    """
    # 8 tokens, a budget of 4, draws .5 and .2: lengths 3 and min(2, 1) = 1. The 4 left tokens and 2 spans are 6 slots;
    # with places .9 .1 .5 .3 .8 .7 the spans take slots 1 and 3:
    # (1, 3), and (5, 1) behind the 2 more tokens of the first.
    lengths, left = [], budget
    for draw in draws[:most]:
        length = min(max(1, int(np.searchsorted(table, draw, "right"))), left)
        lengths.append(length)
        left -= length
        if not left:
            break
    slots = tokens - sum(lengths) + len(lengths)
    taken = np.sort(np.argsort(places[:slots], kind="stable")[: len(lengths)])
    spans, shift = [], 0
    for slot, length in zip(taken.tolist(), lengths, strict=True):
        spans.append((slot + shift, length))
        shift += length - 1
    return spans


def sentence_spans(draws: np.ndarray, ends: np.ndarray, budget: int, most: int) -> list[Span]:
    """Whole sentences, drawn until they hold `budget` tokens; `ends` bool [tokens] is where sentences end."""
    stops = np.flatnonzero(ends) + 1
    # 7 tokens with ends at 1 and 4: borders 0 2 5 7, sentences (0,
    # 2) (2, 3) (5, 2). `unique`, as the last may end the window.
    borders = np.unique(np.concatenate(([0], stops, [len(ends)]))).tolist()
    sentences = [(start, stop - start) for start, stop in itertools.pairwise(borders)]
    spans: list[Span] = []
    for number in np.argsort(draws[: len(sentences)], kind="stable").tolist():
        if sum(length for _, length in spans) >= budget or len(spans) == most:
            break
        spans.append(sentences[number])
    return sorted(spans)


def check_kinds(kinds: Sequence[float]) -> None:
    """Refuse what are not the shares of the three kinds of blanks."""
    # Nothing is as near to 1 as a sum with NaN or infinity must be.
    if len(kinds) != 3 or min(kinds) < 0 or not abs(sum(kinds) - 1) <= 1e-6:
        given = ",".join(f"{kind:g}" for kind in kinds)
        raise ObjectiveError(f"blank_shares={given}: give three shares that add up to 1, of [MASK], [sMASK], [gMASK]")


class Blanks:
    """Windows whose first `used` tokens fit a row of `length` with the marks; `kinds` are the shares of the kinds."""

    def __init__(
        self, length: int, text: TextVocabulary, shares: tuple[float, float], kinds: Sequence[float], seed: int
    ) -> None:
        share, mean = shares
        check_kinds(kinds)
        if not 0 < share < 1 or mean < 1:
            raise ObjectiveError(
                f"mask_share={share} and mean_span={mean}: give a share below 1 and spans of at least 1"
            )
        if kinds[1] and text.sentence_ends is None:
            raise ObjectiveError(
                "[sMASK] needs the tokenizer to know where sentences end, and none was found beside the shards: put it "
                "into their folder as tokenizer/, or set the second of blank_shares to 0"
            )
        # Each span takes two numbers more than its tokens, a mark in part A and a start in part B. A row of 512: at
        # most 27 spans, so 458 tokens are used, 69 of them for the blanks.
        self.most = int(np.ceil(share * length / mean)) + 1
        self.length, self.used = length, length - 2 * self.most
        self.budget = round(share * self.used)
        if self.used < 8 or not self.budget:
            raise ObjectiveError(f"sequence_length={length} has no room for blanks and their marks; give at least 32")
        self.text, self.seed = text, seed
        self.borders = np.cumsum(kinds)
        self.table = poisson_table(mean)
        self.columns = 4 * length + 1  # tokens, targets, two positions, length of part A

    def spans_of(self, kind: int, window: np.ndarray, draws: dict[int, np.ndarray]) -> list[Span]:
        """The spans (start, length) that are taken out of one window, in the order of the text."""
        if kind == 0:
            return short_spans(draws[_LENGTHS], draws[_PLACES], self.used, self.budget, self.most, self.table)
        if kind == 1:
            assert self.text.sentence_ends is not None
            ends = self.text.sentence_ends[window] | (window == self.text.end_of_text)
            return sentence_spans(draws[_PLACES], ends, self.budget, self.most)
        half = (self.used + 1) // 2
        length = half + int(draws[_LENGTHS][0] * (self.used - half + 1))  # half … used, all equally likely
        return [(self.used - length, length)]

    def write(self, rows: np.ndarray, samples: np.ndarray, out: np.ndarray) -> None:
        """Tokens, targets, first and second positions, `length` of each, and the length of part A."""
        keys = sample_keys(self.seed, "blanks", samples)
        # float64 [n, used] each: more numbers than are needed, so
        # that how many one span takes moves none of the others.
        draws = {number: uniforms(keys, self.used, stream=number) for number in (_LENGTHS, _PLACES, _ORDER)}
        kinds = np.searchsorted(self.borders, uniforms(keys, 1, stream=_KIND)[:, 0], "right").clip(max=2)
        length = self.length
        out[:, :length], out[:, length : 2 * length], out[:, 2 * length :] = self.text.end_of_text, IGNORED, 0
        for number, kind in enumerate(kinds.tolist()):
            window, mine = rows[number, : self.used], {name: values[number] for name, values in draws.items()}
            spans = self.spans_of(kind, window, mine)
            order = np.argsort(mine[_ORDER][: len(spans)], kind="stable").tolist()
            self._lay_out(window, spans, order, self.text.marks[kind], out[number])

    def _lay_out(self, window: np.ndarray, spans: list[Span], order: list[int], mark: int, out: np.ndarray) -> None:
        # Words 1 2 3 4 5 6 without 2 3 and 5, filled in the order 5, 2 3; M is the mark, S and E begin and end a blank:
        #   tokens    1 M 4 M 6 | S 5 | S 2 3
        #   targets   . . . . . | 5 E | 2 3 E
        #   first     0 1 2 3 4 | 3 3 | 1 1 1     where its mark stands
        #   second    0 0 0 0 0 | 1 2 | 1 2 3     the place in the blank
        start, end = self.text.marks[3:]
        tokens, targets, first, second = out[:-1].reshape(4, self.length)  # views: written in place
        place, done, marked = 0, 0, []
        for begin, length in spans:
            kept = window[done:begin]
            tokens[place : place + len(kept)] = kept
            place += len(kept)
            tokens[place] = mark
            marked.append(place)
            place, done = place + 1, begin + length
        kept = window[done:]
        tokens[place : place + len(kept)] = kept
        place += len(kept)
        out[-1] = place
        first[:place] = np.arange(place)
        for number in order:
            begin, length = spans[number]
            part = slice(place, place + length + 1)
            tokens[part], targets[part] = (
                [start, *window[begin : begin + length]],
                [*window[begin : begin + length], end],
            )
            first[part], second[part] = marked[number], np.arange(1, length + 2)
            place += length + 1

    def read(self, written: Tensor) -> ModelInputs:
        """The row taken apart: `positions` [n, 2, length], `prefix` [n]."""
        whole = written.long()
        tokens, targets, first, second = whole[:, :-1].unflatten(1, (4, self.length)).unbind(1)
        more = {"prefix": whole[:, -1].contiguous(), "positions": torch.stack((first, second), 1)}
        return ModelInputs(tokens.contiguous(), targets.contiguous(), more)

    def counts(self, targets: Tensor) -> Tensor:
        """The words of the blanks, without their ends."""
        return (targets != IGNORED) & (targets != self.text.marks[4])
