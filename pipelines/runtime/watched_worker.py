"""A worker process of the in-process engine whose death is noticed.

Beam's engine waits for ever for the answer of a worker that was killed, by the kernel for memory or by hand. This is
the same worker with a thread beside it: when the process has ended, every question it still owes an answer is answered
with an error, so that the pipeline fails at once and the stage can continue with the units that have no record.
"""

import threading
from typing import Any

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability import local_job_service
from apache_beam.runners.portability.fn_api_runner import worker_handlers

_DIED = "corpusloom: a worker process died"
LOOK_EVERY = 0.5
_Handler: Any = worker_handlers.SubprocessSdkWorkerHandler  # its decorator hides the class from type checkers


class WatchedWorker(_Handler):
    """Beam's handler of a worker process, which also answers for a dead one."""

    died = threading.Event()

    def start_worker(self) -> None:
        """Start the process and the thread that waits for its end."""
        command, service = self._worker_command_line, local_job_service.SubprocessSdkWorker
        self.worker = service(command, self.control_address, self.provision_info, self.worker_id)
        self.worker_thread = threading.Thread(name="run_worker", target=self._run_worker, daemon=True)
        self.worker_thread.start()
        self._stopped = threading.Event()
        threading.Thread(target=self._answer_for_the_dead, daemon=True).start()

    def _run_worker(self) -> None:
        try:
            self.worker.run()
        except RuntimeError:  # the process ended by itself, and not well
            self.died.set()

    def stop_worker(self) -> None:
        """The engine needs this worker no longer."""
        self._stopped.set()
        super().stop_worker()

    def _answer_for_the_dead(self) -> None:
        self.worker_thread.join()
        while not self._stopped.wait(LOOK_EVERY):
            owed: dict[str, Any] = self.control_conn._futures_by_id
            for instruction in list(owed):
                answer = beam_fn_api_pb2.InstructionResponse(instruction_id=instruction, error=_DIED)
                owed.pop(instruction).set(answer)


def watch_workers() -> None:
    """Let the engine of this process start watched workers from now on, of which none has died yet."""
    WatchedWorker.died.clear()
    register = worker_handlers.WorkerHandler.register_environment
    register(python_urns.SUBPROCESS_SDK, bytes)(WatchedWorker)


def a_worker_died() -> bool:
    """Whether a watched worker has died. The engine may have noticed a moment before its watcher does."""
    return WatchedWorker.died.wait(2 * LOOK_EVERY)
