"""The metadata of a Dataflow Flex Template, from the flags that a pipeline declares itself.

Dataflow checks the parameters of a launch against this file and shows their help in its console; a flag that is
missing there cannot be given. So it is generated, and names, help, requiredness and choices have one home.
"""

import argparse
import importlib
import re

from corpus.command_line import Number, WholeNumber
from corpus.json_types import JsonObject
from pipelines.engines.cache import EngineMissing

# Every command that is one job of Beam's: it builds something (a test holds the list against the commands).
PIPELINES = (
    "build_webtext",
    "build_commoncrawl",
    "build_wikipedia",
    "build_books",
    "build_index",
    "train_tokenizer",
    "build_shards",
)
# Parameters of a launch arrive as `--name=value`; a dry run is for a terminal, and `--help` is not a parameter.
LEFT_OUT = {"help", "dry-run", "no-wait", "running-job"}


def metadata(pipeline: str) -> JsonObject:
    """`{"name", "description", "parameters": [...]}` of one pipeline's command; `EngineMissing` for an unknown name."""
    if pipeline not in PIPELINES:
        raise EngineMissing(f"no pipeline {pipeline!r}; there are {', '.join(PIPELINES)}")
    flags: argparse.ArgumentParser = importlib.import_module(f"pipelines.{pipeline}").parser()
    named = [(action, _name(action)) for action in flags._actions if action.option_strings]
    parameters = [_parameter(action, name) for action, name in named if name not in LEFT_OUT]
    return {
        "name": f"corpusloom {pipeline}",
        "description": flags.description or pipeline,
        "parameters": parameters,
    }


def _name(action: argparse.Action) -> str:
    return max(action.option_strings, key=len).removeprefix("--")


def _parameter(action: argparse.Action, name: str) -> JsonObject:
    parameter: JsonObject = {
        "name": name,
        "label": name.replace("-", " ").capitalize(),
        "helpText": re.sub(r"%\(.*?\)s", str(action.default), action.help or name),  # argparse's %(default)s
        "isOptional": not action.required,
    }
    if action.choices:
        # Dataflow checks a value by these before it starts a machine.
        parameter["regexes"] = ["^(" + "|".join(re.escape(str(choice)) for choice in action.choices) + ")$"]
    elif isinstance(action.type, WholeNumber | Number):
        parameter["regexes"] = [action.type.pattern]
    elif isinstance(action, argparse._StoreTrueAction):
        parameter["regexes"] = ["^(true|false)$"]
    return parameter
