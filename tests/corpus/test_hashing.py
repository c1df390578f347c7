"""Hashes are frozen: a changed value here means every id and every random choice of every corpus changed."""

import pytest

from corpus.hashing import digest, file_digest, key64, uniform


def test_golden_values_never_change():
    assert key64("org,example)/a") == -2289358579797881033
    assert digest("a", b"b") == "237238bc1341a057099f91fc90c2271e"
    assert round(uniform("webtext/1", "split"), 12) == 0.422007090382


def test_key64_fits_a_signed_64_bit_column():
    assert all(-(2**63) <= key64(str(number)) < 2**63 for number in range(1000))


def test_digest_keeps_its_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")


def test_lone_surrogates_have_hashes_too():
    assert key64("\ud800") != key64("\udfff")
    assert digest("\ud800")


def test_uniform_is_uniform():
    numbers = [uniform(str(number), "seed") for number in range(10_000)]
    assert min(numbers) >= 0
    assert max(numbers) < 1
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.015)


@pytest.mark.parametrize("data", [b"", b"x" * 100_000])
def test_file_digest_is_that_of_the_bytes(tmp_path, data):
    from blake3 import blake3

    (tmp_path / "file").write_bytes(data)
    assert file_digest(tmp_path / "file") == blake3(data).hexdigest()
