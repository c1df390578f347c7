"""The figures of the report: numbers read well, bins lose nothing, and the waterfall ends where the kept begin."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from corpus.pages import figures


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 👨\u200d👩", "plain é 日本 👨\u200d👩"),
        ("line\n\ttab", "line\n\ttab"),
        ("\x00\x1b\x7f\x9b", "\\x00\\x1b\\x7f\\x9b"),
        ("\u202e\u2066\u200f\ufeff\u2028", "\\u202e\\u2066\\u200f\\ufeff\\u2028"),
        ("\U000e0041\ud800", "\\U000e0041\\ud800"),
    ],
)
def test_what_hides_is_written_out(text, shown):
    assert figures.visible(text) == shown
    assert figures.visible(shown) == shown


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.number(1234567), "1,234,567"),
        (figures.number(0.714285), "0.7143"),
        (figures.number(None), "–"),
        (figures.size(999), "999 B"),
        (figures.size(999_600), "1 MB"),
        (figures.size(40_000_000_000), "40 GB"),
        (figures.size(999_600 * 10**12), "1,000 PB"),
        (figures.size(10**19), "10,000 PB"),
        (figures.share(1, 3), "33.3 %"),
        (figures.share(1, 10_000), "<0.1 %"),
        (figures.share(0, 0), "0.0 %"),
        (figures.duration(3725), "1 h 02 min"),
        (figures.duration(59.96), "1 min 00 s"),
        (figures.compact(20_000), "20k"),
        (figures.median({1: 2, 5: 1, 9: 1}), 1),
        (figures.median({}), 0),
        (figures.ticks(861), [200, 400, 600, 800]),
        (figures.ticks(1), []),
    ],
)
def test_numbers_read_well(shown, expected):
    assert shown == expected


def test_bins_lose_nothing_positive():
    values = {0: 4, 1: 1, 3: 2, 9: 1, 10: 2, 19: 1, 20: 5, 99: 1, 100: 7, 12_345: 3}
    found = figures.bins(values, figures.COARSE)
    assert sum(part.count for part in found) == sum(count for value, count in values.items() if value > 0)
    assert [(part.label, part.count) for part in found[:4]] == [("1", 1), ("2–4", 2), ("5–9", 1), ("10–19", 3)]
    assert found[-1].label == "10,000–19,999"
    assert all(before.high == after.low for before, after in pairwise(found))


def test_the_waterfall_ends_where_the_kept_begin():
    falls = [
        figures.Fall("all", 100, 0, "all"),
        figures.Fall("a.b", 30, 0, "rejected"),
        figures.Fall("c.d", 20, 0, "duplicate"),
        figures.Fall("kept", 50, 0, "kept"),
    ]
    shapes = re.findall(
        r'class="(all|rejected|duplicate|kept)" x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%"',
        figures.waterfall(falls, ""),
    )
    assert shapes == [
        ("all", "0.00", "100.00"),
        ("rejected", "70.00", "30.00"),
        ("duplicate", "50.00", "20.00"),
        ("kept", "0.00", "50.00"),
    ]


def test_kept_and_rejected_share_their_bins():
    bars = figures.mirror(Counter({120: 2, 1000: 1}), Counter({160: 5, 70: 1}))
    assert [(bar.label, bar.kept, bar.rejected, bar.tick) for bar in bars[:4]] == [
        ("70–99", 0, 1, ""),
        ("100–149", 2, 0, "100"),
        ("150–199", 0, 5, ""),
        ("200–299", 0, 0, ""),
    ]
    assert (bars[-1].label, bars[-1].kept, bars[-1].tick) == ("1,000–1,499", 1, "1k")


def test_bars_are_on_one_scale():
    drawn = figures.histogram([figures.Bar("a", 120, 30), figures.Bar("b", 60)], "a <figure>")
    heights = re.findall(r'class="(kept|rejected)"[^>]* height="([\d.]+)"', drawn)
    assert heights == [("kept", "120.0"), ("rejected", "30.0"), ("kept", "60.0")]
    assert 'aria-label="a &lt;figure&gt;"' in drawn
