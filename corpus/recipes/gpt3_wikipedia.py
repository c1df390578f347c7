"""Wikipedia as a source of its own (Brown et al. 2020, §2.2): articles as prose, without redirects, lists,
disambiguations and stubs.
"""

from corpus.dedup.minhash import MinHash
from corpus.extraction import wikitext
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules.prose import fix


def make(choices: Choices) -> Recipe:
    """The recipe; nothing in it is left to choose."""
    return Recipe(
        name="gpt3-wikipedia",
        cites="Brown et al. (2020), Language Models are Few-Shot Learners, §2.2",
        extraction=wikitext.STEPS,
        text_steps=(fix,),
        near=MinHash(min_similarity=0.8),
    )
