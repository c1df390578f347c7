"""The values that flow through the corpus: a page comes in, a document or a rejection comes out.

    Step = Document -> Document | Rejected

One signature for every decision: extraction, language, rules, edits and a lifted datatrove block all
have it, and a recipe is a tuple of steps. Nobody returns a bool: `(False, "reason")` is true in
Python, and a sum type cannot be misread that way. `corpus.schema` has the same classes as rows of Parquet files.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from corpus.hashing import digest


@dataclass(frozen=True, slots=True)
class Page:
    """One captured response, as the archive holds it: bytes, not yet text.

    `kind` is "html" or, for the ready-made text of a WET record, "text". `body` is free of transfer and
    content encodings.
    `opt_out` is what the page says against its use (`corpus.readers.opt_outs`).
    `marks` are words for what is wrong with the capture and did not cost it (`corpus.readers.warc.pages`).
    """

    url: str
    date: str
    status: int
    content_type: str
    body: bytes
    warc_file: str
    warc_offset: int
    kind: str = "html"
    source: str = "webtext"
    snapshot: str = ""
    canonical_url: str = ""
    surt: str = ""
    domain: str = ""
    marks: str = ""
    opt_out: str = ""

    def document(self, text: str = "", title: str = "") -> "Document":
        """The document of this page; its id says what was captured, never where the bytes happened to lie."""
        identity = f"{self.source}/{digest(self.url, self.date, self.body)}"
        shared = {name: getattr(self, name) for name in _SHARED}
        return Document(id=identity, text=text, title=title, **shared)

    def reject(self, reason: str, value: float | None = None, evidence: str = "") -> "Rejected":
        """This page is not for the corpus, before any text was taken from it."""
        return self.document().reject(reason, value, evidence)


# Whether a rule fails, its name, the number that decides, and what makes the evidence of a failure.
Finding = tuple[bool, str, float, Callable[[], str]]


def no_evidence() -> str:
    """The evidence of a finding whose value says all."""
    return ""


@dataclass(frozen=True, slots=True)
class Document:
    """One text with an id: the unit of every decision, and one row of `kept/*.parquet`.

    `measures` are the names and values of what rules found, in their order.
    """

    id: str
    url: str
    text: str
    title: str = ""
    canonical_url: str = ""
    surt: str = ""
    domain: str = ""
    source: str = ""
    snapshot: str = ""
    date: str = ""
    language: str = ""
    language_probability: float | None = None
    link_url: str = ""
    karma: int | None = None
    first_posted: str = ""
    warc_file: str = ""
    warc_offset: int = -1
    cluster: str = ""
    licence: str = ""
    licence_evidence: str = ""
    opt_out: str = ""
    marks: str = ""
    repeated_characters: int = 0
    masked: str = ""
    quality_score: float | None = None
    measures: tuple[tuple[str, float], ...] = ()

    def held_to(self, step: str, findings: Iterable[Finding]) -> "Document | Rejected":
        """This document with what was found of it, up to the first finding that fails, which rejects it.

        A measure is named like the reason that a failure would have: `gopher.too_few_words`.
        """
        measures = list(self.measures)
        for fails, rule, value, evidence in findings:
            measures.append((f"{step}.{rule}", value))
            if fails:
                # Evidence is a function because most documents pass: it is made for a failure alone.
                return replace(self, measures=tuple(measures)).reject(f"{step}.{rule}", value, evidence())
        return replace(self, measures=tuple(measures))

    def reject(self, reason: str, value: float | None = None, evidence: str = "", other_id: str = "") -> "Rejected":
        """Say why this document leaves the corpus.

        `reason` is `step.rule`, a phrase that is true of the document; `value` the number that decided;
        `evidence` what a reader would want to see; `other_id` the document it duplicates or leaks.
        """
        return Rejected(self, reason, value, evidence, other_id)

    def with_text(self, text: str) -> "Document":
        """The same document after an edit."""
        return self if text == self.text else replace(self, text=text)


# Page's fields that a document has under the same name, such as url and warc_offset; body, status and kind are not.
_SHARED = tuple(field.name for field in fields(Page) if field.name in {f.name for f in fields(Document)})


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that left the corpus, and why: one row of `rejected/*.parquet`."""

    document: Document
    reason: str
    value: float | None = None
    evidence: str = ""
    other_id: str = ""

    @property
    def step(self) -> str:
        """The step that decided: the part of the reason before the dot."""
        return self.reason.partition(".")[0]

    @property
    def rule(self) -> str:
        """The rule inside the step: the part of the reason after the dot."""
        return self.reason.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that could not be read: which file, where in it, and what was wrong."""

    file: str
    offset: int
    reason: str
    detail: str = ""


Step = Callable[[Document], Document | Rejected]
PageStep = Callable[[Page], Page | Rejected]
Item = TypeVar("Item", Page, Document)


def run_steps(item: Item, steps: Iterable[Callable[[Item], Item | Rejected]]) -> Item | Rejected:
    """Put a document (or, before its text is taken out, a page) through the steps, up to the first that rejects it."""
    for step in steps:
        result = step(item)
        if isinstance(result, Rejected):
            return result
        item = result
    return item
