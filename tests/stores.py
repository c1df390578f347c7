"""Stores on loopback for the tests: a server of S3 and one of Cloud Storage, and the environment to reach them."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fsspec import get_filesystem_class

BUCKET = "corpusloom-tests"


@contextmanager
def s3() -> Iterator[tuple[str, dict[str, str]]]:
    """An S3 server (moto); the URL of an empty bucket, and what must stand in the environment."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    host, port = server.get_host_and_port()
    environment = {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    try:
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"], **keys).create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}", environment
    finally:
        server.stop()
        _forget("s3")


@contextmanager
def gs() -> Iterator[tuple[str, dict[str, str]]]:
    """A Cloud Storage server (gcp-storage-emulator); the URL of an empty bucket, and the environment."""
    from gcp_storage_emulator.server import create_server

    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket=BUCKET)
    server.start()
    port = server._api._httpd.server_address[1]
    environment = {
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
        "FSSPEC_GS_TOKEN": "anon",
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }
    try:
        yield f"gs://{BUCKET}", environment
    finally:
        server.stop()
        _forget("gs")


def _forget(protocol: str) -> None:
    """Drop the clients that fsspec keeps: they would lead the next test of this process to a server that is gone."""
    get_filesystem_class(protocol).clear_instance_cache()


STORES = {"s3": s3, "gs": gs}


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
