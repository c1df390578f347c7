"""A build with a classifier: scores, the rule among the reasons, and that another classifier judges nothing again."""

import json
import sys
from dataclasses import asdict

import pytest

pytest.importorskip("apache_beam")

from conftest import rows, run

from classifiers import train
from corpus.document import Document
from corpus.files.manifest import MANIFEST, read_manifest, verify, write_manifest, write_parquet
from corpus.sample.prose import english_article
from corpus.schema import KEPT_SCHEMA, kept_row

SHOP = "Add to cart. Free shipping. Sign in. Accept all cookies. Next page. Buy now, only 3 left in stock. "
BOOKS = 24


def prose(number):
    return english_article(number).text


def corpus(folder, texts):
    found = [
        Document(f"{folder.name}/{number}", "", text, domain=f"{number}.example") for number, text in enumerate(texts)
    ]
    part = write_parquet(folder / "kept" / "part.parquet", folder, KEPT_SCHEMA, map(kept_row, found))
    write_manifest(folder / MANIFEST, {"parts": [asdict(part)]})
    return str(folder)


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory):
    """Two classifiers that learned from other documents."""
    folder, made = tmp_path_factory.mktemp("classifiers"), []
    for name, first in (("one", 100), ("other", 200)):
        good = corpus(folder / name / "good", [prose(number) for number in range(first, first + 40)])
        bad = corpus(
            folder / name / "bad", [SHOP * (2 + number % 9) + str(number) for number in range(first, first + 40)]
        )
        assert train.main(["--positive", good, "--negative", bad, "--output", str(folder / name / "made")]) == 0
        made.append(folder / name / "made")
    return made


def shop(number):
    return "\n\n".join(f"{SHOP}Item {number} of {each}." for each in range(12))


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Prose and a shop's pages in turns."""
    path = tmp_path_factory.mktemp("books") / "books.jsonl"
    lines = [{"id": f"b{number}", "text": (prose, shop)[number % 2](number)} for number in range(BOOKS)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def build(books, output, *more):
    command = [sys.executable, "-m", "pipelines.build_books", "--books", books, "--output", output, *more]
    return run([str(part) for part in command])


@pytest.fixture(scope="module")
def built(books, classifiers, tmp_path_factory):
    output = tmp_path_factory.mktemp("built") / "corpus"
    ran = build(books, output, "--classifier", classifiers[0])
    assert ran.returncode == 0, ran.stderr
    return output


def judged(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".stages" / "judged").rglob("part-*")}


def corpus_of(folder):
    """Every part and the manifest."""
    paths = [*(folder / "kept").iterdir(), *(folder / "rejected").iterdir(), folder / MANIFEST]
    return {path.name: path.read_bytes() for path in paths}


def test_kept_rows_have_their_score_and_rejected_ones_the_rule(built):
    kept, rejected = rows(built, "kept"), rows(built, "rejected")
    assert kept and all(0 <= row["quality_score"] <= 1 for row in kept)
    pareto = [row for row in rejected if row["step"] == "quality"]
    assert {row["rule"] for row in pareto} == {"pareto"}
    assert all(row["value"] == row["quality_score"] for row in pareto)
    assert (
        min(row["quality_score"] for row in kept)
        > 0.5
        > max(row["quality_score"] for row in pareto if "cart" in row["text"])
    )
    counts = read_manifest(built)["counts"]["quality"]
    assert counts["in"] == counts["kept"] + counts["rejected"]
    assert counts["reasons"] == {"quality.pareto": len(pareto)}
    assert verify(built) == []


def test_another_classifier_scores_again_and_judges_nothing_again(built, books, classifiers, tmp_path):
    before = judged(built)
    refused = build(books, built, "--classifier", classifiers[1])
    assert refused.returncode == 2 and "--classifier was" in refused.stderr
    ran = build(books, built, "--classifier", classifiers[1], "--replace")
    assert ran.returncode == 0, ran.stderr
    assert before and judged(built) == before
    fresh = build(books, tmp_path / "fresh", "--classifier", classifiers[1])
    assert fresh.returncode == 0, fresh.stderr
    assert corpus_of(built) == corpus_of(tmp_path / "fresh")


def test_alpha_without_a_classifier_is_refused(books, tmp_path):
    ran = build(books, tmp_path / "corpus", "--alpha", "3")
    assert ran.returncode == 2 and "--alpha belongs to --classifier" in ran.stderr
