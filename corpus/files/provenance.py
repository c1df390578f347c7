"""Provenance: which source files and libraries decide the bytes that a piece of work writes.

The identity of a task must change when something changes that can change its output, and must not change otherwise. A
digest of the whole package is too sensitive (a typo in an unrelated docstring redoes a corpus) and a list kept by hand
is not sensitive enough (it lacks the library that somebody added last week). So both are read off the code: from the
work itself, through every function in its settings, along `import` statements, to the modules and libraries that can
be reached. Imports inside functions count, those under `if TYPE_CHECKING` do not.

Parsing is what this costs, so what a file imports is remembered on this machine, by the digest of the file.

A library is known by its version, and counts where our code imports it. What it requires in turn does not: else every
new certifi would extract a corpus again. Where such a library does decide (lxml under trafilatura), the module that
uses it imports it too.
"""

import ast
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from types import FunctionType
from typing import Any

from packaging.utils import canonicalize_name

from corpus.files.storage import scratch
from corpus.hashing import digest, file_digest

ROOT = Path(__file__).parents[2]
PACKAGES = ("corpus", "classifiers", "pipelines", "trainer")
# Beside a module, these are read or compiled by it: word lists, weights, native sources.
DATA_SUFFIXES = frozenset({".cpp", ".csv", ".h", ".hpp", ".json", ".npy", ".npz", ".tsv", ".txt"})

# The fields of a statement that hold statements, `import` among them; expressions hold none.
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def our_version() -> str:
    """The version of this package."""
    return importlib.metadata.version("corpusloom")


@dataclass(frozen=True)
class Closure:
    """What some work depends on: source files with their digests, and libraries with their versions, both sorted.

    `digest` is the identity of both; the version of Python (major and minor) is one of the libraries.
    """

    files: tuple[tuple[str, str], ...] = ()
    libraries: tuple[tuple[str, str], ...] = ()

    @cached_property
    def digest(self) -> str:
        """Another digest, other bytes are possible."""
        return digest(*(f"{name}={value}" for name, value in (*self.files, *self.libraries)))

    def __or__(self, other: "Closure") -> "Closure":
        files, libraries = {*self.files, *other.files}, {*self.libraries, *other.libraries}
        return Closure(tuple(sorted(files)), tuple(sorted(libraries)))

    def differences(self, other: "Closure") -> list[str]:
        """The names of files and libraries that are not the same in both."""
        ours, theirs = dict((*self.files, *self.libraries)), dict((*other.files, *other.libraries))
        return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


@cache
def closure(modules: frozenset[str]) -> Closure:
    """The closure of some modules, by name: `corpus.rules.gopher`. A module outside our packages counts as a file."""
    files: dict[str, str] = {}
    libraries: set[str] = set()
    waiting, seen = sorted(modules), set(modules)
    known = len(_remembered())
    while waiting:
        module = _read_module(waiting.pop())
        files.update(module.files)
        libraries |= module.libraries
        # A walk over imports; `seen` has what is or was in `waiting`, so cycles end.
        waiting += module.imports - seen
        seen |= module.imports
    if len(_remembered()) > known:  # this closure had something to parse
        _remember()
    return Closure(tuple(sorted(files.items())), tuple(sorted(_versions(libraries).items())))


@dataclass(frozen=True)
class _Module:
    """A module and the data beside it, with their digests, and what it imports: modules of ours, and libraries."""

    files: tuple[tuple[str, str], ...] = ()
    imports: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()


@cache
def _read_module(name: str) -> _Module:
    path = _path_of(name)
    if path is None:
        return _Module()
    files = tuple((_show(file), _file_digest(file)) for file in (path, *_data_beside(path.parent)))
    imported = _imports_of(path)
    # `from corpus import hashing` gives corpus and corpus.hashing; numpy.linalg counts as numpy.
    ours = frozenset(each for each in imported if each.partition(".")[0] in PACKAGES)
    return _Module(files, ours, frozenset(each.partition(".")[0] for each in imported - ours))


def closure_of(work: Any) -> Closure:
    """The closure of a value that does work: of its class, and of every function and class in its settings."""
    return closure(frozenset(_modules_of(work)))


def _modules_of(value: Any) -> Iterator[str]:
    """The modules of the code that a value holds, at any depth of dataclasses, partial functions and containers."""
    # A class or function is code of its own module; a dataclass is that, and what its fields hold.
    if isinstance(value, type | FunctionType):
        yield value.__module__
    elif isinstance(value, partial):
        yield from _modules_of((value.func, value.args, value.keywords))
    elif isinstance(value, dict):
        yield from _modules_of(tuple(value.values()))
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _modules_of(item)
    elif is_dataclass(value):
        yield type(value).__module__
        for field in fields(value):
            yield from _modules_of(getattr(value, field.name))
    elif callable(value):  # an object with __call__
        yield type(value).__module__


def _path_of(module: str) -> Path | None:
    """The source file of a module; None for a built-in one."""
    if module.partition(".")[0] in PACKAGES:
        path = ROOT.joinpath(*module.split("."))
        # A module is a file, a package its __init__.py.
        found = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        return found if found.is_file() else None
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file) if file and file.endswith(".py") else None


def _imports_of(path: Path) -> frozenset[str]:
    """Every module that a file imports when it runs. `from package import name` names both, and one of them exists."""
    # By content: a file that moved or was checked out again needs no second parse.
    known, content = _remembered(), _file_digest(path)
    if content not in known:
        known[content] = _parse_imports(path.read_bytes())
    sure, perhaps = known[content]
    return frozenset((*sure, *(name for name in perhaps if _path_of(name) is not None)))


def _parse_imports(source: bytes) -> tuple[list[str], list[str]]:
    """The modules that a source imports, and names in packages of ours that may be modules."""
    sure: set[str] = set()
    perhaps: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            sure.update(alias.name for alias in node.names)
        # Relative imports are not used here (tests/test_architecture.py).
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            sure.add(node.module)
            if node.module.partition(".")[0] in PACKAGES:
                perhaps.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting.extend(node.orelse)
        else:
            # Only statements are walked: expressions, most of a tree, hold no import.
            waiting.extend(statement for block in _BLOCKS for statement in getattr(node, block, ()))
    return sorted(sure), sorted(perhaps)


@cache
def _remembered() -> dict[str, tuple[list[str], list[str]]]:
    """By the digest of a file, what `_parse_imports` said of it, in this process or an earlier one."""
    try:
        return json.loads(_memory().read_bytes())
    except (OSError, ValueError):
        return {}


def _remember() -> None:
    with suppress(OSError):
        # Another process may write at the same time: each writes a file of its own, and the last one stays.
        partial = _memory().with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(_remembered()), encoding="utf-8")
        partial.replace(_memory())


@cache
def _memory() -> Path:
    """Where that is kept: a file for each version of this module, which decides what is said."""
    return scratch() / f"imports-{_file_digest(Path(__file__))[:16]}.json"


def _is_for_type_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


@cache
def _data_beside(folder: Path) -> list[Path]:
    """The data files in the folder of a module, if that is one of our packages."""
    if ROOT not in (folder, *folder.parents):
        return []
    return sorted(file for file in folder.iterdir() if file.suffix in DATA_SUFFIXES and file.is_file())


def _show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if ROOT in path.parents else path.name


@cache
def _file_digest(path: Path) -> str:
    return file_digest(path)


def _versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of the distributions that importable names come from. One that is not installed decides nothing."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in names:
        if name not in sys.stdlib_module_names and (distribution := _distribution(name)):
            found[distribution] = _version(distribution)
    return found


@cache
def _version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


@cache
def _distribution(name: str) -> str | None:
    """The distribution that an importable name comes from: nearly always of the same name, else found in the index."""
    try:
        return canonicalize_name(importlib.metadata.distribution(name).name)
    except importlib.metadata.PackageNotFoundError:
        # `packages_distributions` would parse the metadata of every distribution; the lists of their files are enough.
        starts = f"\n{name}/", f"\n{name}."
        lists = ((each, "\n" + (each.read_text("RECORD") or "")) for each in importlib.metadata.distributions())
        having = (each for each, listed in lists if any(start in listed for start in starts))
        return min((canonicalize_name(each.name) for each in having), default=None)
