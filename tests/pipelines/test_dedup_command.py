"""The command that plans and scores: the curve, the arithmetic, known pairs, and what it says of bad files."""

import json

import pytest

from corpus.dedup.minhash import PRESETS as SETTINGS
from corpus.dedup.minhash import MinHash
from corpus.dedup.planning import Scale, costs
from pipelines.dedup import PRESETS, main

WORDS = [f"w{number}" for number in range(200)]


def lines_of(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_the_plan_shows_the_curve_and_what_it_costs(capsys):
    assert main(["plan", "--documents", "3,000,000,000", "--similarity", "0.82"]) == 0
    said = capsys.readouterr().out
    assert "0.82" in said and f"{MinHash().candidate_probability(0.82):.6f}  <-" in said
    assert "shuffled    3.9 TB" in said and "signatures 1.7 TB" in said


def test_the_arithmetic_by_hand():
    """1,000 documents, 4 x 8 = 32 minima (128 B), half with company, each asked for by four sets."""
    found = costs(Scale(1_000, 100, 0.5), MinHash(4, 8))
    assert found.signatures == 1_000 * (128 + 116)
    assert found.crossing == 1_000 * (232 + 64) + 500 * 4 * (16 + 100 + 128) + 500 * 228
    assert (found.joining, found.rounds) == (500 * 64, 4 * 500 * 48)


def test_every_preset_can_be_named():
    assert set(PRESETS) == set(SETTINGS)


def test_a_similarity_of_0_is_given(capsys):
    assert main(["plan", "--documents", "10", "--min-similarity", "0", "--preset", "fineweb"]) == 0
    none = capsys.readouterr().out
    assert main(["plan", "--documents", "10", "--preset", "fineweb"]) == 0
    assert capsys.readouterr().out != none


def test_known_pairs_are_scored(tmp_path, capsys):
    texts, pairs = tmp_path / "texts.jsonl", tmp_path / "pairs.jsonl"
    changed = " ".join(["x", *WORDS[1:]])
    far = " ".join(f"y{number}" for number in range(200))
    texts.write_text(lines_of(*({"id": name, "text": text} for name, text in
                                (("a", " ".join(WORDS)), ("b", changed), ("c", far), ("d", far)))))  # fmt: skip
    pairs.write_text(lines_of({"a": "a", "b": "b", "duplicate": True}, {"a": "a", "b": "c", "duplicate": False}))
    assert main(["evaluate", "--texts", str(texts), "--pairs", str(pairs)]) == 0
    said = capsys.readouterr().out
    assert "1 found, 0 missed, 0 wrong; precision 1.000, recall 1.000" in said
    assert "beside the known pairs: 1" in said


@pytest.mark.parametrize(
    ("texts", "pairs", "said"),
    [
        ('{"id": "a", "text": "x"}\n', '{"a": "a", "b": "z"}\n', "z is the id of no text"),
        ('{"id": "a", "text": "x"}\n{"id": "a", "text": "x"}\n', "", "the id a stands there twice"),
        ('{"id": "a"}\n', '{"a": "a", "b": "a"}\n', "line 1: not an object with id and text"),
        ('{"id": "a", "text": "x"}\n', '{"a": "a", "b"', "line 1: not an object with a and b"),
    ],
)
def test_bad_files_are_named(tmp_path, capsys, texts, pairs, said):
    (tmp_path / "texts.jsonl").write_text(texts)
    (tmp_path / "pairs.jsonl").write_text(pairs)
    assert main(["evaluate", "--texts", str(tmp_path / "texts.jsonl"), "--pairs", str(tmp_path / "pairs.jsonl")]) == 3
    assert said in capsys.readouterr().err


def test_what_is_missing_is_said(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["plan"])
    assert "plan needs --documents" in capsys.readouterr().err
