"""A file of ours is, to the bit, what was written; or it is refused under its name."""

import json
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.files.manifest import (
    ManifestError,
    map_arrow,
    open_parquet,
    parquet_footer,
    read_checked,
    read_parquet,
    write_arrow,
    write_manifest,
    write_parquet,
)
from corpus.files.sealed import DamagedFile
from corpus.files.unchanged import ChangedInput, unchanged
from corpus.hashing import file_digest

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string()), ("number", pa.int64())])
ROWS = [{"id": str(n), "text": f"corpusloom-seal:{n} " * 40, "number": n} for n in range(40)]


def arrow(path):
    write_arrow(path, path.parent, pa.Table.from_pylist(ROWS, SCHEMA))
    return map_arrow


def parquet(path):
    write_parquet(path, path.parent, SCHEMA, ROWS)
    return lambda path: list(read_parquet(path))


@pytest.mark.parametrize("kind", [arrow, parquet])
def test_every_flipped_bit_is_found(tmp_path, kind):
    path = tmp_path / "part"
    read = kind(path)
    whole = path.read_bytes()
    chance = random.Random(7)
    places = {chance.randrange(len(whole) * 8) for _ in range(150)} | set(range(len(whole) * 8 - 80, len(whole) * 8))
    for place in places:
        spoilt = bytearray(whole)
        spoilt[place // 8] ^= 1 << place % 8
        path.write_bytes(spoilt)
        with pytest.raises(DamagedFile, match="part is damaged"):
            read(path)
    path.write_bytes(whole)
    read(path)


@pytest.mark.parametrize("kind", [arrow, parquet])
@pytest.mark.parametrize("left", [0, 1, 9, 500, -1])
def test_a_cut_off_file_is_named(tmp_path, kind, left):
    path = tmp_path / "part"
    read = kind(path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DamagedFile, match="part is damaged"):
        read(path)


def test_a_change_after_the_first_look_is_seen(tmp_path):
    path = tmp_path / "part"
    read = arrow(path)
    read(path)
    times = path.stat()
    spoilt = bytearray(path.read_bytes())
    spoilt[200] ^= 1
    path.write_bytes(spoilt)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # same size, same time
    with pytest.raises(DamagedFile):
        read(path)


def test_sealed_files_are_plain_files_for_others(tmp_path):
    arrow(tmp_path / "a")
    parquet(tmp_path / "p")
    with pa.memory_map(str(tmp_path / "a")) as file:
        assert pa.ipc.open_file(file).read_all().to_pylist() == ROWS
    assert pq.read_table(tmp_path / "p").to_pylist() == ROWS
    assert pq.read_schema(tmp_path / "p").equals(SCHEMA, check_metadata=True)


def test_the_same_rows_are_the_same_bytes(tmp_path):
    for kind in (arrow, parquet):
        for name in "ab":
            kind(tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_rows_are_no_row_group(tmp_path):
    write_parquet(tmp_path / "none", tmp_path, SCHEMA, [])
    assert open_parquet(tmp_path / "none").num_row_groups == 0
    assert pq.read_table(tmp_path / "none").schema == SCHEMA


def test_a_footer_that_cannot_be_read_is_named(tmp_path):
    parquet(tmp_path / "p")
    assert parquet_footer(tmp_path / "p").num_rows == len(ROWS)
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-100])
    with pytest.raises(DamagedFile, match="p is damaged"):
        parquet_footer(tmp_path / "p")


def test_a_manifest_is_what_was_written(tmp_path):
    path = tmp_path / "m.json"
    value = {"parts": [{"path": "kept/a", "rows": 3}], "counts": {"in": 3}}
    write_manifest(path, value)
    assert read_checked(path) == value
    whole = path.read_bytes()
    accepted = []
    for place in range(len(whole) * 8):
        spoilt = bytearray(whole)
        spoilt[place // 8] ^= 1 << place % 8
        path.write_bytes(spoilt)
        try:
            accepted.append({key: item for key, item in read_checked(path).items() if key in value})
        except ManifestError:
            continue
    assert all(found == value for found in accepted)  # blanks, and the name of the digest itself


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_manifest_that_is_none_is_named(tmp_path, damage):
    (tmp_path / "m.json").write_bytes(damage)
    with pytest.raises(ManifestError, match=r"m\.json is damaged"):
        read_checked(tmp_path / "m.json")


def test_a_manifest_by_hand_needs_no_digest(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"parts": []}))
    assert read_checked(tmp_path / "m.json") == {"parts": []}


def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "RS"
    path.write_bytes(b"one\n")
    digest = file_digest(path)
    with unchanged(path, digest, "RS"):
        path.read_bytes()
    with pytest.raises(ChangedInput, match="RS has changed since the command began"):
        with unchanged(path, digest, "RS"), path.open("ab") as file:
            file.write(b"two\n")
    with pytest.raises(ChangedInput, match="RS has changed"):
        with unchanged(path, digest, "RS"):
            raise AssertionError("not reached")


def test_same_size_and_time_are_no_proof(tmp_path):
    path = tmp_path / "RS"
    path.write_bytes(b"one\n")
    digest, times = file_digest(path), path.stat()
    path.write_bytes(b"two\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ChangedInput):
        with unchanged(path, digest, "RS"):
            pass


def test_an_error_over_a_changed_input_is_the_change(tmp_path):
    path = tmp_path / "RS"
    path.write_bytes(b"one\n")
    with pytest.raises(ChangedInput):
        with unchanged(path, file_digest(path), "RS"):
            path.write_bytes(b"")
            raise ValueError("the reader stumbles over the cut")


def test_a_missing_input_is_named(tmp_path):
    with pytest.raises(ChangedInput, match="RS is gone"):
        with unchanged(tmp_path / "RS", "0", "RS"):
            pass
