"""Evaluate a classifier on other corpora: how well it separates them, and what of each it would keep.

    python -m classifiers.evaluate quality/ --positive corpus/held --negative corpus/other --json

A document of the training among them is scored by weights that have not seen it. Nothing heavy is imported before the
flags are right.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from classifiers.card import Figures
from classifiers.train import add_sides
from corpus.command_line import CommandParser, Number, WholeNumber, end_with

COMMAND = "python -m classifiers.evaluate"
EXAMPLE = """
example:  python -m classifiers.evaluate quality/ --positive corpus/held --negative corpus/other --json
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Evaluate a classifier on finished corpora.", EXAMPLE)
    flags.add_argument("classifier", metavar="FOLDER", help="the output of classifiers.train")
    add_sides(flags)
    flags.add_argument("--alpha", type=Number(0), default=9.0, metavar="X", help="of the Pareto rule (default 9)")
    flags.add_argument(
        "--documents",
        type=WholeNumber(1),
        default=100_000,
        metavar="N",
        help="most documents of a side, those with the least hashes (default 100,000)",
    )
    flags.add_argument("--page", default="", metavar="FILE", help="write curves and examples as an HTML page")
    flags.add_argument("--json", action="store_true", help="print all figures as JSON")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        found = _evaluated(given)
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)
    print(json.dumps(found, indent=1) if given.json else "\n".join(_lines(found)))
    return 0


def _evaluated(given: argparse.Namespace) -> "Figures":
    from classifiers.corpora import read
    from classifiers.evaluation import Evaluated, Side, evaluate, figures, names_of
    from classifiers.model import open_classifier
    from classifiers.page import write_page
    from classifiers.training_run import open_sides, without_overlap
    from corpus.files.manifest import write_bytes

    classifier = open_classifier(given.classifier)
    sample = without_overlap(*open_sides(given), given.documents)
    found = Evaluated(Side(names_of(sample.positive)), Side(names_of(sample.negative)), sample.overlapping)
    evaluate(classifier, read(sample.positive, sample.good), found.positive, found)
    evaluate(classifier, read(sample.negative, sample.raw), found.negative, found)
    values = figures(found, given.alpha)
    if given.page:
        title = f"{classifier.engine.name}, on other documents"
        write_bytes(Path(given.page), write_page(title, found, values).encode())
    return values


def _lines(found: "Figures") -> list[str]:
    sizes, rates = found["documents"], found["keep_rate"]
    lines = [
        f"documents   {sizes['positive']:,} positive, {sizes['negative']:,} negative; {sizes['overlapping']:,} left "
        "out, being on both sides",
        f"AUC         {found['auc']:.4f}",
        f"keep rate   {rates['positive']:.1%} of positives, {rates['negative']:.1%} of negatives at alpha "
        f"{rates['alpha']:g}",
    ]
    for side, corpora in found["by_corpus"].items():
        for name, row in corpora.items():
            lines.append(
                f"{side}    {name}: {row['documents']:,} documents, AUC {row['auc']:.4f}, mean score "
                f"{row['mean_score']:.3f}, kept {row['keep_rate']:.1%}"
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
