"""A Flex Template knows every flag of its pipeline, and a launch's parameters become its command line."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pipelines
from pipelines.engines.__main__ import main
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


def test_every_build_command_is_a_pipeline():
    commands = Path(pipelines.__file__).parent.glob("*.py")
    assert set(PIPELINES) == {path.stem for path in commands if "make, main = " in path.read_text()}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["metadata", "build_wine"], 2, "no pipeline 'build_wine'; there are build_webtext"),
        (["boot", "FILE/boot"], 2, "FILE: a file of that name stands there already"),
    ],
)
def test_the_command_ends_with_a_sentence(arguments, code, says, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert main([word.replace("FILE", str(tmp_path / "file")) for word in arguments]) == code
    said = capsys.readouterr().err
    assert says.replace("FILE", str(tmp_path / "file")) in said and len(said.splitlines()) == 1


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
