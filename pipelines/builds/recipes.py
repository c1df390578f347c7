"""The recipe that the flags of a command ask for, and what it is in the settings of an output."""

import argparse
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from corpus.block_lists import load
from corpus.errors import CorpusloomError, ExitCode
from corpus.hashing import digest
from corpus.json_types import JsonObject
from corpus.recipes.load import load_recipe
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules.language_model import find_model
from corpus.rules.opt_outs import obey
from corpus.rules.personal_data import ALL
from corpus.sources.links import LinkRules
from pipelines.cli.languages import read_languages


def page_recipe(given: argparse.Namespace, links: LinkRules | None = None) -> Recipe:
    """The recipe for pages; `CorpusloomError` (2) where a flag names what is not there."""
    model = str(find_model(given.language_model))
    choices = Choices(
        blocked=_block_lists(given.block),
        languages=read_languages(given.languages, model) if given.languages else None,
        bad_words=_bad_words(given.bad_words),
        masked=masked_kinds(given),
        language_model=model,
        links=links or LinkRules(),
    )
    recipe = load_recipe(given.recipe, "pages", choices)
    # First of all steps: a page that asks not to be used is not looked at any further.
    return recipe if given.ignore_opt_outs else replace(recipe, text_steps=(obey, *recipe.text_steps))


def page_recipe_settings(given: argparse.Namespace, recipe: Recipe) -> JsonObject:
    """The flags of a recipe for pages as the settings of an output have them."""
    return {
        **recipe_settings(recipe),
        "--languages": sorted(set(given.languages.split(","))),
        "--block": recipe.block_lists,
        "--bad-words": digest(*sorted(_bad_words(given.bad_words))) if given.bad_words else "",
        "--language-model": None,  # its place decides nothing; its content is part of the steps that use it
        "--mask": list(masked_kinds(given)),
    }


def extractor_of(given: argparse.Namespace) -> str:
    """The engine of `--extractor`; `CorpusloomError` (2) where its library is not installed."""
    name: str = given.extractor
    # The engine's name is that of its package.
    if name != "blocks" and not find_spec(name):
        cure = f"pip install {'corpusloom[datatrove]' if name == 'datatrove' else name}, or take blocks"
        raise CorpusloomError(f"--extractor {name}: its library is not installed; {cure}", ExitCode.FLAGS)
    return name


def recipe_settings(recipe: Recipe) -> JsonObject:
    """`--recipe` as the settings have it: a file by its name and its text."""
    return {"--recipe": f"{recipe.file} ({digest(recipe.source)})"} if recipe.source else {}


def masked_kinds(given: argparse.Namespace) -> tuple[str, ...]:
    """The kinds of personal data that `--mask` names, in one order."""
    return tuple(kind for kind in ALL if kind in given.mask or "all" in given.mask)


def _block_lists(given: list[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    blocked = tuple(name for name in given if name != "none")
    try:
        for name in blocked:
            load(name)
    except (ValueError, OSError) as error:
        raise CorpusloomError(f"--block: {error}", ExitCode.FLAGS) from error
    return blocked


def _bad_words(file: str) -> frozenset[str]:
    """The words of a file, in lower case."""
    if not file:
        return frozenset()
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise CorpusloomError(
            f"--bad-words {file}: {reason}; give a file with one word a line", ExitCode.FLAGS
        ) from error
    return frozenset(line.strip().lower() for line in lines if line.strip())
