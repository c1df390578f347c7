"""A crawl as it is: the raw half of GPT-3's quality classifier (Brown et al. 2020, appendix A, "unfiltered Common
Crawl"), and the denominator of every keep rate.

Nothing is judged. The language is noted, and decides only where languages are chosen. Copies go as everywhere: a
template page that a crawl holds ten thousand times would otherwise be most of what a classifier learns from.
"""

from functools import partial

from corpus.block_lists import blocking, on_the_web
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules import language


def make(choices: Choices) -> Recipe:
    """The recipe; all languages and hosts unless something else is chosen."""
    limits = language.LanguageLimits(keep=choices.languages or ())
    return Recipe(
        name="unfiltered",
        cites="Brown et al. (2020), Language Models are Few-Shot Learners, appendix A",
        page_steps=(
            on_the_web,
            *blocking(choices.blocked or ()),
        ),
        text_steps=(partial(language.only, model=language.ModelFile(choices.language_model), limits=limits),),
    )
