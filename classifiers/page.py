"""The page of a classifier: how well it separates, what it would keep, and what its scale looks like from end to end.

It shows texts that others wrote, so every string is made visible and escaped, no script runs and nothing is fetched.
"""

from pathlib import Path

from classifiers.card import Figures, Training
from classifiers.evaluation import DECILES, Evaluated
from classifiers.measures import BINS, roc
from corpus.pages import figures
from corpus.pages.environment import environment

PAGE = "index.html"


def write_page(title: str, found: Evaluated, values: Figures, card: Training | None = None) -> str:
    """The page as HTML; after a training it also shows the card's `data` and `settings`."""
    return (
        environment(Path(__file__).parent)
        .get_template("page.html.j2")
        .render(
            title=title,
            card=card,
            figures=values,
            roc=figures.curves({"kept": roc(found.positive.scores, found.negative.scores)}, "ROC curve"),
            calibration=figures.curves({"kept": _reliability(values)}, "Calibration curve"),
            histogram=figures.histogram(_bars(values["histogram"]), "Scores: positives upwards, negatives downwards"),
            deciles=[
                (f"{place / DECILES:.1f} to {(place + 1) / DECILES:.1f}", [example for _, example in chosen])
                for place, chosen in enumerate(found.examples)
            ],
        )
    )


def _reliability(values: Figures) -> list[tuple[float, float]]:
    return [(point["mean_score"], point["positive_share"]) for point in values["calibration"] if point["documents"]]


def _bars(histogram: dict[str, list[int]]) -> list[figures.Bar]:
    pairs = zip(histogram["positive"], histogram["negative"], strict=True)
    # The last field labels every fifth bar: text * False is "".
    return [
        figures.Bar(
            f"score {place / BINS:.2f}–{(place + 1) / BINS:.2f}", good, raw, f"{place / BINS:g}" * (place % 5 == 0)
        )
        for place, (good, raw) in enumerate(pairs)
    ]
