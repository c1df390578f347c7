"""A made thing is made once, appears whole, and says why when it cannot be had."""

import sys

import pytest

from pipelines.engines.cache import EngineFailed, EngineMissing, cached_folder, need, run


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_same_recipe_is_made_once_and_another_anew():
    makings = []

    def make(folder):
        makings.append(folder)
        (folder / "thing").write_text("x")

    first = cached_folder("thing", "recipe", make)
    assert cached_folder("thing", "recipe", make) == first
    assert cached_folder("thing", "other recipe", make) != first
    assert len(makings) == 2
    assert (first / "thing").read_text() == "x"


def test_a_failed_making_leaves_nothing_under_the_name_and_shows_what_was_said(tmp_path):
    def make(folder):
        run([sys.executable, "-c", "print('no such coordinates'); raise SystemExit(3)"], folder)

    for _ in range(2):
        with pytest.raises(EngineFailed, match="no such coordinates"):
            cached_folder("thing", "recipe", make)


def test_a_missing_program_is_named():
    with pytest.raises(EngineMissing, match="no-such-program"):
        need("no-such-program")
