"""Tokenizers as workers find them: read once a process, and never another one than was asked for."""

import pytest

from corpus.errors import CorpusloomError
from corpus.tokenizer.encoders import SAMPLE
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import count_words
from pipelines.work import loaded


def tokenizer_of(size):
    return train_tokenizer(count_words([*SAMPLE] * 2, "gpt2"), "gpt2", size)


def test_the_driver_and_its_worker_read_it_once(tmp_path, monkeypatch):
    one = tokenizer_of(300)
    save_tokenizer(one, tmp_path)
    reads = []
    read = loaded.load_tokenizer
    monkeypatch.setattr(loaded, "load_tokenizer", lambda path: reads.append(path) or read(path))
    assert loaded.tokenizer_at(str(tmp_path)) == one
    assert loaded.tokenizer_at(str(tmp_path), one.digest) == one
    assert len(reads) == 1


def test_another_one_at_the_same_place_is_read_again(tmp_path):
    one, other = tokenizer_of(300), tokenizer_of(310)
    save_tokenizer(one, tmp_path)
    assert loaded.tokenizer_at(str(tmp_path), one.digest) == one
    save_tokenizer(other, tmp_path)
    assert loaded.tokenizer_at(str(tmp_path), other.digest) == other
    with pytest.raises(CorpusloomError, match="another tokenizer here"):
        loaded.tokenizer_at(str(tmp_path), one.digest)
