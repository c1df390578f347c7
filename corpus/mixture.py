"""The mixture: how much of each source a model sees, and in which order.

A weight is a whole number of parts of the *tokens* (GPT-3, table 2.2: of the training examples, which are equally
long), never of the documents. Shares are weights over their sum, so a table that sums to 101 is no trouble. How often
a source is seen, its epochs, follows from the weight, the measured tokens and the budget; it is computed and never
asserted, because the figures that GPT-3's paper states do not follow from its own table (see `gpt3_table`).

The order of the samples is not drawn but scheduled. The j-th sample of a source of weight w out of W may stand in the
slots floor(j·W/w) up to, not including, ceil((j+1)·W/w); of those that may stand in a slot the one with the earliest
deadline does (the chairman assignment problem of Tijdeman, 1980; P-fair scheduling of Baruah et al., 1996). With one
slot at a time this always succeeds, so after any number of samples every source is within one sample of its quota, and
exact after every W. A draw by chance is off by hundreds after a million, an interleaving by rounding by more than one.
All of it is integer arithmetic: the order is the same on every machine, and a sample is looked up in O(1).
"""

import heapq
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from corpus.errors import CorpusloomError, ExitCode
from corpus.numerals import whole_number

MOST_EPOCHS = 4
PARTS = 10_000
MOST_SLOTS = 1_000_000


class MixtureError(CorpusloomError):
    """Raised for an invalid mixture: what is wrong with it, and what to do."""

    code = ExitCode.FLAGS


@dataclass(frozen=True)
class Source:
    """Where documents come from, its weight in whole parts, and, on a command line, the folder it lies in."""

    name: str
    weight: int
    path: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+", self.name) or self.name.startswith("."):
            raise MixtureError(f"{self.name!r} is no name of a source: letters, digits, '_', '-' and '.'")
        if not isinstance(self.weight, int) or self.weight < 1:
            raise MixtureError(f"{self.name}: the weight {self.weight!r} is not a whole number of at least 1")

    @property
    def identity(self) -> list[str | int]:
        """What of it a result depends on; the folder may be another one."""
        return [self.name, self.weight]


@dataclass(frozen=True)
class Mixture:
    """Sources with their weights; names are unique, and the order of the sources breaks ties."""

    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if not names:
            raise MixtureError("a mixture needs a source; give --source name=path:weight")
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise MixtureError(f"the source {doubled[0]!r} is given twice; put its folders together or rename one")

    @property
    def total(self) -> int:
        """The sum of the weights: after so many samples every share is exact."""
        return sum(source.weight for source in self.sources)

    def share(self, name: str) -> Fraction:
        """The part of all tokens that comes from the source `name`."""
        weights = {source.name: source.weight for source in self.sources}
        if name not in weights:
            raise MixtureError(f"{name!r} is no source of this mixture; there is {', '.join(weights)}")
        return Fraction(weights[name], self.total)


GPT3_MIX = Mixture(
    (
        Source("commoncrawl", 60),
        Source("webtext2", 22),
        Source("books1", 8),
        Source("books2", 8),
        Source("wikipedia", 3),
    )
)
PRESETS = {"gpt3-mix": GPT3_MIX}
# Table 2.2 of the paper: tokens in billions, and the epochs it states for 300 billion.
_GPT3_TOKENS = {"commoncrawl": 410, "webtext2": 19, "books1": 12, "books2": 55, "wikipedia": 3}
_GPT3_STATED = {"commoncrawl": 0.44, "webtext2": 2.9, "books1": 1.9, "books2": 0.43, "wikipedia": 3.4}


def parse_source(text: str, preset: str = "") -> Source:
    """A source as a flag gives it, `name=path:weight`; with a preset that has the name, `name=path` is enough."""
    name, equals, rest = text.partition("=")
    path, _, weight = rest.rpartition(":")  # from the right: "a=s3://bucket/x:60" has colons in its path
    if equals and path and (number := whole_number(weight)) is not None:
        return Source(name, number, path)
    known = {source.name: source.weight for source in preset_named(preset).sources} if preset else {}
    if equals and rest and name in known:
        return Source(name, known[name], rest)  # no weight: the preset's
    more = f", or name=path with a name of {preset}: {', '.join(known)}" if preset else ""
    raise MixtureError(f"{text!r} is no source; write name=path:weight with a whole weight{more}")


def preset_named(name: str) -> Mixture:
    """The mixture that a source has published, by its name."""
    if name not in PRESETS:
        raise MixtureError(f"{name!r} is no mixture; there is {', '.join(sorted(PRESETS))}")
    return PRESETS[name]


def epochs(mixture: Mixture, n_tokens: Mapping[str, int], budget: int) -> dict[str, float]:
    """How often each source is seen in a training of `budget` tokens, from its measured number of tokens."""
    return {
        source.name: float(budget * mixture.share(source.name) / _tokens_of(source.name, n_tokens))
        for source in mixture.sources
    }


def repeat_warnings(mixture: Mixture, n_tokens: Mapping[str, int], budget: int) -> list[str]:
    """One sentence for each source that is seen more often than repeats are worth (Muennighoff et al., 2023)."""
    return [
        f"{name} is seen {count:.2f} times in {budget:,} tokens; past {MOST_EPOCHS} epochs repeats teach little: "
        "lower its weight or cap its epochs"
        for name, count in epochs(mixture, n_tokens, budget).items()
        if count > MOST_EPOCHS
    ]


def apply_temperature(mixture: Mixture, temperature: float, parts: int = PARTS) -> Mixture:
    """Weights to the power 1/temperature: 1 leaves the shares, infinity would make them equal.

    With `weight` = tokens this is the sampling by temperature of multilingual models (Devlin, 2018). The result is
    rounded to `parts` whole parts; it stands in the manifest, so no reader computes a power again.
    """
    if not temperature > 0:
        raise MixtureError(f"the temperature {temperature} is not greater than 0; 1 leaves the weights as they are")
    # Exact from here on: the float power as a fraction.
    powers = {source.name: Fraction(float(source.weight) ** (1 / temperature)) for source in mixture.sources}
    total = sum(powers.values(), Fraction(0))
    return _round_shares(mixture, {name: power / total for name, power in powers.items()}, frozenset(), parts)


def fit_table(mixture: Mixture) -> Mixture:
    """The mixture itself, or, where its weights make too long a table (token counts do), one rounded to whole parts.

    As few of 10,000, 100,000 and 1,000,000 parts as leave each source at least one.
    """
    if _slots(mixture) <= MOST_SLOTS:
        return mixture
    shares = {source.name: mixture.share(source.name) for source in mixture.sources}
    least = min(shares.values())
    # Of 10,000 parts a source with a share of 1 in 50,000 would get none: 100,000 then.
    parts = next((parts for parts in (PARTS, 10 * PARTS, 100 * PARTS) if least * parts >= 1), 100 * PARTS)
    return _round_shares(mixture, shares, frozenset(), parts)


def _slots(mixture: Mixture) -> int:
    return mixture.total // math.gcd(*(source.weight for source in mixture.sources))


def cap_epochs(
    mixture: Mixture,
    n_tokens: Mapping[str, int],
    budget: int,
    most_epochs: Mapping[str, float],
    parts: int = PARTS,
) -> Mixture:
    """The mixture in which no source of `most_epochs` is seen more often than its limit.

    What a capped source gives up goes to the others by their weights, which may in turn reach their caps. The result
    is in `parts` whole parts, and rounding never lifts a source over its cap.
    """
    limits = {name: Fraction(str(cap)) * _tokens_of(name, n_tokens) / budget for name, cap in most_epochs.items()}
    for name in limits:  # raises for a name that is no source
        mixture.share(name)
    fixed: dict[str, Fraction] = {}
    while True:
        free = [source for source in mixture.sources if source.name not in fixed]
        # Three equal sources, one capped at 1/5: 2/5 go to each other one. Each round fixes at least one more source.
        left, weights = 1 - sum(fixed.values(), Fraction(0)), sum(source.weight for source in free)
        shares = {source.name: left * source.weight / weights for source in free}
        over = {name: limits[name] for name, share in shares.items() if name in limits and share > limits[name]}
        if not over:
            rounded = _round_shares(mixture, fixed | shares, frozenset(fixed), parts)
            # Rounding up may lift a source over its cap: fix it, too.
            lifted = [name for name in shares if name in limits and rounded.share(name) > limits[name]]
            if not lifted:
                return rounded
            over = {name: shares[name] for name in lifted}
        fixed |= over
        if len(fixed) == len(mixture.sources):
            most = int(budget * sum(fixed.values(), Fraction(0)))
            raise MixtureError(f"with these caps there are no more than {most:,} tokens for {budget:,}; lift a cap")


def _round_shares(mixture: Mixture, shares: dict[str, Fraction], floored: frozenset[str], parts: int) -> Mixture:
    """Whole parts for the shares, by largest remainder; the sources in `floored` get no remainder."""
    weights = {name: math.floor(share * parts) for name, share in shares.items()}
    # 1/3 each of 10 parts: floors 3 3 3, one part is left, and goes to the largest remainder, ties by name: 4 3 3.
    by_remainder = sorted(shares.keys() - floored, key=lambda name: (weights[name] - shares[name] * parts, name))
    for number in range(parts - sum(weights.values())):
        weights[by_remainder[number % len(by_remainder)]] += 1
    for name, weight in weights.items():
        if not weight:
            raise MixtureError(f"{name}: its share {float(shares[name]):.2g} is less than one part of {parts:,}")
    return Mixture(tuple(Source(source.name, weights[source.name], source.path) for source in mixture.sources))


def _tokens_of(name: str, n_tokens: Mapping[str, int]) -> int:
    if not n_tokens.get(name):
        raise MixtureError(f"{name}: no tokens, so its weight cannot be met; build it or leave it out")
    return n_tokens[name]


def describe(mixture: Mixture, n_tokens: Mapping[str, int], budget: int) -> str:
    """The mixture as a table: weight, share, measured tokens, epochs for the budget; then the warnings."""
    seen = epochs(mixture, n_tokens, budget)
    lines = [f"{'source':<16}{'weight':>8}{'share':>9}{'tokens':>18}{'epochs':>9}"]
    lines += [
        f"{source.name:<16}{source.weight:>8}{float(mixture.share(source.name)):>9.2%}"
        f"{n_tokens[source.name]:>18,}{seen[source.name]:>9.3f}"
        for source in mixture.sources
    ]
    lines.append(f"{'sum':<16}{mixture.total:>8}{'100.00%':>9}{sum(n_tokens[name] for name in seen):>18,}")
    return "\n".join([*lines, *(f"warning: {sentence}" for sentence in repeat_warnings(mixture, n_tokens, budget))])


def gpt3_table() -> str:
    """Table 2.2 of GPT-3's paper against arithmetic: its weights sum to 101, and 22 % of 300 B over 19 B is 3.47.

    `from the weight` takes the weight as a percentage, as the paper does; `normalised` divides by the sum.
    """
    lines = [f"{'source':<12}{'weight':>8}{'tokens':>8}{'stated':>8}{'from the weight':>17}{'normalised':>12}"]
    for source in GPT3_MIX.sources:
        tokens = _GPT3_TOKENS[source.name]
        lines.append(
            f"{source.name:<12}{source.weight:>8}{tokens:>7}B{_GPT3_STATED[source.name]:>8}"
            f"{source.weight * 3 / tokens:>17.2f}{float(300 * GPT3_MIX.share(source.name) / tokens):>12.2f}"
        )
    return "\n".join([*lines, f"{'sum':<12}{GPT3_MIX.total:>8}"])


@dataclass(frozen=True, eq=False)
class Order:
    """Which source gives the k-th sample, and which of its own samples that is.

    One period of W slots is kept: `source` int32 [W], and `rank` int64 [W], the number of earlier slots of the same
    source. Sample k lies in slot k mod W.
    """

    names: tuple[str, ...]
    weights: np.ndarray = field(repr=False)
    source: np.ndarray = field(repr=False)
    rank: np.ndarray = field(repr=False)

    def samples(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """For the samples first … first + count - 1: the source (position in `names`) and its own sample number."""
        # Weights 3 and 2: source [0 1 0 0 1], rank [0 0 1 2 1]. Sample 5 is slot 0 of period 1: number 1 · 3 + 0 of
        # source 0.
        period, slot = np.divmod(np.arange(first, first + count, dtype=np.int64), len(self.source))
        source = self.source[slot]
        return source, period * self.weights[source] + self.rank[slot]

    def counts(self, first: int) -> np.ndarray:
        """How many of the samples 0 … first - 1 come from each source, int64 [sources]."""
        period, slot = divmod(first, len(self.source))
        return period * self.weights + np.bincount(self.source[:slot], minlength=len(self.names))


def order_of(mixture: Mixture) -> Order:
    """The order of the samples of a mixture: earliest deadline first (see the module)."""
    divisor = math.gcd(*(source.weight for source in mixture.sources))
    weights = [source.weight // divisor for source in mixture.sources]
    total = sum(weights)
    if total > 10 * MOST_SLOTS:
        raise MixtureError(f"weights that sum to {total:,} make too long a table; round them (`fit_table`)")
    slots, ranks = np.empty(total, np.int32), np.empty(total, np.int64)
    # By the first slot that they may take (`waiting`), then by deadline (`ready`). Of weights 3 and 2 the samples of
    # the first may stand in slots 0-1, 1-3, 3-4, of the second in 0-2, 2-4: the order is 0 1 0 0 1.
    waiting, ready = [(0, number) for number in range(len(weights))], []
    given = [0] * len(weights)
    for slot in range(total):
        while waiting and waiting[0][0] <= slot:
            number = heapq.heappop(waiting)[1]
            deadline = -(-(given[number] + 1) * total // weights[number])  # ceil((j + 1) · W / w)
            heapq.heappush(ready, (deadline, number))
        number = heapq.heappop(ready)[1]
        slots[slot], ranks[slot] = number, given[number]
        given[number] += 1
        heapq.heappush(waiting, (given[number] * total // weights[number], number))
    return Order(tuple(source.name for source in mixture.sources), np.array(weights, np.int64), slots, ranks)
