"""The main file of a Flex Template: a launch's parameters into the command line of a build.

Every parameter arrives as `--name=value`. A switch has no value on a command line, so `--keep-over-18=true` becomes
`--keep-over-18`, and `=false` leaves it out; lists are divided at blanks. Which build it is says the environment
variable CORPUSLOOM_PIPELINE, a part of the image or of the template.

A launch is one job, and a build is a job a stage: Dataflow's launcher asks for the graph of a job in a file
(`--template_location`), the build writes the graph of its first unfinished stage there, and ends for want of records.
That is a success of the launch. Launched again when the job is done, it comes to the next stage.
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
        if isinstance(action, argparse._StoreTrueAction) and equals:
            words += [] if value.lower() in NO else [name]
        elif action is not None and action.nargs == "+" and equals:
            words += [name, *value.split()]
        else:
            words.append(parameter)
    return words


def exit_code(code: int, parameters: Sequence[str]) -> int:
    """0 when a job's graph was asked for and written, whatever the build said; its own code otherwise."""
    from apache_beam.io.filesystems import FileSystems

    asked = [parameter.partition("=")[2] for parameter in parameters if parameter.startswith("--template_location=")]
    return 0 if asked and FileSystems.exists(asked[-1]) else code


def main() -> int:
    """Run the build that the image is for, or write the graph of its next stage; the exit code."""
    build = importlib.import_module(f"pipelines.{os.environ.get(VARIABLE, 'build_webtext')}")
    parameters = command_line(build.parser(), sys.argv[1:])
    return exit_code(build.main(parameters), parameters)


if __name__ == "__main__":
    sys.exit(main())
