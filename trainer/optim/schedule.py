"""The learning rate of a step and the rows of a batch, as functions of what the model has seen.

Both are counted in tokens and samples and never in steps, for then a run means the same when its batch grows, and a
run taken up again needs no state: the schedule is asked, not advanced. The argument is what was seen *before* the
step, so with a warm-up the first update has learning rate 0, as in GPT-1's code.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from corpus.errors import CorpusloomError, ExitCode
from trainer.optim import range_test

STAGES = 4
KINDS = ("cosine", "linear", "gpt1-linear", "constant", "warmup-stable-decay", "range-test")


class ScheduleError(CorpusloomError):
    """Raised for an invalid schedule: which value is wrong, and what it may be."""

    code = ExitCode.FLAGS


@dataclass(frozen=True)
class Schedule:
    """The factor on the peak learning rate after a number of tokens.

    `warmup_tokens` rise linearly from 0 to 1; then the kind decides. `decay_tokens` is where the final share is
    reached, counted from the start of the run (GPT-3, appendix B: a cosine to 10 % over 260 B tokens), and the share
    stays there. "linear" falls in a line; "gpt1-linear" is the product of the fine-tuning code of GPT-1, where the
    fall begins at token 0 and so meets the warm-up below 1; "constant" does not fall; "warmup-stable-decay" stays at
    1 until the last `cooldown` of `decay_tokens` and falls in a line from there; "range-test" rises all the way
    (`trainer.optim.range_test`).
    """

    kind: str = "cosine"
    warmup_tokens: int = 0
    decay_tokens: int = 0
    final_share: float = 0.1
    cooldown: float = 0.2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ScheduleError(f"there is no schedule {self.kind!r}; there are {', '.join(KINDS)}")
        if self.warmup_tokens < 0:
            raise ScheduleError(f"warmup_tokens is {self.warmup_tokens}; give 0 or more")
        if self.kind != "constant" and self.decay_tokens <= self.warmup_tokens:
            raise ScheduleError(
                f"decay_tokens is {self.decay_tokens} and warmup_tokens {self.warmup_tokens}: the decay must end after "
                "the warm-up; give more decay_tokens, fewer warmup_tokens or the schedule constant"
            )
        if not 0 <= self.final_share <= 1:
            raise ScheduleError(f"final_share is {self.final_share}; give a share of the peak rate from 0 to 1")
        if not 0 < self.cooldown <= 1:
            raise ScheduleError(f"cooldown is {self.cooldown}; give a share of decay_tokens above 0 and up to 1")

    def lr_scale(self, tokens: int) -> float:
        """The factor on the peak learning rate for the update that comes after `tokens` tokens, from 0 to 1."""
        # Warm-up 100, decay to .1 at 1,000, cooldown .2; after      50    100    500    900   1,000   2,000 tokens
        # cosine                                                     .5      1    .63    .13      .1      .1
        # linear                                                     .5      1     .6     .2      .1      .1
        # gpt1-linear                                                .48   .91    .55    .19      .1      .1
        # warmup-stable-decay                                        .5      1      1    .55      .1      .1
        warm = tokens / self.warmup_tokens if tokens < self.warmup_tokens else 1.0
        if self.kind == "range-test":
            return range_test.lr_scale(tokens / self.decay_tokens)
        if self.kind == "gpt1-linear":
            return warm * self._between(1 - min(1.0, tokens / self.decay_tokens))
        if warm < 1 or self.kind == "constant":
            return warm
        start = self._decay_start()
        done = min(1.0, max(0.0, (tokens - start) / (self.decay_tokens - start)))
        return self._between((1 + math.cos(math.pi * done)) / 2 if self.kind == "cosine" else 1 - done)

    def _decay_start(self) -> float:
        if self.kind == "warmup-stable-decay":
            return max(self.warmup_tokens, self.decay_tokens * (1 - self.cooldown))
        return self.warmup_tokens

    def _between(self, height: float) -> float:
        return self.final_share + (1 - self.final_share) * height  # height 1 … 0


@dataclass(frozen=True)
class BatchRamp:
    """The rows of a batch after a number of samples: at most four sizes, each the nearest to a line that rises from
    `first_tokens` to `last_tokens` over `over_tokens`.

    GPT-3 (appendix B) goes from 32k tokens to the whole batch over the first 4 to 12 B tokens. Every size of a batch
    may be another shape to compile, for minutes, so the line becomes a stair: from 16 to 256 rows the sizes are 16, 96,
    176 and 256, and 96 begins where the line is at (16 + 96) / 2 rows. Sizes are whole numbers of `multiple` rows. The
    stair belongs to the run, not to the machines, or another number of processes would read other batches.
    """

    first_tokens: int
    last_tokens: int
    over_tokens: int
    sequence_length: int
    multiple: int = 1

    def __post_init__(self) -> None:
        if min(self.sequence_length, self.multiple) < 1 or self.over_tokens < 0:
            raise ScheduleError(
                f"a batch ramp over {self.over_tokens} tokens, with rows of {self.sequence_length} in multiples of "
                f"{self.multiple}, is impossible"
            )
        least = self.sequence_length * self.multiple
        if not least <= self.first_tokens <= self.last_tokens:
            raise ScheduleError(
                f"a batch from {self.first_tokens} to {self.last_tokens} tokens: it may only grow, and the least is "
                f"{least} ({self.multiple} rows of {self.sequence_length})"
            )

    @cached_property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """(sample, rows) of each size: the number of samples seen from which on a batch has so many rows."""
        unit = self.sequence_length * self.multiple
        first, last = self.first_tokens // unit, self.last_tokens // unit
        if not self.over_tokens:
            return ((0, last * self.multiple),)
        # 16 to 256 units: 16 96 176 256. The set drops sizes that a
        # short way from first to last gives twice: 1 to 2 is 1 and 2.
        sizes = sorted({first + (last - first) * number // (STAGES - 1) for number in range(STAGES)})
        # Over 960 tokens in rows of 1: 96 begins where the line has
        # risen 40 of 240 units, at 160; 176 at 480; 256 at 800.
        # Where the line has risen by r of all d units, it is at r / d of its length; doubled, so that halves are whole.
        begins = [(one + other - 2 * first, 2 * (last - first)) for one, other in pairwise(sizes)]
        tokens = [0, *(-(-self.over_tokens * risen // whole) for risen, whole in begins)]
        return tuple(
            (-(-begin // self.sequence_length), size * self.multiple) for begin, size in zip(tokens, sizes, strict=True)
        )

    def rows_at(self, samples_seen: int) -> int:
        """The rows of the batch that begins with sample `samples_seen`; whole numbers only, so equal everywhere."""
        return next(rows for begin, rows in reversed(self.stages) if begin <= samples_seen)
