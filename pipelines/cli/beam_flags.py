"""The flags that are Beam's: known names, sensible numbers, and an engine that can start."""

import importlib.util
from collections.abc import Sequence
from typing import Any, NoReturn

from corpus.command_line import nearest
from corpus.errors import CorpusloomError, ExitCode
from pipelines.runtime.beam_import import import_beam

# These take further flags from their job server.
_PORTABLE = {"SparkRunner", "FlinkRunner", "PortableRunner", "PrismRunner"}
_LOCAL = {"", "DirectRunner", "FnApiRunner"}


def check_beam_flags(flags: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Flags that are not among `ours` must be Beam's, with values that can run; else exit code 2 with the cure."""
    import_beam(flags)
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    class Quiet(_BeamArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise _wrong(f"{message.removeprefix('argument ')}; see docs/engines.md")

    known = Quiet(allow_abbrev=False, add_help=False)
    # Beam's own parser lets unknown flags pass, so a misspelt one
    # would have no effect; this one has all its flags and checks.
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(known)
    values, unknown = known.parse_known_args(list(flags))
    # A runner may be named by its class: "apache_beam.runners.dataflow.DataflowRunner" is DataflowRunner.
    runner = (values.runner or "").rpartition(".")[2]
    if unknown and runner not in _PORTABLE:
        names = [name for action in known._actions for name in action.option_strings]
        near = nearest(unknown[0].partition("=")[0], [*ours, *names])
        raise _wrong(f"unknown argument {unknown[0]!r}; {f'did you mean {near}?' if near else 'see --help'}")
    if values.direct_num_workers < 0:
        raise _wrong(
            f"--direct_num_workers {values.direct_num_workers}: give a number of processes, or 0 for all cores"
        )
    _check_runner(values.runner or "", values)
    return list(flags)


def _check_runner(named: str, values: Any) -> None:
    """Refuse an engine that Beam does not have, or that lacks what it needs to start."""
    from apache_beam.options.pipeline_options import StandardOptions

    known = StandardOptions.KNOWN_RUNNER_NAMES
    if named and "." not in named and named not in known:
        # "spark" is like no name as a whole; with "runner" behind it, it is SparkRunner.
        near = nearest(named, known) or next((name for name in known if name.lower() == f"{named}runner".lower()), "")
        raise _wrong(f"--runner {named}: no such engine; {f'did you mean {near}?' if near else 'see docs/engines.md'}")
    if named.rpartition(".")[2] != "DataflowRunner":
        return
    if not _is_installed("google.cloud.storage"):
        raise _wrong("--runner DataflowRunner: apache-beam[gcp] is not installed; pip install 'corpusloom[dataflow]'")
    for flag, value in (("project", values.project), ("region", values.region)):
        if not value:
            raise _wrong(f"--runner DataflowRunner needs --{flag}; docs/engines.md has the whole command")
    if not (values.temp_location or values.staging_location):
        raise _wrong("--runner DataflowRunner needs --temp_location gs://BUCKET/FOLDER; see docs/engines.md")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _wrong(message: str) -> CorpusloomError:
    return CorpusloomError(message, ExitCode.FLAGS)
