"""A tokenizer: from text to ids and back, without loss where the kind has none.

Small and frozen: its kind and its model (tokenizer.json, or sentencepiece's `.model`) say everything, so it travels
to workers as it is, and what encodes is found again in each process (`encoders.choose`). A text that contains
`<|endoftext|>` is encoded as those thirteen characters; the id itself is `end_of_text`, and only the caller sets it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from corpus.hashing import digest
from corpus.tokenizer import models, sentences
from corpus.tokenizer.encoders import choose

# Bytes that are not UTF-8, as `surrogateescape` writes them: b"ab\xffcd" splits into "ab", "\udcff", "cd".
_NOT_UTF8 = re.compile("([\udc80-\udcff])")


@dataclass(frozen=True)
class Tokenizer:
    """`kind` is "gpt2", "gpt1", "sentencepiece" or "json" (any other tokenizer.json); `vocab_size` counts all ids.

    `left_out` are the settings of the folder it was read from that have no effect here, `named` its special tokens as
    (`pad_token`, content); neither belongs to what the tokenizer is.
    """

    kind: str
    model: bytes
    vocab_size: int
    end_of_text: int
    left_out: tuple[str, ...] = field(default=(), compare=False)
    named: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        return f"Tokenizer({self.kind}, {self.vocab_size} ids, end of text {self.end_of_text}, {self.digest})"

    @property
    def digest(self) -> str:
        """What this tokenizer is, in 32 hex digits; equal for equal ids, whichever files it was loaded from."""
        return digest(self.kind, self.model, str(self.end_of_text))

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint16 where every id fits, else uint32."""
        return np.dtype(np.uint16 if self.vocab_size <= 1 << 16 else np.uint32)

    @property
    def encoder(self) -> str:
        """The library that encodes here: the fastest that is installed and gives the ids of the reference."""
        return choose(self.kind, self.model)[0]

    def encode_batch(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """All ids of all texts in one array of `dtype`, and int64 offsets: text i is tokens[offsets[i]:offsets[i+1]].

        No end of text is added. `ValueError` for a text with a lone surrogate, which has no bytes.
        """
        for number, text in enumerate(texts):
            _check_characters(number, text)
        tokens, offsets = choose(self.kind, self.model)[1](texts)
        return tokens.astype(self.dtype), offsets

    def encode(self, text: str | bytes) -> np.ndarray:
        """The ids of one text. Bytes that are not UTF-8 become their own ids, one by one, where the kind is gpt2."""
        if isinstance(text, str):
            return self.encode_batch([text])[0]
        # Texts stand at even places, single bytes at odd ones.
        pieces = _NOT_UTF8.split(text.decode("utf-8", "surrogateescape"))
        if len(pieces) > 1 and self.kind != "gpt2":
            raise ValueError(f"not UTF-8 at byte {len(pieces[0].encode())}: a {self.kind} tokenizer takes text only")
        tokens, offsets = self.encode_batch(pieces[::2])
        rows = np.split(tokens, offsets[1:-1])
        single = _ids_of_bytes(self.model) if len(pieces) > 1 else {}
        for index, piece in enumerate(pieces[1::2]):
            # Between the texts before and after it.
            rows.insert(2 * index + 1, np.array([single[piece.encode("utf-8", "surrogateescape")]], self.dtype))
        return np.concatenate(rows)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of ids; bytes that are not UTF-8 (an id can be part of a character) become U+FFFD.

        Ids that no token has show nothing: a model's vocabulary is often padded to a round number.
        """
        if self.kind == "gpt2":
            return self.decode_bytes(ids).decode("utf-8", "replace")
        # Also negative ones: padding of a model's.
        known = [index for index in map(int, ids) if 0 <= index < self.vocab_size]
        if self.kind == "sentencepiece":
            return sentences.processor(self.model).decode(known)
        return _decoder(self.model).decode(known, skip_special_tokens=False)

    def decode_bytes(self, ids: Sequence[int] | np.ndarray) -> bytes:
        """The bytes of ids: exactly what was encoded where the kind is gpt2, the decoded text in UTF-8 elsewhere."""
        if self.kind != "gpt2":
            return self.decode(ids).encode()
        table = _bytes_of_ids(self.model)
        return b"".join(table.get(int(index), b"") for index in ids)


def tokenizer_from(kind: str, model: bytes, end_of_text: str | None = None) -> Tokenizer:
    """The tokenizer of a model; `end_of_text` names the token where the model has it under an unusual name.

    `ValueError` for a model without an end of text, or one that no library opens.
    """
    if kind == "sentencepiece":
        library = sentences.processor(model)
        if library.eos_id() < 0:
            raise ValueError("the sentencepiece model has no end of text (eos_id is -1); train it with one")
        return Tokenizer(kind, model, library.vocab_size(), library.eos_id())
    if kind == "json":
        _decoder(model)
    return Tokenizer(kind, model, *models.ids_of(models.document_of(model), end_of_text))


def fertility(tokenizer: Tokenizer, texts: Iterable[str], batch: int = 1000) -> float:
    """Bytes of UTF-8 a token, over all the texts; 0.0 where there is no token."""
    size = tokens = 0
    group: list[str] = []
    for text in texts:
        group.append(text)
        size += len(text.encode())
        if len(group) == batch:
            tokens += len(tokenizer.encode_batch(group)[0])
            group = []
    tokens += len(tokenizer.encode_batch(group)[0])
    return size / tokens if tokens else 0.0


def _check_characters(number: int, text: str) -> None:
    try:
        _ = text.isascii() or text.encode()  # ASCII is the usual case, and needs no encoding
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text {number} holds a lone surrogate at character {error.start}, which is no text; mend it before"
        ) from None


@lru_cache(maxsize=8)
def _bytes_of_ids(model: bytes) -> dict[int, bytes]:
    special = {token["id"]: token["content"].encode() for token in models.document_of(model)["added_tokens"]}
    return {**models.token_bytes(model), **special}


@lru_cache(maxsize=8)
def _ids_of_bytes(model: bytes) -> dict[bytes, int]:
    return {data: index for index, data in models.token_bytes(model).items() if len(data) == 1}


@lru_cache(maxsize=8)
def _decoder(model: bytes) -> Any:
    import tokenizers

    try:
        return tokenizers.Tokenizer.from_str(model.decode())
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"the library tokenizers cannot open it: {error}") from error
