"""The order of samples: the k-th window of a training as a pure function of k, with no buffer and no random state.

The mixture's table (`corpus.mixture.order_of`) says which source the sample is of and which of that source's own
samples, j, it is. A source of n windows is in epoch j div n, and the window is where the epoch's permutation sends
j mod n: every window once before any comes twice, as GPT-3 was trained (appendix B). Each epoch moves the borders of
the windows by an offset of its own, so a second epoch is cut at other words.

A source is a ring: after its last token comes its first, as one document comes after another. So the windows of an
epoch cover all of it wherever they begin, and where the last one has come round to the first, its targets do not count.
Every token is a target exactly once in every epoch.

    10 tokens, sequence length 4, 3 windows, offset 2:    targets 3 4 5 6 | 7 8 9 0 | 1 2 (3 4)

So the state of the data is one whole number, the samples seen: resuming at any sample, on any number of processes,
gives the same stream. Keys depend on the names of the sources alone: a source added, dropped or moved leaves the order
inside the others as it was. When weights change, a segment begins with what each source has given so far, and goes on
from there: nothing is repeated and nothing is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from corpus.errors import CorpusloomError, ExitCode
from corpus.json_types import JsonObject
from corpus.mixture import Mixture, Order, Source, order_of
from trainer.data.permutation import below, derived_keys, digits_of, name_key, permute

VERSION = 2
# Numbers of the splitmix64 generator of an epoch: 0 … 5 are the rounds of its permutation.
_BORDERS = 64


class OrderError(CorpusloomError):
    """Raised for an invalid order: what is wrong with it, and what to do."""

    code = ExitCode.FLAGS


class Located(NamedTuple):
    """Samples found: `source` int32 [n], a position in `SampleOrder.names`; `epoch` int64 [n], from 0; `start` int64
    [n], the first token of the window in the source's stream (with `PlannedRows`: the number of the row); `counted`
    int64 [n], how many of its targets count, the first ones."""

    source: np.ndarray
    epoch: np.ndarray
    start: np.ndarray
    counted: np.ndarray


@dataclass(frozen=True)
class Segment:
    """From `first_sample` on, `mixture` holds; `given` is how many samples each source had given before."""

    first_sample: int
    mixture: Mixture
    given: Mapping[str, int]


@dataclass(frozen=True)
class PlannedRows:
    """Samples are not windows but rows of a packing plan: its digest, and how many rows it has of each source."""

    digest: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class SampleOrder:
    """The order of all samples.

    `mixture` holds from sample 0, `segments` the changes of it (see `with_weights`); `n_tokens` the length of each
    source's stream, of which a sample is `sequence_length` + 1 tokens, the last of them a target only. Windows of an
    epoch overlap by that one token, and the last may end with the first tokens of the source. `OrderError` names a
    source too short for one window: it could only be met by padding, which is not training on its text.
    """

    mixture: Mixture
    n_tokens: Mapping[str, int]
    sequence_length: int
    seed: int
    segments: tuple[Segment, ...] = ()
    planned: PlannedRows | None = None
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.sequence_length < 1:
            raise OrderError(f"a sequence_length of {self.sequence_length} holds no token; give at least 1")
        sources = [source.name for segment in self._segments for source in segment.mixture.sources]
        # Every source of any segment, by its first appearance: positions in it never change when a segment is added.
        object.__setattr__(self, "names", tuple(dict.fromkeys(sources)))
        for name in self.names:
            self.n_windows(name)
        for number, segment in enumerate(self.segments):
            # `_segments` has one more in front, so `number` is there the segment that ends where this one begins.
            expected = self._counts(number, segment.first_sample)
            if {name: segment.given.get(name, 0) for name in self.names} != expected:
                raise OrderError(
                    f"at sample {segment.first_sample} the sources have given {expected}, the segment says "
                    f"{dict(segment.given)}; use the order of the checkpoint as it is"
                )

    def n_windows(self, name: str) -> int:
        """How many samples an epoch of a source has: as many as give each token its turn as a target."""
        if self.planned is not None:
            if self.planned.counts.get(name, 0) < 1:
                raise OrderError(f"{name}: the packing plan has no row of it; plan it again or leave the source out")
            return self.planned.counts[name]
        tokens = self.n_tokens.get(name, 0)
        if tokens <= self.sequence_length:
            raise OrderError(
                f"{name}: {tokens} tokens are less than one window of {self.sequence_length} + 1; shorten "
                "sequence_length, build more of it, or leave it out"
            )
        return -(-tokens // self.sequence_length)  # 10 tokens, length 4: 3 windows, the last with 2 new targets

    def locate(self, first: int, count: int) -> Located:
        """The samples first … first + count - 1, in constant time wherever they lie."""
        source, number = self._number(first, count)
        sizes = self._sizes[source]
        epoch = number // sizes
        keys = derived_keys(self._keys[source], epoch)
        # `start` is the number of the window in its source until the offset is added below.
        start = permute(number - epoch * sizes, sizes, self._digits[source], keys)
        counted = np.full(count, self.sequence_length, np.int64)
        if self.planned is None:
            tokens = self._tokens[source]
            # The example above, window 2 of 10 tokens: min(10 - 8, 4) = 2
            # targets count; offset 2 moves its start 8 to 10, which is token 0.
            counted = np.minimum(tokens - start * self.sequence_length, counted)
            moved = below(derived_keys(keys, _BORDERS), np.full(count, self.sequence_length, np.uint64))
            start = (start * self.sequence_length + moved.astype(np.int64)) % tokens
        return Located(source, epoch, start, counted)

    def counts(self, samples: int) -> dict[str, int]:
        """How many of the samples 0 … samples - 1 come from each source."""
        # The last segment that has begun. At its very first sample both it and the one before give the same counts.
        begun = [number for number, segment in enumerate(self._segments) if segment.first_sample <= samples]
        return self._counts(begun[-1], samples)

    def epochs(self, samples: int) -> dict[str, float]:
        """How often each source has been seen after so many samples: its samples over those of an epoch."""
        return {name: count / self.n_windows(name) for name, count in self.counts(samples).items()}

    def with_weights(self, at_sample: int, mixture: Mixture) -> "SampleOrder":
        """The same order up to `at_sample`, and from there `mixture`, each source going on where it stands.

        Sources may come in (`n_tokens` must know them), go, and come back. `OrderError` where a later change is
        already fixed.
        """
        last = self._segments[-1].first_sample
        if at_sample < last:
            raise OrderError(f"the weights at sample {at_sample} are fixed: they changed at {last}; change them later")
        if at_sample == 0:
            return replace(self, mixture=mixture)
        if at_sample == last:
            # Weights changed twice at one sample: the later change
            # takes the place of the earlier, which has given nothing.
            return replace(self, segments=self.segments[:-1]).with_weights(at_sample, mixture)
        return replace(self, segments=(*self.segments, Segment(at_sample, mixture, self.counts(at_sample))))

    def to_json(self) -> JsonObject:
        """All of it as JSON; the sources of a segment are a list, because their order breaks ties."""
        return {
            "version": VERSION,
            "sequence_length": self.sequence_length,
            "seed": self.seed,
            "n_tokens": {name: self.n_tokens[name] for name in self.names},
            "planned": self.planned and {"digest": self.planned.digest, "counts": dict(self.planned.counts)},
            "segments": [
                {
                    "first_sample": segment.first_sample,
                    "weights": [[source.name, source.weight] for source in segment.mixture.sources],
                    "given": dict(segment.given),
                }
                for segment in self._segments
            ],
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "SampleOrder":
        """The inverse of `to_json`; `OrderError` where the counts of a segment do not follow from those before it."""
        if values.get("version") != VERSION:
            raise OrderError(
                f"an order of version {values.get('version')!r}; this code reads {VERSION}: begin a new run, or go on "
                "with the edition that began this one"
            )
        first, *changes = (
            Segment(segment["first_sample"], _mixture(segment["weights"]), segment["given"])
            for segment in values["segments"]
        )
        planned = values["planned"] and PlannedRows(**values["planned"])
        return SampleOrder(
            first.mixture, values["n_tokens"], values["sequence_length"], values["seed"], tuple(changes), planned
        )

    def _number(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The source of each sample and which of the source's own samples it is, across segments."""
        if first < 0 or count < 0:
            raise OrderError(f"there are no samples {first} … {first + count - 1}; both numbers are 0 or more")
        # Segments from samples 0, 100 and 250, samples 90 … 289 asked
        # for: 10 of the first, 150 of the second, 40 of the third.
        ends = [segment.first_sample for segment in self._segments[1:]] + [first + count]
        source, number = np.empty(count, np.int32), np.empty(count, np.int64)
        done = 0
        for segment, order, end in zip(self._segments, self._orders, ends, strict=True):
            here = min(end, first + count) - first - done
            if here > 0:
                inside, local = order.samples(first + done - segment.first_sample, here)
                # The segment's own numbers of sources -> positions in `names`;
                # and its count from 0 -> the source's count over all segments.
                positions = np.array([self.names.index(name) for name in order.names], np.int32)
                given = np.array([segment.given.get(name, 0) for name in order.names], np.int64)
                source[done : done + here] = positions[inside]
                number[done : done + here] = given[inside] + local
                done += here
        return source, number

    def _counts(self, number: int, samples: int) -> dict[str, int]:
        """The counts at a sample of the segment of this number."""
        segment, order = self._segments[number], self._orders[number]
        given = dict.fromkeys(self.names, 0) | dict(segment.given)
        for name, more in zip(order.names, order.counts(samples - segment.first_sample).tolist(), strict=True):
            given[name] += more
        return given

    @cached_property
    def _segments(self) -> tuple[Segment, ...]:
        return (Segment(0, self.mixture, {}), *self.segments)

    @cached_property
    def _orders(self) -> tuple[Order, ...]:
        return tuple(order_of(segment.mixture) for segment in self._segments)

    @cached_property
    def _sizes(self) -> np.ndarray:
        return np.array([self.n_windows(name) for name in self.names], np.int64)

    @cached_property
    def _digits(self) -> np.ndarray:
        return np.array([digits_of(size) for size in self._sizes.tolist()], np.int64)

    @cached_property
    def _keys(self) -> np.ndarray:
        return np.array([name_key(self.seed, name) for name in self.names], np.uint64)

    @cached_property
    def _tokens(self) -> np.ndarray:
        return np.array([self.n_tokens[name] for name in self.names], np.int64)


def _mixture(weights: Iterable[tuple[str, int]]) -> Mixture:
    return Mixture(tuple(Source(name, weight) for name, weight in weights))
