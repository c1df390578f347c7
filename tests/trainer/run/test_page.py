"""The page of curves: one file that any browser opens, with every series of the metrics and no spike left out."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from trainer.run.page import Curve, RunFacts, chart, page, thin, write_page

FACTS = RunFacts("a <run>", {"preset": "tiny & more"}, {"web": 3.5, "gone": 1.0}, {"web": 0.75, "books": 0.25})


def rows_of(count):
    return [
        {
            "step": step,
            "loss": 5 / step,
            "rate": 1e-3 * (step - 1),
            "gradient_norm": 1.0,
            "tokens_per_second": 1e6 + step,
            "source_tokens": {"web": 300 * step, "books": 100 * step},
            "epochs": {"web": 0.5 * step, "books": 0.125},
        }
        | ({"bits_per_byte": {"web": 3 - step / count, "books": 2.0}} if step % 5 == 0 else {})
        for step in range(1, count + 1)
    ]


def tree_of(text):
    return ElementTree.fromstring(text.removeprefix("<!doctype html>"))


def test_the_page_is_whole_escaped_and_needs_nothing_else(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_of(20)))
    text = write_page(tmp_path, FACTS).read_text()
    tree = tree_of(text)
    assert tree.findtext("head/title") == "a <run>"
    assert not re.search(r"<script|https?://|src=|@import|url\(", text)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", "index.html"}


def test_every_chart_is_drawn_on_both_scales_with_the_unigram_model_beside():
    tree = tree_of(page(FACTS, rows_of(20)))
    titles = [each.text for each in tree.iter("h2")]
    assert titles == [
        "Sources",
        "loss (nats per token)",
        "validation (bits per byte)",
        "learning rate",
        "norm of the gradient",
        "tokens per second",
    ]
    drawings = list(tree.iter("svg"))
    assert [each.get("class") for each in drawings] == ["linear", "log"] * 5
    validation = drawings[2].findall("polyline")
    assert [each.get("class") for each in validation] == ["line", "line", "line base"]
    keys = [span.find("i").tail for span in tree.iter("span")]
    assert keys == ["web", "books", "web, unigram"]


def test_the_sources_stand_with_tokens_epochs_and_both_shares():
    cells = ["".join(cell.itertext()) for cell in tree_of(page(FACTS, rows_of(20))).findall("body/table")[1].iter("td")]
    assert cells == ["web", "6,000", "10.000", "75.00%", "75.00%", "books", "2,000", "0.125", "25.00%", "25.00%"]


def test_a_run_without_a_step_has_a_page():
    assert "No step yet." in page(FACTS, [])


def points_of(drawing):
    return [tuple(map(float, point.split(","))) for point in drawing.find("polyline").get("points").split()]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_curve_lies_inside_its_drawing_and_falls_where_its_values_fall(logarithmic):
    curve = Curve("loss", [(step, 5 / step) for step in range(1, 50)])
    points = points_of(tree_of(chart([curve], logarithmic)))
    assert len(points) == 49
    assert all(64 <= x <= 616 and 10 <= y <= 232 for x, y in points)
    assert points == sorted(points) and [y for _, y in points] == sorted(y for _, y in points)
    slopes = {round((d - b) / (c - a), 1) for (a, b), (c, d) in pairwise(points[5:])}
    assert (len(slopes) <= 2) == logarithmic, "1/x is straight on logarithmic axes only"


def test_what_has_no_logarithm_is_left_out_there():
    curve = Curve("rate", [(1, 0.0), (2, 1.0), (3, 10.0)])
    assert len(points_of(tree_of(chart([curve], False)))) == 3
    assert len(points_of(tree_of(chart([curve], True)))) == 2
    assert tree_of(chart([Curve("none", [(0, 0.0)])], True)).find("polyline") is None


def test_a_long_curve_is_thinned_and_keeps_its_spikes():
    points = [(step, math.sin(step / 1000)) for step in range(100_000)]
    points[77_777] = (77_777, 9.0)
    points[3] = (3, -9.0)
    kept = thin(points)
    assert len(kept) <= 600 and kept == sorted(kept)
    assert (77_777, 9.0) in kept and (3, -9.0) in kept
    assert thin(points[:600]) == points[:600]


def test_a_flat_curve_is_drawn():
    assert len(points_of(tree_of(chart([Curve("norm", [(1, 2.0), (2, 2.0)])], False)))) == 2
