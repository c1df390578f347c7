"""Tokenizers in the shapes of published ones: the ids of `AutoTokenizer`, on any text, and no text spells an end."""

import json
import random

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from foreign_shapes import SHAPES, WORDS, write_shape

from corpus.tokenizer.encoders import SAMPLE
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer, save_tokenizer

INDENTED = "class A:\n    def f(self):\n\t\tif x:\n            return  'tide', 1234567\n\n\n"
TEXTS = [
    *SAMPLE,
    WORDS,
    INDENTED,
    "  two  blanks  ",
    "Tide, tide; TIDES boats Boats ROPE rope",
    " <|keep|>  x  <|left|> ",
]
TEXTS += ["<tool_call> a </tool_call>", "e\u0301 Å \ufb01", "\u2581x \u2581", "", " ", "\n", "x" * 500]


@pytest.fixture(scope="module", params=SHAPES)
def shape(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    write_shape(request.param, folder)
    return folder, load_tokenizer(folder)


def auto(folder):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    return transformers.AutoTokenizer.from_pretrained(str(folder), split_special_tokens=True)


def specials(tokenizer: Tokenizer) -> list[str]:
    return [token["content"] for token in json.loads(tokenizer.model)["added_tokens"] if token["special"]]


def without_specials(text: str, tokenizer: Tokenizer) -> str:
    for content in specials(tokenizer):
        text = text.replace(content, "").replace(content.lower(), "")
    return text


def rows(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    tokens, offsets = tokenizer.encode_batch(texts)
    return [row.tolist() for row in np.split(tokens, offsets[1:-1])]


def test_the_ids_are_those_of_auto_tokenizer(shape):
    folder, tokenizer = shape
    texts = [without_specials(text, tokenizer) for text in TEXTS]
    assert rows(tokenizer, texts) == auto(folder)(texts, add_special_tokens=False)["input_ids"]


def test_no_text_spells_a_special_token(shape):
    _, tokenizer = shape
    document = json.loads(tokenizer.model)
    unknown = document["model"].get("unk_token")
    ids = {token["id"] for token in document["added_tokens"] if token["special"] and token["content"] != unknown}
    ids -= {document["model"].get("unk_id")}
    spelled = [f"a {content} b{content}c {content}" for content in specials(tokenizer)]
    assert tokenizer.end_of_text in ids
    assert not ids & {index for row in rows(tokenizer, spelled) for index in row}


def test_a_folder_written_here_is_the_same_tokenizer_for_everybody(shape, tmp_path):
    _, tokenizer = shape
    save_tokenizer(tokenizer, tmp_path, context=96)
    assert load_tokenizer(tmp_path) == tokenizer
    theirs = auto(tmp_path)
    texts = [without_specials(text, tokenizer) for text in TEXTS]
    assert rows(tokenizer, texts) == theirs(texts, add_special_tokens=False)["input_ids"]
    assert (theirs.eos_token_id, theirs.model_max_length) == (tokenizer.end_of_text, 96)


LOSSLESS = ("llama3", "phi", "bloom", "deepseek", "llama2", "gemma")


@pytest.mark.parametrize("name", LOSSLESS)
def test_what_was_encoded_comes_back(name, tmp_path):
    write_shape(name, tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    texts = [text for text in TEXTS if "\u2581" not in text and "<0x0A>" not in text]
    assert [tokenizer.decode(row) for row in rows(tokenizer, texts)] == texts


def mixed_texts(number: int, seed: str) -> list[str]:
    """Strings of words, blanks, special-looking pieces and characters of any script."""
    chance, pieces = (
        random.Random(seed),
        [*WORDS.split(), *" \n\t", "  ", "    ", "'s", "123", "<|keep|>", "tide", "Boats"],
    )
    texts = []
    for _ in range(number):
        chosen = chance.choices(pieces, k=chance.randint(0, 9))
        points = [chance.choice([0x80, 0x3000, 0x10000, 0x110000]) for _ in range(chance.randint(0, 3))]
        letters = [chr(chance.randrange(end)) for end in points]
        parts = [*chosen, *(letter for letter in letters if not 0xD800 <= ord(letter) < 0xE000)]
        chance.shuffle(parts)
        texts.append(chance.choice(["", " "]).join(parts))
    return texts


def test_mixed_texts_are_encoded_as_by_the_reference(shape):
    """The same library without our renaming and without the fast encoder."""
    compare_mixed(shape, 2_000)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_hundred_thousand_mixed_texts(shape):
    compare_mixed(shape, 100_000)


def compare_mixed(shape, number):
    import tokenizers

    folder, tokenizer = shape
    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    texts = [without_specials(text, tokenizer) for text in mixed_texts(number, folder.name)]
    expected = [row.ids for row in theirs.encode_batch_fast(texts, add_special_tokens=False)]
    ours = rows(tokenizer, texts)
    assert [text for text, one, other in zip(texts, ours, expected, strict=True) if one != other][:3] == []
