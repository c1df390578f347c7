"""A Flex Template knows every flag of its pipeline, and a launch's parameters become its command line."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

from pipelines.engines.cache import EngineMissing
from pipelines.engines.launch import command_line
from pipelines.engines.template import LEFT_OUT, PIPELINES, metadata


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_flag_is_a_parameter(pipeline):
    flags = import_module(f"pipelines.{pipeline}").parser()
    named = {max(a.option_strings, key=len)[2:]: a for a in flags._actions if a.option_strings}
    found = {entry["name"]: entry for entry in metadata(pipeline)["parameters"]}
    assert set(found) == set(named) - LEFT_OUT
    assert {name for name, entry in found.items() if not entry["isOptional"]} == {
        name for name, action in named.items() if action.required
    }
    assert not any("%(" in entry["helpText"] for entry in found.values())


def test_an_unknown_pipeline_is_named():
    with pytest.raises(EngineMissing, match="build_wine"):
        metadata("build_wine")


def test_the_command_prints_json():
    ran = subprocess.run(
        [sys.executable, "-m", "pipelines.engines", "metadata", "build_webtext"], capture_output=True, text=True
    )
    assert json.loads(ran.stdout)["name"] == "corpusloom build_webtext"


def test_parameters_become_a_command_line_that_the_build_understands():
    flags = import_module("pipelines.build_webtext").parser()
    parameters = ["--submissions=a b", "--pages=c", "--output=o", "--keep-over-18=true", "--keep-deleted=false"]
    given, others = flags.parse_known_args(command_line(flags, [*parameters, "--runner=DataflowRunner"]))
    assert (given.submissions, given.pages, given.output) == ([["a", "b"]], [["c"]], "o")
    assert (given.keep_over_18, given.keep_deleted) == (True, False)
    assert others == ["--runner=DataflowRunner"]
