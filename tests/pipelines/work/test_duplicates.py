"""The stages of deduplication against a plain oracle: any order, any number of groups, any cut into runs."""

from collections import Counter

import numpy as np
import pytest
from dedup_world import judged, judged_stage, oracle, planted, run, verdicts

from corpus.dedup.minhash import MinHash
from corpus.document import Document
from pipelines.builds.duplicates import Room, deduplicate
from pipelines.work import candidates, signatures
from pipelines.work.signatures import ROW_BITS

NEAR = MinHash()


def decide(folder, documents, parts=3, group_bytes=2**26, order=1, near=NEAR, rounds=0):
    """The facts of all stages, the verdicts, and the documents in the order of the verdicts."""
    folder.mkdir(exist_ok=True)
    given = {"judged": judged(folder, documents, parts)}
    stage = deduplicate(near, Room(group_bytes, rounds=rounds))(judged_stage(), ()).verdicts
    facts = run(stage, folder, given, order)
    return (
        facts,
        verdicts(folder, facts["duplicates"]),
        [one for part in range(parts) for one in documents[part::parts]],
    )


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_are_those_of_the_oracle(tmp_path, seed):
    _, found, documents = decide(tmp_path, planted(seed))
    expected = oracle(documents, NEAR)
    assert found == expected
    rules = Counter(verdict[1] for verdict in found)
    assert all(rules[rule] for rule in ("", "duplicates.near", "duplicates.same_page", "duplicates.same_text"))


def test_groups_runs_and_order_change_no_verdict(tmp_path, monkeypatch):
    documents = planted(7)
    _, expected, _ = decide(tmp_path / "one", documents)
    _, found, _ = decide(tmp_path / "backwards", documents, order=-1)
    assert found == expected
    facts, found, _ = decide(tmp_path / "small", documents, group_bytes=8_000)
    assert found == expected and len(facts["pages"]) > 2 and len(facts["bands"]) > 2 and len(facts["near"]) > 2
    monkeypatch.setattr(signatures, "VERDICTS_PER_PART", 40)
    facts, found, _ = decide(tmp_path / "runs", documents)
    assert found == expected and len(facts["duplicates"]) == 3


def test_another_cut_into_parts_changes_no_verdict(tmp_path):
    """Documents that are equal in everything but their place are told apart by it, so each stands once here."""
    documents = list({document.id: document for document in planted(3)}.values())
    by_id = []
    for parts in (1, 4):
        _, found, ordered = decide(tmp_path / str(parts), documents, parts)
        by_id.append({document.id: verdict for document, verdict in zip(ordered, found, strict=True)})
    assert by_id[0] == by_id[1]


def test_texts_without_words_are_like_nobody(tmp_path):
    documents = [Document(str(number), "u", "?" * (number + 1), surt=str(number)) for number in range(5)]
    _, found, _ = decide(tmp_path, [*documents, Document("a", "u", "?", surt="a")])
    assert sorted(verdict[1] for verdict in found) == ["", "", "", "", "", "duplicates.same_text"]


def test_nothing_at_all_and_empty_parts(tmp_path):
    assert decide(tmp_path, [], parts=2)[1] == []
    assert [verdict[1] for verdict in decide(tmp_path, [Document("a", "u", "one two")], parts=3)[1]] == [""]


def test_a_crowded_bucket_is_cut_and_what_is_not_compared_is_counted(monkeypatch):
    """Ten documents in one bucket, four to a piece: pieces of 4, 4 + 1, 2 + 1, of which 28 pairs lie across."""
    monkeypatch.setattr(candidates, "CROWD", 4)
    numbers = np.arange(10) + (1 << ROW_BITS)
    asked, left_out = candidates.sets_of(np.r_[numbers, 5, 6], np.array([0, 10, 11, 12]))
    sets = [set(asked["number"][asked["key"] == key].tolist()) for key in np.unique(asked["key"])]
    first = numbers[0]
    expected = [set(numbers[:4].tolist()), {first, *numbers[4:8].tolist()}, {first, *numbers[8:].tolist()}]
    assert sorted(map(sorted, sets)) == sorted(map(sorted, expected))
    assert left_out == 45 - 6 - 10 - 3


def test_equal_sets_of_different_bands_have_one_key():
    numbers = np.array([3, 9, 3, 9, 3, 10])
    asked, _ = candidates.sets_of(numbers, np.array([0, 2, 4, 6]))
    assert len(asked) == 4
