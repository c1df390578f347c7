"""A tokenizer tried on the first documents that it is to encode: the reference's ids, and the text again.

A fast encoder is believed on a sample of scripts and oddities (`corpus.tokenizer.encoders`); here it is held against
the reference on the very text of the build. A byte-level tokenizer must give each document back. Others change text by
design (lower case, NFKC, blanks), so for them the changes are counted; but one that loses most letters of a corpus, as
a WordPiece of English does with Chinese, makes shards of nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from corpus.tokenizer import models
from corpus.tokenizer.encoders import encode_by_reference
from corpus.tokenizer.encoding import Tokenizer

MOST_LOST = 0.5
_FEWEST_LETTERS = 1000  # of fewer letters nothing is concluded


@dataclass
class Trial:
    """Sums over documents: how many were tried and came back `changed`, their letters and digits, and those `lost`."""

    documents: int = 0
    changed: int = 0
    letters: int = 0
    lost: int = 0

    def add(self, other: "Trial") -> None:
        """Add the sums of other documents."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def fault(self) -> str:
        """Why nothing should be built with this tokenizer; empty if it is fit for the text."""
        if self.letters < _FEWEST_LETTERS or self.lost <= MOST_LOST * self.letters:
            return ""
        return f"{self.lost / self.letters:.0%} of the letters of the first documents are unknown to it and lost"


def try_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> Trial:
    """Encode and decode some documents; `ValueError` for other ids than the reference's, or for a text not given back.

    The latter only where the tokenizer promises it (`keeps_text`).
    """
    tokens, offsets = tokenizer.encode_batch(texts)
    expected, bounds = encode_by_reference(tokenizer.kind, tokenizer.model, texts)
    trial, strict, unknown = Trial(), keeps_text(tokenizer), _unknown(tokenizer)
    for row, text in enumerate(texts):
        ids = tokens[offsets[row] : offsets[row + 1]]
        if not np.array_equal(ids, expected[bounds[row] : bounds[row + 1]]):
            raise ValueError(f"{tokenizer.encoder} gives other ids than the reference for {_show(text)}")
        back = tokenizer.decode(ids)
        if strict and back != text:
            raise ValueError(f"{_show(text)} does not come back: {_difference(text, back)}")
        trial.add(_try(unknown, text, back))
    return trial


def keeps_text(tokenizer: Tokenizer) -> bool:
    """Whether what was encoded always comes back: bytes are merged, and nothing normalises, strips or adds."""
    if tokenizer.kind != "json":
        return tokenizer.kind == "gpt2"
    document = models.document_of(tokenizer.model)
    if document.get("normalizer") or document["model"].get("type") != "BPE" or not models.has_every_byte(document):
        return False
    cut = document.get("pre_tokenizer") or {}
    parts = cut.get("pretokenizers", ()) if cut.get("type") == "Sequence" else (cut,)
    # A token that takes blanks along loses them.
    blanks = any(token["lstrip"] or token["rstrip"] for token in document["added_tokens"] if not token["special"])
    level = [part for part in parts if part.get("type") == "ByteLevel" and not part.get("add_prefix_space")]
    return (
        bool(level)
        and not blanks
        and all(map(_keeps, parts))
        and (document.get("decoder") or {})["type"] == "ByteLevel"
    )


def _keeps(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("ByteLevel", "Split", "Digits") and part.get("behavior") != "Removed"


def _try(unknown: str, text: str, back: str) -> Trial:
    # What stands for an unknown piece ("[UNK]") has letters of its own, which are none of the text's.
    letters, left = sum(map(str.isalnum, text)), sum(map(str.isalnum, back.replace(unknown, "") if unknown else back))
    return Trial(1, int(back != text), letters, max(letters - left, 0))


def _unknown(tokenizer: Tokenizer) -> str:
    """What stands in a decoded text for what the tokenizer does not know."""
    if tokenizer.kind == "sentencepiece":
        return "\u2047"  # ⁇, which the library writes
    model = models.document_of(tokenizer.model)["model"]
    if isinstance(model["vocab"], list):
        return model["vocab"][model["unk_id"]][0] if model.get("unk_id") is not None else ""
    return model.get("unk_token") or ""


def first_texts(texts: Iterator[str], most: int = 32_000) -> list[str]:
    """Texts up to about `most` characters together; a longer first one is cut."""
    chosen: list[str] = []
    size = 0
    for text in texts:
        if size + len(text) > most and chosen:
            break
        chosen.append(text[:most])
        size += len(text)
    return chosen


def _show(text: str) -> str:
    return json.dumps(text[:40], ensure_ascii=False)


def _difference(text: str, back: str) -> str:
    place = next(
        (i for i, (one, other) in enumerate(zip(text, back, strict=False)) if one != other), min(len(text), len(back))
    )
    return f"at character {place} {_show(text[place:])} became {_show(back[place:])}"
