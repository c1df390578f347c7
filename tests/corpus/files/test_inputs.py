"""Inputs are known by what is in them, and a change is noticed."""

from dataclasses import replace

import pytest

from corpus.files.identity import identity_digest
from corpus.files.inputs import PIECE_BYTES, PIECES, InputChanged, InputFile


def write(path, data):
    path.write_bytes(data)
    return InputFile("dumps/a.zst", 0, file=str(path)).sampled()


def test_a_copy_elsewhere_is_the_same_input(tmp_path):
    one, other = write(tmp_path / "a", b"x" * 10_000), write(tmp_path / "b", b"x" * 10_000)
    assert one.file != other.file
    assert identity_digest(one) == identity_digest(other)
    assert identity_digest(one) != identity_digest(replace(one, name="dumps/b.zst"))


@pytest.mark.parametrize("size", [0, 1, PIECES * PIECE_BYTES, PIECES * PIECE_BYTES + 1, 6_000_000])
def test_growth_is_noticed_at_any_size(tmp_path, size):
    file = write(tmp_path / "a", b"x" * size)
    file.check()
    with (tmp_path / "a").open("ab") as out:
        out.write(b"y")
    with pytest.raises(InputChanged, match="was changed while it was read"):
        file.check()


@pytest.mark.parametrize("place", [0, 1_234_567, 4_000_000, 4_194_303])
def test_every_byte_of_a_small_file_counts(tmp_path, place):
    data = bytearray(b"x" * PIECES * PIECE_BYTES)
    file = write(tmp_path / "a", bytes(data))
    data[place] = 0
    (tmp_path / "a").write_bytes(bytes(data))
    with pytest.raises(InputChanged):
        file.check()


@pytest.mark.parametrize("place", [0, 9_999_999])
def test_the_ends_of_a_large_file_count(tmp_path, place):
    data = bytearray(b"x" * 10_000_000)
    file = write(tmp_path / "a", bytes(data))
    data[place] = 0
    (tmp_path / "a").write_bytes(bytes(data))
    with pytest.raises(InputChanged):
        file.check()
