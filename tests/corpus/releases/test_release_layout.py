"""The folder of releases: whole or not there, one pointer, shared parts, nothing left of killed runs."""

import os
from dataclasses import replace

import pytest

from corpus.errors import CorpusloomError
from corpus.files.manifest import Part
from corpus.releases.layout import Releases, share, shared_bytes
from corpus.releases.manifest import InputState, Release, content_of, read_release, write_release


def release(number, parts=()):
    return Release(
        number, "refresh", {}, (InputState("w", "pages", "s", "n", 1, "x", "taken"),), parts, content_of(parts)
    )


def made(releases, number):
    folder = releases.begin(number)
    (folder / "a.parquet").write_bytes(b"data")
    write_release(folder, release(number))
    return folder


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path / "releases")


def test_a_release_reads_back_as_it_was_written(releases):
    folder = made(releases, 1)
    assert read_release(folder) == release(1)


def test_a_release_is_there_when_it_has_its_number_and_current_when_the_pointer_moves(releases):
    folder = made(releases, 1)
    assert releases.numbers() == [] and releases.current is None
    releases.commit(folder, 1)
    assert releases.numbers() == [1] and releases.current is None
    releases.point_to(1)
    assert releases.current == 1 and (releases.root / "current" / "a.parquet").read_bytes() == b"data"
    releases.commit(made(releases, 2), 2)
    releases.point_to(2)
    assert os.readlink(releases.root / "current") == "2"


def test_a_folder_without_a_manifest_never_gets_a_number(releases):
    with pytest.raises(CorpusloomError):
        releases.commit(releases.begin(1), 1)
    assert releases.numbers() == []


@pytest.mark.parametrize("name", ["²", "01", "١", ".withdrawn-", ".withdrawn-x", ".withdrawn-²"])
def test_a_name_that_only_looks_like_a_number_is_no_release(releases, name):
    releases.commit(made(releases, 1), 1)
    (releases.root / name).symlink_to("1")
    assert (releases.numbers(), releases.withdrawn_numbers()) == ([1], [])


def test_recovery_takes_up_a_release_whose_pointer_was_not_moved(releases):
    for number in (1, 2):
        releases.commit(made(releases, number), number)
    releases.point_to(1)
    made(releases, 3)
    (releases.root / ".tmp-current").symlink_to("2")
    assert releases.recover() and releases.current == 2
    assert sorted(os.listdir(releases.root)) == ["1", "2", "current"]
    assert not releases.recover()


def test_what_is_withdrawn_is_no_release_for_readers(releases):
    releases.commit(made(releases, 1), 1)
    releases.withdraw(1)
    assert releases.numbers() == [] and releases.withdrawn_numbers() == [1]
    with pytest.raises(CorpusloomError, match="withdrawn"):
        releases.read(1)
    releases.remove(1)
    assert releases.withdrawn_numbers() == []


def test_parquet_is_shared_and_what_is_written_in_place_is_not(releases, tmp_path):
    source = tmp_path / "work"
    source.mkdir()
    for name in ("a.parquet", "b.json"):
        (source / name).write_bytes(b"12345")
        share(source / name, releases.root / "1" / name)
        share(source / name, releases.root / "2" / name)
    assert shared_bytes(releases.root / "2", [releases.root / "1"]) == (10, 5)


def test_content_is_that_of_the_data_and_not_of_their_order():
    one, two = Part("a", 1, 1, "x"), Part("b", 1, 1, "y")
    assert content_of((one, two)) == content_of((two, one)) != content_of((one, replace(two, digest="z")))
