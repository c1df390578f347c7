"""Fidelity: how near a rebuilt WebText is to the original, as far as the original can be known.

WebText was never published. What is known: a few counts in the paper (Radford et al., 2019, §2.1) and the table of its
top 1,000 domains (`domains.txt` in OpenAI's gpt-2 repository: lines of count and name, the name being the registrable
domain without its public suffix, so that google.com and google.de are both `google`). Names are compared by rank, since
a rebuild is a sample of another size, and by share of the listed names, since the table leaves out the rest of the web.
A trap: the table counts pages before deduplication (its 1,000 names hold 21.8 million of about 45 million links), so
its numbers are never the documents of a domain.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.numerals import whole_number

LARGEST = 10


@dataclass(frozen=True)
class Paper:
    """What the paper says of WebText: links before, documents and bytes of text after deduplication and cleaning."""

    links: int = 45_000_000
    documents: int = 8_000_000
    text_bytes: int = 40_000_000_000
    min_karma: int = 3
    created_before: str = "2018-01-01"


@dataclass(frozen=True)
class Difference:
    """One name of the list: our documents and its published count, each also as a share of all listed names."""

    name: str
    documents: int
    published: int
    share: float
    published_share: float

    @property
    def points(self) -> float:
        """Our share less the published one, in [-1, 1]."""
        return self.share - self.published_share


@dataclass(frozen=True)
class Fidelity:
    """The comparison of one corpus with a published table of domains.

    `rank_correlation` is Spearman's over the shared names, None where there is none (fewer than two, or all equal).
    `more` and `fewer` are the names whose share differs most, the largest difference first.
    """

    names: int
    shared: int
    rank_correlation: float | None
    documents: int
    documents_listed: int
    published: int
    published_covered: int
    more: tuple[Difference, ...]
    fewer: tuple[Difference, ...]

    @property
    def noise(self) -> float | None:
        """How large a correlation unrelated ranks reach in 1 of 20 cases: 1.96 standard errors, 1 / sqrt(n - 1)."""
        return 1.96 / math.sqrt(self.shared - 1) if self.shared > 1 else None


def name_of(domain: str) -> str:
    """A registrable domain without its public suffix: `bbc.co.uk` → `bbc`; numeric hosts stay whole."""
    label, _, suffix = domain.partition(".")
    # 1.2.3.4 has no suffix: after the first dot there are digits alone.
    return domain if suffix.replace(".", "").isdecimal() else label


def read_domains(path: Path) -> dict[str, int]:
    """The published table: one `count name` a line; `ValueError` with the line for anything else.

    Names are lower-cased (OpenAI's has `Twitch`). A count without a name (there is one: hosts that are a public suffix
    themselves) stands under "", belongs to the table's total and is never compared.
    """
    published: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        count, _, name = line.strip().partition(" ")
        if not count:
            continue
        documents = whole_number(count)
        if documents is None or len(name.split()) > 1:
            raise ValueError(f"{path}:{number}: {line[:80]!r} is not `count name`, as in `1542261 google`")
        name = name.strip().lower()
        published[name] = published.get(name, 0) + documents
    if not published:
        raise ValueError(f"{path}: no domains in it; give a file of `count name` lines")
    return published


def compare(domain_counts: Mapping[str, int], published: Mapping[str, int]) -> Fidelity:
    """Our documents by registrable domain beside a published table by name."""
    ours: dict[str, int] = {}
    for domain, count in domain_counts.items():
        ours[name_of(domain)] = ours.get(name_of(domain), 0) + count
    shared = sorted(name for name in published if name and ours.get(name))
    listed, total = sum(ours[name] for name in shared), sum(published.values())
    differences = [
        Difference(name, ours.get(name, 0), count, ours.get(name, 0) / max(listed, 1), count / max(total, 1))
        for name, count in published.items()
        if name
    ]
    differences.sort(key=lambda difference: (-difference.points, difference.name))
    fewer = sorted(differences, key=lambda difference: (difference.points, difference.name))
    return Fidelity(
        names=len(published),
        shared=len(shared),
        rank_correlation=spearman([ours[name] for name in shared], [published[name] for name in shared]),
        documents=sum(ours.values()),
        documents_listed=listed,
        published=total,
        published_covered=sum(published[name] for name in shared),
        more=tuple(difference for difference in differences[:LARGEST] if difference.points > 0),
        fewer=tuple(difference for difference in fewer[:LARGEST] if difference.points < 0),
    )


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation of two sequences of one length: Pearson's of their ranks, ties sharing their mean.

    None where it is not defined: fewer than two values, or a sequence of equal ones. The shortcut 1 - 6 Σd² / (n³ - n)
    is wrong with ties, and small counts are full of them.
    """
    x, y = average_ranks(one), average_ranks(other)
    mean = (len(x) + 1) / 2  # the ranks 1 … n
    spread_x = sum((rank - mean) ** 2 for rank in x)
    spread_y = sum((rank - mean) ** 2 for rank in y)
    if not spread_x or not spread_y:
        return None
    together = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    return together / math.sqrt(spread_x * spread_y)


def average_ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, 1 for the least; equal values share the mean of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for place in order[start:stop]:
            # Values [3 1 3]: places 2 and 3 share the mean rank 2.5, so [2.5, 1, 2.5].
            ranks[place] = (start + 1 + stop) / 2
        start = stop
    return ranks
