"""A worker process of the in-process engine whose death is noticed.

Beam's engine waits for ever for the answer of a worker that was killed, by the kernel for memory or by hand. This is
the same worker with a thread beside it: when the process has ended, every question it still owes an answer is answered
with an error, so that the pipeline fails at once and the stage can go on with the units that have no record.
"""

import threading
from typing import Any

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers

DIED = "corpusloom: a worker process died"
# What the engine itself says when the connection to a worker ends before its answer.
_CLOSED = (DIED, "Channel closed prematurely", "StatusCode.UNAVAILABLE", "Socket closed")
LOOK_EVERY = 0.5
_Handler: Any = worker_handlers.SubprocessSdkWorkerHandler  # its decorator hides the class from type checkers


class WatchedWorker(_Handler):
    """Beam's handler of a worker process, which also answers for a dead one."""

    def start_worker(self) -> None:
        """Start the process and the thread that waits for its end."""
        super().start_worker()
        self._stopped = threading.Event()
        threading.Thread(target=self._answer_for_the_dead, daemon=True).start()

    def stop_worker(self) -> None:
        """The engine needs this worker no longer."""
        self._stopped.set()
        super().stop_worker()

    def _answer_for_the_dead(self) -> None:
        self.worker_thread.join()
        while not self._stopped.wait(LOOK_EVERY):
            owed: dict[str, Any] = self.control_conn._futures_by_id
            for instruction in list(owed):
                answer = beam_fn_api_pb2.InstructionResponse(instruction_id=instruction, error=DIED)
                owed.pop(instruction).set(answer)


def is_death(error: BaseException) -> bool:
    """Whether the pipeline failed because a worker process died, and not because of what it was doing."""
    return any(words in str(error) for words in _CLOSED)


def watch_workers() -> None:
    """Let the engine of this process start watched workers from now on."""
    register = worker_handlers.WorkerHandler.register_environment
    register(python_urns.SUBPROCESS_SDK, bytes)(WatchedWorker)
