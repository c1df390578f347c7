"""From texts to ids: the fastest library that agrees with the reference, checked when it is first used.

Measured on one core, MB/s of web text: gigatoken 90-120, tiktoken 13-17, Hugging Face tokenizers 2-3,
sentencepiece 4 (gigatoken on the same model 55). fastokens and tokie lie between the first two and give the same ids;
gigatoken is taken because it is the fastest, is MIT, reads both tokenizer.json and sentencepiece's merges, and hands
over one flat array. It is young, so it is never believed: on a sample of scripts, blanks, control characters and
look-alike special tokens it has to give the ids of a slow reference, or the next library is taken and the log says why.
"""

import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from corpus.tokenizer import models, sentences
from corpus.tokenizer.words import GPT2_PATTERN

Encoded = tuple[np.ndarray, np.ndarray]
Encode = Callable[[Sequence[str]], Encoded]

_log = logging.getLogger(__name__)
_UNSEEN, _OLD, _YOUNG = np.uint8(0), np.uint8(1), np.uint8(2)  # of a character in the table of `_Young`

# Each line is a trap: contractions in both cases, blanks of all kinds, long runs, special tokens as text, scripts,
# combining marks and emoji, control characters, punctuation that is not ASCII, code.
SAMPLE = (
    "",
    "Hello, world! It's the year 2019; they'll say we've done it, DON'T they? I'D say SO.",
    "tabs\tand\r\n\r\n   lines \n  \u00a0\u2003 blanks\u0085 \u2028and \u200bends   ",
    " " * 300 + "a" * 300 + "ab" * 200 + "0123456789" * 20 + "!?" * 90 + "\n" * 70,
    "<|endoftext|> is <s>text</s> like <unk> <pad> any <0x0A> [MASK] other<|endoftext|>",
    "naïve façade Straße Ελληνικά ΟΔΟΣ кошка İstanbul ǅ עברית العربية हिन्दी ไทย 日本語のテキスト 한국어 中文字符",
    "e\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600\U0001f1e9\U0001f1ea ½ ² Ⅷ ٣ ४ 〇 𝟘 𝕏 \ufffd \ue000",
    "".join(map(chr, range(1, 0x250))),
    "".join(f"a{chr(point)} {chr(point)}" for point in range(0x2000, 0x2070)),
    "def f(x):\n\treturn {'a': x**2}  # ok\n" * 3,
)


def flat(rows: Sequence[Sequence[int]]) -> Encoded:
    """Rows of ids as one uint32 array and the int64 offsets of the rows in it (one more than there are rows)."""
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    # Without a list of all ids.
    tokens = np.fromiter((index for row in rows for index in row), np.uint32, int(offsets[-1]))
    return tokens, offsets


def gigatoken_encoder(kind: str, model: bytes) -> Encode:
    """gigatoken on this thread only: the workers of a pipeline share the cores among themselves."""
    import awkward
    import gigatoken

    document = models.ordinary(sentences.json_of(model) if kind == "sentencepiece" else model)
    native = gigatoken.Tokenizer.from_json(document)

    def encode(texts: Sequence[str]) -> Encoded:
        if not texts:
            return flat([])
        rows: Any = native.encode_batch(list(texts), parallel=False)
        counts = awkward.to_numpy(awkward.num(rows))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return awkward.to_numpy(awkward.flatten(rows)).astype(np.uint32, copy=False), offsets

    return encode


def tiktoken_encoder(kind: str, model: bytes) -> Encode:
    """tiktoken over our own ranks; it never looks for files of its own."""
    import tiktoken

    ranks = tiktoken_ranks(model)
    if ranks is None:
        raise ValueError("the ids do not follow the order of the merges, which is how tiktoken ranks them")
    coder = tiktoken.Encoding("corpusloom", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
    return lambda texts: flat([coder.encode_ordinary(text) for text in texts])


def tiktoken_ranks(model: bytes) -> dict[bytes, int] | None:
    """Bytes to id, as tiktoken wants them; None when the ids are not in the order of the merges."""
    id_of = {data: index for index, data in models.token_bytes(model).items()}
    made = [id_of[left + right] for left, right in models.byte_merges(model)]
    singles = [id_of[bytes([byte])] for byte in range(256)]
    # tiktoken merges the pair of the least rank, and its ranks are the ids: so these must rise in the order of the
    # merges, from the highest single byte on.
    order = [max(singles), *made]
    return id_of if all(a < b for a, b in pairwise(order)) else None


def tokenizers_encoder(kind: str, model: bytes) -> Encode:
    """Hugging Face's tokenizers: the reference for every tokenizer.json."""
    import tokenizers

    coder = tokenizers.Tokenizer.from_str(models.ordinary(model))
    coder.encode_special_tokens = True
    return lambda texts: flat([row.ids for row in coder.encode_batch_fast(list(texts), add_special_tokens=False)])


def sentencepiece_encoder(kind: str, model: bytes) -> Encode:
    """The sentencepiece library itself."""
    coder = sentences.processor(model)
    return lambda texts: flat(coder.encode(list(texts), out_type=int))


# gigatoken knows bytes only, so not GPT-1. The first that agrees with the last is used; the last is the reference,
# which a build needs anyway, to try its first texts (`corpus.tokenizer.trial`).
ENCODERS: dict[str, tuple[Callable[[str, bytes], Encode], ...]] = {
    "gpt2": (gigatoken_encoder, tiktoken_encoder, tokenizers_encoder),
    "gpt1": (tokenizers_encoder,),
    "json": (gigatoken_encoder, tokenizers_encoder),
    "sentencepiece": (gigatoken_encoder, sentencepiece_encoder),
}


@lru_cache(maxsize=8)
def choose(kind: str, model: bytes) -> tuple[str, Encode]:
    """The name of the library that encodes, and its function; found once a process."""
    reference, sample = _made(ENCODERS[kind][-1], kind, model), [*SAMPLE, *_with_added_tokens(kind, model)]
    return _first_agreeing(kind, model, ENCODERS[kind], _Expected(reference, sample, reference(sample)))


def encode_by_reference(kind: str, model: bytes, texts: Sequence[str]) -> Encoded:
    """The ids by the reference, whatever `choose` has chosen."""
    return _made(ENCODERS[kind][-1], kind, model)(texts)


@lru_cache(maxsize=4)
def _made(make: Callable[[str, bytes], Encode], kind: str, model: bytes) -> Encode:
    """A library's encoder, made once a process: large vocabularies take half a second."""
    return make(kind, model)


class _Expected(NamedTuple):
    reference: Encode
    texts: list[str]
    ids: Encoded


def _with_added_tokens(kind: str, model: bytes) -> list[str]:
    """Each added token (the first 200) in a word, alone, twice, and after another blank."""
    if kind != "json":
        return []
    added = [token["content"] for token in models.document_of(model)["added_tokens"]][:200]
    return [f"a{content}b {content} {content}{content}\n  {content}." for content in added]


def _first_agreeing(
    kind: str, model: bytes, makers: tuple[Callable[[str, bytes], Encode], ...], expected: _Expected
) -> tuple[str, Encode]:
    make, *others = makers
    name = make.__name__.removesuffix("_encoder")
    if not others:
        return name, expected.reference
    encode, why = _check(make, kind, model, expected)
    if encode is None:
        _log.warning(
            "%s does not encode this %s tokenizer: %s; taking the next library", name, kind, why.split("\n")[0]
        )
        return _first_agreeing(kind, model, tuple(others), expected)
    if make is gigatoken_encoder and kind != "sentencepiece":
        young = _Young(kind == "json" and models.document_of(model).get("normalizer") is not None)
        # Made when the first young character comes.
        careful = cache(lambda: _first_agreeing(kind, model, tuple(others), expected)[1])
        encode = _young_characters_by(careful, encode, young)
    return name, encode


def _young_characters_by(careful: Callable[[], Encode], fast: Encode, young: "_Young") -> Encode:
    """Encode by `fast`, but texts with a character that is `young` by `careful`, once made.

    Whether a character is a letter depends on the version of Unicode that a library was built with: gigatoken 0.10
    has 17, tiktoken and tokenizers have 16, and they cut 4,644 young characters differently; none that is older.
    """

    def encode(texts: Sequence[str]) -> Encoded:
        tokens, offsets = fast(texts)
        young_rows = young.rows(texts)
        if not young_rows:
            return tokens, offsets
        others, bounds = careful()([texts[row] for row in young_rows])
        # The rows with young characters are replaced; offsets are counted again.
        rows = np.split(tokens, offsets[1:-1])
        for place, row in enumerate(young_rows):
            rows[row] = others[bounds[place] : bounds[place + 1]]
        return np.concatenate(rows), np.cumsum([0, *map(len, rows)], dtype=np.int64)

    return encode


class _Young:
    """Which characters are young: those that Python's Unicode does not know.

    Where text is `normalised` also marks and composed characters that Unicode 3.2 did not have: tokenizers normalises
    by the tables of Unicode 9, gigatoken by those of 17. A character is looked up when it first comes.
    """

    def __init__(self, normalised: bool) -> None:
        self._normalised = normalised
        self._table = np.full(sys.maxunicode + 1, _UNSEEN)
        self._table[:128] = _OLD

    def rows(self, texts: Sequence[str]) -> list[int]:
        """The places of the texts that have one."""
        rows = [row for row, text in enumerate(texts) if not text.isascii()]
        # All texts at once first: nearly always none has a young character.
        if not rows or not self._any("".join(texts[row] for row in rows)):
            return []
        return [row for row in rows if self._any(texts[row])]

    def _any(self, text: str) -> bool:
        points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        found = self._table[points]
        if (found == _UNSEEN).any():
            for point in np.unique(points[found == _UNSEEN]).tolist():
                self._table[point] = _YOUNG if _is_young(chr(point), self._normalised) else _OLD
            found = self._table[points]
        return bool((found == _YOUNG).any())


def _is_young(character: str, normalised: bool) -> bool:
    if unicodedata.category(character) == "Cn":  # unassigned in Python's tables
        return True
    if not normalised or not (unicodedata.combining(character) or unicodedata.decomposition(character)):
        return False
    return unicodedata.ucd_3_2_0.category(character) == "Cn"  # Python carries the tables of Unicode 3.2 for IDNA


def _check(
    make: Callable[[str, bytes], Encode], kind: str, model: bytes, expected: _Expected
) -> tuple[Encode | None, str]:
    """A library's encoder when it gives the expected ids; else None, and why it must not encode.

    Whatever a native library raises on a model or a text that it does not support is an objection, no more: the
    reference behind it stands.
    """
    try:
        encode = make(kind, model)
        tokens, offsets = encode(expected.texts)
    except ImportError as error:
        return None, f"not installed ({error})"
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
    for row, text in enumerate(expected.texts):
        theirs = expected.ids[0][expected.ids[1][row] : expected.ids[1][row + 1]]
        if not np.array_equal(theirs, tokens[offsets[row] : offsets[row + 1]]):
            return None, f"other ids for {json.dumps(text[:40])}"
    return encode, ""
