"""Another classifier in the place of the first: the scores move, and the gate refuses the release."""

import json
import shutil

import pytest

pytest.importorskip("apache_beam")

from months import refresh
from test_quality_build import corpus, prose, shop

from classifiers import train
from corpus.releases.layout import Releases

DEFINITION = """
output = "data"
[[source]]
name = "books"
books = "shelf-*.jsonl"
flags = { classifier = "classifier", alpha = 0.01 }
[shards]
write = false
[run]
flags = ["--direct_num_workers=1"]
"""


def train_classifier(folder, good, bad):
    """A classifier for which `good` (number → text) is what is wanted."""
    sides = [corpus(folder / name, map(text, range(100, 120))) for name, text in (("good", good), ("bad", bad))]
    flags = ["--positive", sides[0], "--negative", sides[1], "--output", str(folder / "classifier")]
    assert train.main(flags) == 0
    return folder / "classifier"


def write_shelf(folder, numbers):
    lines = [json.dumps({"id": f"b{number}", "text": prose(number)}) for number in numbers]
    (folder / f"shelf-{numbers[0]}.jsonl").write_text("".join(line + "\n" for line in lines))


def test_scores_that_moved_are_refused_and_those_that_did_not_pass(tmp_path, capsys):
    wanted = train_classifier(tmp_path / "wanted", prose, shop)
    swapped = train_classifier(tmp_path / "swapped", shop, prose)
    definition, place = tmp_path / "corpus.toml", tmp_path / "classifier"
    definition.write_text(DEFINITION)
    releases = Releases(tmp_path / "data" / "releases")
    shutil.copytree(wanted, place)
    write_shelf(tmp_path, range(0, 4))
    assert refresh("run", definition) == 0
    first = releases.read_current().figures["books"]["scores"]
    assert sum(first.values()) == 4 and min(map(float, first)) >= 0.5
    write_shelf(tmp_path, range(4, 8))
    assert refresh("run", definition) == 0 and releases.current == 2

    shutil.rmtree(place)
    shutil.copytree(swapped, place)
    assert refresh("check", definition) == 0
    capsys.readouterr()
    assert refresh("run", definition) == 4 and releases.current == 2
    said = capsys.readouterr().err
    assert "scores of books moved by a stability index of" in said and "in release 2. Nothing is published" in said
    assert refresh("run", definition, "--accept", "scores") == 0 and releases.current == 3
    assert max(map(float, releases.read_current().figures["books"]["scores"])) < 0.5
