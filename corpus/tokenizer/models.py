"""A byte-pair tokenizer as one JSON document: the form that Hugging Face's libraries open as tokenizer.json.

Every tokenizer here except sentencepiece's is this document and nothing else. GPT-2's two files and our own merges
are brought into it by one function, ids in order, so the same tokenizer has the same bytes and the same digest
whichever files it was read from. Special tokens stand in `added_tokens`, from where the libraries cut them out of any
text; `ordinary` prevents that, because text that happens to contain `<|endoftext|>` must stay text. Added tokens that
are not special (runs of blanks, say) are ordinary text with an id of its own, and stay.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import orjson

from corpus.json_types import JsonObject
from corpus.tokenizer.merges import Merge, Trained

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "<unk>"
# GPT-1's own vocabulary has no end of text. It has the line feed, which its cutting into words never leaves in a text.
LINE_FEED = "\n</w>"
_ENDS_OF_TEXT = (END_OF_TEXT, "<|end_of_text|>", "</s>", "<eos>", "<|end|>", LINE_FEED)


@cache
def byte_characters() -> tuple[str, ...]:
    """The printable character by which GPT-2's files write each byte, at the place of the byte.

    Printable Latin-1 bytes are themselves, the other 68 are U+0100 and up in order: " " is "Ġ", the line feed "Ċ".
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}  # without the blank, U+00A0 and the soft hyphen
    others = iter(range(256, 512))
    return tuple(chr(byte) if byte in printable else chr(next(others)) for byte in range(256))


@cache
def _character_bytes() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(byte_characters())}


def to_characters(data: bytes) -> str:
    """Bytes in the characters of GPT-2's files."""
    return "".join(byte_characters()[byte] for byte in data)


def to_bytes(token: str) -> bytes:
    """The bytes of a token of GPT-2's files; `KeyError` for a character that stands for no byte."""
    return bytes(map(_character_bytes().__getitem__, token))


def gpt2_model(vocabulary: Mapping[str, int], merges: Iterable[Sequence[str]]) -> bytes:
    """tokenizer.json of a byte-level tokenizer with GPT-2's split pattern, from its vocabulary and its merges."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return _document(vocabulary, merges, level, level, specials=(END_OF_TEXT,))


def gpt2_model_of(trained: Trained) -> bytes:
    """tokenizer.json of our own merges: the bytes in the order of GPT-2's characters, the merges, the end of text."""
    # GPT-2's ids: single bytes in the order of its characters ("!" is 0), then merges, then the end of text.
    tokens = sorted(map(to_characters, trained.alphabet))
    tokens += [to_characters(left + right) for left, right in trained.merges]
    merges = [(to_characters(left), to_characters(right)) for left, right in trained.merges]
    return gpt2_model({token: index for index, token in enumerate([*tokens, END_OF_TEXT])}, merges)


def gpt1_model_of(trained: Trained) -> bytes:
    """tokenizer.json of our own merges in GPT-1's manner; unknown characters are id 0, the end of text comes last."""
    merges = [(left.decode(), right.decode()) for left, right in trained.merges]
    tokens = [UNKNOWN, *(data.decode() for data in trained.alphabet), *map("".join, merges), END_OF_TEXT]
    return gpt1_model({token: index for index, token in enumerate(tokens)}, merges)


def gpt1_model(vocabulary: Mapping[str, int], merges: Iterable[Sequence[str]]) -> bytes:
    """tokenizer.json in GPT-1's manner, from vocabulary and merges: lower case, `</w>` at the end of each word.

    Of GPT-1's own 40,478 ids the last, the line feed, is the end of text.
    """
    end = END_OF_TEXT if END_OF_TEXT in vocabulary else LINE_FEED
    cut, decoder = {"type": "BertPreTokenizer"}, {"type": "BPEDecoder", "suffix": "</w>"}
    return _document(vocabulary, merges, cut, decoder, specials=(end, UNKNOWN))


def is_gpt1(vocabulary: Mapping[str, int]) -> bool:
    """Whether a vocabulary is in GPT-1's manner: an unknown token, and words that end in `</w>`."""
    return UNKNOWN in vocabulary and any(token.endswith("</w>") for token in vocabulary)


def _document(
    vocabulary: Mapping[str, int], merges: Iterable[Sequence[str]], cut: Any, decoder: Any, specials: Sequence[str]
) -> bytes:
    words = UNKNOWN in specials
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": UNKNOWN if words else None,
        "continuing_subword_prefix": None if words else "",
        "end_of_word_suffix": "</w>" if words else "",
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        # By id, so that the bytes do not depend on the order of the file.
        "vocab": dict(sorted(vocabulary.items(), key=lambda item: item[1])),
        "merges": [list(pair) for pair in merges],
    }
    return canonical_bytes(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [added_token(vocabulary[name], name) for name in specials if name in vocabulary],
            "normalizer": {"type": "Lowercase"} if words else None,
            "pre_tokenizer": cut,
            "post_processor": None,
            "decoder": decoder,
            "model": model,
        }
    )


def added_token(index: int, content: str) -> JsonObject:
    """The entry of a special token."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": index, "content": content, **flags, "special": True}


def canonical_bytes(document: Any) -> bytes:
    """A JSON document in its one form of bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=2)
def document_of(model: bytes) -> dict[str, Any]:
    """The document in its `canonical_bytes`, parsed once for all who ask, so not to be changed."""
    return orjson.loads(model)


@lru_cache(maxsize=2)
def ordinary(model: bytes) -> str:
    """The document as texts are encoded by it: no text spells a special token, nothing is cut, padded or added.

    A special token stays in its place, so that every id stays what it is, but under a name that nobody can write: a
    random one, new in each process. With its own name a Unigram or WordPiece model would find it in the text, as would
    a merge. So merges that make it or go on from it are left out.
    """
    document = document_of(model)
    special = [token["content"] for token in document["added_tokens"] if token["special"]]
    names = {content: f"<|{_secret()}-{number}|>" for number, content in enumerate(special)}
    added = [{**token, "content": names.get(token["content"], token["content"])} for token in document["added_tokens"]]
    renamed = {"added_tokens": added, "model": _rename_tokens(document["model"], names)}
    return orjson.dumps({**document, **renamed, "truncation": None, "padding": None, "post_processor": None}).decode()


@cache
def _secret() -> str:
    return secrets.token_hex(16)


def _rename_tokens(model: dict[str, Any], names: Mapping[str, str]) -> JsonObject:
    """The part `model` of a document with the tokens `names` renamed, and no merge that has to do with them."""
    vocab = model["vocab"]
    if isinstance(vocab, list):  # Unigram: (piece, score), in the order of the ids
        return {**model, "vocab": [[names.get(piece, piece), score] for piece, score in vocab]}
    changed = {**model, "vocab": {names.get(token, token): index for token, index in vocab.items()}}
    if model.get("unk_token") is not None:
        changed["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    if "merges" in model:
        # WordPiece-like prefixes: "a" and "##b" make "ab".
        skipped = len(model.get("continuing_subword_prefix") or "")
        pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else pair for pair in model["merges"]]
        changed["merges"] = [
            [left, right]
            for left, right in pairs
            if not (left in names or right in names or left + right in names or left + right[skipped:] in names)
        ]
    return changed


def merges_of(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The merges of a tokenizer.json, which older writers give as "left right" and newer ones as pairs."""
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in document["model"]["merges"]]
    return [(left, right) for left, right in pairs]


@lru_cache(maxsize=2)
def byte_merges(model: bytes) -> list[Merge]:
    """The merges of a byte-level tokenizer, in bytes; several encoders ask for the same ones, so not to be changed."""
    return [(to_bytes(left), to_bytes(right)) for left, right in merges_of(document_of(model))]


@lru_cache(maxsize=2)
def token_bytes(model: bytes) -> dict[int, bytes]:
    """The bytes of every ordinary token of a byte-level tokenizer, by id; not to be changed either."""
    document = document_of(model)
    special = {token["id"] for token in document["added_tokens"]}
    return {index: to_bytes(token) for token, index in document["model"]["vocab"].items() if index not in special}


def is_gpt2(document: Mapping[str, Any]) -> bool:
    """Whether a tokenizer.json cuts and merges as GPT-2 does, so that it may be written in GPT-2's forms."""
    cut, model = document.get("pre_tokenizer") or {}, document["model"]
    if model.get("type") != "BPE":
        return False
    plain = cut.get("type") == "ByteLevel" and not cut.get("add_prefix_space") and cut.get("use_regex", True)
    quiet = not (document.get("normalizer") or model.get("dropout") or model.get("ignore_merges"))
    whole = has_every_byte(document) and not (model.get("end_of_word_suffix") or model.get("continuing_subword_prefix"))
    specials = {token["content"] for token in document.get("added_tokens", ())}
    # Other special tokens have no place in GPT-2's files.
    return plain and quiet and whole and specials == {END_OF_TEXT}


def has_every_byte(document: Mapping[str, Any]) -> bool:
    """Whether the vocabulary has each of the 256 bytes in GPT-2's characters, so that no text is unknown to it."""
    return set(byte_characters()) <= set(document["model"].get("vocab", ()))


def tokens_of(document: Mapping[str, Any]) -> dict[int, str]:
    """Every token of a tokenizer.json, special ones too, by id."""
    entries = document["model"]["vocab"]
    # A Unigram model lists (token, score) in the order of the ids; the others map tokens to ids.
    ids = enumerate(row[0] for row in entries) if isinstance(entries, list) else ((i, t) for t, i in entries.items())
    return {**dict(ids), **{token["id"]: token["content"] for token in document.get("added_tokens", ())}}


def ids_of(document: Mapping[str, Any], end_of_text: str | None = None) -> tuple[int, int]:
    """The size of the vocabulary (the greatest id + 1) and the id of the end of text; `ValueError` without one."""
    id_of = {token: index for index, token in tokens_of(document).items()}
    names = (end_of_text,) if end_of_text else _ENDS_OF_TEXT
    for name in names:
        if name in id_of:
            return max(id_of.values()) + 1, id_of[name]
    raise ValueError(
        f"the vocabulary has no end of text (looked for {', '.join(names)}); "
        "name it as eos_token in the tokenizer_config.json beside it"
    )
