"""Weights: what a file must hold, and that the compiled forest is the trained one."""

import dataclasses

import numpy as np
import pytest

from corpus.extraction import blocks
from corpus.extraction.blocks import inspection, native, weights

PAGE = (
    "<html><body><nav><a href='/a'>Home</a></nav><main><h1>Boats</h1>" + "<p>A boat came, and left.</p>" * 9 + "</main>"
)


def test_a_file_comes_back_as_it_was(tmp_path):
    released = weights.load()
    released.save(tmp_path / "w.json")
    again = weights.load(tmp_path / "w.json")
    assert again == released
    assert weights.DEFAULT.stat().st_size < 400_000


def test_weights_of_other_features_are_refused():
    other = dataclasses.replace(weights.load(), feature_version=native.feature_version() + 1)
    with pytest.raises(ValueError, match=r"version \d+ of the features .* train them again"):
        native.Forest(other)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:1000], lambda data: b"text"])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "w.json"
    path.write_bytes(damage(weights.DEFAULT.read_bytes()))
    with pytest.raises(ValueError, match=r"w\.json holds no weights"):
        weights.load(path)


def test_the_compiled_forest_is_the_trained_one():
    lightgbm = pytest.importorskip("lightgbm")
    with blocks.read(PAGE) as reading:
        page = inspection.features(reading)
    random = np.random.default_rng(0)
    rows = page[random.integers(len(page), size=2_000)] + random.random((2_000, page.shape[1]), np.float32)
    labels = (rows[:, 0] + rows[:, 60] > np.median(rows[:, 0] + rows[:, 60])).astype(float)
    trained = lightgbm.train(
        {"objective": "cross_entropy", "num_threads": 1, "verbose": -1}, lightgbm.Dataset(rows, labels), 20
    )
    forest = native.Forest(weights.from_lightgbm(trained.dump_model(), native.feature_version()))
    with blocks.read(PAGE) as reading:
        ours, _ = inspection.choose(reading, forest)
    assert np.abs(ours - trained.predict(page)).max() < 1 / 500  # the logistic function has steps of 1/256


def test_a_threshold_is_never_rounded_up():
    for threshold in (0.1, -0.1, 0.5, 0.0, 1e-50, -1e-50, 3.3e38):
        below = np.float32(weights.not_above(threshold))
        assert float(below) <= threshold < float(np.nextafter(below, np.float32(np.inf)))


def test_an_installation_without_the_compiled_part_says_how_to_build_it(monkeypatch, tmp_path):
    monkeypatch.setattr(native, "_HERE", tmp_path)
    native.library.cache_clear()
    with pytest.raises(ImportError, match=r"pip install -e \."):
        native.library()
    native.library.cache_clear()
