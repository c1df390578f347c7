"""WebText of GPT-2 (Radford et al. 2019, §2.1).

Pages behind Reddit links with karma, English (§3.7 says that other languages were removed), "de-duplication and some
heuristic based cleaning" that the paper does not describe, all of Wikipedia removed. Where the paper is silent the
recipe is light on purpose: a human voted for every page, so rules only take out what is no text of that page (error
pages, walls, scraps). `docs/log.md` has the figures.
"""

from functools import partial

from corpus.block_lists import blocking, on_the_web, reject_hosts
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules import gopher, language, prose, repetition_inside

# Gopher's rules of repetition, so wide that only a text which mostly repeats itself falls: at Gopher's own limits
# one page in eleven goes, most of them documentation, tables and forum threads that people voted for.
REPEATS_ITSELF = gopher.RepetitionLimits(
    max_duplicate_paragraph_share=0.8,
    max_duplicate_paragraph_character_share=0.5,
    max_duplicate_line_share=0.8,
    max_duplicate_line_character_share=0.5,
    frequent_ngrams=(),
    duplicate_ngrams=((5, 0.5),),
)


def make(choices: Choices) -> Recipe:
    """The recipe; English and the block list `media` unless something else is chosen."""
    blocked = ("media",) if choices.blocked is None else choices.blocked
    languages = ("en",) if choices.languages is None else choices.languages
    limits = language.LanguageLimits(keep=languages)
    return Recipe(
        name="gpt2-webtext",
        cites="Radford et al. (2019), Language Models are Unsupervised Multitask Learners, §2.1 and §3.7",
        links=choices.links,
        page_steps=(
            on_the_web,
            partial(reject_hosts, profile="wikipedia", reason="wikipedia.host"),
            partial(reject_hosts, profile="wikipedia-mirrors", reason="wikipedia.mirror"),
            *blocking(blocked),
        ),
        text_steps=(
            prose.fix,
            repetition_inside.collapse,
            prose.stubs,
            partial(language.only, model=language.ModelFile(choices.language_model), limits=limits),
            prose.prose,
            partial(gopher.repetition, limits=REPEATS_ITSELF),
        ),
    )
