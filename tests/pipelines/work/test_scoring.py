"""The scored decider: verdicts aligned with judged rows, an identity that is the classifier's, and its refusals."""

import argparse

import numpy as np
import pytest

from classifiers import train
from classifiers.keep import is_kept
from classifiers.model import CARD, card_digest, open_classifier, read_card
from classifiers.score import scores_of
from corpus.document import Document
from corpus.errors import CorpusloomError
from corpus.files.manifest import map_arrow, write_arrow, write_manifest, write_parquet
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA, kept_row
from pipelines.builds.quality import by_quality, quality_settings
from pipelines.runtime.stage import Stage
from pipelines.runtime.task import Task
from pipelines.work.judging import JudgedFacts
from pipelines.work.scoring import SavedClassifier, ScoreDocuments
from pipelines.work.verdicts import DecidedFacts, VerdictRun, candidates, verdict_table

GOOD = "the old road led over the hill and down to the river where nobody had lived for years "
BAD = "add to cart free shipping sign in accept cookies share tweet sale ends today buy now "


@pytest.fixture(scope="module")
def quality(tmp_path_factory):
    """A classifier of two sentences."""
    folder = tmp_path_factory.mktemp("quality")
    for name, sentence in (("good", GOOD), ("bad", BAD)):
        found = [
            Document(
                f"{name}/{number}", "u", (sentence + str(number) + " ") * (3 + number % 5), domain=f"{name}{number}"
            )
            for number in range(40)
        ]
        part = write_parquet(folder / name / "kept" / "part.parquet", folder / name, KEPT_SCHEMA, map(kept_row, found))
        write_manifest(folder / name / "_MANIFEST.json", {"parts": [vars(part)]})
    sides = ["--positive", str(folder / "good"), "--negative", str(folder / "bad")]
    assert train.main([*sides, "--output", str(folder / "classifier")]) == 0
    return folder / "classifier"


@pytest.fixture
def judged(tmp_path):
    """Two parts of documents, good and bad in turns, and one without a row."""
    facts = []
    for name, numbers in (("a", range(30)), ("b", range(30, 40)), ("c", range(0))):
        rows = [
            kept_row(
                Document(f"commoncrawl/{number}", "u", (GOOD, BAD)[number % 2] * 5, domain=f"site{number}.example")
            )
            for number in numbers
        ]
        kept = write_parquet(tmp_path / f"{name}.parquet", tmp_path, KEPT_SCHEMA, rows)
        none = write_parquet(tmp_path / f"{name}-rejected.parquet", tmp_path, REJECTED_SCHEMA, [])
        facts.append(JudgedFacts(kept, none, none))
    return facts


def work_of(folder, alpha=9.0, seed="1"):
    return ScoreDocuments(SavedClassifier(card_digest(read_card(folder)), str(folder)), alpha, seed)


def score(root, work, judged, *earlier):
    """The verdicts on all parts, and the counts of each."""
    rows, counts = [], []
    for number, unit in enumerate(candidates(judged, *earlier)):
        outcome = work(Task(str(number), "scored", unit, str(root)))
        outcome.counts.check("scored")
        assert [run.rows for run in outcome.facts.runs] == [(unit.kept.rows,)]
        rows += map_arrow(root / outcome.facts.runs[0].verdicts.path).to_pylist()
        counts.append(outcome.counts)
    return rows, counts


def test_every_document_has_a_score_and_those_that_leave_say_why(quality, judged, tmp_path):
    rows, counts = score(tmp_path, work_of(quality), judged)
    assert [count.received for count in counts] == [30, 10, 0]
    for number, row in enumerate(rows):
        assert (row["quality_score"] > 0.8) == (number % 2 == 0)
        leaves = not is_kept(f"commoncrawl/{number}", row["quality_score"], 9.0, "1")
        assert row["rule"] == ("quality.pareto" if leaves else "")
        assert row["value"] == (row["quality_score"] if leaves else None)
        assert row["evidence"].startswith("kept with a probability of 0.") == leaves
    assert (
        sum(count.reasons.get("quality.pareto", 0) for count in counts) == sum(bool(row["rule"]) for row in rows) > 15
    )


def test_what_an_earlier_decider_rejected_is_not_scored(quality, judged, tmp_path):
    rules = ["overlap.webtext" if number % 3 == 0 else "" for number in range(40)]
    part = write_arrow(tmp_path / "earlier.arrow", tmp_path, verdict_table(40, rule=rules))
    rows, counts = score(tmp_path, work_of(quality), judged, [DecidedFacts((VerdictRun(part, (30, 10, 0)),))])
    assert [row["quality_score"] is None for row in rows] == [bool(rule) for rule in rules]
    assert sum(count.received for count in counts) == rules.count("")


def test_a_larger_alpha_keeps_fewer_and_none_of_the_others(quality, judged, tmp_path):
    kept = {}
    for alpha in (0.0, 1.0, 9.0):
        rows, _ = score(tmp_path, work_of(quality, alpha), judged)
        kept[alpha] = {number for number, row in enumerate(rows) if not row["rule"]}
    assert kept[9.0] < kept[1.0] < kept[0.0] == set(range(40))


def test_another_classifier_is_another_identity_and_another_place_is_not(quality, judged, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    for path in quality.iterdir():
        (there / path.name).write_bytes(path.read_bytes())
    stages = [Stage("scored", work_of(folder), plan=candidates) for folder in (quality, there)]
    assert stages[0].fingerprint == stages[1].fingerprint
    card = read_card(there)
    write_manifest(there / CARD, {**card, "model": {**card["model"], "biases": [0.0] * 5}})
    assert Stage("scored", work_of(there), plan=candidates).fingerprint != stages[0].fingerprint
    with pytest.raises(CorpusloomError, match="was replaced while this build ran"):
        score(tmp_path, ScoreDocuments(SavedClassifier("other", str(there))), judged)


def test_flags_become_a_decider_or_a_refusal(quality, tmp_path):
    given = argparse.Namespace(classifier=str(quality), alpha="fitted", seed=1)
    fitted = read_card(quality)["figures"]["alpha"]["fitted"]
    assert len(by_quality(given)) == 1
    assert quality_settings(given) == {"--classifier": card_digest(read_card(quality)), "--alpha": fitted}
    assert by_quality(argparse.Namespace(classifier="", alpha=None, seed=1)) == ()
    with pytest.raises(CorpusloomError, match="--alpha belongs to --classifier"):
        by_quality(argparse.Namespace(classifier="", alpha=3.0, seed=1))
    with pytest.raises(CorpusloomError, match="no classifier"):
        by_quality(argparse.Namespace(classifier=str(tmp_path), alpha=None, seed=1))
    card = read_card(quality)
    useless = tmp_path / "useless"
    useless.mkdir()
    write_manifest(useless / CARD, {**card, "figures": {**card["figures"], "auc": 0.55}})
    with pytest.raises(CorpusloomError, match=r"separates nothing \(AUC 0.55"):
        by_quality(argparse.Namespace(classifier=str(useless), alpha=None, seed=1))


def test_scores_do_not_depend_on_the_batch(quality):
    classifier = open_classifier(quality)
    texts = [(GOOD, BAD)[number % 2] * (1 + number) for number in range(60)]
    folds = [number % 5 for number in range(60)]
    together = scores_of(classifier, texts, folds)
    alone = [float(scores_of(classifier, [text], [fold])[0]) for text, fold in zip(texts, folds, strict=True)]
    assert together.tolist() == alone
    assert np.all(scores_of(classifier, ["", " . "], [0, 1]) == 0)
