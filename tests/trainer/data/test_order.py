"""The order: a bijection every epoch, in proportion at every length, found in constant time, and never changed."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.mixture import GPT3_MIX, Mixture, MixtureError, Source
from trainer.data.order import OrderError, PlannedRows, SampleOrder
from trainer.data.permutation import digits_of, name_key, permute

GPT3_TOKENS = {"commoncrawl": 410_000, "webtext2": 19_000, "books1": 12_000, "books2": 55_000, "wikipedia": 3_000}


def mixture(**weights):
    return Mixture(tuple(Source(name, weight) for name, weight in weights.items()))


def permuted(positions, sizes, keys):
    digits = np.array([digits_of(size) for size in np.unique(sizes).tolist()])
    return permute(positions, sizes, digits[np.searchsorted(np.unique(sizes), sizes)], keys)


def order_of_two(seed=3):
    return SampleOrder(mixture(webtext=3, books=1), {"webtext": 1003, "books": 257, "blogs": 300}, 8, seed)


def samples(order, first, count):
    """(name, epoch, start) of each sample."""
    located = order.locate(first, count)
    names = [order.names[position] for position in located.source]
    return list(zip(names, located.epoch.tolist(), located.start.tolist(), strict=True))


def test_the_order_never_changes():
    """A golden vector: every checkpoint of every run hangs on these numbers."""
    located = SampleOrder(GPT3_MIX, GPT3_TOKENS, 64, 1).locate(0, 32)
    assert located.source.tolist() == [
        *(0, 0, 1, 0, 1, 0, 0, 2, 0, 3, 0, 0, 1, 0, 1, 0),
        *(0, 2, 0, 1, 0, 0, 3, 0, 1, 0, 0, 1, 0, 4, 0, 0),
    ]
    assert located.epoch.tolist() == [0] * 32
    assert located.start.tolist() == GOLDEN
    assert SampleOrder(GPT3_MIX, GPT3_TOKENS, 64, 1).locate(10**9, 4).start.tolist() == GOLDEN_FAR


GOLDEN = [
    *(66556, 6204, 12843, 359548, 10475, 387900, 310396, 4357, 375420, 47029, 258236, 161596, 15915, 255612, 10987),
    *(260796, 67708, 2053, 65340, 2603, 118460, 102204, 54005, 200060, 4011, 189628, 51708, 7339, 4540, 2050, 121404),
    301436,
]
GOLDEN_FAR = [326596, 302788, 13548, 209924]


def test_the_order_is_the_one_that_is_described():
    """The rule written down again, one number at a time, in Python's whole numbers."""
    order = SampleOrder(GPT3_MIX, GPT3_TOKENS, 64, 1)
    found, seen = samples(order, 0, 3000), dict.fromkeys(order.names, 0)
    for name, epoch, start in found:
        assert (epoch, start) == described(1, name, seen[name], GPT3_TOKENS[name], 64)
        seen[name] += 1


def described(seed, name, number, tokens, length):
    """Epoch and start of the sample `number` of a source."""
    windows = -(-tokens // length)
    epoch, value = divmod(number, windows)
    key = splitmix(int.from_bytes(hashlib.sha256(f"{seed}\0{name}".encode()).digest()[:8], "little"), epoch)
    a = next(root for root in range(1, windows + 1) if root * root >= windows)
    b = -(-windows // a)
    while True:
        left, right = divmod(value, b)
        for turn in range(0, 6, 2):
            left = (left + (splitmix(right + splitmix(key, turn)) >> 32) * a // 2**32) % a
            right = (right + (splitmix(left + splitmix(key, turn + 1)) >> 32) * b // 2**32) % b
        value = left * b + right
        if value < windows:
            moved = (splitmix(key, 64) >> 32) * length // 2**32
            return epoch, (value * length + moved) % tokens


def splitmix(state, number=-1):
    """Output `number` of the generator of this state; -1: the finaliser of the state itself."""
    value = (state + (number + 1) * 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


@pytest.mark.parametrize("first", range(1, 5001, 500))
def test_the_permutation_is_a_bijection_of_every_small_size(first):
    """Ten sizes at a time are permuted in one call, each under a key of its own."""
    for stretch in range(first, first + 500, 10):
        sizes = np.arange(stretch, stretch + 10)
        each = np.repeat(sizes, sizes)
        begins = np.repeat(np.cumsum(sizes) - sizes, sizes)
        found = permuted(np.arange(len(each)) - begins, each, each.astype(np.uint64) * np.uint64(977))
        assert (found < each).all()
        assert (np.bincount(begins + found, minlength=len(each)) == 1).all()


@pytest.mark.parametrize("size", np.random.default_rng(5).integers(5001, 500_000, 10).tolist())
def test_the_permutation_is_a_bijection_of_large_sizes(size):
    found = permuted(np.arange(size), np.full(size, size), np.full(size, size, np.uint64))
    assert np.array_equal(np.bincount(found, minlength=size), np.ones(size))


@pytest.mark.parametrize("size", [(1 << 31) - 1, (1 << 31) + 11, 10**12, (1 << 62) - 57, 1 << 62])
def test_the_permutation_of_a_huge_size_stays_inside_and_never_meets_itself(size):
    positions = np.random.default_rng(2).integers(0, size, 20_000)
    found = permuted(positions, np.full(20_000, size), np.full(20_000, 9, np.uint64))
    assert found.min() >= 0
    assert found.max() < size
    assert len(np.unique(found)) == len(np.unique(positions))


@pytest.mark.parametrize("size", [0, -3, (1 << 62) + 1])
def test_a_size_that_cannot_be_permuted_is_refused(size):
    with pytest.raises(ValueError, match="cannot be permuted"):
        digits_of(size)


@pytest.mark.parametrize("size", [100_000, 65_536, 99_991])
def test_neighbours_are_strangers(size):
    """Serial correlation, and that of position and place, are those of chance: within five standard deviations."""
    found = permuted(np.arange(size), np.full(size, size), np.full(size, 31, np.uint64))
    other = permuted(np.arange(size), np.full(size, size), np.full(size, 32, np.uint64))
    for one, two in [(found[:-1], found[1:]), (found, np.arange(size)), (found, other), (found[:-7], found[7:])]:
        assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(size)
    steps = np.diff(found) % size
    counts = np.bincount(steps * 100 // size, minlength=100)
    assert ((counts - size / 100) ** 2 / (size / 100)).sum() < 170


def test_every_place_of_a_small_epoch_is_equally_likely():
    """Over 20,000 keys, where each of 7 positions goes: chi squared of each row of the table, 6 degrees of freedom."""
    keys = np.arange(20_000, dtype=np.uint64)
    for position in range(7):
        found = permuted(np.full(20_000, position), np.full(20_000, 7), keys)
        counts = np.bincount(found, minlength=7)
        assert ((counts - 20_000 / 7) ** 2 / (20_000 / 7)).sum() < 28


@pytest.mark.parametrize("tokens", [65, 66, 100, 127, 128, 129, 191, 192, 193, 1000, 12_345])
def test_every_token_is_a_target_exactly_once_in_every_epoch(tokens):
    """The tails too: the source is a ring, and where the last window comes round, its targets do not count."""
    order = SampleOrder(mixture(webtext=1), {"webtext": tokens}, 64, 11)
    windows = order.n_windows("webtext")
    located = order.locate(0, 40 * windows)
    assert located.epoch.tolist() == np.repeat(np.arange(40), windows).tolist()
    assert located.start.min() >= 0
    assert located.start.max() < tokens
    for start, counted in zip(located.start.reshape(40, -1), located.counted.reshape(40, -1), strict=True):
        seen = [(begin + 1 + np.arange(many)) % tokens for begin, many in zip(start, counted, strict=True)]
        assert np.array_equal(np.bincount(np.concatenate(seen), minlength=tokens), np.ones(tokens))
    borders = {tuple(np.sort(start % 64)) for start in located.start.reshape(40, windows)}
    assert len(borders) > 15


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 400), st.integers(1, 60), st.integers(0, 2**40), st.integers(0, 5))
def test_any_source_is_covered_in_any_epoch(tokens, length, seed, epoch):
    if tokens <= length:
        tokens += length
    order = SampleOrder(mixture(a=1), {"a": tokens}, length, seed)
    located = order.locate(epoch * order.n_windows("a"), order.n_windows("a"))
    seen = [(begin + 1 + np.arange(many)) % tokens for begin, many in zip(located.start, located.counted, strict=True)]
    assert np.array_equal(np.bincount(np.concatenate(seen), minlength=tokens), np.ones(tokens))


def test_epochs_are_shuffled_anew():
    order = SampleOrder(mixture(webtext=1), {"webtext": 6500}, 64, 11)
    windows = order.n_windows("webtext")
    starts = order.locate(0, 3 * windows).start.reshape(3, windows) // 64
    assert not np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[1], starts[2])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 2**40))
def test_every_prefix_is_within_one_sample_of_its_quota(weights, seed):
    named = {f"s{number}": weight for number, weight in enumerate(weights)}
    order = SampleOrder(mixture(**named), dict.fromkeys(named, 5000), 16, seed)
    source, total = order.locate(0, 400).source, sum(weights)
    for position, weight in enumerate(weights):
        seen = np.cumsum(source == position)
        assert np.abs(seen * total - np.arange(1, 401) * weight).max() < total
        assert seen[-1] == order.counts(400)[f"s{position}"]


def test_any_sample_is_found_without_the_ones_before():
    order = order_of_two()
    whole = samples(order, 0, 3000)
    for first, count in [(0, 1), (1, 17), (997, 3), (1234, 700), (2999, 1), (5, 0)]:
        assert samples(order, first, count) == whole[first : first + count]


def test_a_sample_far_away_is_found_at_once():
    """10^9 and 10^15: the same as the arithmetic says, epoch for epoch."""
    order = SampleOrder(GPT3_MIX, {name: count * 1000 for name, count in GPT3_TOKENS.items()}, 1024, 1)
    for first in (10**9, 10**15):
        located = order.locate(first, 202)
        assert np.bincount(located.source).tolist() == [2 * source.weight for source in GPT3_MIX.sources]
        seen = order.epochs(first)
        for position, name in enumerate(order.names):
            epochs = located.epoch[located.source == position]
            assert int(seen[name]) <= epochs.min() <= epochs.max() <= int(seen[name]) + 1


def test_a_source_has_its_own_order_whatever_stands_beside_it():
    """Sources added, dropped or put in another order change when a window comes, not which window comes next."""
    tokens = {"webtext": 1003, "books": 257, "blogs": 300}
    alone = [sample[1:] for sample in samples(SampleOrder(mixture(webtext=1), {"webtext": 1003}, 8, 3), 0, 300)]
    for beside in ({"webtext": 3, "books": 1}, {"books": 5, "blogs": 2, "webtext": 3}):
        mixed = samples(SampleOrder(mixture(**beside), tokens, 8, 3), 0, 900)
        mine = [sample[1:] for sample in mixed if sample[0] == "webtext"]
        assert mine[:250] == alone[:250]


def test_sources_of_one_size_and_seeds_have_different_orders():
    order = SampleOrder(mixture(a=1, b=1), {"a": 3300, "b": 3300}, 16, 3)
    found = order.locate(0, 400)
    assert not np.array_equal(found.start[found.source == 0], found.start[found.source == 1])
    assert not np.array_equal(found.start, replace(order, seed=4).locate(0, 400).start)
    assert name_key(1, "a") != name_key(1, "b") != name_key(11, "b")


@pytest.mark.parametrize("changes", [[(100, (1, 1, 0))], [(37, (1, 5, 0)), (90, (3, 1, 2)), (400, (0, 1, 1))]])
def test_a_change_of_weights_repeats_and_loses_nothing(changes):
    """Whatever the weights, the samples of a source are its own samples 0, 1, 2, …; before the change nothing moves."""
    names = ("webtext", "books", "blogs")
    plain = order = order_of_two()
    for at, weights in changes:
        order = order.with_weights(at, mixture(**{name: w for name, w in zip(names, weights, strict=True) if w}))
    found = samples(order, 0, 1500)
    assert found[: changes[0][0]] == samples(plain, 0, changes[0][0])
    for name in order.names:
        alone = SampleOrder(mixture(**{name: 1}), plain.n_tokens, 8, 3)
        mine = [sample for sample in found if sample[0] == name]
        assert mine == samples(alone, 0, len(mine))
        assert order.counts(1500)[name] == len(mine)
    at, weights = changes[-1]
    after = [sample[0] for sample in found[at:]]
    for name, weight in zip(names, weights, strict=True):
        quota = len(after) * weight / sum(weights)
        assert abs(after.count(name) - quota) < 1
    for first, count in [(0, 40), (30, 90), (95, 400), (399, 2)]:
        assert samples(order, first, count) == found[first : first + count]


def test_the_last_change_at_a_sample_counts_and_earlier_ones_are_fixed():
    order = order_of_two().with_weights(50, mixture(webtext=1))
    again = order.with_weights(50, mixture(books=1))
    assert again == order_of_two().with_weights(50, mixture(books=1))
    assert order_of_two().with_weights(0, mixture(books=1)).mixture == mixture(books=1)
    with pytest.raises(OrderError, match="they changed at 50"):
        order.with_weights(49, mixture(webtext=1))


def test_the_order_survives_json():
    order = order_of_two().with_weights(60, mixture(blogs=2, webtext=5)).with_weights(99, mixture(books=1))
    again = SampleOrder.from_json(json.loads(json.dumps(order.to_json(), sort_keys=True)))
    assert again.to_json() == order.to_json()
    assert samples(again, 0, 300) == samples(order, 0, 300)
    planned = replace(order_of_two(), planned=PlannedRows("00ff", {"webtext": 10, "books": 4}))
    assert SampleOrder.from_json(json.loads(json.dumps(planned.to_json()))).planned == planned.planned


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda values: values.update(version=7), "version 7"),
        (lambda values: values["segments"][1]["given"].update(webtext=44), "the segment says"),
        (lambda values: values["segments"][1].update(first_sample=61), "the segment says"),
        (lambda values: values["n_tokens"].update(books=8), "books: 8 tokens"),
    ],
)
def test_a_damaged_order_is_refused(change, says):
    values = order_of_two().with_weights(60, mixture(webtext=5, books=1)).to_json()
    change(values)
    with pytest.raises(OrderError, match=says):
        SampleOrder.from_json(values)


def test_epochs_are_counted_by_source():
    order = SampleOrder(mixture(webtext=3, books=1), {"webtext": 10 * 64, "books": 4 * 64 - 9}, 64, 0)
    assert order.epochs(0) == {"webtext": 0, "books": 0}
    assert order.epochs(8) == {"webtext": 0.6, "books": 0.5}
    assert order.epochs(16) == {"webtext": 1.2, "books": 1.0}
    assert order.locate(0, 16).epoch.max() == 1


def test_rows_of_a_plan_are_shuffled_like_windows():
    order = replace(order_of_two(), planned=PlannedRows("00", {"webtext": 31, "books": 7}))
    found = order.locate(0, 4 * 31)
    for position, rows in ((0, 31), (1, 7)):
        mine = found.start[found.source == position][: rows * (31 // rows)]
        assert np.sort(mine.reshape(-1, rows), axis=1).tolist() == [list(range(rows))] * len(mine.reshape(-1, rows))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SampleOrder(mixture(a=1), {"a": 64}, 64, 0), "less than one window of 64 \\+ 1; shorten"),
        (lambda: SampleOrder(mixture(a=1), {}, 64, 0), "a: 0 tokens"),
        (lambda: SampleOrder(mixture(a=1), {"a": 640}, 0, 0), "sequence_length of 0"),
        (lambda: order_of_two().locate(-1, 5), "no samples -1"),
        (lambda: order_of_two().locate(0, -5), "no samples 0"),
        (lambda: order_of_two().with_weights(5, mixture(news=1)), "news: 0 tokens"),
        (lambda: replace(order_of_two(), planned=PlannedRows("00", {"webtext": 3})), "books: the packing plan"),
    ],
)
def test_an_order_that_cannot_be_is_refused(make, says):
    with pytest.raises(OrderError, match=says):
        make()


def test_a_mixture_that_cannot_be_is_refused():
    with pytest.raises(MixtureError, match="round them"):
        SampleOrder(mixture(a=10**9, b=10**9 + 1), {"a": 640, "b": 640}, 64, 0).locate(0, 1)
