"""The main file of a Flex Template: a launch's parameters into the command line of a build.

Every parameter arrives as `--name=value`. A switch has no value on a command line, so `--keep-over-18=true` becomes
`--keep-over-18`, and `=false` leaves it out; lists are divided at blanks. Which build it is says the environment
variable CORPUSLOOM_PIPELINE, a part of the image or of the template.

A launch is one job, and so is a build: Dataflow's launcher asks for the graph of the job in a file
(`--template_location`), and the build writes the graph of all its stages there. The job then builds the corpus.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

VARIABLE = "CORPUSLOOM_PIPELINE"
NO = {"", "0", "false", "no"}


def command_line(flags: argparse.ArgumentParser, parameters: Sequence[str]) -> list[str]:
    """The parameters of a launch as the words of a command line."""
    actions = {name: action for action in flags._actions for name in action.option_strings}
    words: list[str] = []
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        action = actions.get(name)
        # --keep-over-18=true     ->  --keep-over-18           --keep-over-18=false  ->  nothing
        # --pages=gs://a gs://b   ->  --pages gs://a gs://b    --runner=X           ->  as it is: not ours, Beam's
        if isinstance(action, argparse._StoreTrueAction) and equals:
            words += [] if value.lower() in NO else [name]
        elif action is not None and action.nargs == "+" and equals:
            words += [name, *value.split()]
        else:
            words.append(parameter)
    return words


def main() -> int:
    """Run the build that the image is for, or write the graph of its job; the exit code."""
    build = importlib.import_module(f"pipelines.{os.environ.get(VARIABLE, 'build_webtext')}")
    return build.main(command_line(build.parser(), sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
