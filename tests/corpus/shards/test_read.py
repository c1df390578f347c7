"""What numpy maps is what Arrow reads; windows go over every border; damage is found before the first token."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_rows import token_rows, write_folder

from corpus.shards import write
from corpus.shards.layout import SHARD_MANIFEST, ShardError, read_shard_manifest
from corpus.shards.read import open_shards
from corpus.shards.verify import verify
from corpus.shards.write import TokenizerEntry

LENGTHS = [0, 1, 5, 300, 17, 0, 64, 2, 900, 33] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty documents in three shards, in batches of at most 200 tokens: borders of every kind."""
    place = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "TOKENS_PER_BATCH", 200)
        manifest, tokens = write_folder(place, LENGTHS)
    assert all(len(shard.batches) > 2 for shard in manifest.sources[0].shards)
    return place, manifest, tokens


@pytest.mark.parametrize("vocab_size", [1000, 70_000])
def test_the_numpy_map_is_what_arrow_reads(tmp_path, monkeypatch, vocab_size):
    monkeypatch.setattr(write, "TOKENS_PER_BATCH", 200)
    tokenizer = TokenizerEntry("some", "00", vocab_size, vocab_size - 1)
    manifest, _ = write_folder(tmp_path, LENGTHS, tokenizer=tokenizer)
    stream = open_shards(tmp_path).stream("webtext")
    mapped = iter(zip(stream.tokens, stream.offsets, strict=True))
    for shard in manifest.sources[0].shards:
        reader = pa.ipc.open_file(str(tmp_path / shard.path))
        assert reader.num_record_batches == len(shard.batches)
        for number, batch in enumerate(shard.batches):
            column = reader.get_batch(number).column("tokens")
            tokens, offsets = next(mapped)
            assert np.array_equal(tokens, column.values.to_numpy())
            assert np.array_equal(offsets, column.offsets.to_numpy())
            assert batch.values_offset % 8 == batch.offsets_offset % 8 == 0
    assert next(mapped, None) is None


def test_tokens_are_mapped_and_not_copied(folder):
    stream = open_shards(folder[0]).stream("webtext")
    assert not stream.tokens[0].flags.owndata
    assert not stream.tokens[0].flags.writeable
    assert np.shares_memory(stream.window(0, 10), stream.tokens[0])


@pytest.mark.parametrize("length", [0, 1, 7, 201, 1300, 5328])
def test_windows_go_over_every_border(folder, length):
    place, _, tokens = folder
    stream = open_shards(place).stream("webtext")
    assert stream.n_tokens == len(tokens) == 5328
    starts = np.arange(0, len(tokens) - length + 1)
    for start in starts.tolist():
        assert np.array_equal(stream.window(start, length), tokens[start : start + length])
    some = np.append(starts[:: max(1, len(starts) // 500)], starts[-1])
    rows = stream.windows(some, length, np.int32)
    assert rows.dtype == np.int32
    assert np.array_equal(rows, np.stack([tokens[start : start + length] for start in some]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5300), max_size=20))
def test_rows_come_in_the_order_of_their_starts(folder, starts):
    place, _, tokens = folder
    rows = open_shards(place, verified=True).stream("webtext").windows(np.array(starts, np.int64), 28)
    assert rows.shape == (len(starts), 28)
    assert all(np.array_equal(row, tokens[start : start + 28]) for row, start in zip(rows, starts, strict=True))


@pytest.mark.parametrize(("start", "length"), [(-1, 5), (5328, 1), (5320, 9), (0, 5329), (0, -1)])
def test_a_window_outside_is_refused(folder, start, length):
    stream = open_shards(folder[0]).stream("webtext")
    for ask in (stream.window, lambda at, n: stream.windows(np.array([7, at]), n)):
        with pytest.raises(ShardError, match="is not within its 5328"):
            ask(start, length)


def test_documents_are_read_one_by_one_and_all_in_order(folder):
    stream = open_shards(folder[0]).stream("webtext")
    expected = [[*row.tokens.tolist(), 999] for row in token_rows(LENGTHS)]
    assert [ids.tolist() for ids in stream.documents()] == expected
    assert [stream.document(number).tolist() for number in range(stream.n_docs)] == expected
    with pytest.raises(ShardError, match="no document 40"):
        stream.document(40)
    with pytest.raises(ShardError, match="there is webtext train"):
        open_shards(folder[0]).stream("books")


def test_every_flipped_bit_is_found_and_before_the_first_token(tmp_path, folder):
    """Header, offsets, tokens, ids, sizes, scores, footer: one bit in every twenty bytes of a shard."""
    place, manifest, _ = folder
    for shard in manifest.sources[0].shards:
        (tmp_path / shard.path).parent.mkdir(exist_ok=True)
        (tmp_path / shard.path).write_bytes((place / shard.path).read_bytes())
    (tmp_path / SHARD_MANIFEST).write_bytes((place / SHARD_MANIFEST).read_bytes())
    shard = manifest.sources[0].shards[1]
    path, data = tmp_path / shard.path, (place / shard.path).read_bytes()
    for number in range(len(data) // 20):
        at = 20 * number + number % 20
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << number % 8]) + data[at + 1 :])
        assert verify(tmp_path) == [f"{path}: its bytes are not those of the manifest; run build_shards again"]
        with pytest.raises(ShardError, match=f"{shard.path}: its bytes"):
            open_shards(tmp_path)
    path.write_bytes(data)
    assert verify(tmp_path) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [(lambda path: path.unlink(), "missing"), (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, the ma")],
)
def test_the_first_bad_shard_is_named(tmp_path, damage, says):
    manifest, _ = write_folder(tmp_path, LENGTHS)
    paths = [shard.path for shard in manifest.sources[0].shards]
    for path in paths[1:]:
        damage(tmp_path / path)
    assert [path in fault and says in fault for path, fault in zip(paths[1:], verify(tmp_path), strict=True)] == [
        True
    ] * 2
    with pytest.raises(ShardError, match=paths[1]):
        open_shards(tmp_path)


def test_every_change_of_the_manifest_is_found(tmp_path):
    write_folder(tmp_path, [3, 5], n_shards=1)
    path = tmp_path / SHARD_MANIFEST
    data = path.read_bytes()
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        if _meaning(path.read_bytes()) == _meaning(data):
            continue
        with pytest.raises(ShardError):
            open_shards(tmp_path)


def _meaning(data):
    try:
        return json.loads(data)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda shard: shard.update(path="../outside.arrow"), "folder of its manifest"),
        (lambda shard: shard.update(path="/etc/passwd"), "folder of its manifest"),
        (lambda shard: shard["batches"][0].update(values_offset=10**9), "outside its"),
        (lambda shard: shard["batches"][0].update(offsets_offset=-8), "outside its"),
        (lambda shard: shard["batches"][0].update(n_tokens=1), "do not add up"),
        (lambda shard: shard.update(n_docs=9), "n_docs is 2, its shards have 9"),
    ],
)
def test_a_manifest_is_not_taken_on_trust(tmp_path, change, says):
    """Even with a fingerprint that fits: a manifest may come from anywhere."""
    write_folder(tmp_path, [3, 5], n_shards=1)
    values = json.loads((tmp_path / SHARD_MANIFEST).read_bytes())
    del values["about"], values["digest"]  # as the first edition wrote it
    assert values["fingerprint"] == _fingerprint(values)
    change(values["sources"][0]["shards"][0])
    values["fingerprint"] = _fingerprint(values)
    (tmp_path / SHARD_MANIFEST).write_text(json.dumps(values))
    with pytest.raises(ShardError, match=says):
        open_shards(tmp_path)


def _fingerprint(values):
    """The rule, written down again: SHA-256 of the JSON with sorted keys, without blanks, paths and the two marks."""
    bare = json.loads(json.dumps({name: values[name] for name in ("tokenizer", "sources")}))
    for source in bare["sources"]:
        for shard in source["shards"]:
            del shard["path"]
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_an_unfinished_folder_is_refused(tmp_path):
    with pytest.raises(ShardError, match="run build_shards again"):
        open_shards(tmp_path)


def test_numpy_alone_reads_shards_and_mixes_them(folder):
    """In a process in which Arrow and the hash libraries cannot be imported."""
    code = (
        "import sys; from pathlib import Path\n"
        "for name in ('pyarrow', 'blake3', 'xxhash', 'torch', 'apache_beam'): sys.modules[name] = None\n"
        "from corpus.mixture import GPT3_MIX, order_of; from corpus.shards.read import open_shards\n"
        "stream = open_shards(Path(sys.argv[1])).stream('webtext')\n"
        "print(order_of(GPT3_MIX).samples(2, 1)[0][0], *stream.window(195, 10))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(folder[0])], capture_output=True, text=True)
    assert ran.stdout.split() == ["1", *map(str, folder[2][195:205])], ran.stderr


def test_more_shards_than_open_files_are_allowed(folder):
    """A mapping keeps a file open: the limit is raised as far as the machine allows, in a process of its own."""
    code = (
        "import resource, sys; from pathlib import Path; from corpus.shards.read import _allow_open_files\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard)); _allow_open_files(100)\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(612, hard if hard > 0 else 612))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "True\n", ran.stderr


def test_every_flipped_bit_of_a_manifest_is_noticed(tmp_path):
    manifest, _ = write_folder(tmp_path, [3, 5, 8], n_shards=2)
    path = tmp_path / SHARD_MANIFEST
    data = path.read_bytes()
    unnoticed = []
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 7]) + data[place + 1 :])
        try:
            found = read_shard_manifest(tmp_path)
        except ShardError:
            continue
        unnoticed += [place] if asdict(found) != asdict(manifest) else []
    assert unnoticed == []
