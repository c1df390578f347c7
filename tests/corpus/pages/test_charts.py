"""Line charts: curves inside their drawing, on both scales, with no spike left out."""

import math
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from corpus.pages.charts import Curve, _Axis, legend, line_chart, thin


def drawing_of(curves, logarithmic=False):
    return ElementTree.fromstring(line_chart(curves, "a <label>", logarithmic))


def points_of(drawing):
    return [tuple(map(float, point.split(","))) for point in drawing.find("svg/polyline").get("points").split()]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_curve_lies_inside_its_drawing_and_falls_where_its_values_fall(logarithmic):
    curve = Curve("loss", [(step, 5 / step) for step in range(1, 50)])
    points = points_of(drawing_of([curve], logarithmic))
    assert len(points) == 49
    assert all(0 <= x <= 1000 and 0 <= y <= 200 for x, y in points)
    assert points == sorted(points) and [y for _, y in points] == sorted(y for _, y in points)
    slopes = {round((d - b) / (c - a), 1) for (a, b), (c, d) in pairwise(points[5:])}
    assert (len(slopes) <= 2) == logarithmic, "1/x is straight on logarithmic axes only"


def test_what_has_no_logarithm_is_left_out_there():
    curve = Curve("rate", [(1, 0.0), (2, 1.0), (3, 10.0)])
    assert len(points_of(drawing_of([curve]))) == 3
    assert len(points_of(drawing_of([curve], True))) == 2
    assert drawing_of([Curve("none", [(0, 0.0)])], True).find("svg") is None


def test_a_long_curve_is_thinned_and_keeps_its_spikes():
    points = [(step, math.sin(step / 1000)) for step in range(100_000)]
    points[77_777] = (77_777, 9.0)
    points[3] = (3, -9.0)
    kept = thin(points)
    assert len(kept) <= 600 and kept == sorted(kept)
    assert (77_777, 9.0) in kept and (3, -9.0) in kept
    assert thin(points[:600]) == points[:600]


def test_a_flat_curve_is_drawn():
    assert len(points_of(drawing_of([Curve("norm", [(1, 2.0), (2, 2.0)])]))) == 2


def test_letters_are_placed_in_percent_so_that_they_keep_their_size():
    texts = list(drawing_of([Curve("loss", [(1, 1.0), (2000, 130.0)])]).iter("text"))
    assert all(text.get("x").endswith("%") for text in texts)
    assert [text.text for text in texts] == ["50", "100", "500", "1k", "1.5k", "2k"]


@pytest.mark.parametrize(
    ("low", "high", "logarithmic", "expected"),
    [
        (0, 0.3, False, [0, 0.1, 0.2, 0.3]),
        (0.6, 0.7, False, [0.6, 0.62, 0.64, 0.66, 0.68, 0.7]),
        (-0.3, 0.3, False, [-0.2, 0, 0.2]),
        (0, 130, False, [0, 50, 100]),
        (3e-5, 1e-3, True, [5e-5, 1e-4, 2e-4, 5e-4, 1e-3]),
    ],
)
def test_the_round_values_of_an_axis_have_both_of_its_ends(low, high, logarithmic, expected):
    assert _Axis(low, high, 0, 100, logarithmic).ticks() == expected


def test_the_legend_has_the_last_values_and_hides_nothing():
    shown = str(legend([Curve("web\u202e<b>", [(1, 3.0), (2, 2.5)]), Curve("none", [])]))
    assert "web\\u202e&lt;b&gt; <b>2.5</b>" in shown and "none <b>–</b>" in shown
