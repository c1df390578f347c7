"""The start of a Python worker by an engine: the command of Beam's PROCESS environment.

Every executor of a cluster starts this with an id and the address of a service that knows the rest; the program asks
there, and then is Beam's own worker. Nothing is staged or installed on the way: the project stands on the machine, as
it does in a worker's image. A cluster calls it by `launcher`, a line of shell, because it knows neither the interpreter
nor the place of the code.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
from apache_beam.runners.worker import sdk_worker_main
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from google.protobuf import json_format, text_format

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_ANSWER = 60  # for an engine that is still starting


def launcher(path: Path) -> Path:
    """Write the program that starts a worker with this interpreter and this code; its path is the engine's command."""
    lines = (
        "#!/bin/sh",
        # In the shell: ${PYTHONPATH:+:$PYTHONPATH} is ":…" where it is set, and nothing where not.
        f"export PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}",
        f'exec {shlex.quote(sys.executable)} -m pipelines.engines.boot "$@"',
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place first: an executor may be starting the program at this moment.
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.chmod(0o755)
    return fresh.replace(path)


def ask(worker_id: str, endpoint: str) -> dict[str, str]:
    """What the engine tells this worker, as the environment variables that Beam's worker reads."""
    channel = grpc.intercept_channel(grpc.insecure_channel(endpoint), WorkerIdInterceptor(worker_id))
    service = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    info = service.GetProvisionInfo(request, timeout=SECONDS_TO_ANSWER, wait_for_ready=True).info
    # The names are those that `sdk_worker_main` of Beam 2.77 looks for; the container of a cluster sets the same.
    told = {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.control_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    if info.HasField("logging_endpoint"):
        told["LOGGING_API_SERVICE_DESCRIPTOR"] = text_format.MessageToString(info.logging_endpoint)
    return told


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and be a worker until the engine hangs up."""
    flags = argparse.ArgumentParser(prog="python -m pipelines.engines.boot", description=__doc__)
    flags.add_argument("--id", required=True, help="the worker's name, from the engine")
    flags.add_argument("--provision_endpoint", required=True, metavar="HOST:PORT", help="whom to ask for the rest")
    given, _ = flags.parse_known_args(arguments)
    os.environ.update(ask(given.id, given.provision_endpoint))
    sdk_worker_main.main(sys.argv)  # reads the environment, not the words


if __name__ == "__main__":
    main()
