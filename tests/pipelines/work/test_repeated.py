"""Repeated lines stay once: against a plain loop, for any order and number of groups, with the cuts of others."""

import hashlib
import random
import re
from collections import defaultdict
from functools import partial

import pytest
from dedup_world import decide_repeats as decide

from corpus.dedup.repeated import C4_PAPER, CCNET, RepeatedLines, lines_of
from corpus.document import Document
from corpus.hashing import key64
from pipelines.work.repeated import RULE
from pipelines.work.verdicts import join_cuts

LINES = [f"This is line number {number} of all." for number in range(40)]
SENTENCE = re.compile(r"Here is[^.]*\.")


def made_up(seed):
    rng, found = random.Random(seed), []
    for number in range(30):
        own = [f"Only document {number} has this {place}." for place in range(rng.randrange(4))]
        lines = own + rng.choices(LINES, k=rng.randrange(5))
        rng.shuffle(lines)
        found.append(Document(f"id{number}", f"u{number}", "\n".join(lines)))
    return found


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


def mixed(value):
    """SplitMix64's finaliser, once more."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)


def sentences_left(documents, in_a_row, keep_one=True):
    """id → the sentences that stay of documents given as lists of sentences: loops over all places."""
    places = defaultdict(list)
    for identity, sentences in documents.items():
        for first in range(len(sentences) - in_a_row + 1):
            places[tuple(sentences[first : first + in_a_row])].append((identity, first))
    cut = set()
    for run_of, some in places.items():
        some.sort(key=lambda place: (mixed(key64(place[0]) % 2**64), place[1]))
        several = len({identity for identity, _ in some}) > 1
        for identity, first in some[0 if several and not keep_one else 1 :]:
            cut |= {(identity, first + each) for each in range(len(run_of))}
    return {
        identity: [each for number, each in enumerate(sentences) if (identity, number) not in cut]
        for identity, sentences in documents.items()
    }


@pytest.mark.parametrize("keep_one", [True, False], ids=["one stays", "none stays"])
@pytest.mark.parametrize("seed", range(4))
def test_three_sentences_in_a_row_stay_once(tmp_path, seed, keep_one):
    rng = random.Random(seed)
    known = [f"Here is sentence number {number}." for number in range(6)]
    given = {f"id{number}": rng.choices(known, k=rng.randrange(9)) for number in range(14)}
    documents = [Document(name, name, rng.choice(" \n").join(some)) for name, some in given.items()]
    rule = RepeatedLines(least_sentences=0, sentences=3, keep_one=keep_one)
    found = decide(tmp_path / "one", documents, rule)
    expected = sentences_left(given, 3, keep_one)
    assert {name: SENTENCE.findall(text) for name, (_, text) in found.items()} == expected
    if keep_one:
        assert {each for some in expected.values() for each in some} == {
            each for some in given.values() for each in some
        }
    for number, way in enumerate(({"order": -1}, {"parts": 1}, {"parts": 5, "group_bytes": 2_000})):
        assert decide(tmp_path / str(number), documents, rule, **way) == found


def test_four_shared_sentences_are_not_lost_between_two_documents(tmp_path):
    """Each run of three drawn for by itself, one document would lose the first three and the other the last three."""
    text = "First of all. Second of all. Third of all. Fourth of all."
    documents = [Document(f"id{number}", "", f"{text} Only number {number} says so.") for number in range(8)]
    found = decide(tmp_path / "one", documents, RepeatedLines(least_sentences=0, sentences=3))
    assert sorted(left.count("of all") for _, left in found.values()) == [0] * 7 + [4]
    assert {rule for rule, _ in decide(tmp_path / "two", documents, C4_PAPER).values()} == {"", RULE}


def test_ccnet_cuts_a_paragraph_out_of_all_documents(tmp_path):
    texts = {
        "a": "Écrit le 3 mai, à Paris.\nMine alone.\nTwice in me.\nTwice in me.",
        "b": "  ecrit le 4 mai a PARIS \nMine too.",
        "c": "Écrit le 5 mai à Paris",
        "d": "Écrit en mai à Paris\n- -",
    }
    found = decide(tmp_path / "one", [Document(name, name, text) for name, text in texts.items()], CCNET)
    assert found["a"] == ("", "Mine alone.\nTwice in me.")
    assert found["b"] == ("", "Mine too.") and found["c"] == (RULE, texts["c"]) and found["d"] == ("", texts["d"])


def test_hashes_of_ccnets_code_are_its_own():
    """Lower case, digits to 0, some marks away; the first eight bytes of SHA-1, as a number of its arrays."""
    [(hashed, start, end)] = lines_of(" Naïve “Zoë”, aged 47…\n", RepeatedLines(compared="ccnet_code"))
    assert (start, end) == (0, 22)
    assert hashed == int.from_bytes(hashlib.sha1("naïve zoë, aged 00".encode()).digest()[:8], "little")
    with pytest.raises(ValueError, match="one of case, ccnet, ccnet_code"):
        RepeatedLines(compared="cc_net")


def test_a_later_rule_sees_what_an_earlier_one_has_left(tmp_path):
    """The line and the sentence are one: whichever document keeps the line, the next rule must not cut it there."""
    documents = [Document(f"id{number}", "", f"Shared by all.\nOwn line {number}.") for number in range(9)]
    lines = RepeatedLines(least_sentences=0)
    found = decide(tmp_path / "one", documents, lines, RepeatedLines(least_sentences=0, sentences=1))
    assert sorted(left.count("Shared") for _, left in found.values()) == [0] * 8 + [1]
    assert all(f"Own line {number}." in found[f"id{number}"][1] for number in range(9))
