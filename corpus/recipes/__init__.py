"""Recipes: what is kept is code. One file a recipe, named after its source, and one line here.

`make` in such a file takes the choices of a command (`recipe.Choices`) and returns a `Recipe`. `load.load_recipe` finds
one by its name here, or in a file of the user's own (`--recipe path/to/file.py:make`). Nothing is imported before it is
asked for: a command's help shows these names.
"""

# Name → the module of this package, and what its texts come from.
RECIPES = {
    "gpt2-webtext": ("gpt2_webtext", "pages"),
    "gpt3-commoncrawl": ("gpt3_commoncrawl", "pages"),
    "fineweb": ("fineweb", "pages"),
    "c4": ("c4", "pages"),
    "unfiltered": ("unfiltered", "pages"),
    "gpt3-wikipedia": ("gpt3_wikipedia", "wikipedia"),
    "gpt3-books": ("gpt3_books", "books"),
    "gpt1-books": ("gpt1_books", "books"),
}


def names_for(kind: str) -> tuple[str, ...]:
    """The names of the recipes for texts of a kind: pages, wikipedia or books."""
    return tuple(name for name, (_, of) in RECIPES.items() if of == kind)
