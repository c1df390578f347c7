"""What is close to another corpus, against a plain oracle: never the reverse, never along a chain."""

import random

import numpy as np
import pytest
from dedup_world import corpus, document, judged, judged_stage, planted, run, verdicts

from corpus.dedup.minhash import MinHash, band_hashes, signatures
from corpus.document import Document
from pipelines.builds.against import keep_out, rule_of
from pipelines.work import against
from pipelines.work.against import _FIRST_OTHER, shared_sets

NEAR = MinHash()


def decide(folder, documents, corpora, parts=3, **settings):
    """The verdicts, and the documents in their order."""
    folder.mkdir(exist_ok=True)
    stage = keep_out(corpora, NEAR, **settings)(judged_stage(), ()).verdicts
    facts = run(stage, folder, {"judged": judged(folder, documents, parts)})
    found = [verdict[1:] for verdict in verdicts(folder, facts["against"])]
    return found, [document for part in range(parts) for document in documents[part::parts]], facts


def oracle(documents, others):
    """For each document the verdict by a loop over all `others`, pairs of a corpus' source and its documents."""
    own = signatures([document.text for document in documents], NEAR)
    sides = [(source, signatures([other.text for other in some], NEAR), some) for source, some in others]
    found = []
    for signed in own:
        best = None
        for number, (source, theirs, some) in enumerate(sides):
            shared = (band_hashes(theirs, NEAR) == band_hashes(signed[None], NEAR)).any(axis=1)
            for place in np.flatnonzero(shared & ((theirs == signed).sum(axis=1) >= NEAR.needed)):
                same, other = int((theirs[place] == signed).sum()), some[place]
                rank = (-same, number, other.id)
                if not (signed == 2**32 - 1).all() and (best is None or rank < best[0]):
                    best = (rank, (rule_of(source), other.id, same / NEAR.minima))
        found.append(best[1] if best else ("", "", None))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_verdicts_are_those_of_the_oracle(tmp_path, seed):
    documents = planted(seed, 40)
    random.Random(seed).shuffle(documents)
    half, more = len(documents) // 2, 3 * len(documents) // 4
    ours, first, second = documents[:half], documents[half:more], documents[more:]
    given = [corpus(tmp_path / "a", first, "webtext"), corpus(tmp_path / "b", second, "wikipedia")]
    found, ordered, _ = decide(tmp_path / "own", ours, given)
    assert found == oracle(ordered, [("webtext", first), ("wikipedia", second)])
    assert {rule for rule, _, _ in found} == {"", "overlap.webtext", "wikipedia.content"}
    again, _, facts = decide(tmp_path / "groups", ours, given, group_bytes=8_000)
    assert again == found and len(facts["against_bands"]) > 2


def test_a_chain_takes_nobody_along(tmp_path):
    """The other corpus has A; B is close to A, and C to B alone."""
    words = [f"w{number}" for number in range(300)]
    chain = [" ".join([*(f"x{number}" for number in range(changed)), *words[changed:]]) for changed in (0, 40, 80)]
    rng = random.Random(1)
    a, b, c = (document(str(number), text, rng) for number, text in enumerate(chain))
    found, _, _ = decide(tmp_path / "own", [b, c], [corpus(tmp_path / "other", [a], "webtext")], parts=1)
    assert [(rule, other) for rule, other, _ in found] == [("overlap.webtext", a.id), ("", "")]


def test_an_empty_side_leaves_everybody(tmp_path):
    texts = [Document("webtext/1", "u", "one two three four five six")]
    assert decide(tmp_path / "own", texts, [corpus(tmp_path / "other", [], "webtext")], parts=2)[0] == [("", "", None)]
    assert decide(tmp_path / "none", [], [corpus(tmp_path / "some", texts, "webtext")], parts=1)[0] == []


def test_a_crowd_meets_the_first_of_the_others_and_the_rest_is_counted(monkeypatch):
    """Three of ours and five others in a bucket, two of each to a piece."""
    monkeypatch.setattr(against, "CROWD", 4)
    numbers = np.r_[np.arange(3), _FIRST_OTHER + np.arange(5), 7, 9]
    asked, left_out, largest = shared_sets(numbers, np.array([0, 8, 10]))
    sets = [sorted(asked["number"][asked["key"] == key].tolist()) for key in np.unique(asked["key"])]
    others = (_FIRST_OTHER + np.arange(2)).tolist()
    assert sorted(sets) == [[0, 1, *others], [2, *others]]
    assert (left_out, largest) == (3 * 3, 8)
