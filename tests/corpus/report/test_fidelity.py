"""Fidelity: the comparison with WebText's published domains, by hand-computed values."""

import math
from pathlib import Path

import pytest

from corpus.report.fidelity import average_ranks, compare, name_of, read_domains, spearman

PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "assets" / "gpt2.domains.txt"


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("google.com", "google"),
        ("bbc.co.uk", "bbc"),
        ("localhost", "localhost"),
        ("93.184.216.34", "93.184.216.34"),
        ("4chan.org", "4chan"),
        ("", ""),
    ],
)
def test_a_name_is_the_domain_without_its_suffix(domain, name):
    assert name_of(domain) == name


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([], []),
        ([30, 10, 20], [3, 1, 2]),
        ([10, 20, 20, 30], [1, 2.5, 2.5, 4]),
        ([7, 7, 7], [2, 2, 2]),
        ([5, 1, 5, 1, 5], [4, 1.5, 4, 1.5, 4]),
    ],
)
def test_ties_share_the_mean_of_their_places(values, ranks):
    assert average_ranks(values) == ranks


@pytest.mark.parametrize(
    ("one", "other", "correlation"),
    [
        ([1, 2, 3], [10, 100, 1000], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: 4.5 / sqrt(4.5 * 5).
        ([1, 2, 2, 4], [10, 30, 20, 40], math.sqrt(0.9)),
        # Ranks 1.5, 1.5, 3.5, 3.5 and 2, 2, 2, 4: 2 / sqrt(4 * 3). The shortcut formula says 0.7.
        ([1, 1, 5, 5], [2, 2, 2, 9], 1 / math.sqrt(3)),
        ([1, 2], [5, 5], None),
        ([1], [1], None),
        ([], [], None),
    ],
)
def test_spearman_by_hand(one, other, correlation):
    assert spearman(one, other) == (None if correlation is None else pytest.approx(correlation, abs=1e-12))


def test_spearman_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    one = [(n * 37) % 11 for n in range(200)]
    other = [(n * n) % 17 + n % 11 for n in range(200)]
    assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


def test_compare_by_hand():
    ours = {"google.com": 6, "google.de": 2, "bbc.co.uk": 2, "nobody.org": 10, "": 1}
    published = {"google": 600, "archive": 250, "bbc": 100, "": 50}
    found = compare(ours, published)
    assert (found.names, found.shared, found.rank_correlation) == (4, 2, pytest.approx(1.0))
    assert (found.documents, found.documents_listed) == (21, 10)
    assert (found.published, found.published_covered) == (1000, 700)
    assert found.noise == pytest.approx(1.96)
    assert [(d.name, d.documents, d.published) for d in found.more] == [("google", 8, 600), ("bbc", 2, 100)]
    assert [d.points for d in found.more] == pytest.approx([0.8 - 0.6, 0.2 - 0.1])
    assert [(d.name, d.points) for d in found.fewer] == [("archive", pytest.approx(-0.25))]


@pytest.mark.parametrize("ours", [{}, {"nobody.org": 3}])
def test_a_corpus_without_a_listed_domain_can_be_compared(ours):
    found = compare(ours, {"google": 3, "bbc": 2})
    assert (found.shared, found.rank_correlation, found.noise, found.published_covered) == (0, None, None, 0)
    assert [d.name for d in found.fewer] == ["google", "bbc"]
    assert found.more == ()


def test_the_order_of_the_counts_does_not_matter():
    ours = {f"name{n}.com": n % 7 + 1 for n in range(50)}
    published = {f"name{n}": n % 5 + 1 for n in range(0, 60, 2)}
    backwards = [dict(reversed(table.items())) for table in (ours, published)]
    assert compare(ours, published) == compare(*backwards)


def test_domains_are_read(tmp_path):
    path = tmp_path / "domains.txt"
    path.write_text("1542261 google\n20068\n\n  4937 Twitch \n3 twitch\n")
    assert read_domains(path) == {"google": 1542261, "": 20068, "twitch": 4940}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5 google\ngoogle 5\n", "domains.txt:2: 'google 5' is not `count name`"),
        ("5 two names\n", "domains.txt:1"),
        ("-5 google\n", "domains.txt:1"),
        ("² google\n", "domains.txt:1"),
        (f"{'9' * 5000} google\n", "domains.txt:1"),
        ("\n", "no domains in it"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, text, complaint):
    path = tmp_path / "domains.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_domains(path)


def test_the_published_table():
    if not PUBLISHED.is_file():
        pytest.skip(f"no {PUBLISHED}")
    published = read_domains(PUBLISHED)
    assert (len(published), sum(published.values()), published["google"]) == (1000, 21_793_666, 1_542_261)
    same = compare({f"{name}.com": count for name, count in published.items() if name}, published)
    assert same.rank_correlation == pytest.approx(1.0)
    assert same.documents_listed == same.documents
