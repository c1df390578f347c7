"""Deduplication, measured: what it finds, what it costs beside others, how it grows.

python -m benchmarks.dedup known   --data ../shared/data     known pairs
"""

import argparse
from pathlib import Path

from benchmarks.dedup.known_pairs import known_pairs


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dedup", description="What deduplication finds and costs."
    )
    parser.add_argument("what", choices=("known",))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with real texts")
    given = parser.parse_args()
    print("\n".join(known_pairs(given.data)))


if __name__ == "__main__":
    main()
