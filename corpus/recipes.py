"""What is kept is code: each recipe is two tuples of steps and the settings of deduplication, named after its source.

`gpt2-webtext` follows Radford et al. (2019), §2.1: pages behind Reddit links with karma, English (§3.7 says that other
languages were removed), "de-duplication and some heuristic based cleaning" that the paper does not describe, all of
Wikipedia removed. Where the paper is silent the recipe is light on purpose: a human voted for every page, so rules
only take out what is no text of that page (error pages, walls, scraps). `docs/log.md` has the figures.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import partial
from typing import Any

from corpus.block_lists import load, on_the_web, reject_hosts
from corpus.dedup.minhash import MinHash
from corpus.document import Document, Page, PageStep, Rejected, Step
from corpus.extraction import gutenberg as books
from corpus.extraction import wikitext
from corpus.extraction.book_lines import join_lines as join_paragraphs
from corpus.extraction.transcription import without_transcription
from corpus.hashing import digest
from corpus.rules import gopher, language, repetition_inside
from corpus.rules import prose as text
from corpus.sources.links import LinkRules

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


@dataclass(frozen=True)
class Recipe:
    """Steps on the page, steps on its text, and how duplicates are found.

    `extraction` are the steps that take a text out of its markup or its frame, for sources that are no pages.

    `block_lists` holds the digest of each list that a step uses: a list may be a file, and a changed file is another
    recipe.
    """

    name: str
    cites: str
    page_steps: tuple[PageStep, ...]
    text_steps: tuple[Step, ...]
    extraction: tuple[Step, ...] = ()
    block_lists: dict[str, str] = field(default_factory=dict)
    links: LinkRules = field(default_factory=LinkRules)
    near: MinHash = field(default_factory=MinHash)

    def describe(self) -> dict[str, Any]:
        """The recipe as the manifest has it: every step with its settings, and the versions it depends on."""
        return {
            "name": self.name,
            "cites": self.cites,
            "links": asdict(self.links),
            "block_lists": self.block_lists,
            "page_steps": [describe_step(step) for step in self.page_steps],
            "extraction": [describe_step(step) for step in self.extraction],
            "text_steps": [describe_step(step) for step in self.text_steps],
            "near_duplicates": asdict(self.near),
        }


def gpt2_webtext(
    links: LinkRules,
    blocked: tuple[str, ...] = ("media",),
    languages: tuple[str, ...] = ("en",),
    language_model: str = "",
) -> Recipe:
    """The recipe of GPT-2's WebText. `blocked` are block-list profiles, `languages` empty keeps every language."""
    limits = language.LanguageLimits(keep=languages)
    return Recipe(
        name="gpt2-webtext",
        cites="Radford et al. (2019), Language Models are Unsupervised Multitask Learners, §2.1 and §3.7",
        block_lists={name: digest(*sorted(load(name))) for name in ("wikipedia", "wikipedia-mirrors", *blocked)},
        links=links,
        page_steps=(
            on_the_web,
            partial(reject_hosts, profile="wikipedia", reason="wikipedia.host"),
            partial(reject_hosts, profile="wikipedia-mirrors", reason="wikipedia.mirror"),
            *(partial(reject_hosts, profile=name, reason="url.blocked") for name in blocked),
        ),
        text_steps=(
            text.fix,
            repetition_inside.collapse,
            text.stubs,
            partial(language.only, model=language.ModelFile(language_model), limits=limits),
            text.prose,
            partial(gopher.repetition, limits=REPEATS_ITSELF),
        ),
    )


def gpt3_wikipedia() -> Recipe:
    """Wikipedia as a source of its own: articles as prose, without redirects, lists, disambiguations and stubs."""
    return Recipe(
        name="gpt3-wikipedia",
        cites="Brown et al. (2020), Language Models are Few-Shot Learners, §2.2",
        page_steps=(),
        extraction=wikitext.STEPS,
        text_steps=(text.fix,),
        near=MinHash(min_similarity=0.8),
    )


def gpt3_books(standardise: bool = False, join_lines: bool = True) -> Recipe:
    """Books without Project Gutenberg's frame and transcribers' notes, one line per paragraph where `join_lines`.

    `standardise` hands them on as GPT-1's code did (2018, §4.1).
    """
    return Recipe(
        name="gpt1-books" if standardise else "gpt3-books",
        cites="Radford et al. (2018), §4.1" if standardise else "Brown et al. (2020), §2.2",
        page_steps=(),
        extraction=(
            text.fix,
            books.strip_gutenberg,
            without_transcription,
            *((join_paragraphs,) if join_lines else ()),
        ),
        text_steps=(*((books.gpt1_standardise,) if standardise else ()), text.prose),
        near=MinHash(min_similarity=0.8),
    )


RECIPES = {"gpt2-webtext": gpt2_webtext}


def describe_step(step: Callable[..., Page | Document | Rejected]) -> dict[str, Any]:
    """A step as data: its name and settings. Paths of models are left out; their digests are fixed in the code."""
    function, settings = (step.func, step.keywords) if isinstance(step, partial) else (step, {})
    values = {name: value for name, value in settings.items() if name != "model"}
    plain = {name: _plain(value) for name, value in values.items()}
    return {"step": f"{function.__module__}.{function.__name__}", **plain}


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
