"""Files appear whole or not at all, counts balance or nothing is written, and damage is seen."""

import os
import subprocess
import sys

import pyarrow as pa
import pytest

from corpus.document import Document
from corpus.files import manifest
from corpus.files.manifest import (  # fmt: skip
    Counts,
    ManifestError,
    Unbalanced,
    appearing,
    map_arrow,
    read_manifest,
    read_parquet,
    verify,
    write_arrow,
    write_json,
    write_parquet,
)
from corpus.schema import KEPT_SCHEMA, kept_row


def rows(count):
    return [kept_row(Document(f"webtext/{number}", "http://a.example/", f"text {number}")) for number in range(count)]


def test_parquet_reads_back_and_writes_the_same_bytes(tmp_path):
    parts = [write_parquet(tmp_path / name, tmp_path, KEPT_SCHEMA, iter(rows(2500))) for name in ("a", "b")]
    assert list(read_parquet(tmp_path / "a")) == rows(2500)
    assert parts[0].digest == parts[1].digest
    assert parts[0].rows == 2500


def test_an_empty_part_is_a_part(tmp_path):
    assert write_parquet(tmp_path / "a", tmp_path, KEPT_SCHEMA, []).rows == 0
    assert list(read_parquet(tmp_path / "a")) == []


def test_arrow_maps_as_one_array(tmp_path):
    table = pa.table({"key": [3, 1, 2]})
    write_arrow(tmp_path / "a", tmp_path, pa.concat_tables([table, table]))
    assert map_arrow(tmp_path / "a")["key"].num_chunks == 1


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), appearing(tmp_path / "file") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_killed_write_leaves_no_file_of_that_name(tmp_path):
    code = (
        "import os, pathlib, sys; from corpus.files.manifest import appearing\n"
        "with appearing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=False)
    assert not (tmp_path / "file").exists()
    assert [path.name.startswith(manifest.TEMPORARY) for path in tmp_path.iterdir()] == [True]


@pytest.mark.parametrize(
    "counts",
    [Counts(3, 1, 1, 0, {"a.b": 1}), Counts(2, 1, 1, 0, {"a.b": 2}), Counts(2, 2, 1, 0, {"a.b": 1})],
)
def test_counts_that_do_not_add_up_are_refused(counts):
    with pytest.raises(Unbalanced, match="somewhere"):
        counts.check("somewhere")


def test_counts_add():
    total = Counts(3, 2, 1, 0, {"a.b": 1}) + Counts(5, 1, 3, 1, {"a.b": 1, "a.c": 2})
    total.check("total")
    assert total == Counts(8, 3, 4, 1, {"a.b": 2, "a.c": 2})
    assert Counts.from_json(total.to_json()) == total


def build(folder):
    part = write_parquet(folder / "kept" / "part-1.parquet", folder, KEPT_SCHEMA, rows(10))
    write_json(folder / manifest.MANIFEST, {"parts": [vars(part)]})
    return folder / "kept" / "part-1.parquet"


def test_every_flipped_bit_is_found(tmp_path):
    path = build(tmp_path)
    assert verify(tmp_path) == []
    data = path.read_bytes()
    for position in range(0, len(data), len(data) // 20):
        path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        assert len(verify(tmp_path)) == 1
    path.unlink()
    assert "missing" in verify(tmp_path)[0]


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="run its command again"):
        read_manifest(tmp_path)


def test_a_full_disk_raises_and_leaves_no_part(tmp_path):
    """A real limit on file size, in a process of its own: the write fails as on a full disk."""
    code = (
        "import resource, signal, pathlib, sys; from corpus.files.manifest import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_bytes(pathlib.Path(sys.argv[1]), b'x' * 100_000)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], capture_output=True, env=os.environ)
    assert b"File too large" in ran.stderr
    assert list(tmp_path.iterdir()) == []
