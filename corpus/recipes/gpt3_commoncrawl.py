"""The filtered Common Crawl of GPT-3 (Brown et al. 2020, §2.2 and appendix A).

The paper judges a text by a classifier alone, which is a decider and not a step: give `--classifier`, `--against` for
what WebText and Wikipedia hold already, `--benchmarks` for appendix C. What is left for the recipe is to see that a
text is one: encoding mended, error pages and walls out, and the language, since 93 % of GPT-3's words are English and
its classifier, with English positives, keeps hardly anything else.
"""

from functools import partial

from corpus.block_lists import blocking, on_the_web
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules import language, prose, repetition_inside


def make(choices: Choices) -> Recipe:
    """The recipe; English unless other languages are chosen."""
    languages = ("en",) if choices.languages is None else choices.languages
    limits = language.LanguageLimits(keep=languages)
    return Recipe(
        name="gpt3-commoncrawl",
        cites="Brown et al. (2020), Language Models are Few-Shot Learners, §2.2, appendices A and C",
        page_steps=(
            on_the_web,
            *blocking(choices.blocked or ()),
        ),
        text_steps=(
            prose.fix,
            repetition_inside.collapse,
            prose.stubs,
            partial(language.only, model=language.ModelFile(choices.language_model), limits=limits),
        ),
    )
