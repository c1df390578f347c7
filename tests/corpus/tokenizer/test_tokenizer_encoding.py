"""Encoding: the fast library gives the reference's ids for anything, and what was encoded comes back."""

import json
import os
import random
import sys
import unicodedata
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from corpus.tokenizer import encoders
from corpus.tokenizer.encoders import SAMPLE, choose, tiktoken_ranks, tokenizers_encoder
from corpus.tokenizer.encoding import Tokenizer, fertility, tokenizer_from
from corpus.tokenizer.files import load_tokenizer
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import GPT2_PATTERN, count_words, split_gpt2

SCRIPTS = [
    *((0, 0x80), (0x80, 0x250), (0x370, 0x600), (0x900, 0xE00), (0x1E00, 0x2100), (0x2000, 0x2070)),
    *((0x3040, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0x1F300, 0x1FA00), (0, 0x110000)),
]


def random_texts(number, seed):
    """Strings of mixed scripts, blanks and contractions; any code point that UTF-8 can write."""
    chance = random.Random(seed)
    texts = []
    for _ in range(number):
        parts = []
        for _ in range(chance.randint(0, 4)):
            low, high = chance.choice(SCRIPTS)
            points = (chance.randrange(low, high) for _ in range(chance.randint(1, 4)))
            parts.append("".join(chr(p) for p in points if not 0xD800 <= p < 0xE000))
            parts.append(chance.choice([" ", "  ", "\n", "'s ", "", " the", "123", "<|endoftext|>"]))
        texts.append("".join(parts))
    return texts


def encoder_by_definition(kind, model):
    """Byte-pair encoding by its definition: cut into words, then merge the earliest merge until none applies."""
    rank = {pair: index for index, pair in enumerate(encoders.models.byte_merges(model))}
    id_of = {data: index for index, data in encoders.models.token_bytes(model).items()}
    last = len(rank)

    @lru_cache(maxsize=100_000)
    def encode_word(word):
        parts = [bytes([byte]) for byte in word.encode()]
        while len(parts) > 1:
            best = min(rank.get(pair, last) for pair in pairwise(parts))
            if best == last:
                break
            merged, index = [], 0
            while index < len(parts):
                joins = rank.get((parts[index], parts[index + 1])) == best if index + 1 < len(parts) else False
                merged.append(b"".join(parts[index : index + 1 + joins]))
                index += 1 + joins
            parts = merged
        return tuple(id_of[part] for part in parts)

    return lambda texts: encoders.flat([[i for word in split_gpt2(text) for i in encode_word(word)] for text in texts])


def same(ours, theirs):
    return np.array_equal(ours[0], theirs[0]) and np.array_equal(ours[1], theirs[1])


@pytest.fixture(scope="module")
def gpt2() -> Tokenizer:
    return train_tokenizer(count_words([*SAMPLE, *random_texts(500, "train")] * 2, "gpt2"), "gpt2", 257 + 700)


@pytest.fixture(scope="module")
def original(request) -> Tokenizer:
    path = request.config.rootpath.parent / "shared" / "data" / "assets" / "gpt2.encoder.json"
    if not path.is_file():
        pytest.skip(f"GPT-2's files are not at {path}")
    return load_tokenizer(path)


def tiktoken_of(tokenizer: Tokenizer):
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken is not installed")
    ranks = tiktoken_ranks(tokenizer.model)
    return tiktoken.Encoding("test", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})


def test_the_ids_are_dense_and_the_end_is_last(gpt2):
    assert gpt2.vocab_size == 957
    assert gpt2.end_of_text == 956
    assert gpt2.dtype == np.uint16
    assert sorted(encoders.models.token_bytes(gpt2.model)) == list(range(956))


def test_every_byte_comes_back(gpt2):
    single = [gpt2.encode(bytes([byte])) for byte in range(256)]
    assert [ids.size for ids in single] == [1] * 256
    assert len({int(ids[0]) for ids in single}) == 256
    for data in (bytes(range(256)), bytes(range(255, -1, -1)), b"ok \xff\xfe\xc3", b"\xc3\xa9\xed\xa0\x80 the", b""):
        assert gpt2.decode_bytes(gpt2.encode(data)) == data


def test_random_texts_are_encoded_as_by_the_library_and_come_back(gpt2):
    texts = random_texts(100_000, "test")
    tokens, offsets = gpt2.encode_batch(texts)
    coder = tiktoken_of(gpt2)
    rows = np.split(tokens, offsets[1:-1])
    assert not [text for text, row in zip(texts, rows, strict=True) if coder.encode_ordinary(text) != row.tolist()]
    assert gpt2.decode_bytes(tokens) == "".join(texts).encode()
    known = [text for text in texts[:20_000] if all(unicodedata.category(c) != "Cn" for c in text)]
    assert same(gpt2.encode_batch(known), encoder_by_definition("gpt2", gpt2.model)(known))


def test_every_code_point_is_encoded_as_by_the_library(gpt2):
    points = [chr(p) for p in range(sys.maxunicode + 1) if not 0xD800 <= p < 0xE000]
    texts = ["".join(f"a{c} {c}1{c}." for c in points[start : start + 5000]) for start in range(0, len(points), 5000)]
    tokens, offsets = gpt2.encode_batch(texts)
    coder = tiktoken_of(gpt2)
    for row, text in enumerate(texts):
        assert coder.encode_ordinary(text) == tokens[offsets[row] : offsets[row + 1]].tolist()


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_languages_and_books_are_encoded_as_by_tiktoken_with_gpt2s_files(original, real_texts, every):
    real_texts = real_texts[::every]
    tokens, offsets = original.encode_batch(real_texts)
    expected = tiktoken_of(original).encode_ordinary_batch(real_texts, num_threads=1)
    assert [row for row, ids in enumerate(expected) if ids != tokens[offsets[row] : offsets[row + 1]].tolist()] == []
    assert original.decode_bytes(tokens) == "".join(real_texts).encode()


@pytest.fixture(scope="module")
def real_texts(request) -> list[str]:
    zstandard = pytest.importorskip("zstandard")
    data = request.config.rootpath.parent / "shared" / "data"
    names = ("lid/lingua_sentences", "lid/udhr2", "lid/xquad_paragraphs", "text/usgov_blogs", "text/sms_spam")
    paths = [data / f"{name}.jsonl.zst" for name in names]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"the real texts are not in {data}")
    texts = []
    for path in paths:
        with zstandard.open(path, "rt", encoding="utf-8") as file:
            texts += [value for line in file for value in json.loads(line).values() if isinstance(value, str)]
    return texts


def test_gpt2s_own_files(original):
    assert (original.vocab_size, original.end_of_text) == (50257, 50256)
    assert original.encode("Hello world").tolist() == [15496, 995]
    assert original.decode([50256]) == "<|endoftext|>"
    assert original.encode("<|endoftext|>").tolist() == [27, 91, 437, 1659, 5239, 91, 29]


@pytest.mark.parametrize("kind", ["gpt2", "gpt1", "sentencepiece"])
def test_special_looking_text_is_ordinary(kind):
    texts = ["a <|endoftext|> b </s> <s> <unk> c", "the end"] * 3
    tokenizer = train_tokenizer(count_words([*texts, *SAMPLE] * 2, kind), kind, 1500)
    ids = tokenizer.encode(texts[0])
    assert tokenizer.end_of_text not in ids
    assert "endoftext" in tokenizer.decode(ids)
    assert kind == "gpt1" or tokenizer.decode(ids) == texts[0]


def test_missing_libraries_change_no_id(gpt2, monkeypatch):
    texts = [*SAMPLE, *random_texts(300, "missing")]
    known = [text for text in texts if all(unicodedata.category(c) != "Cn" for c in text)]
    expected = gpt2.encode_batch(known)
    used = []
    for missing in ("", "gigatoken", "tiktoken"):
        if missing:
            monkeypatch.setitem(sys.modules, missing, None)
        choose.cache_clear()
        used.append(gpt2.encoder)
        assert same(gpt2.encode_batch(known), expected)
    choose.cache_clear()
    assert used[-1] == "tokenizers"
    assert "gigatoken" not in used[1:]


def test_a_library_that_differs_is_not_used(gpt2, monkeypatch, caplog):
    def hasty_encoder(kind, model):
        exact = tokenizers_encoder(kind, model)
        return lambda texts: exact([text.replace("  ", " ") for text in texts])

    monkeypatch.setitem(encoders.ENCODERS, "gpt2", (hasty_encoder, tokenizers_encoder))
    choose.cache_clear()
    caplog.set_level("WARNING")  # a command run in this process before may have silenced it
    assert gpt2.encoder == "tokenizers"
    assert "hasty does not encode this gpt2 tokenizer: other ids" in caplog.text
    choose.cache_clear()


def test_batches(gpt2):
    tokens, offsets = gpt2.encode_batch(["", "the", ""])
    assert offsets.dtype == np.int64
    assert offsets.tolist() == [0, 0, len(tokens), len(tokens)]
    empty, none = gpt2.encode_batch([])
    assert (len(empty), none.tolist()) == (0, [0])
    assert fertility(gpt2, []) == 0.0
    assert fertility(gpt2, ["the", "é"], batch=1) == 5 / (len(gpt2.encode("the")) + len(gpt2.encode("é")))


def test_what_is_no_text_is_refused(gpt2):
    with pytest.raises(ValueError, match="text 1 holds a lone surrogate at character 2"):
        gpt2.encode_batch(["fine", "no\ud800"])
    words = train_tokenizer({b"ab": 9}, "gpt1", 479)
    with pytest.raises(ValueError, match="not UTF-8 at byte 1"):
        words.encode(b"a\xff")
    with pytest.raises(ValueError, match="no end of text"):
        tokenizer_from("json", b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}')
    with pytest.raises(ValueError, match="cannot open it"):
        tokenizer_from("json", b'{"model": {"vocab": {"a": 0}}}')


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes by fork here")
def test_it_encodes_in_a_forked_process(gpt2):
    expected = gpt2.encode("in a child").tolist()
    child = os.fork()
    if child == 0:
        os._exit(0 if gpt2.encode("in a child").tolist() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
