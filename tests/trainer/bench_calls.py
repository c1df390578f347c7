"""What the tests have a worker do; importable by its process, and light: no PyTorch."""

import os
import time


def add(kept, number):
    """Sum up over calls: the process keeps what it is given."""
    kept["sum"] = kept.get("sum", 0) + number
    return kept["sum"]


def fail(kept):
    """Raise."""
    raise ValueError("this cannot be\nand more")


def die(kept):
    """End the process at once."""
    os._exit(3)


def sleep(kept, seconds):
    """Take too long."""
    time.sleep(seconds)
