"""Repeated lines stay once: against a plain loop, for any order and number of groups, with the cuts of others."""

import random
from functools import partial

import pytest
from dedup_world import judged, judged_stage, run

from corpus.dedup.repeated import RepeatedLines
from corpus.document import Document
from corpus.files.manifest import map_arrow
from pipelines.builds.repeated import without_repeats
from pipelines.work.repeated import RULE
from pipelines.work.verdicts import join_cuts, without_cuts

LINES = [f"This is line number {number} of all." for number in range(40)]


def made_up(seed):
    rng, found = random.Random(seed), []
    for number in range(30):
        own = [f"Only document {number} has this {place}." for place in range(rng.randrange(4))]
        lines = own + rng.choices(LINES, k=rng.randrange(5))
        rng.shuffle(lines)
        found.append(Document(f"id{number}", f"u{number}", "\n".join(lines)))
    return found


def decide(folder, documents, rule, parts=3, order=1, group_bytes=2**24):
    """id → (rule, text that is left) of each document."""
    folder.mkdir()
    last = without_repeats(rule, group_bytes)(judged_stage(), ()).verdicts
    facts = run(last, folder, {"judged": judged(folder, documents, parts)}, order)
    rows = [row for each in facts["repeated"] for row in map_arrow(folder / each.runs[0].verdicts.path).to_pylist()]
    ordered = [each for part in range(parts) for each in documents[part::parts]]
    return {
        each.id: (row["rule"], without_cuts(each.text, row["cuts"])) for each, row in zip(ordered, rows, strict=True)
    }


@pytest.mark.parametrize("seed", range(3))
def test_each_line_stays_in_one_document(tmp_path, seed):
    documents = made_up(seed)
    found = decide(tmp_path / "one", documents, RepeatedLines(least_sentences=0))
    left = [line for _, text in found.values() for line in text.split("\n") if line]
    assert sorted(left) == sorted({line for each in documents for line in each.text.split("\n") if line})
    assert not any(rule for rule, _ in found.values())
    strict = decide(tmp_path / "three", documents, RepeatedLines(least_sentences=3))
    for name, (_, text) in found.items():
        lines = [line for line in text.split("\n") if line]
        changed = text.split() != next(each.text for each in documents if each.id == name).split()
        assert strict[name][0] == (RULE if changed and len(lines) < 3 else "")


def test_order_parts_and_groups_change_nothing(tmp_path):
    documents = made_up(9)
    expected = decide(tmp_path / "one", documents, RepeatedLines())
    ways = ({"order": -1}, {"parts": 1}, {"group_bytes": 3_000}, {"parts": 5, "group_bytes": 9_000})
    for number, way in enumerate(ways):
        assert decide(tmp_path / str(number), documents, RepeatedLines(), **way) == expected


def test_case_and_white_space_make_no_other_line_and_short_ones_are_left(tmp_path):
    one, two = Document("a", "a", "Share this\nok\nMine."), Document("b", "b", "  SHARE THIS \nok\nYours.")
    found = decide(tmp_path / "one", [one, two], RepeatedLines(least_sentences=0, least_characters=3), parts=1)
    assert sorted(text.lower().count("share") for _, text in found.values()) == [0, 1]
    assert all("ok" in text for _, text in found.values())


def test_cuts_of_two_deciders_are_one_list():
    span = partial(dict)
    some, more = [span(start=4, end=9), span(start=20, end=22)], [span(start=0, end=2), span(start=8, end=12)]
    assert join_cuts(some, more) == [span(start=0, end=2), span(start=4, end=12), span(start=20, end=22)]
    assert some[0] == span(start=4, end=9)
