"""Verdicts of several deciders on the same documents: who decides, what is marked, what is cut, what is left out."""

import numpy as np
import pytest

from corpus.document import Document
from corpus.files.manifest import Counts, read_parquet, write_arrow, write_parquet
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA, kept_row
from pipelines.runtime.task import Task
from pipelines.work.judging import JudgedFacts
from pipelines.work.selection import SelectDocuments, parts_to_select
from pipelines.work.signatures import SignDocuments
from pipelines.work.verdicts import (
    DecidedFacts,
    VerdictRun,
    align,
    candidates,
    read_candidates,
    still_in,
    verdict_table,
    without_cuts,
)

TEXTS = ("One. Two. Three.", "second", "third", "fourth", "fifth")


@pytest.fixture
def judged(tmp_path):
    """Two parts: three documents, then two."""
    facts = []
    for name, numbers in (("a", range(3)), ("b", range(3, 5))):
        rows = [kept_row(Document(str(number), "u", TEXTS[number])) for number in numbers]
        kept = write_parquet(tmp_path / f"{name}.parquet", tmp_path, KEPT_SCHEMA, rows)
        none = write_parquet(tmp_path / f"{name}-rejected.parquet", tmp_path, REJECTED_SCHEMA, [])
        facts.append(JudgedFacts(kept, none, none))
    return facts


def decided(folder, name, rows=(3, 2), **columns):
    """Facts of a decider that wrote one file on all five documents."""
    part = write_arrow(folder / f"{name}.arrow", folder, verdict_table(sum(rows), **columns))
    return [DecidedFacts((VerdictRun(part, rows),))]


def select(folder, judged, *deciders):
    kept, rejected, counts = [], [], Counts()
    for number, unit in enumerate(parts_to_select(judged, *deciders)):
        outcome = SelectDocuments()(Task(str(number), "selected", unit, str(folder)))
        counts += outcome.counts
        for part, rows in ((outcome.facts.kept, kept), (outcome.facts.rejected, rejected)):
            rows.extend(read_parquet(folder / part.path) if part else ())
    return kept, rejected, counts


def test_the_first_rule_decides_and_marks_of_all_are_kept(tmp_path, judged):
    scored = decided(
        tmp_path, "scored", rule=["", "", "", "quality.pareto", ""], value=[None, None, None, 0.25, None],
        quality_score=[0.5, 0.75, 1.0, 0.25, 0.0],
    )  # fmt: skip
    clusters = decided(
        tmp_path, "clusters", rule=["", "duplicates.near", "", "duplicates.near", ""],
        value=[None, 0.9, None, 0.8, None], other_id=["", "0", "", "0", ""], cluster=["0", "0", "2", "", "4"],
    )  # fmt: skip
    leaks = decided(
        tmp_path, "leaks", rule=["", "", "", "", "benchmark.contaminated"], evidence=["", "", "", "", "quiz: gram"],
        cuts=[[{"start": 4, "end": 10}], None, None, None, None],
    )  # fmt: skip
    kept, rejected, counts = select(tmp_path, judged, scored, clusters, leaks)
    assert [(row["id"], row["text"], row["quality_score"], row["cluster"]) for row in kept] == [
        ("0", "One.\n\nThree.", 0.5, "0"),
        ("2", "third", 1.0, "2"),
    ]
    reasons = {row["id"]: (f"{row['step']}.{row['rule']}", row["value"], row["other_id"]) for row in rejected}
    assert reasons == {
        "1": ("duplicates.near", 0.9, "0"),
        "3": ("quality.pareto", 0.25, ""),
        "4": ("benchmark.contaminated", None, ""),
    }
    assert {row["id"]: row["quality_score"] for row in rejected} == {"1": 0.75, "3": 0.25, "4": 0.0}
    assert next(row for row in rejected if row["id"] == "4")["evidence"] == "quiz: gram"
    counts.check("selected")
    assert (counts.kept, counts.rejected) == (2, 3)


def test_without_deciders_every_document_stays(tmp_path, judged):
    kept, rejected, _ = select(tmp_path, judged)
    assert [row["text"] for row in kept] == list(TEXTS)
    assert not rejected


def test_a_decider_sees_what_earlier_ones_left(tmp_path, judged):
    first = decided(tmp_path, "first", rule=["", "x.y", "", "", ""])
    second = decided(tmp_path, "second", rule=["x.z", "", "", "x.z", ""])
    one, two = candidates(judged, first, second)
    assert still_in(tmp_path, one).tolist() == [False, False, True]
    assert [(number, row["id"]) for number, row in read_candidates(tmp_path, two)] == [(1, "4")]


def test_only_what_is_still_in_is_signed(tmp_path, judged):
    from corpus.dedup.minhash import MinHash

    unit = next(iter(candidates(judged, decided(tmp_path, "first", rule=["x.y", "", "", "", ""]))))
    facts = SignDocuments(MinHash())(Task("t", "signatures", unit, str(tmp_path))).facts
    assert (facts.signatures.rows, facts.documents) == (2, 3)


def test_verdicts_on_other_documents_are_refused(tmp_path, judged):
    with pytest.raises(ValueError, match="a row for each judged document"):
        list(candidates(judged, decided(tmp_path, "short", rows=(3, 1))))


def test_rows_that_were_left_out_have_an_empty_verdict():
    table = align(verdict_table(2, rule=["a.b", ""], value=[1.0, None], cluster=["", "c"]), np.array([3, 0]), 5)
    assert table["rule"].to_pylist() == ["", "", "", "a.b", ""]
    assert table["cluster"].to_pylist() == ["c", "", "", "", ""]
    assert table["value"].to_pylist() == [None, None, None, 1.0, None]


@pytest.mark.parametrize(
    ("cuts", "left"),
    [
        ([], "abc def ghi"),
        ([(0, 4)], "def ghi"),
        ([(4, 7)], "abc\n\nghi"),
        ([(0, 3), (8, 11)], "def"),
        ([(0, 11)], ""),
        ([(2, 2)], "ab\n\nc def ghi"),
    ],
)
def test_cuts_leave_paragraphs(cuts, left):
    assert without_cuts("abc def ghi", [{"start": start, "end": end} for start, end in cuts]) == left
