"""The four commands on real shards, the way from a token to its address, and nanoGPT's files."""

import json
import subprocess
import sys

import numpy as np
import pytest
from token_rows import SMALL, token_rows, write_folder, write_source

from corpus.document import Document
from corpus.files.manifest import write_parquet
from corpus.schema import KEPT_SCHEMA, kept_row
from corpus.shards import write
from corpus.shards.__main__ import main
from corpus.shards.bin import write_bin
from corpus.shards.layout import ShardError, TokenizerEntry
from corpus.shards.read import open_shards
from corpus.shards.trace import origin, trace
from corpus.shards.write import TokenRow, order_key, write_shard_manifest
from corpus.tokenizer.encoding import tokenizer_from
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.models import gpt2_model

LENGTHS = [0, 1, 5, 300, 17, 0, 64, 2, 900, 33] * 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two sources, one of them with both splits, in batches of at most 200 tokens."""
    monkeypatch.setattr(write, "TOKENS_PER_BATCH", 200)
    rows = token_rows(LENGTHS)
    sources = [
        write_source(tmp_path, rows[:30], 3, weight=22),
        write_source(tmp_path, rows[30:], 1, split="validation", weight=22),
        write_source(tmp_path, token_rows([50, 60], source="books"), 1, source="books", weight=16),
    ]
    write_shard_manifest(tmp_path, SMALL, sources)
    return tmp_path


def test_every_token_leads_to_its_document(folder):
    rows = token_rows(LENGTHS)[:30]
    expected = [(row, token) for row in rows for token in range(len(row.tokens) + 1)]
    before = first = 0
    for shard in open_shards(folder).manifest.sources[1].shards:
        for position in range(0, shard.n_tokens, 7):
            row, token = expected[before + position]
            place = trace(folder / shard.path, position)
            assert (place.doc_id, place.token, place.score) == (row.doc_id, token, row.score)
            assert rows[first + place.row] is row
        before, first = before + shard.n_tokens, first + shard.n_docs
    assert (place.source, place.split) == ("webtext", "train")


def test_a_token_leads_to_its_address(folder, capsys):
    doc_id = trace(folder / "webtext" / "train-00000.arrow", 5).doc_id
    documents = [Document(f"webtext/{number}", f"http://a.example/{number}", "text") for number in range(2500)]
    documents[2100] = Document(doc_id, "http://b.example/", "the text", warc_file="a.warc.gz", warc_offset=7)
    corpus = folder / "corpus"
    write_parquet(corpus / "kept" / "part-1.parquet", corpus, KEPT_SCHEMA, map(kept_row, documents))
    (corpus / "kept" / ".tmp-1-part-2.parquet").write_bytes(b"half of a part")
    assert main(["trace", str(folder / "webtext" / "train-00000.arrow"), "5", "--corpus", str(corpus)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["doc_id"] == answer["document"]["id"] == doc_id
    assert (answer["document"]["url"], answer["document"]["warc_offset"]) == ("http://b.example/", 7)
    assert "text" not in answer["document"]
    assert answer["ledger"] == {"part": str(corpus / "kept" / "part-1.parquet"), "row": 2100}
    assert origin(corpus, "webtext/none") is None
    assert main(["whence", str(folder / "books" / "train-00000.arrow"), "5", "--corpus", str(corpus)]) == 3
    assert "is it the corpus of books?" in capsys.readouterr().err


@pytest.mark.parametrize("position", [-1, 10**6])
def test_a_position_outside_is_refused(folder, position):
    with pytest.raises(ShardError, match="there is no token"):
        trace(folder / "books" / "train-00000.arrow", position)


def test_a_damaged_or_foreign_shard_gives_no_answer(folder):
    path = folder / "books" / "train-00000.arrow"
    data = path.read_bytes()
    (folder / "books" / "other.arrow").write_bytes(data)
    path.write_bytes(data[:800] + bytes([data[800] ^ 1]) + data[801:])
    with pytest.raises(ShardError, match="its bytes are not"):
        trace(path, 0)
    with pytest.raises(ShardError, match="names no shard books/other"):
        trace(folder / "books" / "other.arrow", 0)
    with pytest.raises(ShardError, match="in any folder above"):
        trace(folder.parent / "other.arrow", 0)


def test_verify_names_the_bad_shards_and_fails(folder, capsys):
    assert main(["verify", str(folder)]) == 0
    assert capsys.readouterr().out == "5 of 5 shards are as the manifest says\n"
    (folder / "books" / "train-00000.arrow").unlink()
    ran = subprocess.run([sys.executable, "-m", "corpus.shards", "verify", str(folder)], capture_output=True, text=True)
    assert ran.returncode == 3
    assert "books/train-00000.arrow: missing" in ran.stderr
    assert ran.stdout == "4 of 5 shards are as the manifest says\n"


def test_stats_count_by_source_and_split(folder, capsys):
    assert main(["stats", str(folder), "--budget", "1000"]) == 0
    out = capsys.readouterr().out
    rows = token_rows(LENGTHS)
    train, validation = (sum(len(row.tokens) + 1 for row in part) for part in (rows[:30], rows[30:]))
    table = [line.split() for line in out.splitlines()]
    assert ["webtext", "train", "22", "3", "30", f"{train:,}"] in [line[:6] for line in table]
    assert ["webtext", "validation", "22", "1", "10", f"{validation:,}"] in [line[:6] for line in table]
    assert open_shards(folder).manifest.fingerprint in out
    assert ["books", "16", "42.11%", "112", "3.759"] in table


def test_peek_shows_token_ids(folder, capsys):
    assert main(["peek", str(folder), "--source", "books", "--documents", "1", "--tokens", "3"]) == 0
    row = token_rows([50, 60], source="books")[0]
    ids = " ".join(map(str, row.tokens[:3]))
    assert capsys.readouterr().out.splitlines()[1].split(": ")[1] == f"{ids} … 999"
    assert main(["peek", str(folder), "--source", "none"]) == 3


def test_peek_shows_text_with_the_tokenizer_of_the_shards_and_no_other(folder, tmp_path, capsys):
    from corpus.tokenizer.models import byte_characters

    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    tokenizer = tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, []))
    save_tokenizer(tokenizer, tmp_path / "tokenizer")
    entry = TokenizerEntry(tokenizer.kind, tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)
    row = TokenRow("webtext/1", tokenizer.encode("Grüße\n"), 8)
    write_shard_manifest(tmp_path / "bytes", entry, [write_source(tmp_path / "bytes", [row], 1, entry)])
    assert main(["peek", str(tmp_path / "bytes"), "--tokenizer", str(tmp_path / "tokenizer")]) == 0
    assert r'9: "Grüße\n<|endoftext|>"' in capsys.readouterr().out
    (shard,) = (tmp_path / "bytes" / "webtext").iterdir()
    assert main(["trace", str(shard), "4", "--tokenizer", str(tmp_path / "tokenizer"), "--tokens", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == {"before": "rü", "token": "\ufffd", "after": "\ufffde"}
    assert main(["peek", str(folder), "--tokenizer", str(tmp_path / "tokenizer")]) == 3
    assert "the shards were written with" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "stats", "peek"])
def test_a_folder_without_a_manifest_is_refused(tmp_path, capsys, command):
    assert main([command, str(tmp_path)]) == 3
    assert "run build_shards again" in capsys.readouterr().err


def test_nanogpt_opens_its_files(folder, tmp_path):
    """As its data loader does: the whole file as uint16, mapped."""
    shards = open_shards(folder)
    counts = write_bin(shards, tmp_path / "nanogpt")
    train = np.memmap(tmp_path / "nanogpt" / "train.bin", dtype=np.uint16, mode="r")
    validation = np.memmap(tmp_path / "nanogpt" / "val.bin", dtype=np.uint16, mode="r")
    streams = [shards.stream("books"), shards.stream("webtext")]
    assert np.array_equal(train, np.concatenate([stream.window(0, stream.n_tokens) for stream in streams]))
    assert np.array_equal(validation, shards.stream("webtext", "validation").window(0, len(validation)))
    assert counts == {"train.bin": len(train), "val.bin": len(validation)}
    assert write_bin(shards, tmp_path / "one", ["books"]) == {"train.bin": 112}
    assert not (tmp_path / "one" / "val.bin").exists()


def test_what_nanogpt_cannot_read_is_refused(tmp_path):
    write_folder(tmp_path, [3], 1, TokenizerEntry("wide", "00", 70_000, 69_999))
    with pytest.raises(ShardError, match="wide: 70,000 ids do not fit"):
        write_bin(open_shards(tmp_path), tmp_path)


def test_an_unknown_source_is_refused(folder):
    with pytest.raises(ShardError, match="no source none"):
        write_bin(open_shards(folder), folder, ["none"])


def test_rows_stand_in_the_order_of_their_keys():
    keys = [order_key(row.doc_id) for row in token_rows(LENGTHS)]
    assert keys == sorted(keys)
