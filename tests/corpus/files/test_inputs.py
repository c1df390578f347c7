"""Inputs are known by what is in them, and a change is noticed."""

import os
from dataclasses import replace

import pytest

from corpus.files.identity import identity_digest
from corpus.files.inputs import PIECE_BYTES, PIECES, ChangedInput, InputFile


def write(path, data):
    path.write_bytes(data)
    return InputFile("dumps/a.zst", 0, file=str(path)).with_sample()


def test_a_copy_elsewhere_is_the_same_input(tmp_path):
    one, other = write(tmp_path / "a", b"x" * 10_000), write(tmp_path / "b", b"x" * 10_000)
    assert one.file != other.file
    assert identity_digest(one) == identity_digest(other)
    assert identity_digest(one) != identity_digest(replace(one, name="dumps/b.zst"))


def read_while(file, change):
    """Read an input, and change it meanwhile."""
    with file.held():
        change(file.place)


def append(path):
    with path.open("ab") as out:
        out.write(b"y")


@pytest.mark.parametrize("size", [0, 1, PIECES * PIECE_BYTES, PIECES * PIECE_BYTES + 1, 6_000_000])
def test_growth_is_noticed_at_any_size(tmp_path, size):
    file = write(tmp_path / "a", b"x" * size)
    read_while(file, lambda path: path.read_bytes())
    with pytest.raises(ChangedInput, match=r"dumps/a.zst has changed since the command began"):
        read_while(file, append)
    with pytest.raises(ChangedInput, match="has changed"), file.held():
        raise AssertionError("not reached")


@pytest.mark.parametrize("size", [9, 6_000_000])
def test_same_size_and_time_are_no_proof(tmp_path, size):
    """Not even where the place that is written to is in no sample."""

    def write_middle(path):
        times = path.stat()
        with path.open("r+b") as out:
            out.seek(size // 2)
            out.write(b"y")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    with pytest.raises(ChangedInput):
        read_while(write(tmp_path / "a", b"x" * size), write_middle)


@pytest.mark.parametrize("place", [0, 1_234_567, 4_000_000, 4_194_303])
def test_every_byte_of_a_small_file_counts(tmp_path, place):
    data = bytearray(b"x" * PIECES * PIECE_BYTES)
    file = write(tmp_path / "a", bytes(data))
    data[place] = 0
    (tmp_path / "a").write_bytes(bytes(data))
    with pytest.raises(ChangedInput), file.held():
        raise AssertionError("not reached")


@pytest.mark.parametrize("place", [0, 9_999_999])
def test_the_ends_of_a_large_file_count(tmp_path, place):
    data = bytearray(b"x" * 10_000_000)
    file = write(tmp_path / "a", bytes(data))
    data[place] = 0
    (tmp_path / "a").write_bytes(bytes(data))
    with pytest.raises(ChangedInput), file.held():
        raise AssertionError("not reached")


def test_an_error_over_a_changed_input_is_the_change(tmp_path):
    def cut(path):
        path.write_bytes(b"")
        raise ValueError("the reader stumbles over the cut")

    with pytest.raises(ChangedInput):
        read_while(write(tmp_path / "a", b"one"), cut)


def test_a_missing_input_is_named(tmp_path):
    file = write(tmp_path / "a", b"one")
    (tmp_path / "a").unlink()
    with pytest.raises(ChangedInput, match=r"dumps/a.zst is gone"), file.held():
        raise AssertionError("not reached")
