"""A recipe by its name, or from a file of the user's own: `--recipe path/to/file.py:make`.

Such a file defines a `Recipe`, or a function that makes one of the command's choices. Its text travels with its steps,
so a worker of any engine has it, and it counts among what decides the bytes: another text is another recipe. A file
stands for itself: it may import what is installed, but no neighbour.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import nearest
from corpus.errors import CorpusloomError, ExitCode
from corpus.recipes import RECIPES, names_for
from corpus.recipes.from_file import FileStep, module_of
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules.personal_data import mask


def load_recipe(name: str, kind: str, choices: Choices) -> Recipe:
    """The recipe that `--recipe` names, for texts of a kind; `CorpusloomError` (2) where there is none."""
    recipe = _by_name(name, kind, choices)
    if not choices.masked:
        return recipe
    return replace(recipe, text_steps=(*recipe.text_steps, partial(mask, kinds=choices.masked)))


def _by_name(name: str, kind: str, choices: Choices) -> Recipe:
    known = names_for(kind)
    if name in known:
        return importlib.import_module(f"corpus.recipes.{RECIPES[name][0]}").make(choices)
    path, _, attribute = name.rpartition(":")
    if path.endswith(".py"):
        # The links are the command's choice: a file's `make` need not know of them.
        return replace(_from_file(Path(path), attribute, kind, choices), links=choices.links)
    if name.endswith(".py"):
        raise _wrong(f"--recipe {name}: which recipe of the file? write {name}:NAME")
    guess = nearest(name, known)
    hint = f"did you mean {guess}?" if guess else f"give one of {', '.join(known)}, or path/to/file.py:NAME"
    other = f"it is one for {RECIPES[name][1]}; " if name in RECIPES else ""
    raise _wrong(f"--recipe {name}: no recipe of that name here; {other}{hint}")


def _from_file(path: Path, attribute: str, kind: str, choices: Choices) -> Recipe:
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise _wrong(f"--recipe {path}: cannot read it: {reason}; write path/to/file.py:NAME") from error
    try:
        module = module_of(source)
    except Exception as error:
        # It runs as `recipe_<digest>`, beside no neighbour of its own.
        raise _wrong(f"--recipe {path}: {_describe_error(error)}; mend the file, which must run by itself") from error
    found: Any = getattr(module, attribute, None)
    if found is None:
        # What `vars` holds besides: imported names, classes, helpers of another module.
        names = [key for key, value in vars(module).items() if _makes_recipe(value, module.__name__)]
        hint = f"it has {', '.join(names)}" if names else "it defines no recipe"
        raise _wrong(f"--recipe {path}:{attribute}: the file has no {attribute!r}; {hint}")
    try:
        recipe = found(choices) if callable(found) else found
    except Exception as error:
        raise _wrong(f"--recipe {path}:{attribute}: {_describe_error(error)}; a recipe is made of a Choices") from error
    if not isinstance(recipe, Recipe):
        raise _wrong(f"--recipe {path}:{attribute}: it is a {type(recipe).__name__}, and no Recipe or what makes one")
    if kind == "pages" and recipe.extraction:
        raise _wrong(
            f"--recipe {path}:{attribute}: it has steps of `extraction`, and pages have none; see `text_steps`"
        )
    return _with_source(recipe, path, source, module.__name__)


def _with_source(recipe: Recipe, path: Path, source: str, module: str) -> Recipe:
    """The recipe with the text of its file, which goes along with every step that it defines."""

    def steps(found: tuple[Any, ...]) -> tuple[Any, ...]:
        # Steps of ours are imported by name on any worker; only the file's own need its text.
        wrapped = tuple(FileStep(step, source) if _names(step, module) else step for step in found)
        for step in wrapped:
            if isinstance(step, FileStep) and (problem := step.problem()):
                raise _wrong(f"--recipe {path}: {problem}")
        return wrapped

    return replace(
        recipe,
        page_steps=steps(recipe.page_steps),
        text_steps=steps(recipe.text_steps),
        extraction=steps(recipe.extraction),
        file=path.name,
        source=source,
    )


def _names(step: Any, module: str) -> bool:
    """Whether a step, or a setting of it, is defined in the module."""
    if hasattr(step, "func"):  # a `partial`: it names the module, or one of its arguments does
        inside = (step.func, *step.args, *step.keywords.values())
        return any(_names(value, module) for value in inside)
    return getattr(step, "__module__", "") == module or type(step).__module__ == module


def _makes_recipe(value: Any, module: str) -> bool:
    made_here = isinstance(value, Callable) and getattr(value, "__module__", "") == module  # type: ignore[arg-type]
    return isinstance(value, Recipe) or (made_here and not isinstance(value, type))


def _describe_error(error: Exception) -> str:
    """What went wrong, and in which line of the file where Python says so."""
    # A SyntaxError says its line itself; for others it is the deepest line of the recipe in the traceback.
    line = getattr(error, "lineno", None) or (error.__traceback__ and _last_line(error))
    return f"{type(error).__name__}{f' in line {line}' if line else ''}: {' '.join(str(error).split())}"


def _last_line(error: Exception) -> int | None:
    """The last line of the traceback that lies in a file of a recipe."""
    found, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_globals.get("__name__", "").startswith("recipe_"):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _wrong(message: str) -> CorpusloomError:
    return CorpusloomError(message, ExitCode.FLAGS)
