"""Shards are the same bytes for the same rows, hold what they were given, and refuse what cannot be right."""

import numpy as np
import pyarrow as pa
import pytest
from token_rows import SMALL, token_row, token_rows, write_folder, write_source

from corpus.shards import write
from corpus.shards.layout import ShardError, ShardManifest, TokenizerEntry, read_shard_manifest
from corpus.shards.read import open_shards
from corpus.shards.split import split_of
from corpus.shards.write import (
    TokenRow,
    n_shards_for,
    order_key,
    shard_of,
    source_shards,
    write_shard,
    write_shard_manifest,
)

LENGTHS = [0, 1, 5, 300, 17, 0, 64, 2, 900, 33] * 4


def test_a_shard_holds_its_rows(tmp_path):
    rows = token_rows(LENGTHS)
    shard = write_shard(tmp_path / "a.arrow", tmp_path, rows, SMALL, "webtext", "train")
    table = pa.ipc.open_file(pa.OSFile(str(tmp_path / "a.arrow"))).read_all()
    table.validate(full=True)
    assert table["tokens"].to_pylist() == [[*row.tokens.tolist(), 999] for row in rows]
    assert table["doc_id"].to_pylist() == [row.doc_id for row in rows]
    assert table["n_bytes"].to_pylist() == [row.n_bytes for row in rows]
    assert table["score"].to_pylist() == [row.score for row in rows]
    assert (shard.n_tokens, shard.n_docs, shard.n_bytes) == (sum(LENGTHS) + 40, 40, 4 * sum(LENGTHS))
    assert table.schema.metadata[b"end_of_text"] == b"999"


@pytest.mark.parametrize("order", ["forwards", "backwards", "by length"])
def test_equal_rows_give_equal_bytes_in_any_order(tmp_path, order):
    rows = [token_row(number, length) for number, length in enumerate(LENGTHS)]
    keys = {"forwards": None, "backwards": lambda row: row.doc_id[::-1], "by length": lambda row: len(row.tokens)}
    shuffled = sorted(rows, key=keys[order]) if keys[order] else rows
    as_lists = [TokenRow(row.doc_id, row.tokens.tolist(), row.n_bytes, row.score) for row in shuffled]
    for folder, given in (("a", rows), ("b", as_lists)):
        entry = write_source(tmp_path / folder, sorted(given, key=lambda row: order_key(row.doc_id)), 3)
        write_shard_manifest(tmp_path / folder, SMALL, [entry])
    files = [sorted(path.relative_to(tmp_path / f) for path in (tmp_path / f).rglob("*.*")) for f in ("a", "b")]
    assert files[0] == files[1]
    assert len(files[0]) == 4
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files[0])


@pytest.mark.parametrize(
    ("vocab_size", "dtype"), [(65_535, "<u2"), (65_536, "<u2"), (65_537, "<u4"), (50_257, "<u2"), (256_000, "<u4")]
)
def test_the_width_of_a_token_follows_from_the_vocabulary(tmp_path, vocab_size, dtype):
    tokenizer = TokenizerEntry("wide", "00", vocab_size, vocab_size - 1)
    row = TokenRow("webtext/1", [0, vocab_size - 2], 2)
    entry = source_shards(
        "webtext", "train", 1, [write_shard(tmp_path / "a.arrow", tmp_path, [row], tokenizer, "webtext", "train")]
    )
    write_shard_manifest(tmp_path, tokenizer, [entry])
    tokens = open_shards(tmp_path).stream("webtext").window(0, 3)
    assert tokens.dtype == np.dtype(dtype)
    assert tokens.tolist() == [0, vocab_size - 2, vocab_size - 1]


@pytest.mark.parametrize("lengths", [[0], [1], [], [40], [9, 0, 10, 40, 3]])
def test_batches_are_bounded_and_a_long_document_is_whole(tmp_path, monkeypatch, lengths):
    """With batches of at most ten tokens: the document of forty stands alone in a batch."""
    monkeypatch.setattr(write, "TOKENS_PER_BATCH", 10)
    rows = token_rows(lengths)
    shard = write_shard(tmp_path / "a.arrow", tmp_path, rows, SMALL, "webtext", "train")
    assert [batch for batch in shard.batches if batch.n_tokens > 10 and batch.n_docs > 1] == []
    assert (shard.n_docs, shard.n_tokens) == (len(lengths), sum(lengths) + len(lengths))
    write_shard_manifest(tmp_path, SMALL, [source_shards("webtext", "train", 1, [shard])])
    stream = open_shards(tmp_path).stream("webtext")
    assert [ids.tolist() for ids in stream.documents()] == [[*row.tokens.tolist(), 999] for row in rows]


FIRST, SECOND = (row.doc_id for row in token_rows([3, 3]))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([TokenRow("webtext/1", [1000], 4)], "webtext/1 has the token 1000"),
        ([TokenRow("webtext/1", [5, -1], 4)], "webtext/1 has the token -1"),
        ([TokenRow("webtext/1", np.array([2**32 - 1], "<u4"), 4)], "the token 4294967295"),
        ([TokenRow(FIRST, [5], 4), TokenRow(SECOND, [5, 999, 6], 4)], f"{SECOND} has end of text"),
        ([TokenRow(SECOND, [5, 999], 4)], f"{SECOND} has end of text"),
        ([TokenRow(SECOND, [1], 4), TokenRow(FIRST, [1], 4)], f"{FIRST} comes after {SECOND}"),
        ([TokenRow(FIRST, [1], 4), TokenRow(FIRST, [1], 4)], f"{FIRST} comes twice"),
    ],
)
def test_rows_that_cannot_be_right_are_refused_and_leave_no_file(tmp_path, rows, says):
    with pytest.raises(ShardError, match=says):
        write_shard(tmp_path / "a.arrow", tmp_path, rows, SMALL, "webtext", "train")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("vocab_size", "end"), [(10, 10), (10, -1), (2**32 + 1, 0)])
def test_a_tokenizer_that_cannot_be_is_refused(vocab_size, end):
    with pytest.raises(ShardError, match="odd"):
        TokenizerEntry("odd", "00", vocab_size, end)


def test_shards_end_to_end_are_in_hash_order(tmp_path):
    rows = token_rows(LENGTHS)
    manifest, _ = write_folder(tmp_path, LENGTHS)
    names = [shard.path for shard in manifest.sources[0].shards]
    ids = [id for name in names for id in pa.ipc.open_file(str(tmp_path / name)).read_all()["doc_id"].to_pylist()]
    assert ids == [row.doc_id for row in rows]


def test_removing_a_document_changes_only_its_shard(tmp_path):
    rows = token_rows(LENGTHS)
    gone = rows[7]
    before = write_source(tmp_path / "before", rows, 5)
    after = write_source(tmp_path / "after", [row for row in rows if row is not gone], 5)
    changed = [a.path for a, b in zip(before.shards, after.shards, strict=True) if a.digest != b.digest]
    assert changed == [before.shards[shard_of(gone.doc_id, 5)].path]


def test_places_are_frozen():
    assert order_key("webtext/1") == (12_734_202_467_640_965_774, "webtext/1")
    assert [shard_of(f"webtext/{number}", 7) for number in range(12)] == [4, 4, 2, 1, 6, 2, 2, 3, 6, 5, 5, 0]


@pytest.mark.parametrize(
    ("n_tokens", "a_shard", "expected"), [(0, 100, 1), (1, 100, 1), (149, 100, 1), (151, 100, 2), (10**9, 10**8, 10)]
)
def test_the_number_of_shards_follows_the_size(n_tokens, a_shard, expected):
    assert n_shards_for(n_tokens, a_shard) == expected


def test_the_split_goes_by_cluster_and_only_grows():
    clusters = [f"webtext/{number}" for number in range(10_000)]
    small, large = ({name for name in clusters if split_of(name, share) == "validation"} for share in (0.01, 0.05))
    assert small < large
    assert len(large) == pytest.approx(500, abs=70)
    assert {split_of(name, 0) for name in clusters} == {"train"}
    assert {split_of(name, 1) for name in clusters} == {"validation"}


def test_the_manifest_has_no_order_and_no_paths_in_its_fingerprint(tmp_path):
    rows = token_rows(LENGTHS)
    entries = [
        write_source(tmp_path, rows[:20], 1, source="books", weight=2),
        write_source(tmp_path, rows[20:], 2, split="validation"),
        write_source(tmp_path, rows[:20], 2),
    ]
    there = write_shard_manifest(tmp_path, SMALL, entries)
    again = write_shard_manifest(tmp_path, SMALL, reversed(entries))
    assert there == again == read_shard_manifest(tmp_path)
    moved = write_source(tmp_path / "elsewhere", rows[:20], 1, source="books", weight=2)
    renamed = moved.shards[0].__class__(**{**vars(moved.shards[0]), "path": "books/other.arrow"})
    same = ShardManifest(SMALL, (source_shards("books", "train", 2, [renamed]), *there.sources[1:]))
    assert same.fingerprint == there.fingerprint
    heavier = ShardManifest(SMALL, (source_shards("books", "train", 3, moved.shards), *there.sources[1:]))
    assert heavier.fingerprint != there.fingerprint


def test_an_unknown_split_is_refused():
    with pytest.raises(ShardError, match="train and validation"):
        source_shards("books", "test", 1, [])


def test_datasets_opens_a_shard(tmp_path):
    datasets = pytest.importorskip("datasets")
    manifest, tokens = write_folder(tmp_path, LENGTHS, n_shards=2)
    files = [str(tmp_path / shard.path) for shard in manifest.sources[0].shards]
    opened = datasets.load_dataset("arrow", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert [token for row in opened for token in row["tokens"]] == tokens.tolist()
