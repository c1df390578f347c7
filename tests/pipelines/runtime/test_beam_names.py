"""What we use of Beam that is not its public interface, in one list: what to look at before the pin is moved."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PUBLIC = {
    "apache_beam": None,
    "apache_beam.options.pipeline_options": None,
    "apache_beam.runners.runner": {"PipelineResult"},
    "apache_beam.transforms": {"environments"},
}
# Module → what we take from it, and what hangs below that is Beam's own business.
PRIVATE = {
    "apache_beam.options.pipeline_options": {"_BeamArgumentParser"},
    "apache_beam.portability": {"python_urns"},
    "apache_beam.portability.api": {
        "beam_fn_api_pb2",
        "beam_job_api_pb2",
        "beam_job_api_pb2_grpc",
        "beam_provision_api_pb2",
        "beam_provision_api_pb2_grpc",
    },
    "apache_beam.runners.portability.fn_api_runner": {"worker_handlers"},
    "apache_beam.runners.portability.fn_api_runner.fn_runner": {"FnApiRunner"},
    "apache_beam.runners.worker": {"sdk_worker_main"},
    "apache_beam.runners.worker.worker_id_interceptor": {"WorkerIdInterceptor"},
    "apache_beam.transforms": {"userstate"},
}
ATTRIBUTES = [
    ("apache_beam.options.pipeline_options", "PipelineOptions._add_argparse_args"),
    ("apache_beam.options.pipeline_options", "StandardOptions.KNOWN_RUNNER_NAMES"),
    ("apache_beam.runners.portability.fn_api_runner.worker_handlers", "WorkerHandler.register_environment"),
    (
        "apache_beam.runners.portability.fn_api_runner.worker_handlers",
        "GrpcWorkerHandler.start_worker",
    ),
    ("apache_beam.runners.worker.sdk_worker_main", "main"),
    ("apache_beam.transforms.userstate", "get_dofn_specs"),
]


def taken() -> dict[str, set[str]]:
    """Module of Beam → the names that `pipelines` imports from it, without those that are public."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("apache_beam"):
                public = PUBLIC.get(node.module, set())
                names = {alias.name for alias in node.names}
                private = {name for name in names if name.startswith("_")} if public is None else names - public
                if private:
                    found.setdefault(node.module, set()).update(private)
    return found


def test_the_list_is_what_the_code_imports():
    assert taken() == PRIVATE


@pytest.mark.parametrize("module, names", PRIVATE.items())
def test_beam_still_has_what_we_import(module, names):
    found = importlib.import_module(module)
    for name in names:
        assert hasattr(found, name) or importlib.import_module(f"{module}.{name}")


@pytest.mark.parametrize("module, path", ATTRIBUTES)
def test_beam_still_has_the_attributes_we_use(module, path):
    value = importlib.import_module(module)
    for name in path.split("."):
        value = getattr(value, name)


def test_the_pin_lets_in_one_minor_version_only():
    """Private names may go with any minor version of Beam."""
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    beam = next(each for each in requirements if each.startswith("apache-beam"))
    low, high = re.fullmatch(r"apache-beam>=2\.(\d+),<2\.(\d+)", beam).groups()
    assert int(high) == int(low) + 1
