"""A datatrove block as a step: what the FineWeb team and others have written, in our recipes.

    STEPS = (from_datatrove.step(partial(RegexFilter, r"(?i)all rights reserved")), gopher.quality)

Only blocks that decide on one document (`.filter`) or edit one text (`.format`) can be lifted. Readers, writers,
deduplication and executors speak of ranks and positions, which a step has not. What is given is the recipe of
the block, not the block: it is built where it is used, once per process, so a step pickles in a few bytes and
a model is loaded on the worker alone. Needs the extra `corpusloom[datatrove]`; blocks that count words or
sentences also need spaCy (`pip install spacy`), or a tokenizer of your own as their `language`. Blocks that
fetch a model or a list do so at their first document.

A reason is the block and what it said: `datatrove_gopher_quality.gopher_short_doc`. Some of datatrove's reasons
say the opposite of what they mean (`gopher_enough_stop_words` is given to a text without enough); they are
passed on as they are, so that they can be found in its source. A block that gives none says `rejected`.

Traps. A verdict is a bool or a pair with a reason, and the pair `(False, "why")` is true in Python, so it is
taken apart by type. And some blocks have a memory, so that what happens to a document depends on those before it:
`SamplerFilter` draws at random and is refused; so does `C4BadWordsFilter` if told to keep a fraction;
`PIIFormatter` walks through its replacements: give it one for each kind, and it is the same in any order.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import lru_cache, partial
from typing import Any

from corpus.document import Document, Rejected, Step

_NOT_METADATA = {"id", "text"}
_THEIR_NAMES = {"language_probability": "language_score"}  # where their name differs from ours
_METADATA = {
    field.name: _THEIR_NAMES.get(field.name, field.name)
    for field in fields(Document)
    if field.name not in _NOT_METADATA
}


def step(make_block: Callable[..., Any]) -> Step:
    """The step that applies the datatrove block which `make_block` builds, e.g. `partial(RegexFilter, "...")`.

    Raises TypeError for what does not build a filter or a formatter: at once where the class is to be seen,
    else (a lambda hides it) at the first document.
    """
    made = make_block.func if isinstance(make_block, partial) else make_block
    if isinstance(made, type):
        _refuse_unless_liftable(made)
    elif not callable(made) or hasattr(made, "run"):
        name = type(made).__name__
        raise TypeError(f"{made!r} does not build a block; give the class and its arguments, as partial({name}, ...)")
    return partial(_apply, make_block)


def _refuse_unless_liftable(block_type: type) -> None:
    """Raise TypeError for a class whose blocks do not decide on one document or edit one text."""
    try:
        from datatrove.pipeline.filters import SamplerFilter
        from datatrove.pipeline.filters.base_filter import BaseFilter
        from datatrove.pipeline.formatters.base import BaseFormatter
    except ImportError as error:
        raise ImportError(f"{error}; pip install 'corpusloom[datatrove]'") from error
    name = block_type.__name__
    if issubclass(block_type, SamplerFilter):
        raise TypeError(f"{name} draws at random, so its verdict depends on the order; use corpus.hashing.uniform")
    if not issubclass(block_type, BaseFilter | BaseFormatter):
        raise TypeError(f"{name} is no filter or formatter of datatrove; only a block for one document can be a step")


@lru_cache(maxsize=64)  # by identity of the recipe; bounded, for a worker that unpickles its steps again and again
def _block(make_block: Callable[..., Any]) -> Any:
    """The block itself, built at its first use in this process."""
    block = make_block()
    _refuse_unless_liftable(type(block))
    if getattr(block, "exclusion_writer", None) is not None:
        raise TypeError(f"{block!r} has an exclusion_writer, which no step opens; rejected documents are kept anyway")
    return block


def _apply(make_block: Callable[..., Any], document: Document) -> Document | Rejected:
    """What the block makes of one document."""
    block = _block(make_block)
    if hasattr(block, "format"):
        return document.with_text(block.format(document.text))
    theirs = _theirs(document)
    verdict = block.filter(theirs)
    kept, reason = verdict if isinstance(verdict, tuple) else (verdict, "")  # by its type: (False, "why") is true
    if kept:
        return _ours(document, theirs)
    # GopherQualityFilter becomes gopher_quality.
    name = _snake_case(re.sub(r"Filter$", "", type(block).__name__))
    return document.reject(f"datatrove_{name}.{_snake_case(reason or '') or 'rejected'}", evidence=reason or "")


def _theirs(document: Document) -> Any:
    """The document as datatrove has it; what is not known is left out, so that a block's own default applies."""
    from datatrove.data import Document as DatatroveDocument

    known = {their_name: getattr(document, name) for name, their_name in _METADATA.items()}
    # 0 is known, "" and None are not.
    metadata = {name: value for name, value in known.items() if value not in ("", None)}
    return DatatroveDocument(text=document.text, id=document.id, metadata=metadata)


def _ours(document: Document, theirs: Any) -> Document:
    """The document with what the block changed on the way: its text, or a field such as the language."""
    changes = {
        name: theirs.metadata[their_name]
        for name, their_name in _METADATA.items()
        if their_name in theirs.metadata and theirs.metadata[their_name] != getattr(document, name)
    }
    return (replace(document, **changes) if changes else document).with_text(theirs.text)


def _snake_case(name: str) -> str:
    """`GopherQuality` and `< 3 paragraphs` as they stand in a reason: `gopher_quality`, `less_than_3_paragraphs`."""
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("<", "less than").replace(">", "more than")
    return re.sub(r"[^a-z0-9]+", "_", spelled.lower()).strip("_")
