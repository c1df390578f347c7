"""The graph of a job: a stage waits for all that it reads, and pays for no GroupByKey more than that takes."""

import pytest

pytest.importorskip("apache_beam")

import apache_beam as beam
from apache_beam.options.pipeline_options import TypeOptions
from squares import stages as squares

from pipelines.runtime.engine import Options
from pipelines.runtime.job import _awaited, build_job
from pipelines.runtime.run import BuildRun
from pipelines.runtime.stage import Stage, in_order


def work(task):
    """Nothing: the graph alone is looked at."""


def stage(name, *reads):
    return Stage(name, work, plan=list, reads=reads)


def names(stages):
    return [each.name for each in stages]


def test_a_stage_waits_for_what_no_other_of_its_inputs_waits_for():
    a = stage("a")
    b, c = stage("b", a), stage("c", a)
    d = stage("d", a, b)
    assert names(_awaited(d)) == ["b"]
    assert names(_awaited(stage("e", a, b, c))) == ["b", "c"]
    assert names(_awaited(stage("f", a, c, d))) == ["c", "d"]
    assert names(_awaited(a)) == []


def test_stages_come_after_what_they_read_and_two_of_one_name_are_refused():
    a = stage("a")
    b = stage("b", a)
    assert names(in_order(stage("c", b, a))) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="two stages are called a"):
        in_order(stage("c", b, stage("a")))


def test_one_stage_after_another_takes_two_group_by_keys(tmp_path):
    last = squares(tmp_path / "log")
    chain = in_order(last)
    pipeline = beam.Pipeline(runner="FnApiRunner", options=Options([]))
    build_job(pipeline, chain, BuildRun(str(tmp_path), "run"))
    proto = pipeline.to_runner_api()
    grouped = [
        each for each in proto.components.transforms.values() if each.spec.urn == "beam:transform:group_by_key:v1"
    ]
    assert len(grouped) == sum(2 + (len(_awaited(each)) > 1) for each in chain)


def test_views_of_options_are_made_once_and_share_their_values():
    options = Options(["--runner=FnApiRunner"])
    assert options.view_as(TypeOptions) is options.view_as(TypeOptions)
    options.view_as(TypeOptions).pipeline_type_check = False
    assert options.get_all_options()["pipeline_type_check"] is False
