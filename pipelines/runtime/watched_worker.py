"""A worker process of the in-process engine whose death is noticed.

Beam's engine waits for ever for the answer of a worker that was killed, by the kernel for memory or by hand. This
handler has a thread beside it: when the process has ended, every question it still owes an answer is answered with an
error, so that the pipeline fails at once and the stage can continue with the units that have no record.
"""

import threading
from typing import Any

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from google.protobuf import json_format, text_format

from pipelines.runtime.worker_process import start_worker

_DIED = "corpusloom: a worker process died"
LOOK_EVERY = 0.5  # seconds
_Handler: Any = worker_handlers.GrpcWorkerHandler


class WatchedWorker(_Handler):
    """Beam's handler of a worker that it talks to by gRPC, for a process of ours, which also answers for a dead one."""

    died = threading.Event()

    def __init__(self, payload: bytes, state: Any, provision_info: Any, grpc_server: Any) -> None:
        super().__init__(state, provision_info, grpc_server)

    def start_worker(self) -> None:
        """Start the process and the thread that waits for its end."""
        options = self.provision_info.provision_info.pipeline_options
        self.process = start_worker(
            {
                "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(self.control_api_service_descriptor()),
                "PIPELINE_OPTIONS": json_format.MessageToJson(options, indent=None),
                "WORKER_ID": self.worker_id,
            }
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        """Wait for the end of the process; where it was no good end, answer for it until the engine is done."""
        # Not 0: killed (negative), or an error. A worker that the engine has stopped ends with 0.
        if self.process.wait():
            self.died.set()
        while not self._stopped.wait(LOOK_EVERY):
            # Private in Beam 2.77: instruction -> the future that the
            # engine waits for. Again and again, as new ones may be asked.
            owed: dict[str, Any] = self.control_conn._futures_by_id
            for instruction in list(owed):
                answer = beam_fn_api_pb2.InstructionResponse(instruction_id=instruction, error=_DIED)
                owed.pop(instruction).set(answer)

    def stop_worker(self) -> None:
        """The engine needs this worker no longer."""
        self._stopped.set()
        self._thread.join()
        self.process.orders.close()


def watch_workers() -> None:
    """Let the engine of this process start watched workers from now on, of which none has died yet."""
    WatchedWorker.died.clear()
    register = worker_handlers.WorkerHandler.register_environment
    # Takes the place of Beam's own handler of this environment, in this process only.
    register(python_urns.SUBPROCESS_SDK, bytes)(WatchedWorker)


def a_worker_died() -> bool:
    """Whether a watched worker has died. The engine may have noticed a moment before its watcher does."""
    return WatchedWorker.died.wait(2 * LOOK_EVERY)
