"""Explain a score: the words that decided, for and against.

    python -m classifiers.explain quality/ --text page.txt
    python -m classifiers.explain quality/ --corpus data/commoncrawl --id commoncrawl/17b7c16a…

What a word does is its weight times its share of the text: the numbers shown, and the bias, add up to the logit.
Nothing heavy is imported before the flags are right.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser, WholeNumber, end_with

if TYPE_CHECKING:
    from classifiers.model import Classifier

COMMAND = "python -m classifiers.explain"
EXAMPLE = """
example:  python -m classifiers.explain quality/ --text page.txt
"""


@dataclass(frozen=True)
class Explanation:
    """A score, the logit behind it, and the features with their parts of it, the largest first. All parts and `bias`
    add up to `logit`.
    """

    score: float
    logit: float
    bias: float
    features: list[tuple[str, int, float]]

    def lines(self, most: int) -> list[str]:
        """For a terminal."""
        lines = [f"score {self.score:.6f}  (logit {self.logit:.4f}, of which bias {self.bias:.4f})"]
        for title, chosen in (
            ("for", [each for each in self.features if each[2] > 0][:most]),
            # Sorted by what they add, downwards, so the strongest against are at the end: read backwards.
            ("against", [each for each in self.features[::-1] if each[2] < 0][:most]),
        ):
            lines.append(f"{title}:")
            lines += [f"  {part:+9.4f}  {name}  ×{count}" for name, count, part in chosen]
        return lines


def explain(classifier: "Classifier", text: str, identity: str = "", domain: str = "") -> Explanation:
    """Why a text has its score. The model is that of the document's fold."""
    from classifiers.score import scores_of

    fold = classifier.fold(identity, domain)
    logits, lengths = classifier.logits([text], fold)
    buckets = classifier.engine.features([text]).flat()[0]
    # The factor that turns an integer weight into its part of the logit, as `Classifier.logits` has it.
    share = classifier.unit / (max(int(lengths[0]), 1) if classifier.engine.mean else 1)
    parts = classifier.weights[fold][buckets] * share
    counts = Counter[str]()
    totals: dict[str, float] = {}
    # `named` gives names in the very order in which `flat` gives buckets: all words, then all pairs.
    for name, part in zip(classifier.engine.named(text), parts.tolist(), strict=True):
        counts[name] += 1
        totals[name] = totals.get(name, 0.0) + part
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    features = [(name, counts[name], part) for name, part in ranked]
    score = float(scores_of(classifier, [text], [fold])[0])
    return Explanation(score, float(logits[0]), classifier.biases[fold], features)


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Show the words that decided a score.", EXAMPLE)
    flags.add_argument("classifier", metavar="FOLDER", help="the output of classifiers.train")
    flags.add_argument("--text", default="", metavar="FILE", help="a text in UTF-8; '-' reads standard input")
    flags.add_argument("--corpus", default="", metavar="FOLDER", help="a finished corpus that has the document --id")
    flags.add_argument("--id", default="", metavar="ID", help="the id of a kept document of --corpus")
    flags.add_argument("--words", type=WholeNumber(1), default=15, metavar="N", help="words to show each way (15)")
    flags.add_argument("--json", action="store_true", help="print everything as JSON")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given = ours.parse_args(arguments)
    # Two tests in one: exactly one of --text and --corpus, and --id just where --corpus is.
    if bool(given.text) == bool(given.corpus) or bool(given.corpus) != bool(given.id):
        ours.error("give --text FILE, or --corpus FOLDER and --id ID")
    try:
        found = _explained(given)
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)
    print(json.dumps(asdict(found)) if given.json else "\n".join(found.lines(given.words)))
    return 0


def _explained(given: argparse.Namespace) -> Explanation:
    from classifiers.corpora import open_corpora, read
    from classifiers.model import open_classifier
    from corpus.errors import CorpusloomError, ExitCode

    classifier = open_classifier(given.classifier)
    if given.text:
        data = sys.stdin.buffer.read() if given.text == "-" else Path(given.text).read_bytes()
        return explain(classifier, data.decode("utf-8", "replace"))
    for text in read(open_corpora([given.corpus], "--corpus"), {(0, given.id)}):
        return explain(classifier, text.text, text.id, text.domain)
    raise CorpusloomError(f"--id {given.id}: no kept document of {given.corpus} has this id", ExitCode.FLAGS)


if __name__ == "__main__":
    sys.exit(main())
