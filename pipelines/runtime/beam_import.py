"""Beam without what a local run never calls.

Beam imports pandas, its inputs and outputs of Google's services, and the clients of Amazon and MongoDB wherever they
are installed: more than half of the processor time that a process of a local run takes to start. Where they are not
installed Beam does without them, and so it does when they are hidden while it is imported. Our own stores go through
fsspec. Arrow looks for pandas when it makes its first array, once for all; so that is made here too.

Python's collector of cycles looks through all that was imported again and again, a tenth of a build's processor time. A
build makes few cycles and many rows, so it looks more rarely, and never at what was imported.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

_HIDDEN = ("apache_beam.io.gcp.bigquery", "apitools", "boto3", "bson", "google.cloud", "oauth2client", "pandas",
           "pymongo")  # fmt: skip
_OBJECTS_PER_COLLECTION = 50_000  # Python's own: 700


def import_beam(flags: Sequence[str] = ()) -> None:
    """Import Beam for the in-process engine; where `flags` name another engine, leave it as it is."""
    if "apache_beam" in sys.modules or any(flag.startswith("--runner") for flag in flags):
        return
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    with _hidden(_HIDDEN):
        import apache_beam  # noqa: F401
        import pyarrow as pa

        pa.array([0])  # looks for pandas, and remembers that there is none
    # What was imported lives as long as the process: no collection need look at it again.
    gc.freeze()


class _Hide(MetaPathFinder):
    """Says of some modules that they are not installed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """None, for whoever comes next, or `ModuleNotFoundError`."""
        # None lets the next finder look; only raising says that there is no such module.
        if fullname in self.names:
            raise ModuleNotFoundError(f"{fullname} is hidden while Beam is imported", name=fullname)


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Hide modules; those that were imported already come back."""
    loaded = {name: sys.modules.pop(name) for name in names if name in sys.modules}  # site-packages begins google.cloud
    finder = _Hide(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update(loaded)
