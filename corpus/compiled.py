"""The compiled parts of the installation: libraries with a plain C interface, called with ctypes.

Such a library knows nothing of Python, so one build serves every interpreter, and ctypes lets other threads run
meanwhile. `pip install` builds it from the sources beside the package that calls it; a checkout without one is told how
to.
"""

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

POINTER, BYTES, SIZE = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
Signature = tuple[Any, tuple[Any, ...]]
_CURE = "build it with `pip install -e .` (or `make venv`) in the checkout; that needs a C++ compiler"


def load_library(folder: Path, prefix: str, signatures: Mapping[str, Signature]) -> Any:
    """The library in `folder`, with the results and arguments of its functions, named without their `prefix`.

    Raises ImportError, with the cure, where it has not been built or does not load.
    """
    # The name ends with the interpreter's tag (`_native.cpython-311-x86_64-linux-gnu.so`): setuptools adds it.
    built = sorted(folder.glob("_native*.so"))
    if not built:
        raise ImportError(f"the compiled part of corpusloom is not in {folder}: {_CURE}")
    try:
        loaded = ctypes.CDLL(str(built[0]))
        for name, (result, arguments) in signatures.items():
            function = getattr(loaded, f"{prefix}{name}")
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ImportError(f"{built[0].name} does not load ({error}): {_CURE}") from error
    return loaded
