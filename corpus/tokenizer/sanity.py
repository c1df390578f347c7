"""The figures of a tokenizer's sanity report: what it does to text it was not trained on.

Bytes per token and tokens per word (fertility; a word is a run of characters that are no blanks), by source and
language, beside another tokenizer on the same text where one is given; tokens that no text used; the first and the
last merges.
All of it adds up over documents in any order, so workers tally parts and the driver adds the tallies.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from corpus.json_types import JsonObject
from corpus.tokenizer import models, sentences
from corpus.tokenizer.encoding import Tokenizer

MERGES_SHOWN, _STRETCHES = 50, 60  # merges listed at each end; points of the curve
Group = tuple[str, str]  # source, language


@dataclass
class TokenTally:
    """Sums over documents; `other_tokens` are those of the tokenizer compared with, 0 without one."""

    documents: int = 0
    bytes: int = 0
    words: int = 0
    tokens: int = 0
    other_tokens: int = 0

    def add(self, other: "TokenTally") -> None:
        """Add the sums of other documents."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def tally_texts(
    rows: Iterable[tuple[str, str, str]], tokenizer: Tokenizer, other: Tokenizer | None, seen: np.ndarray
) -> dict[Group, TokenTally]:
    """Tallies of texts given as (source, language, text); `seen[id]` goes up by how often an id was used."""
    tallies: dict[Group, TokenTally] = {}
    listed = list(rows)
    texts = [text for _, _, text in listed]
    tokens, offsets = tokenizer.encode_batch(texts)
    seen += np.bincount(tokens, minlength=len(seen))
    lengths = np.diff(offsets).tolist()
    others = np.diff(other.encode_batch(texts)[1]).tolist() if other else [0] * len(texts)
    for (source, language, text), mine, theirs in zip(listed, lengths, others, strict=True):
        found = TokenTally(1, len(text.encode()), len(text.split()), mine, theirs)
        tallies.setdefault((source, language), TokenTally()).add(found)
    return tallies


def figures(tally: TokenTally) -> JsonObject:
    """The sums with their ratios; a ratio without a denominator is None, as are those of no other tokenizer."""
    found = {each.name: getattr(tally, each.name) for each in fields(tally)}
    found["bytes_per_token"] = _ratio(tally.bytes, tally.tokens)
    found["tokens_per_word"] = _ratio(tally.tokens, tally.words)
    found["other_bytes_per_token"] = _ratio(tally.bytes, tally.other_tokens)
    found["other_tokens_per_word"] = _ratio(tally.other_tokens, tally.words) if tally.other_tokens else None
    return found


def by(tallies: Mapping[Group, TokenTally], place: int | None) -> list[JsonObject]:
    """Rows of figures by source (`place` 0), language (1) or both (None), in the order of their names."""
    sums: dict[Group, TokenTally] = {}
    for group, tally in tallies.items():
        # The part of the group that is not asked for is "".
        key = group if place is None else (group[0], "") if place == 0 else ("", group[1])
        sums.setdefault(key, TokenTally()).add(tally)
    names = ("source", "language") if place is None else (("source", "language")[place],)
    return [
        {**{name: group[("source", "language").index(name)] for name in names}, **figures(tally)}
        for group, tally in sorted(sums.items())
    ]


def merges_shown(tokenizer: Tokenizer) -> JsonObject:
    """How many merges there are, and the first and the last of them, readable: blanks and controls are written out."""
    document = _document(tokenizer)
    pairs = models.merges_of(document) if document and document["model"].get("type") == "BPE" else []
    level = tokenizer.kind == "gpt2"
    shown = [[_readable(part, level) for part in pair] for pair in (*pairs[:MERGES_SHOWN], *pairs[-MERGES_SHOWN:])]
    first = min(MERGES_SHOWN, len(pairs))
    return {
        "number": len(pairs),
        "first": shown[:first],
        "last": shown[len(shown) - first :],
        "lengths": _merged_lengths(pairs),
    }


def _merged_lengths(pairs: Sequence[Sequence[str]]) -> list[tuple[int, float]]:
    """(number of the last merge, mean length of the merged tokens) for each of `_STRETCHES` stretches of merges."""
    lengths = np.array([len(left) + len(right) for left, right in pairs])
    # Equal stretches; of fewer merges than stretches some ends are equal, and each counts once.
    ends = np.unique(np.linspace(0, len(lengths), _STRETCHES + 1).astype(int)).tolist()
    return [(end, round(float(lengths[start:end].mean()), 3)) for start, end in pairwise(ends)]


def unused_tokens(tokenizer: Tokenizer, seen: np.ndarray) -> JsonObject:
    """The ids that no text used, without the end of text, and what they stand for."""
    ids = [index for index in np.flatnonzero(seen == 0).tolist() if index != tokenizer.end_of_text]
    document = _document(tokenizer)
    names = models.tokens_of(document) if document else {}
    level = tokenizer.kind == "gpt2"
    return {
        "number": len(ids),
        "share": _ratio(len(ids), tokenizer.vocab_size),
        "tokens": {str(index): _readable(names.get(index, ""), level) for index in ids},
    }


def _document(tokenizer: Tokenizer) -> dict[str, Any] | None:
    """tokenizer.json of any kind; None for a sentencepiece model that has none."""
    if tokenizer.kind != "sentencepiece":
        return models.document_of(tokenizer.model)
    try:
        return json.loads(sentences.json_of(tokenizer.model))
    except ValueError:
        return None


def _readable(token: str, level: bool) -> str:
    """A token as text; bytes that are part of a character are written as \\xNN."""
    try:
        return models.to_bytes(token).decode("utf-8", "backslashreplace") if level else token
    except KeyError:
        return token


def _ratio(one: float, other: float) -> float | None:
    return round(one / other, 4) if other else None
