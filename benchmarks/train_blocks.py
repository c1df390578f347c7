"""Train the block model and write the weights to where the extraction reads them.

    python -m benchmarks.train_blocks --data ../shared/data/pages ../shared/data/pages_more

`benchmarks.extraction` cross-validates it, with pages split by registrable domain, since those of one site are built
alike. A block counts by its words beside those of the gold text, so that each page counts
about the same; pages whose gold text no choice of blocks comes near to (a gallery, a thread that is loaded by a script)
hardly count. Pages without gold text teach what their snippets say.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import lightgbm
import numpy as np

from benchmarks import learned_words
from benchmarks.block_labels import label, label_by_snippets
from benchmarks.gold_pages import GoldPage, precision_recall_f1, read_gold, read_html
from corpus.extraction import blocks
from corpus.extraction.blocks import inspection, native, weights
from corpus.hashing import digest

TREES = 200
SETTINGS: dict[str, Any] = {
    "objective": "cross_entropy",  # labels are shares
    "num_leaves": 24,
    "learning_rate": 0.07,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "min_data_in_leaf": 80,
    "min_sum_hessian_in_leaf": 5,
    "lambda_l2": 5,
    "max_bin": 63,
    "seed": 1,
    "num_threads": 1,  # two threads on shared cores wait for each other; one gives the same trees everywhere
    "force_row_wise": True,
    "verbose": -1,
}
MOST_BLOCKS = 350  # of a page in training; a sample stands for more
LEAST_GOLD_WORDS = 25
LEAST_REACHABLE_F1 = 0.6  # by the best choice of blocks
WEIGHT_OF_OUT_OF_REACH = 0.02
WEIGHT_OF_SNIPPET = 0.3  # of a block that a snippet labels, where a page with gold text has about 1 in all
MOST_WEIGHT = 4.0  # of a page with long texts that are not its gold text


@dataclass
class TrainingPage:
    """The labelled blocks of a page, as rows."""

    domain: str
    features: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    words: learned_words.Words


def training_page(page: GoldPage, html: str) -> TrainingPage | None:
    """The rows of a page; None if nothing is known of any of its blocks."""
    with blocks.read(html, page.url) as reading:
        if not reading.count():
            return None
        seen = inspection.texts(reading)
        features, words = inspection.features(reading), inspection.words(reading)
        if page.gold is None:
            labels = label_by_snippets(seen.texts, page.wanted, page.unwanted)
            chosen = np.flatnonzero(~np.isnan(labels))
            row_weights = np.full(len(labels), WEIGHT_OF_SNIPPET)
            is_reachable = True
        else:
            labels = label(seen.texts, page.gold)
            best = reading.write_chosen((labels >= 0.5).tolist()).text
            gold_words = float(seen.words @ labels)
            row_weights = (seen.words + 2) / (max(20.0, gold_words) + 2)
            row_weights *= min(1.0, MOST_WEIGHT / row_weights.sum())
            reached = precision_recall_f1(best, page.gold)[2]
            is_reachable = gold_words >= LEAST_GOLD_WORDS and reached >= LEAST_REACHABLE_F1
            row_weights *= 1 if is_reachable else WEIGHT_OF_OUT_OF_REACH
            chosen = _sample(len(labels))
            row_weights *= len(labels) / len(chosen)
    if not len(chosen):
        return None
    taught = learned_words.Words(
        _lines_of(words, chosen, len(labels)),
        labels[chosen] if is_reachable else np.full(len(chosen), np.nan),
        np.sqrt(seen.words[chosen] + 2),
        np.full(len(chosen), page.domain),
    )
    return TrainingPage(page.domain, features[chosen], labels[chosen], row_weights[chosen], taught)


def _sample(count: int) -> np.ndarray:
    """The rows of a page that take part."""
    if count <= MOST_BLOCKS:
        return np.arange(count)
    return np.sort(np.random.default_rng(count).choice(count, MOST_BLOCKS, replace=False))


def _lines_of(words: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """The words of the chosen blocks, by the numbers of the rows."""
    row_of_block = np.full(count, -1, np.int64)
    row_of_block[chosen] = np.arange(len(chosen))
    lines = words[row_of_block[words[:, 0]] >= 0].copy()
    lines[:, 0] = row_of_block[lines[:, 0]]
    return lines


def training_pages(folders: Iterable[Path]) -> Iterator[TrainingPage]:
    """The pages with gold text or snippets of all folders, each URL once."""
    seen: set[str] = set()
    for folder in folders:
        gold = {url: page for url, page in read_gold(folder).items() if page.is_judged and url not in seen}
        for url, html in read_html(folder, set(gold)):
            if url not in seen:
                seen.add(url)
                page = training_page(gold[url], html)
                if page:
                    yield page


def train(pages: list[TrainingPage]) -> weights.Weights:
    """A model of these pages; the same for the same pages in the same order."""
    row_weights = np.concatenate([page.weights for page in pages])
    features = np.concatenate([page.features for page in pages])
    scores, by_words = learned_words.learn(learned_words.joined([page.words for page in pages]))
    features[:, [name.startswith("learned_") for name in native.feature_names()]] = by_words
    rows = lightgbm.Dataset(
        features,
        np.concatenate([page.labels for page in pages]),
        weight=row_weights / row_weights.mean(),
        feature_name=native.feature_names(),
    )
    booster = lightgbm.train(SETTINGS, rows, TREES)
    return weights.from_lightgbm(cast(weights.BoosterDump, booster.dump_model()), native.feature_version(), scores)


def fold_of(domain: str, folds: int) -> int:
    """The part of the pages that a domain is in."""
    return int(digest(domain), 16) % folds


def cross_validated(pages: list[TrainingPage], folds: int) -> Callable[[str], native.Forest]:
    """For a domain, the model that has seen no page of its fold."""
    forests = [
        native.Forest(train([page for page in pages if fold_of(page.domain, folds) != fold])) for fold in range(folds)
    ]
    return lambda domain: forests[fold_of(domain, folds)]


def main() -> None:
    """Train on all pages of which something is known and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of pages.warc.gz and gold text")
    parser.add_argument("--output", type=Path, default=weights.DEFAULT, help="where to write the weights")
    arguments = parser.parse_args()
    pages = list(training_pages(arguments.data))
    trained = train(pages)
    trained.save(arguments.output)
    size = arguments.output.stat().st_size
    print(f"{arguments.output}: {TREES} trees from {len(pages)} pages, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
