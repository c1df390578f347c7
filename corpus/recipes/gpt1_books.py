"""Books as GPT-1's code handed them on (Radford et al. 2018, §4.1): spaces and punctuation standardised."""

from dataclasses import replace

from corpus.extraction.gutenberg import gpt1_standardise
from corpus.recipes import gpt3_books
from corpus.recipes.recipe import Choices, Recipe


def make(choices: Choices) -> Recipe:
    """The recipe of `gpt3_books`, with standardised texts."""
    books = gpt3_books.make(choices)
    cites = "Radford et al. (2018), §4.1"
    return replace(books, name="gpt1-books", cites=cites, text_steps=(gpt1_standardise, *books.text_steps))
