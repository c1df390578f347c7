"""Beam as it is imported for a local run: light, and nothing is hidden from anybody else."""

import subprocess
import sys

import pytest
from conftest import ROOT

NAMES = "apache_beam.io.gcp.bigquery", "boto3", "google.cloud.storage", "pandas", "pymongo"


def modules_after(statement: str) -> set[str]:
    """Which modules a process of its own has imported."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.split())


def test_a_local_run_imports_no_client_of_a_store_and_no_pandas():
    local = modules_after("from pipelines.cli.beam_flags import check_beam_flags; check_beam_flags([], [])")
    assert "apache_beam" in local
    assert not set(NAMES) & local


def test_arrow_does_not_look_for_pandas_afterwards():
    arrow = "import pyarrow as pa; pa.array([1]); pa.table({'a': ['b']}).to_pylist()"
    assert "pandas" not in modules_after(
        f"from pipelines.runtime.beam_import import import_beam; import_beam(); {arrow}"
    )


def test_another_engine_gets_beam_as_it_is():
    flag = "--runner=PrismRunner"
    whole = modules_after(f"from pipelines.runtime.beam_import import import_beam; import_beam(['{flag}'])")
    assert "apache_beam" not in whole


@pytest.mark.parametrize("name", NAMES)
def test_what_was_hidden_can_be_imported_afterwards(name):
    pytest.importorskip(name)
    found = modules_after(f"from pipelines.runtime.beam_import import import_beam; import_beam()\nimport {name}")
    assert {name, "apache_beam"} <= found
