"""A place in a bucket behaves like a folder: files appear whole, are read as files, and fetched once."""

from pathlib import Path

import pyarrow as pa
import pytest
from stores import store  # noqa: F401

from corpus.files.manifest import (
    TEMPORARY,
    appearing,
    map_arrow,
    part_of,
    read_json,
    verify,
    write_arrow,
    write_bytes,
    write_json,
)
from corpus.files.storage import (
    folders_in,
    is_remote,
    is_there,
    local,
    local_folder,
    name_of,
    place,
    scratch,
    size_of,
    sizes_in,
    version_of,
)


@pytest.fixture
def folder(store, request):
    """A folder of this test alone."""
    return place(f"{store}/{request.node.name.partition('[')[0]}")


def test_a_local_place_is_a_path(tmp_path):
    assert place(str(tmp_path)) == tmp_path
    assert local(tmp_path) == tmp_path
    assert not is_remote(tmp_path)
    assert not is_remote("folder/file.gz")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("s3://commoncrawl/crawl-data/a.warc.gz", "crawl-data/a.warc.gz"),
        ("gs://bucket/x", "x"),
        ("crawl/a.warc.gz", "crawl/a.warc.gz"),
        ("/crawl/a.warc.gz", "/crawl/a.warc.gz"),
    ],
)
def test_an_object_is_called_by_its_key(given, name):
    assert name_of(given) == name


def test_what_is_written_is_read(folder):
    write_json(folder / "a" / "b.json", {"one": 1})
    assert read_json(folder / "a" / "b.json", None) == {"one": 1}
    assert [path.name for path in (folder / "a").iterdir()] == ["b.json"]
    assert size_of(folder / "a" / "b.json") == len((folder / "a" / "b.json").read_bytes())
    assert size_of(folder / "a" / "none") == -1


def test_a_small_file_is_one_request(folder, monkeypatch):
    """Stages are planned from such files: a store that is asked twice for each makes a build wait twice as long."""
    write_json(folder / "a" / "b.json", {"one": 1})
    asked = []
    kind, method = type(folder.fs), "_call_s3" if folder.protocol == "s3" else "_call"
    plain = getattr(kind, method)
    monkeypatch.setattr(kind, method, lambda *given, **more: asked.append(given[1:]) or plain(*given, **more))
    assert read_json(folder / "a" / "b.json", None) == {"one": 1} and len(asked) == 1
    assert read_json(folder / "a" / "none.json", "none") == "none" and len(asked) == 2
    assert is_there(folder / "a" / "b.json") and not is_there(folder / "a" / "none.json") and len(asked) == 4


def test_an_empty_file_is_there(folder, tmp_path):
    for root in (folder, tmp_path):
        write_bytes(root / "empty", b"")
        assert is_there(root / "empty") and not is_there(root / "none")


def test_a_listing_tells_files_from_folders(folder, tmp_path):
    for root in (folder, tmp_path):
        for name in ("a/b.json", "a/c/d.json"):
            write_json(root / name, {})
        assert sizes_in(root / "a") == {"b.json": 3} and folders_in(root / "a") == ["c"]
        assert sizes_in(root / "none") == {} and folders_in(root / "none") == []
    (tmp_path / "a" / "broken").symlink_to("nowhere")
    assert sizes_in(tmp_path / "a") == {"b.json": 3} and folders_in(tmp_path / "a") == ["c"]


def test_a_part_has_the_digest_of_its_bytes(folder, tmp_path):
    table = pa.table({"number": list(range(10_000))})
    there = write_arrow(folder / "parts" / "x.arrow", folder, table)
    assert there == write_arrow(tmp_path / "parts" / "x.arrow", tmp_path, table)
    assert there == part_of(folder / "parts" / "x.arrow", folder, 10_000)
    assert map_arrow(folder / "parts" / "x.arrow") == table


def test_a_copy_is_fetched_once_and_anew_when_the_object_changes(folder):
    write_bytes(folder / "file.bin", b"first")
    first = local(folder / "file.bin")
    stamp = first.stat().st_ino
    assert first.read_bytes() == b"first"
    assert local(folder / "file.bin").stat().st_ino == stamp
    version = version_of(folder / "file.bin")
    write_bytes(folder / "file.bin", b"second")
    assert version_of(folder / "file.bin") != version
    assert local(folder / "file.bin").read_bytes() == b"second"


def test_a_failed_write_leaves_nothing(folder):
    with pytest.raises(RuntimeError), appearing(folder / "half.bin") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert not (folder / "half.bin").exists()
    assert not list(scratch().glob(f"{TEMPORARY}*"))


def test_the_same_bytes_again_leave_the_object_alone(folder):
    write_bytes(folder / "part.bin", b"bytes")
    there = (folder / "part.bin").stat()
    write_bytes(folder / "part.bin", b"bytes")
    assert (folder / "part.bin").read_bytes() == b"bytes"
    if str(folder).startswith("s3://"):  # the emulator of Cloud Storage ignores the condition and puts it again
        assert (folder / "part.bin").stat().st_mtime == there.st_mtime


def test_a_folder_is_fetched_whole(folder):
    for name in ("a.json", "b.json"):
        write_bytes(folder / "tokenizer" / name, name.encode())
    copy = local_folder(folder / "tokenizer")
    assert isinstance(copy, Path)
    assert {path.name: path.read_text() for path in copy.iterdir()} == {"a.json": "a.json", "b.json": "b.json"}
    assert local_folder(folder / "tokenizer") == copy


def test_damage_in_a_store_is_found(folder):
    part = write_arrow(folder / "x.arrow", folder, pa.table({"a": [1, 2, 3]}))
    write_json(folder / "_MANIFEST.json", {"parts": [vars(part)]})
    assert verify(folder) == []
    damaged = bytearray((folder / "x.arrow").read_bytes())
    damaged[100] ^= 1
    write_bytes(folder / "x.arrow", bytes(damaged))
    assert len(verify(folder)) == 1
    (folder / "x.arrow").unlink()
    assert "missing" in verify(folder)[0]


def test_old_copies_make_room(folder, monkeypatch):
    for name in ("a.bin", "b.bin", "c.bin"):
        (folder / name).write_bytes(b"x" * 1000)
    monkeypatch.setenv("CORPUSLOOM_SCRATCH_BYTES", "2500")
    copies = [local(folder / name) for name in ("a.bin", "b.bin", "c.bin")]
    assert copies[2].is_file()
    assert not copies[0].is_file()
    assert local(folder / "a.bin").read_bytes() == b"x" * 1000
