"""The flags of what decides on judged documents: the same for every source. `pipelines.builds.deciders` reads them.

A decider adds its flag here, in the order in which deciders stand, and its maker there. Imports nothing heavy.
"""

import argparse


def add_decider_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Flags of all four builders of corpora."""
    flags.add_argument(
        "--benchmarks",
        action="append",
        nargs="+",
        metavar="PATTERN",
        help="files or folders of benchmarks (JSON lines, .tsv, .csv, .txt, compressed or not): what shares 13 words "
        "in a row with one is cut out, and overlap/ says which examples the corpus has",
    )
