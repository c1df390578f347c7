"""Quality classifiers on real corpora: how well each engine separates, what it would keep, how fast it scores.

    python -m benchmarks.classifier --positive data/webtext data/books --negative data/raw --leave-out

Trains each engine as `python -m classifiers.train` does, so every figure is of documents scored by weights that have
not seen their domain. `--leave-out` asks what a classifier makes of a kind of text that it was not shown: each positive
corpus in turn is left out of the training, and is then set against the same negatives. `pareto` sets the share of
100,000 made-up ids that stays beside (2 − s)^−9, in standard deviations. Seconds are processor seconds of one core.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifiers import evaluate, train
from classifiers.corpora import open_corpora, read, sampled
from classifiers.engines import ENGINES
from classifiers.evaluation import Evaluated, Side, figures, names_of
from classifiers.evaluation import evaluate as score_side
from classifiers.keep import PAPER_ALPHA, is_kept, keep_probability
from classifiers.model import open_classifier, read_card
from classifiers.score import scores_of
from classifiers.training_run import open_sides, run, without_overlap

IDS = 100_000
SCORES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def of_engine(engine: str, sides: Sequence[str], output: Path, settings: Sequence[str]) -> dict[str, Any]:
    """What the card says, the seconds of the training (fastText's own process aside), and the speed of scoring."""
    began = time.process_time()
    run(train.parser().parse_args([*sides, "--engine", engine, "--output", str(output), *settings]))
    seconds = time.process_time() - began
    found = read_card(output)["figures"]
    return {
        **{name: found[name] for name in ("auc", "keep_rate", "alpha", "by_corpus", "documents")},
        "training_seconds": round(seconds, 1),
        "scoring": speed(output, sides),
    }


def speed(folder: Path, sides: Sequence[str], most: int = 3000, passes: int = 3) -> dict[str, float]:
    """Documents and millions of characters a processor second, the best of some passes, a thousand a call."""
    classifier = open_classifier(folder)
    given = train.parser().parse_args([*sides, "--output", ""])
    negative = open_sides(given)[1]
    texts = [text.text for text in read(negative, sampled(negative, most))]
    folds = [number % len(classifier.biases) for number in range(len(texts))]
    seconds = []
    for _ in range(passes):
        began = time.process_time()
        for start in range(0, len(texts), 1000):
            scores_of(classifier, texts[start : start + 1000], folds[start : start + 1000])
        seconds.append(time.process_time() - began)
    characters = sum(map(len, texts))
    return {
        "documents_per_second": round(len(texts) / min(seconds)),
        "millions_of_characters_per_second": round(characters / min(seconds) / 1e6, 1),
        "characters_per_document": round(characters / len(texts)),
    }


def left_out(
    positive: Sequence[str], negative: Sequence[str], output: Path, settings: Sequence[str]
) -> dict[str, float]:
    """The area of each positive corpus against all negatives, by a linear classifier that was trained without it."""
    areas = {}
    for number, folder in enumerate(positive):
        others = [other for other in positive if other != folder]
        where = output / f"without-{number}"
        sides = ["--positive", *others, "--negative", *negative]
        trained = train.parser().parse_args([*sides, "--output", str(where), *settings])
        run(trained)
        given = evaluate.parser().parse_args([str(where), "--positive", folder, "--negative", *negative])
        sample = without_overlap(*open_sides(given), trained.documents)
        found = Evaluated(Side(names_of(sample.positive)), Side(names_of(sample.negative)))
        classifier = open_classifier(where)
        score_side(classifier, read(sample.positive, sample.good), found.positive, found)
        score_side(classifier, read(sample.negative, sample.raw), found.negative, found)
        areas[open_corpora([folder], "--positive")[0].name] = figures(found)["auc"]
    return areas


def pareto() -> dict[str, float]:
    """For each score, how many standard deviations the share that stays is from (2 − s)^−9."""
    found = {}
    for score in SCORES:
        expected = keep_probability(score, PAPER_ALPHA)
        kept = sum(is_kept(f"commoncrawl/{number:032x}", score, PAPER_ALPHA, "1") for number in range(IDS)) / IDS
        spread = (expected * (1 - expected) / IDS) ** 0.5
        found[str(score)] = round((kept - expected) / spread, 2) if spread else kept - expected
    return found


def main() -> None:
    """Print everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    train.add_sides(parser)
    parser.add_argument("--engine", action="append", choices=tuple(ENGINES), help="default: all three")
    parser.add_argument("--documents", type=int, default=20_000, help="most documents of a side")
    parser.add_argument("--penalty", default="0.001", help="as of classifiers.train (0.001)")
    parser.add_argument("--leave-out", action="store_true", help="also train without each positive corpus")
    given = parser.parse_args()
    positive, negative = ([name for names in side for name in names] for side in (given.positive, given.negative))
    sides = ["--positive", *positive, "--negative", *negative]
    settings = ["--documents", str(given.documents), "--penalty", given.penalty]
    with tempfile.TemporaryDirectory(prefix="corpusloom-classifier-") as folder:
        result: dict[str, Any] = {"pareto": pareto()}
        for engine in given.engine or ENGINES:
            result[engine] = of_engine(engine, sides, Path(folder) / engine, settings)
        if given.leave_out:
            result["left_out"] = left_out(positive, negative, Path(folder), settings)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
