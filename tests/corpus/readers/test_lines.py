"""Lines of every container, whole and damaged: each good line is read, each damage is named."""

import bz2
import gzip
import lzma
import random

import pytest
import zstandard

from corpus.document import Quarantined
from corpus.hashing import digest
from corpus.readers import lines
from corpus.readers.lines import Line, parse_object, read_lines, read_records

LINES = [f'{{"id": "{number}", "title": "café \u2028 {digest(str(number))}"}}'.encode() for number in range(8_000)]
PLAIN = b"\n".join(LINES) + b"\n"


def zstd(data):
    """As Pushshift's dumps: a window of 2 GiB and a checksum."""
    parameters = zstandard.ZstdCompressionParameters(window_log=31, compression_level=3, write_checksum=True)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


def halves(compress):
    """Two frames, cut at a line."""
    middle = PLAIN.index(b"\n", len(PLAIN) // 2) + 1
    return compress(PLAIN[:middle]), compress(PLAIN[middle:])


def pzstd(data):
    """Frames of 100 kB, each behind one to skip that says how long it is."""
    frames = [zstandard.compress(data[start : start + 100_000]) for start in range(0, len(data), 100_000)]
    return b"".join(b"\x50\x2a\x4d\x18\4\0\0\0" + len(frame).to_bytes(4, "little") + frame for frame in frames)


COMPRESS = {
    "zst": zstd,
    "pzstd": pzstd,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bz2": lambda data: bz2.compress(data, 1),
    "gz": gzip.compress,
    "plain": bytes,
}


def read(path):
    items = list(read_lines(path))
    return [item.data for item in items if isinstance(item, Line)], [i for i in items if isinstance(i, Quarantined)]


@pytest.mark.parametrize("kind", COMPRESS)
def test_every_container_gives_the_same_lines(tmp_path, kind):
    (tmp_path / "dump").write_bytes(COMPRESS[kind](PLAIN))
    assert read(tmp_path / "dump") == (LINES, [])


@pytest.mark.parametrize("kind", COMPRESS)
def test_several_frames_are_one_stream_also_when_cut_in_mid_character(tmp_path, kind):
    cut = PLAIN.index("é".encode()) + 1
    (tmp_path / "dump").write_bytes(COMPRESS[kind](PLAIN[:cut]) + COMPRESS[kind](PLAIN[cut:]))
    assert read(tmp_path / "dump") == (LINES, [])


def test_offsets_count_bytes_of_the_inflated_stream(tmp_path):
    (tmp_path / "dump").write_bytes(zstd(PLAIN))
    for line in read_lines(tmp_path / "dump"):
        assert PLAIN[line.offset : line.offset + len(line.data)] == line.data


@pytest.mark.parametrize("kind", ["zst", "xz", "bz2", "gz"])
def test_a_truncated_file_gives_its_beginning_and_a_row(tmp_path, kind):
    data = COMPRESS[kind](PLAIN)
    (tmp_path / "dump").write_bytes(data[: len(data) * 2 // 3])
    found, damage = read(tmp_path / "dump")
    assert len(found) > len(LINES) // 4
    assert found == LINES[: len(found)]
    assert [item.reason.split("_")[0] for item in damage] == ["truncated"]


@pytest.mark.parametrize("kind", ["zst", "xz", "bz2", "gz"])
def test_reading_goes_on_at_the_frame_after_the_damage(tmp_path, kind):
    first, second = halves(COMPRESS[kind])
    middle = len(first) // 2
    spoilt = first[:middle] + bytes(64) + first[middle + 64 :]
    (tmp_path / "dump").write_bytes(spoilt + second)
    found, damage = read(tmp_path / "dump")
    assert len(damage) == 1
    assert damage[0].offset == 0
    assert damage[0].reason.startswith("bad_")
    assert set(found) >= set(PLAIN[PLAIN.index(b"\n", len(PLAIN) // 2) + 1 :].splitlines()[1:])


def test_no_damage_makes_reading_fail_or_hang(tmp_path):
    rng = random.Random(7)
    for compress in (zstd, lzma.compress, bz2.compress, gzip.compress):
        data = compress(PLAIN[:60_000]) + compress(PLAIN[60_000:90_000])
        for _ in range(25):
            spoilt = bytearray(data[: rng.randrange(1, len(data))])
            for _ in range(rng.randrange(4)):
                spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
            (tmp_path / "dump").write_bytes(bytes(spoilt))
            read(tmp_path / "dump")


def test_an_overlong_line_is_named_and_its_neighbours_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 10_000)
    (tmp_path / "dump").write_bytes(zstd(b"before\n" + b"x" * 5_000_000 + b"\nafter\n"))
    found, damage = read(tmp_path / "dump")
    assert found == [b"before", b"after"]
    assert [(item.offset, item.reason) for item in damage] == [(7, "overlong_line")]


def test_blank_lines_are_no_lines_and_the_last_needs_no_end(tmp_path):
    (tmp_path / "dump").write_bytes(b"\na\r\n\n  \nb")
    assert read(tmp_path / "dump") == ([b"a\r", b"b"], [])


@pytest.mark.parametrize("kind", COMPRESS)
def test_zeros_between_frames_and_after_them_are_nothing(tmp_path, kind):
    first, second = halves(COMPRESS[kind]) if kind != "plain" else (COMPRESS["gz"](PLAIN), b"")
    (tmp_path / "dump").write_bytes(first + bytes(5000) + second + bytes(70_000))
    assert read(tmp_path / "dump") == (LINES, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("kind", ["gz", "plain"])
def test_lines_of_other_encodings_are_read_as_utf_8(tmp_path, encoding, kind):
    (tmp_path / "dump").write_bytes(COMPRESS[kind](PLAIN.decode().encode(encoding)))
    found, damage = read(tmp_path / "dump")
    assert [line.decode("utf-8-sig").encode() for line in found] == LINES
    assert damage == []


NOISE = random.Random(3).randbytes(200_000)
FOREIGN = {
    "html": (b"\n<!DOCTYPE HTML>\n<html><head>\n<title>403</title>\n" + b"<p>Forbidden\n" * 99, "html_page"),
    "html with a comment": (b"<!-- edge 7 -->\n<html>\n<body>\n", "html_page"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n", "git_lfs_pointer"),
    "zip": (b"PK\x03\x04" + NOISE + b"\n{}\n", "unknown_container"),
    "lz4": (b"\x04\x22\x4d\x18" + NOISE, "unknown_container"),
    "tar": (b"RS.json".ljust(257, b"\0") + b"ustar\x0000" + bytes(241) + b'{"a": 1}\n', "unknown_container"),
    "gzip in gzip": (gzip.compress(PLAIN, mtime=0), "unknown_container"),
    "noise": (NOISE, "binary"),
    "nothing but zeros": (bytes(100_000), "binary"),
    "empty": (b"", "empty_file"),
    "blank": (b"\n \r\n\n", "empty_file"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_without_lines_is_one_row(tmp_path, kind, packed):
    data, reason = FOREIGN[kind]
    if kind == "gzip in gzip" or packed:
        data = gzip.compress(data, mtime=0)
    (tmp_path / "dump").write_bytes(data)
    found, damage = read(tmp_path / "dump")
    assert found == []
    assert [(row.offset, row.reason) for row in damage] == [(0, reason)]
    assert damage[0].detail


def test_lines_after_a_stretch_of_zeros_are_read(tmp_path):
    (tmp_path / "dump").write_bytes(bytes(9_000) + LINES[0] + b"\n" + PLAIN)
    found, damage = read(tmp_path / "dump")
    assert found == LINES
    assert [row.reason for row in damage] == ["binary"]


def test_what_servers_answer_instead_of_json_is_one_row(tmp_path):
    error = b"<?xml version='1.0'?>\n<Error>\n<Code>AccessDenied</Code>\n</Error>\n"
    (tmp_path / "dump").write_bytes(error)
    [row] = read_records(tmp_path / "dump", "RS", parse_object)
    assert (row.file, row.offset, row.reason) == ("RS", 0, "markup")
    (tmp_path / "dump").write_bytes(b"{}\n" + error + b"{}\n")
    assert len(list(read_records(tmp_path / "dump", "RS", parse_object))) == 6
