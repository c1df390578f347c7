"""Tensor files: what is written is read back, earlier files are read, and damage is found."""

import errno
import hashlib
import resource
import struct

import pytest
import torch

from trainer.run.tensor_file import TensorFileError, read_tensors, write_tensors

TENSORS = {
    "a.weight": torch.arange(12, dtype=torch.float32).view(3, 4),
    "half": torch.tensor([1.5, -2.0, float("inf")], dtype=torch.bfloat16),
    "steps": torch.tensor(7.0),
    "ids": torch.tensor([[2**40]], dtype=torch.int64),
    "mask": torch.tensor([True, False]),
    "none": torch.empty(0, 5),
    "strided": torch.arange(6.0).view(2, 3).t(),
}


def same(one, two):
    return one.keys() == two.keys() and all(
        one[key].dtype == two[key].dtype and torch.equal(one[key], two[key]) for key in one
    )


def test_what_is_written_is_read_back_and_the_digest_is_that_of_the_file(tmp_path):
    digest = write_tensors(tmp_path / "x.safetensors", TENSORS)
    assert digest == hashlib.sha256((tmp_path / "x.safetensors").read_bytes()).hexdigest()
    assert same(read_tensors(tmp_path / "x.safetensors", digest), TENSORS)


def test_a_file_of_an_earlier_version_of_this_project_is_read(tmp_path):
    """It was written without the library: the header padded to eight bytes, tensors in the order given."""
    header = (
        b'{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}'
    )
    header += b" " * (-len(header) % 8)
    body = struct.pack("<ffq", 1.5, -2.0, 7)
    (tmp_path / "x").write_bytes(len(header).to_bytes(8, "little") + header + body)
    assert same(read_tensors(tmp_path / "x"), {"b": torch.tensor([1.5, -2.0]), "a": torch.tensor(7)})


def test_tied_weights_are_written_twice(tmp_path):
    one = torch.arange(6.0)
    write_tensors(tmp_path / "x", {"table": one, "head": one, "half": one[:3]})
    assert same(read_tensors(tmp_path / "x"), {"table": one, "head": one, "half": one[:3]})


def test_others_may_read_the_file(tmp_path):
    write_tensors(tmp_path / "x", TENSORS)
    assert (tmp_path / "x").stat().st_mode & 0o044 == 0o044


def test_a_tensor_read_may_be_written_to_and_the_file_stays(tmp_path):
    digest = write_tensors(tmp_path / "x", TENSORS)
    read_tensors(tmp_path / "x")["a.weight"].add_(1)
    assert same(read_tensors(tmp_path / "x", digest), TENSORS)


def test_every_flipped_byte_and_every_cut_is_found(tmp_path):
    digest = write_tensors(tmp_path / "x", {"a": torch.arange(5.0)})
    whole = (tmp_path / "x").read_bytes()
    for place in range(0, len(whole), 3):
        (tmp_path / "x").write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(TensorFileError, match="damaged"):
            read_tensors(tmp_path / "x", digest)
        (tmp_path / "x").write_bytes(whole[:place])
        with pytest.raises(TensorFileError):
            read_tensors(tmp_path / "x")  # a cut is found without a digest too: the header says how long it is


def test_what_the_format_cannot_hold_is_refused_by_name(tmp_path):
    with pytest.raises(TensorFileError, match=r"x cannot be written"):
        write_tensors(tmp_path / "x", {"odd": torch.zeros(2, 2).to_sparse()})


def test_a_full_disk_is_an_error_of_the_system_and_not_a_short_file(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError) as caught:
            write_tensors(tmp_path / "x", {"a": torch.zeros(1 << 16)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert not (tmp_path / "x").exists()


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_tensors(tmp_path / "x")
    assert caught.value.errno == errno.ENOENT
