"""Stores on loopback, for every test that reads or writes a bucket."""

import os

import pytest
from stores import STORES


@pytest.fixture(scope="session", params=sorted(STORES))
def store(request, tmp_path_factory):
    """The URL of an empty bucket of each kind of store; the environment leads there as long as the tests run."""
    pytest.importorskip("moto" if request.param == "s3" else "gcp_storage_emulator")
    with STORES[request.param]() as (url, environment):
        more = {**environment, "CORPUSLOOM_SCRATCH": str(tmp_path_factory.mktemp("scratch"))}
        before = {name: os.environ.get(name) for name in more}
        os.environ.update(more)
        yield url
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
