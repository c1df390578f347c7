"""Steps that a file of the user's own defines, as values that travel.

Pickle knows a function by the name of its module, and a worker has no such module. So a step takes the text of its file
along, and what is unpickled first makes the module of that text. The module is named by the digest of the text, so
every process calls it the same, and lies as a file in a temporary folder of the process, where the identity of a stage
looks for its imports.
"""

import atexit
import importlib.util
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from corpus.hashing import digest


@dataclass(frozen=True)
class FileStep:
    """A step of a recipe from a file, with the text of that file."""

    step: Callable[..., Any]
    source: str

    def __call__(self, item: Any) -> Any:
        """What the step says of a page or a document."""
        return self.step(item)

    def __reduce__(self) -> tuple[Any, ...]:
        # The step itself is pickled by the name of its module, which `_restore` makes first.
        return _restore, (self.source, pickle.dumps(self.step))

    def problem(self) -> str:
        """Why the step cannot travel, as a sentence; nothing where it can."""
        try:
            pickle.dumps(self.step)
        except Exception as error:
            return f"a step cannot be sent to workers ({error}); define it with `def` at the top of the file"
        return ""


def _restore(source: str, pickled: bytes) -> FileStep:
    module_of(source)
    return FileStep(pickle.loads(pickled), source)


def module_of(source: str) -> ModuleType:
    """The module of a text, made once a process; whatever the text raises."""
    name = f"recipe_{digest(source)[:16]}"
    # The same text gives the same module in one process: its classes stay the same classes.
    if name in sys.modules:
        return sys.modules[name]
    path = _folder() / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="corpusloom-recipes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
