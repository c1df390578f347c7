"""Batches on their way through a shuffle: by the name of a file, or as they are."""

import pytest

from corpus.files.storage import place
from pipelines.runtime.spill import gather, spill, task_batch

BATCHES = [(3, b"abc"), (1, b""), (3, b"defg"), (1, b"x" * 100_000)]


def of_group(group, crossed):
    return [batch for number, batch in crossed if number == group]


def test_entries_lie_in_a_file_and_its_ranges_cross(tmp_path):
    crossed = [*spill(BATCHES, tmp_path), *spill([(3, b"hi")], tmp_path)]
    assert max(len(batch) for _, batch in crossed) < 100
    task, entries = gather([task_batch("the task"), *of_group(3, crossed)], tmp_path)
    assert (task, sorted(entries)) == ("the task", sorted(b"abcdefghi"))
    assert gather([task_batch("t"), *of_group(1, crossed)], tmp_path) == ("t", b"x" * 100_000)


def test_a_group_without_a_task_reads_nothing(tmp_path):
    crossed = list(spill(BATCHES, tmp_path))
    for file in tmp_path.iterdir():
        file.unlink()
    assert gather(of_group(3, crossed), tmp_path) == ("", b"")


def test_an_attempt_that_is_repeated_is_another_file(tmp_path):
    first, again = (dict(spill(BATCHES, tmp_path)) for _ in range(2))
    assert len(list(tmp_path.iterdir())) == 2 and first != again


def test_what_is_shorter_than_it_was_written_is_named(tmp_path):
    crossed = list(spill(BATCHES, tmp_path))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(EOFError, match="shorter than it was written"):
        gather([task_batch("t"), *of_group(1, crossed)], tmp_path)


def test_where_the_output_is_a_store_the_bytes_cross():
    crossed = list(spill(BATCHES, place("memory://bucket/shuffled")))
    assert gather([task_batch("t"), *of_group(3, crossed)], place("memory://bucket/shuffled")) == ("t", b"abcdefg")
