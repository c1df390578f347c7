"""The objective of a run, by its keys: which marks it needs, which ids they have, and which models it is for.

Marks (a mask, sentinels, starts and ends) get ids behind the tokenizer's, so that every tokenizer serves every
objective; with `marks=tokenizer` they are the tokenizer's own, by the names that the papers' tokenizers use.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corpus.shards.layout import TokenizerEntry
from trainer.model.shape import Shape
from trainer.objectives import blanks, masked, spans
from trainer.objectives.objective import Objective, ObjectiveError, TextVocabulary
from trainer.run.config import RunConfig

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer

_MODELS = {
    "next": ("decoder",),
    "masked": ("encoder",),
    "spans": ("prefix", "encoder-decoder"),
    "blanks": ("prefix",),
}
_PRESETS = {"next": "gpt2-124m", "masked": "bert-110m", "spans": "t5-60m", "blanks": "glm-110m"}


def mark_names(config: RunConfig) -> tuple[str, ...]:
    """The marks that the run's objective needs, in the order of their ids."""
    if config.objective == "masked":
        return masked.MARKS
    if config.objective == "spans":
        return spans.sentinel_names(config.shape.sequence_length, config.mask_share, config.mean_span)
    return blanks.MARKS if config.objective == "blanks" else ()


def added_marks(config: RunConfig, n_ids: int) -> dict[str, int]:
    """The marks whose ids lie behind the tokenizer's `n_ids`, by name; none where they are the tokenizer's own."""
    names = mark_names(config) if config.marks == "added" else ()
    return {name: n_ids + number for number, name in enumerate(names)}


def text_of(config: RunConfig, entry: TokenizerEntry, data: Path) -> TextVocabulary:
    """The tokenizer of the shards in `data` with the marks of the run; `ObjectiveError` where it lacks one."""
    check_model(config)
    names, n_ids = mark_names(config), entry.vocab_size
    kinds = _kinds(config)
    # Decoding every id takes a moment, and the tokenizer must be there: only for marks of its own, or whole sentences.
    known = None
    if (config.marks == "tokenizer" and names) or (config.objective == "blanks" and kinds[1]):
        known = _texts_of_ids(entry, data)
    ends = None if known is None else np.array([_ends_sentence(text) for text in known])
    if config.marks == "added" or not names:
        return TextVocabulary(n_ids, entry.end_of_text, tuple(added_marks(config, n_ids).values()), ends)
    if known is None:
        raise ObjectiveError(
            f"marks=tokenizer needs the tokenizer of the shards, which is not in {data}: put it there as tokenizer/, "
            "or write marks=added, which gives the marks ids of their own"
        )
    ids = {text: number for number, text in enumerate(known)}
    if missing := [name for name in names if name not in ids]:
        raise ObjectiveError(
            f"objective={config.objective} needs {missing[0]} and {len(missing) - 1} more marks that the tokenizer "
            f"{entry.name} lacks: write marks=added, which puts them behind its {n_ids:,} ids, or build the shards "
            "with a tokenizer that has them"
        )
    return TextVocabulary(n_ids, entry.end_of_text, tuple(ids[name] for name in names), ends)


def with_marks(shape: Shape, text: TextVocabulary) -> Shape:
    """The shape with a vocabulary that holds the tokenizer's ids and the marks."""
    # Marks of the tokenizer's own lie below n_ids. The 0 is for no marks at all: max needs two arguments or more.
    return replace(shape, vocab_size=max(text.n_ids, *(mark + 1 for mark in text.marks), 0))


def objective_of(config: RunConfig, text: TextVocabulary) -> Objective | None:
    """The objective; None for the next token, which needs none."""
    length, shares, seed = config.shape.sequence_length, (config.mask_share, config.mean_span), config.seed
    if config.objective == "masked":
        return masked.Masked(length, text, config.mask_share, seed)
    if config.objective == "spans":
        return spans.Spans(length, text, shares, seed, joined=config.shape.architecture == "prefix")
    if config.objective == "blanks":
        return blanks.Blanks(length, text, shares, _kinds(config), seed)
    return None


def check_model(config: RunConfig) -> None:
    """Refuse an objective for a model that sees what it is to predict, or cannot be given what it needs."""
    kind, name = config.shape.architecture, config.objective
    if kind not in _MODELS[name]:
        raise ObjectiveError(
            f"objective={name} is not for architecture={kind}, but for {' or '.join(_MODELS[name])}: give one of "
            f"them, or a preset such as {_PRESETS[name]}"
        )
    if (name == "blanks") != (config.shape.position == "blank"):
        raise ObjectiveError(
            f"objective={name} with position={config.shape.position}: blanks and position=blank go together"
        )
    if name != "next" and (config.document_mask or config.packing != "concatenate"):
        raise ObjectiveError(f"objective={name} reads plain windows: leave out document_mask and packing")


def _kinds(config: RunConfig) -> tuple[float, ...]:
    try:
        kinds = tuple(float(part) for part in config.blank_shares.split(","))
    except ValueError:
        raise ObjectiveError(f"blank_shares={config.blank_shares}: give three numbers, as in 0.5,0,0.5") from None
    blanks.check_kinds(kinds)
    return kinds


def _texts_of_ids(entry: TokenizerEntry, data: Path) -> list[str] | None:
    """The text of every id, special ones too, where the tokenizer lies with the shards; else None."""
    tokenizer = tokenizer_beside(entry.digest, data)
    return tokenizer and [tokenizer.decode([number]) for number in range(tokenizer.vocab_size)]


def tokenizer_beside(digest: str, data: Path) -> "Tokenizer | None":
    """The tokenizer of this digest, where it lies in or beside the folder of the shards; else None."""
    for place in (data / "tokenizer", data, data.parent / "tokenizer", data.parent):
        tokenizer = _load(place)
        if tokenizer is not None and tokenizer.digest == digest:
            return tokenizer
    return None


def _load(place: Path) -> "Tokenizer | None":
    try:
        # Only where it is needed: a machine that trains may have no library of tokenizers.
        from corpus.tokenizer.files import TokenizerError, load_tokenizer
    except ModuleNotFoundError:
        return None
    try:
        return load_tokenizer(place)
    except TokenizerError:
        return None


def _ends_sentence(text: str) -> bool:
    return "\n" in text or text.rstrip("\"')]} ").endswith((".", "!", "?", "。", "！", "？"))
