"""Files: every form that is written is opened by the library it is for, with the same ids."""

import base64
import json
import os

import pytest

from corpus.tokenizer import sentences
from corpus.tokenizer.encoders import SAMPLE, sentencepiece_encoder
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import TokenizerError, load_tokenizer, save_tokenizer
from corpus.tokenizer.training import VOCABULARY_SIZES, train_tokenizer
from corpus.tokenizer.words import GPT2_PATTERN, count_words

KINDS = tuple(VOCABULARY_SIZES)
# A library's own special tokens are cut out of a text by that library, as they should be: so not in these texts.
TEXTS = [text for text in SAMPLE if "<" not in text]


def trained(kind: str) -> Tokenizer:
    return train_tokenizer(count_words([*SAMPLE, "the end of the text"] * 2, kind), kind, 1500)


@pytest.fixture(scope="module", params=KINDS)
def saved(request, tmp_path_factory):
    tokenizer = trained(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    return tokenizer, folder, save_tokenizer(tokenizer, folder)


def test_our_own_folder(saved):
    tokenizer, folder, paths = saved
    assert load_tokenizer(folder) == tokenizer
    assert load_tokenizer(folder).digest == tokenizer.digest
    assert paths == sorted(folder.iterdir())


def test_the_same_words_give_the_same_bytes(saved, tmp_path):
    tokenizer, _, paths = saved
    again = trained(tokenizer.kind)
    assert again == tokenizer
    save_tokenizer(again, tmp_path)
    assert {path.name: path.read_bytes() for path in paths} == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_tokenizers_opens_it(saved):
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    tokenizer, folder, _ = saved
    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in TEXTS:
        ids = tokenizer.encode(text).tolist()
        assert theirs.encode(text, add_special_tokens=False).ids == ids
        assert theirs.decode(ids, skip_special_tokens=False) == tokenizer.decode(ids)
    assert theirs.get_vocab_size() == tokenizer.vocab_size


def test_auto_tokenizer_opens_it(saved):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    tokenizer, folder, _ = saved
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder))
    for text in TEXTS:
        assert theirs(text, add_special_tokens=False)["input_ids"] == tokenizer.encode(text).tolist()
    assert theirs.eos_token_id == tokenizer.end_of_text
    assert len(theirs) == tokenizer.vocab_size


def test_gpt2s_forms(tmp_path):
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken is not installed")
    tokenizer = trained("gpt2")
    save_tokenizer(tokenizer, tmp_path)
    for name in ("tokenizer.json", "vocab.json"):
        assert load_tokenizer(tmp_path / name) == tokenizer
    (tmp_path / "vocab.json").rename(tmp_path / "my.encoder.json")
    (tmp_path / "merges.txt").rename(tmp_path / "my.vocab.bpe")
    assert load_tokenizer(tmp_path / "my.encoder.json").digest == tokenizer.digest
    lines = (tmp_path / "tokenizer.tiktoken").read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}
    theirs = tiktoken.Encoding("saved", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
    assert [theirs.encode_ordinary(text) for text in SAMPLE] == [tokenizer.encode(text).tolist() for text in SAMPLE]


@pytest.fixture(params=["GPT-1's own", "trained here"])
def gpt1_files(request, tmp_path):
    """encoder_bpe_40000.json and vocab_40000.bpe."""
    path = request.config.rootpath.parent / "shared" / "data" / "assets" / "gpt1.encoder_bpe_40000.json"
    if request.param == "trained here":
        save_tokenizer(trained("gpt1"), tmp_path)
        path = tmp_path / "encoder_bpe_40000.json"
        (tmp_path / "vocab.json").rename(path)
        (tmp_path / "merges.txt").rename(tmp_path / "vocab_40000.bpe")
    elif not path.is_file():
        pytest.skip(f"GPT-1's files are not at {path}")
    return path, path.with_name(path.name.replace("encoder_bpe_40000.json", "vocab_40000.bpe"))


def test_gpt1s_own_files_give_the_ids_of_its_library(gpt1_files, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    vocabulary, merges = gpt1_files
    ours = load_tokenizer(vocabulary)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "vocab.json").write_bytes(vocabulary.read_bytes())
    (tmp_path / "theirs" / "merges.txt").write_bytes(merges.read_bytes())
    theirs = transformers.OpenAIGPTTokenizer.from_pretrained(str(tmp_path / "theirs"))
    # It takes accents and controls away before it cuts, which is normalisation and none of ours: so that comes first.
    normalise = theirs.backend_tokenizer.normalizer.normalize_str
    texts = [normalise(text) for text in (*TEXTS, "It 's a lighthouse , he said . \n And then ?", "naïve café")]
    for text in texts:
        assert ours.encode(text).tolist() == theirs(text, add_special_tokens=False)["input_ids"]
    assert ours.kind == "gpt1"
    assert ours.end_of_text == ours.vocab_size - 1
    assert ours.end_of_text not in ours.encode(" \n ".join(texts))
    if "gpt1." in vocabulary.name:
        assert ours.vocab_size == 40_478
        assert ours.decode(ours.encode("the lighthouse .")) == "the lighthouse ."
    save_tokenizer(ours, tmp_path / "saved")
    assert load_tokenizer(tmp_path / "saved") == load_tokenizer(tmp_path / "saved" / "vocab.json") == ours


def test_a_sentencepiece_model_is_encoded_as_by_its_library(tmp_path):
    tokenizer = trained("sentencepiece")
    (tmp_path / "any.model").write_bytes(tokenizer.model)
    loaded = load_tokenizer(tmp_path / "any.model")
    exact = sentencepiece_encoder("sentencepiece", tokenizer.model)
    for text in (*SAMPLE, "  two  blanks  ", "</s>", "\x00"):
        assert loaded.encode(text).tolist() == exact([text])[0].tolist()
        assert loaded.decode(loaded.encode(text)) == text
    assert loaded.end_of_text == 2


def test_another_tokenizer_json_keeps_its_ids(tmp_path):
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    theirs = tokenizers.Tokenizer(
        tokenizers.models.Unigram([("<pad>", 0.0), ("a", -1.0), ("b", -1.5), ("ab", -1.2)], 0)
    )
    theirs.add_special_tokens(["[END]"])
    theirs.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(TokenizerError, match="name it as eos_token"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "[END]"}}))
    loaded = load_tokenizer(tmp_path)
    assert (loaded.kind, loaded.vocab_size, loaded.end_of_text, loaded.encoder) == ("json", 5, 4, "tokenizers")
    assert loaded.encode("abba").tolist() == theirs.encode("abba").ids
    save_tokenizer(loaded, tmp_path / "copy")
    assert load_tokenizer(tmp_path / "copy") == loaded


def test_a_tokenizer_that_huggingface_trained_is_read(tmp_path):
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    theirs.train_from_iterator(
        ["the tide, the tides"] * 9,
        tokenizers.trainers.BpeTrainer(vocab_size=270, initial_alphabet=alphabet, show_progress=False),
    )
    theirs.add_special_tokens(["<|endoftext|>"])
    theirs.save(str(tmp_path / "tokenizer.json"))
    loaded = load_tokenizer(tmp_path)
    assert (loaded.kind, loaded.end_of_text) == ("gpt2", theirs.token_to_id("<|endoftext|>"))
    assert loaded.encode("the tides rise").tolist() == theirs.encode("the tides rise").ids


def test_nothing_of_an_earlier_tokenizer_is_left(tmp_path):
    save_tokenizer(trained("sentencepiece"), tmp_path)
    save_tokenizer(trained("gpt2"), tmp_path)
    assert not (tmp_path / "tokenizer.model").exists()
    assert load_tokenizer(tmp_path).kind == "gpt2"


@pytest.mark.parametrize(
    ("files", "path", "message"),
    [
        ({}, "", "no tokenizer here"),
        ({}, "none.json", "no such tokenizer"),
        ({"tokenizer.txt": "x"}, "tokenizer.txt", "expected a folder"),
        ({"tokenizer.json": "{"}, "", "not a tokenizer that can be read"),
        ({"tokenizer.json": "{}"}, "", "KeyError"),
        ({"vocab.json": "{}"}, "", "merges.txt must stand beside it"),
        ({"vocab.json": "{}", "merges.txt": "#version: 0.2\na b c\n"}, "", "not a pair: 'a b c'"),
        ({"vocab.json": '{"a": 0}', "merges.txt": ""}, "", "no end of text"),
        ({"tokenizer.model": "no model"}, "", "not a tokenizer that can be read"),
    ],
)
def test_what_is_no_tokenizer_is_said(tmp_path, files, path, message):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(TokenizerError, match=message) as raised:
        load_tokenizer(tmp_path / path)
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize(
    ("words", "kind", "size", "message"),
    [
        ({b"a": 1}, "gpt3", None, "choose from gpt2, gpt1, sentencepiece"),
        ({}, "gpt2", None, "no words to train on"),
        ({b"a": 1}, "gpt2", 256, "257 ids before its first merge"),
        ({word.encode(): 9 for word in map(chr, range(0x4E00, 0x5000))}, "sentencepiece", 300, "could not train 300"),
    ],
)
def test_what_cannot_be_trained_is_said(words, kind, size, message):
    with pytest.raises(ValueError, match=message):
        train_tokenizer(words, kind, size)


def test_a_normalising_model_has_no_tokenizer_json(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
    prefix = os.fspath(tmp_path / "other")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the ﬁne text", "ends here"] * 9),
        model_prefix=prefix,
        vocab_size=24,
        hard_vocab_limit=False,
    )
    loaded = load_tokenizer(tmp_path / "other.model")
    with pytest.raises(ValueError, match="only BPE models"):
        sentences.json_of(loaded.model)
    save_tokenizer(loaded, tmp_path / "saved")
    assert sorted(p.name for p in (tmp_path / "saved").iterdir()) == [
        "tokenizer.model",
        "tokenizer_config.json",
        "tokenizer_manifest.json",
    ]
    assert loaded.encoder == "sentencepiece"
    assert loaded.decode(loaded.encode("the ﬁne")) == "the fine"
