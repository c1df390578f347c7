"""The flags of a recipe and of what it leaves to choose. `pipelines.builds.recipes` reads them. Nothing heavy here."""

import argparse

from corpus.recipes import names_for

Group = argparse.ArgumentParser | argparse._ArgumentGroup
# The names in corpus.extraction.html.EXTRACTORS.
EXTRACTORS = ("blocks", "trafilatura", "resiliparse", "datatrove")


def add_recipe_flag(flags: Group, kind: str, default: str) -> None:
    """`--recipe`, for texts of a kind: pages, wikipedia or books."""
    flags.add_argument(
        "--recipe",
        default=default,
        metavar="NAME",
        help=f"the steps: {', '.join(names_for(kind))}, or path/to/file.py:NAME (default {default})",
    )


def add_mask_flag(flags: Group) -> None:
    """`--mask`: personal data."""
    flags.add_argument(
        "--mask",
        action="append",
        choices=("all", "email", "phone", "card", "ip"),
        default=[],
        help="personal data to mask by placeholders, after the steps of the recipe; repeatable",
    )


def add_page_flags(flags: Group, default: str) -> None:
    """What decides which pages stay."""
    add_recipe_flag(flags, "pages", default)
    flags.add_argument(
        "--languages",
        default="",
        metavar="CODES",
        help="languages to keep, by comma; 'all' keeps all (default: the recipe's, mostly en)",
    )
    flags.add_argument(
        "--block",
        action="append",
        metavar="LIST",
        help="block list: media, datatrove-words, none, or a file with one domain a line; repeatable",
    )
    flags.add_argument(
        "--extractor",
        default="blocks",
        choices=EXTRACTORS,
        help="what takes the main text from a page: our own blocks (default), or a peer as it is, to compare with",
    )
    flags.add_argument(
        "--bad-words", default="", metavar="FILE", help="words and phrases, one a line, for recipes that ask (c4)"
    )
    add_mask_flag(flags)
    flags.add_argument(
        "--ignore-opt-outs",
        action="store_true",
        help="keep pages that ask not to be trained on (noai, TDM reservation, robots.txt of CCBot or GPTBot); the "
        "column opt_out says which",
    )
    flags.add_argument(
        "--snapshot", default="", metavar="NAME", help="name of the crawl (default: CC-MAIN-… in the path)"
    )


def add_model_flag(flags: Group) -> None:
    """Where the language model lies."""
    flags.add_argument(
        "--language-model",
        default="",
        metavar="FILE",
        help="lid.176.ftz (default: that of the installation, or $CORPUSLOOM_LANGUAGE_MODEL)",
    )
