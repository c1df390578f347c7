"""A recipe of one's own with rules on what stands in several documents: a build of the sample, its report, explain."""

import json
import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import rows, run

from corpus.releases.explain import explain, lines_of
from corpus.report.facts import containment

OWN = """
from corpus.dedup.minhash import MinHash
from corpus.dedup.repeated import RepeatedLines
from corpus.dedup.substrings import RepeatedSubstrings
from corpus.recipes.recipe import Recipe

repeated = (RepeatedLines(sentences=3, least_sentences=1), RepeatedSubstrings(words=20, contained=0.6))
once = Recipe("once", "us", near=MinHash(min_similarity=1.0), repeated=repeated)
"""


def build(sample, output, recipe):
    command = [sys.executable, "-m", "pipelines.build_commoncrawl", "--pages", sample.pages]
    return run(
        [*command, "--recipe", recipe, "--output", str(output), "--captures-a-part", "50", "--direct_num_workers=1"]
    )


@pytest.fixture(scope="module")
def once(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("repeats")
    (folder / "own.py").write_text(OWN)
    ran = build(sample, folder / "once", f"{folder / 'own.py'}:once")
    assert ran.returncode == 0, ran.stderr
    return folder / "once"


def test_passages_stand_once_and_every_reason_is_told(once):
    manifest = json.loads((once / "_MANIFEST.json").read_bytes())
    assert [step["name"] for step in manifest["funnel"]][-4:-1] == [
        "repeated_sentences", "contained", "repeated_substrings"
    ]  # fmt: skip
    gone = [row for row in rows(once, "rejected") if row["step"] == "repeated"]
    contained = [row for row in gone if row["rule"] == "contained"]
    assert contained and all(row["value"] >= 0.6 and row["other_id"] for row in contained)
    assert manifest["counts"]["contained"]["reasons"] == {"repeated.contained": len(contained)}
    seen = set()
    for row in rows(once, "kept"):
        for passage in row["text"].split("\n\n"):
            words = passage.split()
            windows = {" ".join(words[start : start + 24]).lower() for start in range(len(words) - 23)}
            assert not windows & seen
            seen |= windows
    said = containment(manifest)["contained"]
    assert said["documents"] == sum(said["by_tenth"]) == manifest["counts"]["contained"]["in"]


def test_report_and_explain_name_the_rules(once):
    page = (once / "report.html").read_text()
    assert "Shared with other documents: contained" in page and "contained.words" in page
    [row] = [row for row in rows(once, "rejected") if row["rule"] == "contained"][:1]
    assert row["id"] in page and row["other_id"] in page
    [found] = explain(once, row["id"])
    told = list(lines_of(found))
    assert f"decided   repeated.contained, value {row['value']:g}, evidence {row['evidence']!r}" in told
    assert "bound     contained.contained: 0.6" in told and "bound     repeated_sentences.sentences: 3" in told
    assert any(line.startswith(f"other     {row['other_id']}") for line in told)


def test_a_rule_by_itself_is_refused_in_a_sentence(sample, tmp_path):
    (tmp_path / "own.py").write_text(OWN.replace("repeated=repeated", "repeated=repeated[0]"))
    ran = build(sample, tmp_path / "out", f"{tmp_path / 'own.py'}:once")
    assert (ran.returncode, "repeated= takes a tuple of rules" in ran.stderr) == (2, True), ran.stderr
