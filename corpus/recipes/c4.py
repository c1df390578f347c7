"""C4, the Colossal Clean Crawled Corpus (Raffel et al. 2020, §2.2; TFDS, c4_utils.py), its steps in its order.

Lines that end in a mark and have five words; no braces, filler text or bad words; three sentences; English. The numbers
are the code's (`corpus.rules.c4` says where the paper has others). The words are not ours to ship: give `--bad-words
FILE`, the list that C4 took is LDNOOBW's `en`.

Not the same. C4 starts from WET texts (so may you: `--pages '*.wet.gz'`). It asked langdetect for a probability of .99,
which that gives to nearly every English page; lid.176, asked here, is less sure of everything: it gives .99 to 1.3 % of
1 118 real English pages, .65 to 98.7 %, so .65 stands here. Of a line that stands in several pages one copy is left, as
C4's code did (the paper has three sentences in a row), but near copies of pages go whole before that.
"""

from dataclasses import replace
from functools import partial

from corpus.block_lists import blocking, on_the_web
from corpus.dedup.repeated import RepeatedLines
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules import c4, language

LEAST_PROBABILITY = 0.65


def make(choices: Choices) -> Recipe:
    """The recipe; English unless other languages are chosen, as in mC4."""
    languages = ("en",) if choices.languages is None else choices.languages
    limits = language.LanguageLimits(languages, LEAST_PROBABILITY)
    return Recipe(
        name="c4",
        cites="Raffel et al. (2020), Exploring the Limits of Transfer Learning, §2.2; TFDS, c4_utils.py",
        page_steps=(
            on_the_web,
            *blocking(choices.blocked or ()),
        ),
        text_steps=(
            partial(c4.lines, limits=c4.C4_CODE),
            partial(c4.page, limits=replace(c4.C4_CODE, bad_words=choices.bad_words)),
            partial(language.only, model=language.ModelFile(choices.language_model), limits=limits),
        ),
        repeated=(RepeatedLines(least_sentences=c4.C4_CODE.min_sentences),),
        releases=(
            ("1.0.0", "First release, with Corpusloom 0.2.0."),
            ("2.0.0", "A line that stands in several pages stays in one of them."),
        ),
    )
