"""Windows of words that stand at several places: against loops over all of them, for any order, parts and groups."""

import random
import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from dedup_world import decide_repeats, repeat_facts

from corpus.dedup.minhash import word_places, words_of
from corpus.dedup.repeated import RepeatedLines
from corpus.dedup.substrings import RepeatedSubstrings, Windows, answers, leading, place_rows
from corpus.document import Document
from corpus.files.manifest import map_arrow
from pipelines.work.sharing import CONTAINED, TOO_FEW

WORD = re.compile(r"[a-z0-9]+")
WAYS = ({"order": -1}, {"parts": 1}, {"parts": 7, "group_bytes": 1_000}, {"group_bytes": 3_000, "order": -1})


def made_up(seed, count=16):
    """Documents of few words, pieces of others, and pieces said over and over, with marks and capitals between."""
    rng, texts = random.Random(seed), []
    for _ in range(count):
        words = [f"w{rng.randrange(60)}" for _ in range(rng.randrange(14))]
        for _ in range(rng.choice((0, 1, 2))):
            piece = rng.choice(texts) if texts and rng.random() < 0.7 else words
            start = rng.randrange(len(piece) + 1)
            words += piece[start : start + rng.randrange(12)] * rng.choice((1, 1, 1, 3))
        texts.append(words)
    spelt = [
        [rng.choice((word, word.upper(), f"“{word}”", f"{word}.", f"({word}")) for word in words] for words in texts
    ]
    return [Document(f"id/{number:03}", "", rng.choice((" ", "\n")).join(some)) for number, some in enumerate(spelt)]


def oracle(documents, rule):
    """id → (words left, words in other documents, words in documents before it): loops over all windows."""
    texts = {each.id: WORD.findall(each.text.lower()) for each in documents}
    places = defaultdict(list)
    for identity, words in texts.items():
        for start in range(len(words) - rule.words + 1):
            places[tuple(words[start : start + rule.words])].append((-len(words), identity, start))
    cut, others, before = set(), set(), set()
    for some in places.values():
        some.sort()
        several = len({identity for _, identity, _ in some}) > 1
        for number, (_, identity, start) in enumerate(some):
            words = {(identity, start + each) for each in range(rule.words)}
            cut |= words if number or (several and not rule.keep_one) else set()
            others |= words if several else set()
            before |= words if identity != some[0][1] else set()
    return {
        identity: (
            [word for number, word in enumerate(words) if (identity, number) not in cut],
            len([each for each in others if each[0] == identity]),
            len([each for each in before if each[0] == identity]),
        )
        for identity, words in texts.items()
    }


def left_of(found):
    return {name: WORD.findall(text.lower()) for name, (_, text) in found.items()}


@pytest.mark.parametrize("keep_one", [True, False], ids=["one stays", "none stays"])
@pytest.mark.parametrize("words", [2, 3, 4, 7])
@pytest.mark.parametrize("seed", range(3))
def test_each_window_stays_at_its_first_place(tmp_path, seed, words, keep_one):
    documents = made_up(seed)
    rule = RepeatedSubstrings(words=words, keep_one=keep_one, least_left=0)
    found = decide_repeats(tmp_path / "one", documents, rule)
    expected = oracle(documents, rule)
    # A document of which nothing is left goes with its text.
    gone = {name for name, (reason, _) in found.items() if reason}
    assert gone == {each.id for each in documents if each.text and not expected[each.id][0]}
    assert {name: words for name, words in left_of(found).items() if name not in gone} == {
        name: words for name, (words, _, _) in expected.items() if name not in gone
    }
    assert {reason for reason, _ in found.values()} <= {"", TOO_FEW}
    if keep_one:
        all_words = {word for each in documents for word in WORD.findall(each.text.lower())}
        assert {word for words, _, _ in expected.values() for word in words} == all_words


@pytest.mark.parametrize("seed", range(3, 6))
def test_what_is_shared_is_measured_and_contained_documents_go(tmp_path, seed):
    documents, rule = made_up(seed, 24), RepeatedSubstrings(words=3, cut=False, contained=0.6)
    found, expected = decide_repeats(tmp_path / "one", documents, rule), oracle(documents, rule)
    sizes = {each.id: len(WORD.findall(each.text.lower())) for each in documents}
    assert {name for name, (reason, _) in found.items() if reason == CONTAINED} == {
        name for name, (_, _, before) in expected.items() if before and before >= 0.6 * sizes[name]
    }
    (tmp_path / "two").mkdir()
    [said] = repeat_facts(tmp_path / "two", documents, {"it": RepeatedSubstrings(words=3, cut=False)})[
        "containment_of_it"
    ]
    assert (said.documents, said.words) == (24, sum(sizes.values()))
    assert said.words_in_others == sum(others for _, others, _ in expected.values())
    tenths = Counter(-(-10 * others // sizes[name]) if others else 0 for name, (_, others, _) in expected.items())
    assert said.by_tenth == tuple(tenths[tenth] for tenth in range(11))
    ranked = sorted((-others / sizes[name], -sizes[name], name) for name, (_, others, _) in expected.items() if others)
    assert [(-one.share, -one.words, one.id) for one in said.most] == ranked[:20]


@pytest.mark.parametrize("rule", [
    RepeatedSubstrings(words=3, least_left=4), RepeatedSubstrings(words=4, contained=0.7, least_left=2),
], ids=["cut", "contained and cut"])  # fmt: skip
def test_order_parts_and_groups_change_nothing_but_ids_break_ties(tmp_path, rule):
    documents = made_up(11, 30)
    expected = decide_repeats(tmp_path / "one", documents, *rule.in_turn)
    assert len({reason for reason, _ in expected.values()}) > 1
    for number, way in enumerate(WAYS):
        assert decide_repeats(tmp_path / str(number), documents, *rule.in_turn, **way) == expected
    shuffled = random.Random(1).sample(documents, len(documents))
    assert decide_repeats(tmp_path / "again", shuffled, *rule.in_turn) == expected


def sentence(start, count):
    return " ".join(f"word{number}" for number in range(start, start + count))


def test_fifty_words_are_cut_with_their_marks_and_forty_nine_are_not(tmp_path):
    passage, short = sentence(0, 50), sentence(500, 49)
    long = f"{sentence(100, 70)}. “{passage}.” {short} {sentence(200, 40)}"
    quoting = f"She said: “{passage.upper()}!” And he: {short}, he said, {sentence(300, 5)}."
    documents = [Document("a", "", long), Document("b", "", quoting)]
    found = decide_repeats(tmp_path / "one", documents, RepeatedSubstrings())
    assert found["a"] == ("", long)
    assert found["b"] == ("", f"She said:\n\nAnd he: {short}, he said, {sentence(300, 5)}.")
    [said] = repeat_facts_of(tmp_path / "two", documents, RepeatedSubstrings())
    assert said.words_in_others == 100 and said.characters_cut == len(passage) + 3


def repeat_facts_of(folder, documents, rule):
    folder.mkdir()
    return repeat_facts(folder, documents, {"it": rule})["containment_of_it"]


def test_an_excerpt_goes_for_the_article_and_names_it(tmp_path):
    article, other = sentence(0, 400), sentence(1000, 300)
    excerpt = f"{sentence(20, 90)} and some words more"
    documents = [Document("excerpt", "", excerpt), Document("article", "", article), Document("other", "", other)]
    (tmp_path / "one").mkdir()
    rule = RepeatedSubstrings(cut=False, contained=0.8)
    facts = repeat_facts(tmp_path / "one", documents, {"it": rule}, parts=1)
    [row, *others] = verdict_rows(tmp_path / "one", facts["it"])
    assert (row["rule"], row["other_id"], row["evidence"]) == (CONTAINED, "article", "90 of 94 words")
    assert row["value"] == 90 / 94 and not any(other["rule"] or other["cuts"] for other in others)
    [said] = facts["containment_of_it"]
    assert [(one.id, one.other_id) for one in said.most] == [("excerpt", "article"), ("article", "excerpt")]


def verdict_rows(folder, decided):
    return [row for each in decided for row in map_arrow(folder / each.runs[0].verdicts.path).to_pylist()]


def test_a_passage_is_not_cut_in_favour_of_a_document_that_goes(tmp_path):
    """The middle one is contained in the long one, but for a passage that it shares with the short one."""
    passage = sentence(900, 60)
    long, middle, short = sentence(0, 600), f"{sentence(0, 400)} {passage}", f"Ours: {passage} {sentence(2000, 30)}"
    documents = [Document(name, "", text) for name, text in (("long", long), ("middle", middle), ("short", short))]
    found = decide_repeats(tmp_path / "one", documents, *RepeatedSubstrings(contained=0.8).in_turn)
    assert found == {"long": ("", long), "middle": (CONTAINED, middle), "short": ("", short)}


def test_what_is_said_over_and_over_in_a_document_is_said_once(tmp_path):
    text = " ".join(["buy one get one free today only"] * 20)
    found = decide_repeats(tmp_path / "one", [Document("a", "", text)], RepeatedSubstrings(words=10))
    assert found["a"] == ("", "buy one get one free today only")


def test_a_line_that_one_rule_left_here_no_later_one_cuts(tmp_path):
    documents = [
        Document(f"id{each}", "", f"{sentence(0, 60)}\n{sentence(100 * each + 100, 20 + each)}") for each in range(9)
    ]
    rules = (RepeatedLines(least_sentences=0), RepeatedSubstrings(words=20))
    found = decide_repeats(tmp_path / "one", documents, *rules)
    assert sorted(sentence(0, 60) in text for _, text in found.values()) == [False] * 8 + [True]
    assert all(sentence(100 * each + 100, 20 + each) in found[f"id{each}"][1] for each in range(9))


@pytest.mark.parametrize("words", [2, 5, 50])
def test_equal_windows_have_equal_minimizers_which_are_few(words):
    rng = random.Random(words)
    rule = RepeatedSubstrings(words=words)
    text = " ".join(f"w{rng.randrange(10**6)}" for _ in range(6_000))
    windows = Windows(text, rule)
    assert windows.count == 6_000 - words + 1 == len(windows.hashes)
    grams, least = windows.minimizers
    inner = Windows(" ".join(text.split()[100 : 100 + words]), rule)
    assert inner.hashes.tolist() == windows.hashes[100:101].tolist()
    assert inner.grams().tolist() == [grams[least[100]]]
    expected = 2 / (words - rule.gram + 2)
    assert len(windows.grams()) == pytest.approx(6_000 * expected, rel=0.1)
    assert windows.of_grams(grams[least[100:101]]).tolist() == np.flatnonzero(least == least[100]).tolist()


def test_words_lie_where_they_are_said_to():
    text = "Hello, wörld! 你好 don't 😀x “a b” İstanbul"
    assert [text[begin:end].lower() for begin, end in word_places(text)] == words_of(text)
    assert (
        Windows("only four words here", RepeatedSubstrings(words=5)).count
        == 0
        == len(Windows("", RepeatedSubstrings()).hashes)
    )


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="at least two words"):
        RepeatedSubstrings(words=1)
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        RepeatedSubstrings(contained=80)


def test_a_passage_of_many_documents_costs_a_part_two_rows_a_window():
    rows = np.zeros(60_000, place_rows(8))
    rows["hash"], rows["row"] = np.tile(np.arange(30), 2_000), np.repeat(np.arange(2_000), 30)
    rows["words"], rows["times"] = 100 + rows["row"] % 7, 1
    rows["id"] = [f"id{row}".encode() for row in rows["row"].tolist()]
    sent = leading(rows)
    assert len(sent) == 60 and sorted(sent["times"].tolist()) == [0] * 30 + [2] * 30
    # Of the longest, which have 106 words, the least ids.
    assert set(zip(sent["times"].tolist(), sent["id"].tolist(), strict=True)) == {(2, b"id1000"), (0, b"id1007")}
    [again] = np.unique(answers(sent)[["part", "row", "id"]])
    assert again.item() == (0, 1000, b"id1007")
