"""A worker process of the in-process engine that ends with its driver.

Beam's own worker waits for ever for a driver that was killed while it started. This one is the same worker with a
thread beside it that looks twice a second whether its parent is still the driver.
"""

import os
import sys
import threading
import time

from pipelines.runtime.beam_import import import_beam

DRIVER = "CORPUSLOOM_DRIVER"


def watch(driver: int) -> None:
    """End this process when `driver` is no longer its parent."""
    while os.getppid() == driver:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    """Run Beam's worker under watch."""
    threading.Thread(target=watch, args=(int(os.environ[DRIVER]),), daemon=True).start()
    import_beam()
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
