"""The style of the code in figures: sizes, comments, types, import cycles and arrows, and words that are not used.

    python -m benchmarks.style                  # the four packages
    python -m benchmarks.style ../other/src     # any folder of Python files, for a column beside ours

One script measures ours and others, so that a column is comparable: nothing but `ast` and `tokenize` decides. Empty
files are not counted. tests/benchmarks/test_style.py holds our bounds; the words come from docs/glossary.md.
"""

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser

ROOT = Path(__file__).parent.parent
PACKAGES = ("corpus", "classifiers", "pipelines", "trainer")
GLOSSARY = ROOT / "docs" / "glossary.md"
# The log tells what was measured when, in the words of its day; the sample's prose is data, not ours to say plainly.
_NOT_READ = ("docs/log.md", "docs/glossary.md", "corpus/sample/keepers.py", "corpus/sample/makers.py")

# Who may import whom: a folder on the left imports nothing that begins with a name on the right.
MUST_NOT_IMPORT = {
    "corpus": ("apache_beam", "torch", "pipelines", "classifiers", "trainer", "benchmarks"),
    "classifiers": ("apache_beam", "torch", "pipelines", "trainer", "benchmarks"),
    "trainer": ("apache_beam", "pipelines", "classifiers", "benchmarks"),
    "pipelines": ("torch", "trainer", "benchmarks"),
    "pipelines.builds": ("apache_beam", "pipelines.engines"),
    "pipelines.work": ("apache_beam", "pipelines.builds", "pipelines.cli", "pipelines.engines"),
    "pipelines.runtime": ("pipelines.work", "pipelines.builds", "pipelines.cli", "pipelines.engines"),
    "pipelines.cli": ("pipelines.builds", "pipelines.work", "pipelines.engines"),
    "pipelines.engines": ("pipelines.builds", "pipelines.work", "pipelines.cli"),
}


@dataclass(frozen=True)
class SourceFile:
    """One Python file, parsed once."""

    path: Path
    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text, str(self.path))

    @property
    def lines(self) -> int:
        """All of its lines, blank ones too."""
        return len(self.text.splitlines())

    @property
    def commented_lines(self) -> int:
        """Lines that carry a comment; a docstring is none."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return len({token.start[0] for token in tokens if token.type == tokenize.COMMENT})

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function, also methods and inner ones."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def imports(self) -> set[str]:
        """Every module it imports, also inside functions; `from a import b` gives `a` and `a.b`."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        return names


def read_files(folders: Sequence[Path]) -> list[SourceFile]:
    """The Python files below some folders that are not empty, by name."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if text.strip():
                name = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
                found.append(SourceFile(path, name, text))
    return found


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, from `def` to its last."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def depth(node: ast.AST) -> int:
    """How deep blocks are nested below `node`; an `elif` is no deeper than its `if`."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        elif_branch = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        block = isinstance(child, ast.If | ast.For | ast.While | ast.With | ast.Try) and not elif_branch
        deepest = max(deepest, depth(child) + block)
    return deepest


def is_typed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether every argument but `self` and `cls` has a type, and the result too (`__init__` needs none)."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    arguments = all(each.annotation for each in given if each.arg not in ("self", "cls", "_"))
    return arguments and (function.returns is not None or function.name == "__init__")


def import_cycles(files: Sequence[SourceFile]) -> list[str]:
    """Each cycle of imports as a line: `a -> b -> a`."""
    names = {file.name for file in files}
    arrows = {file.name: sorted((file.imports & names) - {file.name}) for file in files}
    done: set[str] = set()
    found: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            found.append(" -> ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for target in arrows[name]:
                visit(target, (*way, name))
            done.add(name)

    for name in sorted(arrows):
        visit(name, ())
    return found


def broken_arrows(files: Sequence[SourceFile]) -> list[str]:
    """Imports against `MUST_NOT_IMPORT`, a line each."""
    return [
        f"{file.path}: imports {name}"
        for file in files
        for room, forbidden in MUST_NOT_IMPORT.items()
        if _inside(file.name, room)
        for name in sorted(file.imports)
        if any(_inside(name, other) for other in forbidden)
    ]


def _inside(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


@dataclass(frozen=True)
class UnusedWord:
    """A word or habit that the house has given up, and what stands for it."""

    pattern: re.Pattern[str]
    instead: str


def unused_words(glossary: Path = GLOSSARY) -> list[UnusedWord]:
    """The table "Words not used" of the glossary: a regular expression in backticks, and the word to use."""
    table = glossary.read_text(encoding="utf-8").partition("## Words not used")[2]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|$", table, re.MULTILINE)
    return [UnusedWord(re.compile(pattern.replace(r"\|", "|"), re.MULTILINE), instead) for pattern, instead in rows]


def found_words(root: Path = ROOT) -> Iterator[str]:
    """Places where such a word stands, in code and in papers: `file:line: "word", use …`."""
    words = unused_words()
    for path in _texts(root):
        text = path.read_text(encoding="utf-8")
        for word in words:
            for match in word.pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                said = " ".join(match[0].split())
                yield f'{path.relative_to(root)}:{line}: "{said}", use {word.instead}'


def _texts(root: Path) -> Iterator[Path]:
    folders = (*PACKAGES, "benchmarks", "docs", "examples")
    found = [path for folder in folders for path in (root / folder).rglob("*") if path.suffix in (".py", ".md", ".j2")]
    for path in sorted([*found, *root.glob("*.md")]):
        if str(path.relative_to(root)) not in _NOT_READ and path != Path(__file__):
            yield path


def columns(files: Sequence[SourceFile]) -> dict[str, float]:
    """The table's figures, by the name of their row."""
    sizes = [file.lines for file in files]
    functions = [each for file in files for each in file.functions]
    lengths = sorted(map(length, functions))
    depths = sorted(map(depth, functions))
    public = [
        node
        for file in files
        for node in file.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    return {
        "files": len(files),
        "lines": sum(sizes),
        "file, median": statistics.median(sizes),
        "file, longest": max(sizes),
        "function, median": statistics.median(lengths),
        "function, 90th percentile": lengths[len(lengths) * 9 // 10],
        "functions over 50 lines": sum(each > 50 for each in lengths),
        "nesting, 95th percentile": depths[len(depths) * 95 // 100],
        "nesting, deepest": depths[-1],
        "modules with docstring, %": _percent(files, lambda file: ast.get_docstring(file.tree) is not None),
        "public functions with docstring, %": _percent(public, lambda node: ast.get_docstring(node) is not None),
        "typed functions, %": _percent(functions, is_typed),
        "lines with a comment, %": 100 * sum(file.commented_lines for file in files) / sum(sizes),
        "dict[str, Any]": sum(file.text.count("dict[str, Any]") for file in files),
        "import cycles": len(import_cycles(files)),
    }


def _percent(values: Sequence[Any], test: Callable[[Any], bool]) -> float:
    return 100 * sum(map(test, values)) / len(values) if values else 100.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; for our own packages the arrows and the words as well, each place on a line."""
    flags = CommandParser("python -m benchmarks.style", "The style of Python code, in figures.")
    flags.add_argument("paths", nargs="*", metavar="PATH", help="folders (default: the four packages)")
    given = flags.parse_args(arguments)
    files = read_files([Path(path).resolve() for path in given.paths] or [ROOT / name for name in PACKAGES])
    if not files:
        flags.error(f"no Python file below {', '.join(given.paths)}")
    found = columns(files)
    places: list[str] = []
    if not given.paths:
        arrows, words = broken_arrows(files), list(found_words())
        found |= {"arrows broken": len(arrows), "words not used, found": len(words)}
        places = [*arrows, *words]
    for name, value in found.items():
        print(f"{name:<36}{value:>10,.1f}" if name.endswith("%") else f"{name:<36}{value:>10,.0f}")
    print(*places, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
