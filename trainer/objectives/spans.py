"""Span corruption (T5; Raffel et al., 2020, section 3.1.4 and the released `random_spans_noise_mask`).

15 % of the tokens are taken out of the window, in spans of 3 on average, each of which leaves a sentinel of its own;
the model writes the sentinels, each followed by what stood there. All windows of a length have as many spans and as
many tokens taken out, so that all rows have one shape. A window of 8 tokens with two spans taken out, the last of them
at its end, as in the released code:

    a b C D e f G H   →   source  a b <0> e f <1> <end>      target  <0> C D <1> G H <end>

An encoder-decoder reads the source and writes the target; a prefix decoder has both in one row, of which the source is
the prefix.
"""

import numpy as np
import torch
from torch import Tensor

from trainer.model.loss import IGNORED
from trainer.objectives.chance import composition, hashes, sample_keys
from trainer.objectives.objective import ModelInputs, ObjectiveError, TextVocabulary


def span_counts(tokens: int, share: float, mean: float) -> tuple[int, int]:
    """How many of the tokens are taken out, and in how many spans."""
    # 512 tokens, .15, spans of 3: 77 in 26 spans; the encoder reads
    # 435 + 26 + 1 = 462, the decoder writes 77 + 26 + 1 = 104.
    taken = min(max(round(tokens * share), 1), tokens - 1)
    return taken, min(max(round(taken / mean), 1), taken, tokens - taken)


def sentinel_names(length: int, share: float, mean: float) -> tuple[str, ...]:
    """The names of the sentinels that a window of `length` tokens needs, as T5's tokenizer has them."""
    return tuple(f"<extra_id_{number}>" for number in range(span_counts(length, share, mean)[1]))


def taken_out(keys: np.ndarray, tokens: int, taken: int, spans: int) -> np.ndarray:
    """Which tokens are taken out, bool [n, tokens]: kept and taken spans in turn, the first kept, the last taken."""
    kept = composition(hashes(keys, tokens - taken - 1, stream=0), spans)
    gone = composition(hashes(keys, taken - 1, stream=1), spans)
    # kept 2 4, gone 1 1:   lengths   2 1 4 1
    #                       ends      2 3 7
    #                       borders   0 0 1 1 0 0 0 1      sums odd where a token is taken out:
    #                                 . . x . . . . x
    lengths = np.stack((kept, gone), axis=2).reshape(len(keys), -1)
    ends = np.cumsum(lengths, axis=1)[:, :-1]
    borders = np.zeros((len(keys), tokens), np.int64)
    np.put_along_axis(borders, ends, 1, axis=1)
    return np.cumsum(borders, axis=1) % 2 == 1


class Spans:
    """Windows for an encoder-decoder, or with `joined` for a prefix decoder of rows of `length` tokens.

    Source and target must fit one row there, so only the first `used` tokens of a window are.
    """

    def __init__(self, length: int, text: TextVocabulary, shares: tuple[float, float], seed: int, joined: bool) -> None:
        share, mean = shares
        if not 0 < share < 1 or mean < 1:
            raise ObjectiveError(
                f"mask_share={share} and mean_span={mean}: give a share below 1 and spans of at least 1"
            )
        self.text, self.seed, self.joined = text, seed, joined
        # A row holds all tokens, a sentinel for each span in the source and in the target, and one end of the source;
        # the target's own end is a target only. 512: 465 tokens and 23 spans, 465 + 2 · 23 + 1 = 512.
        self.used = length
        while joined and self.used > 2 and self.used + 2 * span_counts(self.used, share, mean)[1] + 1 > length:
            self.used -= 1
        if self.used < 3:
            raise ObjectiveError(f"sequence_length={length} has no room for spans and their sentinels; give at least 8")
        self.taken, self.spans = span_counts(self.used, share, mean)
        if len(text.marks) < self.spans:
            raise ObjectiveError(f"{self.spans} spans need as many sentinels, and there are {len(text.marks)}")
        self.read_length = self.used - self.taken + self.spans + 1
        self.written_length = self.taken + self.spans + 1
        self.columns = self.read_length + self.written_length

    def write(self, rows: np.ndarray, samples: np.ndarray, out: np.ndarray) -> None:
        """The source with its end, then the target with its end."""
        window, ids = rows[:, : self.used], np.array(self.text.marks, np.int32)
        gone = taken_out(sample_keys(self.seed, "spans", samples), self.used, self.taken, self.spans)
        # gone         . . x x . . x        source   a b <0> e f <1>: sentinels at first_gone, kept tokens
        # before       . . . x x . .        target   <0> C D <1> G: each span's sentinel before its tokens
        # first_gone   . . x . . . x
        # first_kept   x . . . x . .        the first place is set: a kept span always comes first
        before = np.pad(gone, ((0, 0), (1, 0)))[:, :-1]
        first_gone, first_kept = gone & ~before, ~gone & before
        first_kept[:, 0] = True
        for column, kept, first in ((0, ~gone, first_gone), (self.read_length, gone, first_kept)):
            sentinels = ids[np.cumsum(first, axis=1) - 1]
            width = self.read_length if not column else self.written_length
            # Boolean indexing goes row by row, and all rows have as many tokens.
            row = np.where(first, sentinels, window)[kept | first].reshape(len(rows), width - 1)
            out[:, column : column + width - 1] = row
            out[:, column + width - 1] = self.text.end_of_text

    def read(self, written: Tensor) -> ModelInputs:
        """A decoder's tokens are its targets one later; the first of them is the end of text, or of the source."""
        whole = written.long()
        source, target = whole.split([self.read_length, self.written_length], dim=1)
        if not self.joined:
            start = torch.full_like(target[:, :1], self.text.end_of_text)
            return ModelInputs(
                torch.cat((start, target[:, :-1]), 1), target.contiguous(), {"source": source.contiguous()}
            )
        targets = whole[:, 1:].clone()
        targets[:, : self.read_length - 1] = IGNORED
        prefix = torch.full_like(whole[:, 0], self.read_length)
        return ModelInputs(whole[:, :-1].contiguous(), targets, {"prefix": prefix})

    def counts(self, targets: Tensor) -> Tensor:
        """The words that were taken out, without sentinels and ends."""
        marks = torch.tensor([*self.text.marks, self.text.end_of_text, IGNORED], device=targets.device)
        return ~torch.isin(targets, marks)
