"""A recipe as a value: steps on the page, steps on its text, the settings of deduplication, and where it comes from."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import partial
from typing import Any

from corpus.block_lists import load
from corpus.dedup.minhash import MinHash
from corpus.dedup.repeated import RepeatedLines
from corpus.dedup.substrings import RepeatedSubstrings
from corpus.document import Document, Page, PageStep, Rejected, Step
from corpus.hashing import digest
from corpus.json_types import JsonObject
from corpus.sources.links import LinkRules


@dataclass(frozen=True)
class Choices:
    """What a command leaves to its user. None: as the recipe has it.

    `blocked` are block lists (profiles or files), `languages` the codes that stay (none: all), `bad_words` words and
    phrases in lower case, `join_lines` whether each paragraph of a book becomes one line, `masked` the kinds of
    personal data that are masked after all other steps (`corpus.rules.personal_data`).
    """

    blocked: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    bad_words: frozenset[str] = frozenset()
    join_lines: bool = True
    masked: tuple[str, ...] = ()
    language_model: str = ""
    links: LinkRules = field(default_factory=LinkRules)


@dataclass(frozen=True)
class Recipe:
    """Steps on the page, steps on its text, and how duplicates are found.

    `extraction` are the steps that take a text out of its markup or its frame, for sources that are no pages. `links`
    say which links ask for a page, in a corpus that is made of links. `repeated` are rules, one after the other, on
    lines and runs of words that stand in several documents. `file` and `source` are the name and the text of the file
    that a recipe was read from, empty for one of ours. `releases` are its versions with what each changed, the
    newest last: the first number rises where other documents stay, the second where their texts differ.
    """

    name: str
    cites: str
    page_steps: tuple[PageStep, ...] = ()
    text_steps: tuple[Step, ...] = ()
    extraction: tuple[Step, ...] = ()
    links: LinkRules = field(default_factory=LinkRules)
    near: MinHash = field(default_factory=MinHash)
    repeated: tuple[RepeatedLines | RepeatedSubstrings, ...] = ()
    file: str = ""
    source: str = ""
    releases: tuple[tuple[str, str], ...] = (("1.0.0", "First release, with Corpusloom 0.2.0."),)

    def __post_init__(self) -> None:
        if not isinstance(self.repeated, tuple):
            raise TypeError("repeated= takes a tuple of rules: repeated=(RepeatedLines(),)")

    @property
    def repeats(self) -> dict[str, RepeatedLines | RepeatedSubstrings]:
        """The rules of `repeated` by their names among the counts, in their order; the second of a name has a 2."""
        found: dict[str, RepeatedLines | RepeatedSubstrings] = {}
        for rule in self.repeated:
            for each in rule.in_turn:
                again = sum(name.startswith(each.name) for name in found)
                found[f"{each.name}_{again + 1}" if again else each.name] = each
        return found

    @property
    def block_lists(self) -> dict[str, str]:
        """The digest of each list that a step uses: a list may be a file, and a changed file is another recipe."""
        used = (
            # `reject_hosts` and `reject_words` are partials with the name of a list.
            step.keywords["profile"]
            for step in self.page_steps
            if isinstance(step, partial) and "profile" in step.keywords
        )
        return {name: digest(*sorted(load(name))) for name in used}

    def describe(self) -> JsonObject:
        """The recipe as the manifest has it: every step with its settings, and the versions it depends on."""
        return {
            "name": self.name,
            "cites": self.cites,
            "version": self.releases[-1][0],
            "release_notes": dict(self.releases),
            "links": asdict(self.links),
            "block_lists": self.block_lists,
            "page_steps": [describe_step(step) for step in self.page_steps],
            "extraction": [describe_step(step) for step in self.extraction],
            "text_steps": [describe_step(step) for step in self.text_steps],
            "near_duplicates": asdict(self.near),
            **{name: asdict(rule) for name, rule in self.repeats.items()},
            **({"file": self.file, "source": self.source} if self.source else {}),
        }


def describe_step(step: Callable[..., Page | Document | Rejected]) -> JsonObject:
    """A step as data: its name and settings. Paths of models are left out; their digests are fixed in the code."""
    step = getattr(step, "step", step)  # a FileStep describes the step inside it
    function, settings = (step.func, step.keywords) if isinstance(step, partial) else (step, {})
    values = {name: value for name, value in settings.items() if name != "model"}
    plain = {name: _plain(value) for name, value in values.items()}
    # An object with `__call__` has the name of its class.
    name = getattr(function, "__qualname__", type(function).__qualname__)
    arguments = [_plain(value) for value in step.args] if isinstance(step, partial) else []
    return {"step": f"{function.__module__}.{name}", **({"arguments": arguments} if arguments else {}), **plain}


def _plain(value: Any) -> Any:
    """A setting as JSON; sets in order, code by its name."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(setting) for name, setting in asdict(value).items()}
    if isinstance(value, dict):
        return {str(name): _plain(setting) for name, setting in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, partial):
        return describe_step(value)
    # A function or class by its name.
    return value if isinstance(value, str | int | float | bool | None) else getattr(value, "__qualname__", repr(value))
