"""Beam without the clients that a local run never calls.

Beam imports pandas and the clients of Google, Amazon and MongoDB wherever they are installed: more than half of the
processor time that a process of a local run takes to start. Where they are not installed Beam does without them, and so
it does when they are hidden while it is imported. Our own stores go through fsspec.
"""

import sys
from collections.abc import Sequence
from typing import Any

_HIDDEN = ("apitools", "boto3", "bson", "google.cloud", "oauth2client", "pandas", "pymongo")


def import_beam(flags: Sequence[str] = ()) -> None:
    """Import Beam for the in-process engine; where `flags` name another engine, leave it as it is."""
    if "apache_beam" in sys.modules or any(flag.startswith("--runner") for flag in flags):
        return
    modules: dict[str, Any] = sys.modules
    loaded = {name: modules[name] for name in _HIDDEN if name in modules}  # site-packages may have begun google.cloud
    modules.update(dict.fromkeys(_HIDDEN))  # None: as if it were not installed
    try:
        import apache_beam  # noqa: F401
    finally:
        for name in _HIDDEN:
            del modules[name]
        modules.update(loaded)
