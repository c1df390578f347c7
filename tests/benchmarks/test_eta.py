"""The ETA of live lines, beside what came: which predictions count as right."""

import pytest

pytest.importorskip("apache_beam")

from benchmarks.eta import Comparison, Prediction, compare, read_line
from pipelines.runtime.outlook import StageProgress

LINE = "[3/24] extracted         741/2,319 pages  1/4 tasks  27 pages per s  ETA 58 s for this stage  1 tasks reused"


def test_a_line_names_its_stage_and_what_is_left():
    assert read_line(LINE, 5.0) == Prediction(5.0, "extracted", 58.0)
    assert read_line("[1/2] posts  0/4 units  0/4 tasks  0 units per s  ETA unknown for this stage", 1.0).left is None
    assert read_line("[24/24] 10.3 s", 1.0) is None and read_line("error: no ETA 5 s", 1.0) is None


def test_a_prediction_stands_beside_the_end_of_its_own_stage():
    stages = {"a": StageProgress(began=100.0, ended=160.0), "b": StageProgress(began=160.0)}
    found = compare([Prediction(110.0, "a", 40.0), Prediction(170.0, "b", 1.0)], stages)
    assert found == [Comparison(Prediction(110.0, "a", 40.0), 10.0, 50.0)]


@pytest.mark.parametrize(
    ("since", "left", "took", "right"),
    [
        *((9, 900, 5, True), (10, 100, 50, True), (10, 103, 50, False), (10, 22, 50, False), (10, 23, 50, True)),
        *((20, 2, 0, True), (20, None, 50, False)),
    ],
)
def test_the_bound_is_a_factor_of_two_after_ten_seconds(since, left, took, right):
    assert Comparison(Prediction(0.0, "a", left), since, took).right is right
