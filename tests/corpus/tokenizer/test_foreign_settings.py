"""Settings of a foreign folder: done, left out and listed, or refused by name; and damage found before it is used."""

import json
import random
import shutil

import pytest

pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from foreign_shapes import SHAPES, WORDS, write_shape

from corpus.tokenizer.counts import add_counts
from corpus.tokenizer.digests import renew_digests
from corpus.tokenizer.files import TokenizerError, load_tokenizer, save_tokenizer
from corpus.tokenizer.training import VOCABULARY_SIZES, train_tokenizer
from corpus.tokenizer.trial import keeps_text, try_texts
from corpus.tokenizer.words import count_words


def edit(folder, name="tokenizer.json", **changes):
    """Change a file of a folder: keys may have dots, `model.dropout`."""
    path = folder / name
    values = json.loads(path.read_text()) if path.exists() else {}
    for key, value in changes.items():
        inside = values
        *outer, last = key.split("__")
        for part in outer:
            inside = inside[part]
        inside[last] = value
    path.write_text(json.dumps(values))


TRUNCATION = {"direction": "Right", "max_length": 7, "strategy": "LongestFirst", "stride": 0}
PADDING = {"strategy": {"Fixed": 99}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
PADDING |= {"pad_type_id": 0, "pad_token": "<|endoftext|>"}


@pytest.mark.parametrize("name", SHAPES)
def test_truncation_and_padding_are_left_out_and_listed(name, tmp_path):
    write_shape(name, tmp_path / "plain")
    shutil.copytree(tmp_path / "plain", tmp_path / "cut")
    edit(tmp_path / "cut", "tokenizer_config.json", chat_template="{{ messages }}", model_max_length=2048)
    edit(tmp_path / "cut", truncation=TRUNCATION, padding=PADDING)
    plain, cut = load_tokenizer(tmp_path / "plain"), load_tokenizer(tmp_path / "cut")
    assert plain == cut
    assert cut.encode(WORDS).tolist() == plain.encode(WORDS).tolist()
    expected = {"truncation to 7 tokens", "padding", "chat_template", "model_max_length 2048"}
    assert set(cut.left_out) - set(plain.left_out) == expected


def test_gpt2_with_truncation_is_gpt2(tmp_path):
    tokenizer = train_tokenizer(count_words([WORDS] * 3, "gpt2"), "gpt2", 300)
    save_tokenizer(tokenizer, tmp_path)
    (tmp_path / "tokenizer_manifest.json").unlink()
    edit(tmp_path, truncation=TRUNCATION)
    loaded = load_tokenizer(tmp_path)
    assert (loaded, loaded.left_out) == (tokenizer, ("truncation to 7 tokens", "model_max_length 1024"))


@pytest.mark.parametrize(
    ("shape", "document", "config", "says"),
    [
        ("neox", {"model__dropout": 0.1}, {}, "model.dropout is 0.1"),
        ("bert", {"model__unk_token": "[SEP]"}, {}, "unk_token is '\\[SEP\\]', the end of text"),
        ("neox", {}, {"add_prefix_space": True}, "add_prefix_space is True in tokenizer_config.json"),
        ("roberta", {}, {"add_prefix_space": False}, "add_prefix_space is False"),
        ("bert", {}, {"do_lower_case": False}, "do_lower_case is False"),
        ("bert", {}, {"tokenize_chinese_chars": False}, "tokenize_chinese_chars is False"),
        ("phi", {}, {"added_tokens_decoder": {"999": {"content": "<new>"}}}, "'<new>' has the id 999"),
        ("phi", {}, {"added_tokens_decoder": {"421": {"content": " " * 31, "lstrip": True}}}, "lstrip is True"),
        ("llama3", {}, {"eos_token": "<|gone|>"}, "has no end of text"),
        ("llama3", {"model__type": None}, {}, "its model has no type"),
        ("llama3", {"pre_tokenizer": {"type": "Unheard"}}, {}, "the library tokenizers cannot open it"),
    ],
)
def test_a_setting_that_cannot_be_done_is_refused_by_name(shape, document, config, says, tmp_path):
    write_shape(shape, tmp_path, **config)
    edit(tmp_path, **document)
    with pytest.raises(TokenizerError, match=says) as raised:
        load_tokenizer(tmp_path).encode("text")
    assert str(tmp_path) in str(raised.value)


def test_an_added_token_that_the_library_numbers_otherwise_is_refused(tmp_path):
    write_shape("phi", tmp_path)
    added = json.loads((tmp_path / "tokenizer.json").read_text())["added_tokens"]
    added[-1]["id"] = 5000
    edit(tmp_path, added_tokens=added)
    with pytest.raises(TokenizerError, match="has the id 5000, in the library that encodes it is 458"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_config_is_no_missing_one(tmp_path, content):
    write_shape("t5", tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(TokenizerError, match=r"tokenizer_config\.json beside it"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("name", ["vocab.txt", "tekken.json", "sentencepiece.bpe.model"])
def test_a_vocabulary_alone_is_refused_with_a_way_out(tmp_path, name):
    (tmp_path / name).write_text("the\nof\n")
    with pytest.raises(TokenizerError, match=f"{name} alone does not say how text is cut; .*save_pretrained"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_with_merges_is_not_read_as_gpt2s_where_a_class_cuts_otherwise(tmp_path):
    tokenizer = train_tokenizer(count_words([WORDS] * 3, "gpt2"), "gpt2", 300)
    save_tokenizer(tokenizer, tmp_path)
    for name in ("tokenizer.json", "tokenizer_manifest.json"):
        (tmp_path / name).unlink()
    edit(tmp_path, "tokenizer_config.json", tokenizer_class="GPT2TokenizerFast")
    assert load_tokenizer(tmp_path) == tokenizer
    edit(tmp_path, "tokenizer_config.json", tokenizer_class="Qwen2Tokenizer")
    with pytest.raises(TokenizerError, match="tokenizer_class is Qwen2Tokenizer"):
        load_tokenizer(tmp_path)


def test_a_model_whose_class_moves_the_ids_is_refused(tmp_path):
    save_tokenizer(train_tokenizer(count_words([WORDS] * 9, "sentencepiece"), "sentencepiece", 400), tmp_path)
    for name in ("tokenizer.json", "tokenizer_manifest.json"):
        (tmp_path / name).unlink()
    assert load_tokenizer(tmp_path).kind == "sentencepiece"
    edit(tmp_path, "tokenizer_config.json", tokenizer_class="XLMRobertaTokenizer")
    with pytest.raises(TokenizerError, match="XLMRobertaTokenizer, which moves the ids"):
        load_tokenizer(tmp_path)


def test_a_folder_with_a_model_and_another_tokenizer_json_is_read_by_the_latter(tmp_path):
    trained = train_tokenizer(count_words([WORDS] * 9, "sentencepiece"), "sentencepiece", 400)
    save_tokenizer(trained, tmp_path)
    assert load_tokenizer(tmp_path) == trained
    (tmp_path / "tokenizer_manifest.json").unlink()
    document = json.loads((tmp_path / "tokenizer.json").read_text())
    document["added_tokens"].append({**document["added_tokens"][0], "id": trained.vocab_size, "content": "<pad>"})
    edit(tmp_path, added_tokens=document["added_tokens"])
    loaded = load_tokenizer(tmp_path)
    assert (loaded.kind, loaded.vocab_size) == ("json", trained.vocab_size + 1)
    assert loaded.encode(WORDS).tolist() == trained.encode(WORDS).tolist()
    (tmp_path / "tokenizer.model").write_bytes(b"IQ== 0\nIg== 1\n")  # Llama 3's is a list of ranks under this name
    assert load_tokenizer(tmp_path) == loaded


@pytest.mark.parametrize("kind", VOCABULARY_SIZES)
def test_flipped_bits_in_any_file_are_noticed(kind, tmp_path):
    save_tokenizer(train_tokenizer(count_words([WORDS] * 9, kind), kind, 560), tmp_path)
    chance, unnoticed = random.Random(kind), []
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for _ in range(25):
            place = chance.randrange(len(whole))
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
            try:
                load_tokenizer(tmp_path)
                unnoticed.append((path.name, place))
            except TokenizerError as error:
                assert path.name in str(error)
        path.write_bytes(whole)
    load_tokenizer(tmp_path)
    assert unnoticed == []


def test_ids_that_no_token_has_show_nothing(tmp_path):
    write_shape("llama3", tmp_path)
    for kind in VOCABULARY_SIZES:
        tokenizer = train_tokenizer(count_words([WORDS] * 9, kind), kind, 560)
        ids = tokenizer.encode("the tide").tolist()
        padded = [5000, *ids[:1], -1, tokenizer.vocab_size, *ids[1:], 10**9]
        assert tokenizer.decode(padded) == tokenizer.decode(ids)
    loaded = load_tokenizer(tmp_path)
    assert loaded.decode([*loaded.encode("the tide"), 424, 10**9, -1]) == "the tide"


def test_the_trial_finds_an_encoder_that_differs_and_a_text_that_does_not_come_back(tmp_path, monkeypatch):
    tokenizer = train_tokenizer(add_counts({b"the": 9, b" tide": 9}), "gpt2", 261)
    assert keeps_text(tokenizer)
    assert try_texts(tokenizer, ["the tide", "ends"]).changed == 0
    monkeypatch.setattr("corpus.tokenizer.encoding._bytes_of_ids", lambda model: {})
    with pytest.raises(ValueError, match='"the tide" does not come back: at character 0 "the tide" became ""'):
        try_texts(tokenizer, ["the tide"])
    monkeypatch.setattr("corpus.tokenizer.encoding.choose", lambda *_: ("hasty", _by_bytes))
    with pytest.raises(ValueError, match='hasty gives other ids than the reference for "the tide"'):
        try_texts(tokenizer, ["the tide"])


def _by_bytes(texts):
    from corpus.tokenizer.encoders import flat

    return flat([list(text.encode()) for text in texts])


def test_the_config_that_is_written_names_lengths_and_tokens(tmp_path):
    write_shape("neox", tmp_path / "neox", pad_token="<|padding|>", bos_token={"content": "<|endoftext|>"})
    save_tokenizer(load_tokenizer(tmp_path / "neox"), tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text())
    assert (config["pad_token"], config["bos_token"], config["eos_token"]) == ("<|padding|>", *["<|endoftext|>"] * 2)
    assert "model_max_length" not in config
    for kind, length in (("gpt2", 1024), ("gpt1", 512), ("sentencepiece", 2048)):
        save_tokenizer(train_tokenizer(count_words([WORDS] * 9, kind), kind, 560), tmp_path / kind)
        config = json.loads((tmp_path / kind / "tokenizer_config.json").read_text())
        assert config["model_max_length"] == length


def test_files_that_are_changed_on_purpose_get_new_digests(tmp_path):
    tokenizer = train_tokenizer(count_words([WORDS] * 9, "gpt2"), "gpt2", 300)
    save_tokenizer(tokenizer, tmp_path)
    edit(tmp_path, "tokenizer_config.json", chat_template="{{ messages }}")
    with pytest.raises(TokenizerError, match=r"tokenizer_config\.json is damaged"):
        load_tokenizer(tmp_path)
    renew_digests(tmp_path)
    assert load_tokenizer(tmp_path) == tokenizer
