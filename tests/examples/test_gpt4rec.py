"""The example of recommendations: its parts by hand, and the whole of it, run as a user would."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "gpt4rec"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import bm25
    import catalogue
    import run

    yield bm25, catalogue, run
    for name in ("bm25", "catalogue", "run"):
        sys.modules.pop(name)


def test_bm25_by_hand(example):
    index = example[0].Index(["red pen", "blue pen", "blue ink", "desk"])
    # "pen" is in two of four titles of 7/4 words on average.
    rarity = math.log(1 + 2.5 / 2.5)
    assert index.search("PEN", 9) == ["red pen", "blue pen"] and rarity == pytest.approx(math.log(2))
    # One word of two is rarer than the other, and a title with both is before those with one.
    assert index.search("blue pen", 9) == ["blue pen", "red pen", "blue ink"]
    assert index.search("red blue", 9) == ["red pen", "blue pen", "blue ink"]
    assert index.search("lamp", 9) == [] and index.search("blue pen", 1) == ["blue pen"]


def test_the_catalogue_and_its_customers_follow_from_the_seed(example):
    _, catalogue, _ = example
    titles = catalogue.titles()
    assert len(titles) == len(set(titles)) == 1728
    some = catalogue.customers(50, seed=3)
    assert some == catalogue.customers(50, seed=3) != catalogue.customers(50, seed=4)
    assert {title for each in some for title in (*each.history, each.next)} <= set(titles)


def test_results_of_queries_are_taken_in_turn_and_ranks_are_counted(example):
    _, catalogue, run = example
    assert run.merged([["a", "b", "c"], ["b", "d"], []]) == ["a", "b", "d", "c"]
    asking = [catalogue.Customer(("x",), name) for name in ("first", "third", "none")]
    found = run.quality(lambda _: ["first", "other", "third"], asking)
    assert found == {"recall@1": 0.3333, "recall@5": 0.6667, "recall@20": 0.6667, "mrr": round((1 + 1 / 3) / 3, 4)}


def test_the_model_foresees_more_than_the_baselines(tmp_path):
    small = ["--customers", "1500", "--asking", "20", "--steps", "120"]
    ran = subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py"), "--output", str(tmp_path), *small],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert ran.returncode == 0, ran.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    baselines = [results[name]["recall@20"] for name in ("most bought", "BM25 of the last title")]
    assert results["queries by the model"]["recall@20"] > max(baselines) + 0.2, results
    assert "queries by the model" in ran.stdout
