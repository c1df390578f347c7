"""Deduplication, measured: what it finds, what it costs beside others, how it grows.

    python -m benchmarks.dedup known  --data ../shared/data       found pairs and removed texts against brute force
    python -m benchmarks.dedup peers  --data ../shared/data       signatures beside other libraries
    python -m benchmarks.dedup whole  --data ../shared/data       all of it beside datatrove and duplodocus
    python -m benchmarks.dedup growth --documents 100,10000       all stages on made-up signatures, two workers

Peers that are not installed are named and left out.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.dedup.growth import growth
from benchmarks.dedup.known_pairs import known_pairs
from benchmarks.dedup.peers import real_texts, signing
from benchmarks.dedup.whole import whole


def main() -> None:
    """Print what was asked for."""
    about = "What deduplication finds and costs."
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dedup", description=about)
    parser.add_argument("what", choices=("known", "peers", "whole", "growth"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with real texts")
    parser.add_argument("--documents", default="100,10000,100000,1000000", help="sizes (default %(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="of the peers, of which the best counts")
    parser.add_argument("--every", type=int, default=5, metavar="N", help="whole: every N-th text (default 5)")
    parser.add_argument("--duplodocus", type=Path, metavar="PROGRAM", help="whole: measure this build of it too")
    given = parser.parse_args()
    if given.what == "known":
        with tempfile.TemporaryDirectory() as folder:
            lines = known_pairs(given.data, Path(folder))
    elif given.what == "peers":
        lines = signing(real_texts(given.data), given.turns)
    elif given.what == "whole":
        with tempfile.TemporaryDirectory() as folder:
            lines = whole(real_texts(given.data)[:: given.every], Path(folder), given.duplodocus)
    else:
        lines = growth([int(size) for size in given.documents.split(",")], workers=2)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
