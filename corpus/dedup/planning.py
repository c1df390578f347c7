"""A plan of deduplication: what it will find and cost, before anything runs.

The curve is arithmetic. So are bytes: rows have fixed widths (`pipelines.work.copies`, `.candidates`, `.components`,
`.clusters`), and each is written once and read once on its way through a shuffle. What depends on the corpus is the
share of documents that have company; of those each is asked for by a few sets. Time is what
`python -m benchmarks.dedup` measured.

    3 billion documents of 4,000 characters, FineWeb's 14 x 8, three in ten with company:
    signatures  3e9 x (448 + 116) B = 1.7 TB on disk
    shuffled    3e9 x (2 x 116 + 14 x 16) B + 0.9e9 x (4 x (16 + 548) + 548) B = 3.9 TB
    joined      0.9e9 x 64 B = 58 GB in one worker; where --memory-mb allows less, rounds of stars on all workers,
                some four with work: 4 x 0.9e9 edges x (2 + 1) x 16 B = 173 GB shuffled more
"""

from collections.abc import Iterator
from dataclasses import dataclass

from corpus.dedup.minhash import MinHash

# Bytes of a row without its signature: a document with its keys, an entry of a band, a request, a document with its
# place in the order of preference; a document in company where one worker joins all, and an edge of a star.
_COPY, _BAND, _ASKED, _RANKED, _UNION, _EDGE = 116, 16, 16, 100, 64, 16
# Rounds that move an edge (two at a million made-up documents); in each, edges go to both of their nodes, then to one.
_ROUNDS = 4
# Sets that ask for a document with company, as measured on made-up and real documents.
_SETS = 4
# Processor seconds: of a character that is signed, of a document in all later stages.
SECONDS_PER_CHARACTER, SECONDS_PER_DOCUMENT = 30e-9, 40e-6
# What sorting the rows of a group takes beside them.
_WORKING = 4
_WORKER = 250e6
_LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Scale:
    """A corpus to be: `characters` is the length of a document, `company` the share of those that are not alone."""

    documents: int
    characters: int = 4_000
    company: float = 0.3
    group_bytes: int = 16 * 2**20


@dataclass(frozen=True)
class Costs:
    """In bytes and processor seconds; `crossing` is what goes through shuffles; `joining` is the memory of one
    worker that joins all clusters, `rounds` what is shuffled where none has it.
    """

    signatures: int
    crossing: int
    worker: int
    joining: int
    rounds: int
    seconds: float


def costs(scale: Scale, config: MinHash) -> Costs:
    """The arithmetic of the head of this module."""
    signature, alike = 4 * config.minima, scale.documents * scale.company
    # A document crosses twice with its keys, once for each band; one in company is also asked for by its sets, with its
    # signature, and sent once more with its rank.
    crossing = scale.documents * (2 * _COPY + config.bands * _BAND)
    crossing += alike * _SETS * (_ASKED + _RANKED + signature) + alike * (_RANKED + signature)
    return Costs(
        signatures=int(scale.documents * (signature + _COPY)),
        crossing=int(crossing),
        worker=int(_WORKER + _WORKING * scale.group_bytes),
        joining=int(alike * _UNION),
        rounds=int(_ROUNDS * alike * 3 * _EDGE),  # an edge to both of its nodes, then to one
        seconds=scale.documents * (scale.characters * SECONDS_PER_CHARACTER + SECONDS_PER_DOCUMENT),
    )


def lines(scale: Scale, config: MinHash, similarity: float) -> Iterator[str]:
    """The plan for a terminal."""
    yield f"{config.bands} bands of {config.rows}, pairs from {config.min_similarity:g}, {config.minima} minima"
    yield "similarity      candidate"
    for level in sorted({*_LEVELS, similarity}):
        mark = "  <-" if level == similarity else ""
        yield f"      {level:.2f}  {config.candidate_probability(level):>13.6f}{mark}"
    found = costs(scale, config)
    yield f"documents   {scale.documents:,} of {scale.characters:,} characters, {scale.company:.0%} with company"
    sent = int(scale.documents * scale.company * _SETS)
    yield f"candidates  about {sent:,} signatures are sent to sets of candidates"
    yield f"shuffled    {_size(found.crossing)}"
    yield f"disk        {_size(found.signatures + found.crossing)}, of which signatures {_size(found.signatures)}"
    yield f"memory      {_size(found.worker)} a worker; clusters {_size(found.joining)} where one worker joins them,"
    yield f"            or, where --memory-mb allows less, {_size(found.rounds)} shuffled in rounds on all workers"
    yield f"time        {found.seconds / 3600:,.2f} hours of one processor"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
