"""Learned words: the compiled scores are the trained ones, and a page's own words elsewhere are found in its text."""

import dataclasses
from array import array

import numpy as np

from benchmarks import learned_words
from corpus.extraction import blocks
from corpus.extraction.blocks import inspection, native, weights

PAGE = (
    "<body class='page-17'><div id=top class='siteHeader wide'><p>Log in</p><p>Share this 12 times</p></div>"
    "<main class=post><p>The boat came in, and left again at noon.</p>"
    "<ul><li class='item item-3'>One<li>Two</ul></main>"
)


def column(name: str) -> int:
    return native.feature_names().index(name)


def forest_of(scores: dict[int, int]) -> native.Forest:
    arrays = {name: array(values.typecode) for name, values in weights.load().arrays.items()}
    arrays["words"], arrays["scores"] = array("I", scores), array("b", scores.values())
    return native.Forest(dataclasses.replace(weights.load(), arrays=arrays))


def rows_of(page: str, domain: str, labels: list[float]) -> learned_words.Words:
    with blocks.read(page) as reading:
        lines = inspection.words(reading)
    count = len(labels)
    return learned_words.Words(lines, np.array(labels), np.ones(count), np.full(count, domain))


def test_what_the_compiled_half_sees_is_what_training_saw():
    """A page of a domain that taught nothing: no word of it is left out."""
    labels = [0.0, 0.0, 1.0, 1.0, 1.0]
    pages = [rows_of(PAGE, f"{number}.example", labels) for number in range(20)]
    new = rows_of(PAGE.replace("Two", "Three"), "new.example", [np.nan] * 5)
    scores, columns = learned_words.learn(learned_words.joined([*pages, new]))
    assert scores and 0 not in scores.values()
    learned = [name.startswith("learned_") for name in native.feature_names()]
    with blocks.read(PAGE.replace("Two", "Three")) as reading:
        seen = inspection.features(reading, forest_of(scores))
        assert not inspection.features(reading)[:, learned].any()
    np.testing.assert_array_equal(seen[:, learned], columns[-5:])
    assert seen[0, column("learned_0.mean")] < 0 < seen[2, column("learned_3.most")]


def test_a_domain_teaches_its_own_pages_nothing():
    labels = [0.0, 0.0, 1.0, 1.0, 1.0]
    pages = [rows_of(PAGE, "a.example", labels)] * 20
    scores, columns = learned_words.learn(learned_words.joined(pages))
    assert not scores and not columns.any()


def test_any_number_of_words_is_found_again():
    random = np.random.default_rng(0)
    with blocks.read(PAGE) as reading:
        keys = np.unique(inspection.words(reading)[:, 2])
        for count in (0, 1, 3, 5_000):
            others = np.setdiff1d(random.integers(2**32, size=count, dtype=np.uint64), keys)
            scores = {int(key): 1 for key in others} | {int(key): 7 for key in keys}
            seen = inspection.features(reading, forest_of(scores))
            assert set(seen[:, column("learned_0.most")]) == {7}


def test_a_text_that_the_page_has_as_data_is_known():
    told = (
        "The boat came in, and left <b>again</b> at noon. \\u0022Late,\\u0022 they said in the old town by the "
        "harbour, and went."
    )
    page = (
        f'<meta name=description content="the boat came in">{PAGE}'
        f'<script type="application/ld+json">{{"@type": "Article", "articleBody": "{told}"}}</script>'
    )
    with blocks.read(page) as reading:
        seen = inspection.features(reading)
    assert seen[2, column("said")] == np.float32(7 / 9) and not seen[[0, 1], column("said")].any()
    assert seen[2, column("described")] == np.float32(2 / 9)
