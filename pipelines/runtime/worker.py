"""A worker process of the in-process engine: Beam's own, which waits for its orders and ends with its driver.

Beam's worker waits for ever for a driver that was killed while it started. Here the driver holds the other end of a
pipe: one line comes through it, the environment of Beam's worker as JSON, and its end says that the driver is gone.
"""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from pipelines.runtime.beam_import import import_beam

# What process lists show, forked or not; Linux keeps 15 characters.
PROCESS_NAME = "loom-worker"


def serve(orders: IO[bytes]) -> None:
    """Run Beam's worker as ordered; nothing where the pipe ends before an order came."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a forked worker has the handlers of its driver
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError):
        Path("/proc/self/comm").write_text(PROCESS_NAME)
    order = orders.readline()
    if not order:
        return
    os.environ.update(json.loads(order))
    threading.Thread(target=_end_with, args=(orders,), daemon=True).start()
    # A forked worker has it all by now; a new interpreter imports it here, for seconds.
    import_beam()
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


def _end_with(orders: IO[bytes]) -> None:
    """End this process when the driver has closed its end of the pipe, or is gone."""
    os.read(orders.fileno(), 1)  # not `orders.read()`: a thread that holds its lock would disturb the process's end
    os._exit(1)  # what it was doing has no record, and is done again


if __name__ == "__main__":
    serve(sys.stdin.buffer)
