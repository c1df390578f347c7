"""Books (Brown et al. 2020, §2.2), without Project Gutenberg's frame and transcribers' notes.

What GPT-3's two sets of books were is not known; these steps are for books in the public domain.
"""

from corpus.dedup.minhash import MinHash
from corpus.extraction.book_lines import join_lines
from corpus.extraction.gutenberg import strip_gutenberg
from corpus.extraction.transcription import without_transcription
from corpus.recipes.recipe import Choices, Recipe
from corpus.rules.prose import fix, prose


def make(choices: Choices) -> Recipe:
    """The recipe; each paragraph becomes one line unless the lines are to stay as they were typed."""
    return Recipe(
        name="gpt3-books",
        cites="Brown et al. (2020), §2.2",
        extraction=(fix, strip_gutenberg, without_transcription, *((join_lines,) if choices.join_lines else ())),
        text_steps=(prose,),
        near=MinHash(min_similarity=0.8),
    )
