"""FineWeb (Penedo et al. 2024, §3; datatrove's `examples/fineweb.py`), its steps in its order.

URL filter, main text, English with a probability of .65, Gopher's repetition, Gopher's quality, C4's rules without the
one about end marks, FineWeb's own rules, e-mail and public IP addresses masked; then MinHash with 14 bands of 8 over
five words in a row.

Not the same: the URL filter has the lists that are chosen: FineWeb's are UT1's, given by `--block FILE`, and words in
addresses, by `--block datatrove-words`. Our main text stands where trafilatura's did; a candidate pair counts only once
its signatures are alike (`MinHash.min_similarity`), where FineWeb takes every shared band for a verdict. Duplicates are
looked for in all that is built together: FineWeb built each crawl by itself, so give one crawl.
"""

from functools import partial

from corpus.block_lists import blocking, on_the_web
from corpus.dedup.minhash import MinHash
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules import c4, fineweb, gopher, language, personal_data

LEAST_PROBABILITY = 0.65


def make(choices: Choices) -> Recipe:
    """The recipe; English unless other languages are chosen."""
    languages = ("en",) if choices.languages is None else choices.languages
    limits = language.LanguageLimits(languages, LEAST_PROBABILITY)
    return Recipe(
        name="fineweb",
        cites="Penedo et al. (2024), The FineWeb Datasets, §3; datatrove 0.10, examples/fineweb.py",
        page_steps=(
            on_the_web,
            *blocking(choices.blocked or ()),
        ),
        text_steps=(
            partial(language.only, model=language.ModelFile(choices.language_model), limits=limits),
            gopher.repetition,
            gopher.quality,
            partial(c4.lines, limits=c4.C4_FINEWEB),
            partial(c4.page, limits=c4.C4_FINEWEB),
            fineweb.quality,
            partial(personal_data.mask, kinds=personal_data.FINEWEB),
        ),
        near=MinHash(bands=14, rows=8, shingle_words=5),
    )
