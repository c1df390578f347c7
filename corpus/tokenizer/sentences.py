"""sentencepiece's BPE with byte fallback, in LLaMA's manner, by the sentencepiece library.

Trained on word counts too: the library takes "word, tab, count" lines, so that a corpus of any size is as large as its
distinct words. Text is not normalised, digits stand alone, a character outside the vocabulary becomes its bytes.
Blanks are written as U+2581; a text that holds that character itself gets a blank back: the format's own limit.
"""

import io
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from corpus.json_types import JsonObject
from corpus.tokenizer.counts import WordCounts
from corpus.tokenizer.models import added_token, canonical_bytes

_SPACE = "\u2581"
_LONGEST_WORD = 4_000
# Numbers of sentencepiece_model.proto: a model type, and the types of a piece.
_BPE, _NORMAL, _UNKNOWN, _CONTROL, _BYTE = 2, 1, 2, 3, 6
_FIXED = {1: 8, 5: 4}  # wire types of fixed size: 64 and 32 bits


def train_sentencepiece(counts: WordCounts, vocab_size: int) -> bytes:
    """A sentencepiece `.model` from word counts (words without blanks): ids 0-2 unknown, start and end of text.

    Fewer pieces than asked for when the words do not hold as many. Words over 4,000 bytes are left out.
    """
    import sentencepiece

    lines = (f"{word.decode()}\t{count}" for word, count in counts.items() if len(word) <= _LONGEST_WORD)
    file = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=lines,
            model_writer=file,
            input_format="tsv",  # sentencepiece's unit: the word, a tab and the count
            model_type="bpe",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            byte_fallback=True,
            character_coverage=0.99995,  # the rest become bytes
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            max_sentence_length=_LONGEST_WORD + 32,
            num_threads=1,  # with more the result depends on the machine
            minloglevel=2,
        )
    except RuntimeError as error:
        raise ValueError(
            f"sentencepiece could not train {vocab_size} pieces on {len(counts)} words: {error}"
        ) from error
    return file.getvalue()


@lru_cache(maxsize=8)
def processor(model: bytes) -> Any:
    """The library's tokenizer of a `.model`."""
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_proto=model)


def piece_ids(model: bytes) -> dict[str, int]:
    """Every piece of a `.model` with its id."""
    library = processor(model)
    return {library.id_to_piece(index): index for index in range(library.vocab_size())}


def json_of(model: bytes) -> bytes:
    """tokenizer.json of a `.model` that is BPE with byte fallback and no normalisation; `ValueError` otherwise.

    The flags are read from the file itself (sentencepiece_model.proto): model_type 3, treat_whitespace_as_suffix 24 and
    byte_fallback 35 of the trainer (2), charsmap 2, dummy prefix 3 and extra blanks 4 of the normaliser (3). The Python
    classes that come with the library need a newer protobuf than Beam allows.
    A merge is every split of a piece into two pieces, ordered by the score of the whole, as the library merges.
    """
    parts = [(number, value) for number, value in _fields(model) if isinstance(value, bytes)]
    trainer = dict(_fields(b"".join(value for number, value in parts if number == 2)))
    normalizer = dict(_fields(b"".join(value for number, value in parts if number == 3)))
    if trainer.get(3) != _BPE or not trainer.get(35):
        raise ValueError("only BPE models with byte fallback have a tokenizer.json; give the .model itself")
    if normalizer.get(2) or normalizer.get(4, 1) or trainer.get(24):
        raise ValueError("this .model normalises its text; it has no exact tokenizer.json, give the .model itself")
    steps: list[JsonObject] = [{"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}]
    undo: list[JsonObject] = [
        {"type": "Replace", "pattern": {"String": _SPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    if normalizer.get(3, 1):  # a blank before the text, and taken off again
        steps.insert(0, {"type": "Prepend", "prepend": _SPACE})
        undo.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    pieces = list(_pieces(parts))
    named = [added_token(i, name) for i, (name, _, type_) in enumerate(pieces) if type_ in (_UNKNOWN, _CONTROL)]
    merging = {
        "type": "BPE",
        "dropout": None,
        "unk_token": next(name for name, _, type_ in pieces if type_ == _UNKNOWN),
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": True,
        "ignore_merges": False,
        "vocab": {name: index for index, (name, *_) in enumerate(pieces)},
        "merges": _merges(pieces),
    }
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": named,
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": undo},
        "model": merging,
    }
    return canonical_bytes(document)


def _pieces(parts: list[tuple[int, bytes]]) -> Iterator[tuple[str, float, int]]:
    for part in (value for number, value in parts if number == 1):
        # Defaults of the format: score 0, a normal piece.
        piece: dict[int, Any] = {2: bytes(4), 3: _NORMAL} | dict(_fields(part))
        if piece[3] not in (_NORMAL, _UNKNOWN, _CONTROL, _BYTE):
            raise ValueError(f"the .model has a piece of its user, {piece[1]!r}; give the .model itself")
        yield piece[1].decode(), struct.unpack("<f", piece[2])[0], piece[3]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: numbers as integers, everything else as bytes."""
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        field, wire = key >> 3, key & 7  # the number of the field, and how its value is written
        if wire == 0:
            value, place = _number(message, place)
            yield field, value
            continue
        if wire not in _FIXED and wire != 2:
            raise ValueError(f"not a sentencepiece model: wire type {wire} at byte {place}")
        size, place = (_FIXED[wire], place) if wire in _FIXED else _number(message, place)
        yield field, message[place : place + size]
        place += size


def _number(message: bytes, place: int) -> tuple[int, int]:
    """A base-128 number, low bits first, and the place after it."""
    # b"\xac\x02" is 300: 0x2c + (0x02 << 7), the highest bit says that another byte follows.
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _merges(pieces: list[tuple[str, float, int]]) -> list[list[str]]:
    index_of = {piece: index for index, (piece, _, type_) in enumerate(pieces) if type_ == _NORMAL}
    found: list[tuple[float, int, int, list[str]]] = []
    for piece, score, type_ in pieces:
        for cut in range(1, len(piece) if type_ == _NORMAL else 1):
            # "abc" is a + bc and ab + c, if these are pieces.
            left, right = index_of.get(piece[:cut]), index_of.get(piece[cut:])
            if left is not None and right is not None:
                found.append((-score, left, right, [piece[:cut], piece[cut:]]))
    return [pair for *_, pair in sorted(found)]
