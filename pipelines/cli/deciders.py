"""The flags of what decides on judged documents: the same for every source. `pipelines.builds.deciders` reads them.

A decider adds its flag here, in the order in which deciders stand, and its maker there. Imports nothing heavy.
"""

import argparse

from corpus.command_line import Number, WholeNumber
from pipelines.cli.memory import add_memory_flag


def add_decider_flags(flags: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Flags of all four builders of corpora."""
    flags.add_argument(
        "--classifier",
        default="",
        metavar="FOLDER",
        help="from python -m classifiers.train: every document gets a quality_score, and the Pareto rule decides",
    )
    flags.add_argument(
        "--alpha",
        type=_alpha,
        metavar="X",
        help="a document stays with a probability of (2 - score)^-X (default 9, GPT-3's; 'fitted': the classifier's)",
    )
    flags.add_argument(
        "--seed", type=WholeNumber(0), default=1, metavar="N", help="another draw of the Pareto rule (default 1)"
    )
    flags.add_argument(
        "--index",
        default="",
        metavar="FOLDER",
        help="of earlier builds (python -m pipelines.build_index): what they kept, or is close to it, is left out of "
        "this one, and theirs stays",
    )
    flags.add_argument(
        "--against",
        action="append",
        metavar="CORPUS",
        help="a finished corpus: what is close to one of its documents is left out of this one; may be given again",
    )
    flags.add_argument(
        "--benchmarks",
        action="append",
        nargs="+",
        metavar="PATTERN",
        help="files or folders of benchmarks (JSON lines, .tsv, .csv, .txt, compressed or not): what shares 13 words "
        "in a row with one is cut out, and overlap/ says which examples the corpus has",
    )
    add_memory_flag(flags)


def _alpha(text: str) -> float | str:
    return text if text == "fitted" else Number(0)(text)
