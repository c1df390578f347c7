"""Train, evaluate and explain as a user does: figures, same bytes, refusals."""

import json
import shutil

import numpy as np
import pytest
from small_corpora import PROSE, SHOP, documents, write_corpus

from classifiers import evaluate, explain, train
from classifiers.corpora import read
from classifiers.evaluation import Evaluated, Side
from classifiers.evaluation import evaluate as score_side
from classifiers.folds import FOLDS, fold_key, fold_of, large_domains
from classifiers.model import CARD, open_classifier, read_card
from classifiers.training_run import open_sides, without_overlap
from corpus.errors import CorpusloomError
from corpus.files.manifest import write_manifest


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Prose in two corpora, a shop's pages in one, of which three pages are prose that stands in the first as well."""
    folder = tmp_path_factory.mktemp("corpora")
    prose = documents("webtext", PROSE, 60)
    return {
        "web": write_corpus(folder / "web", prose),
        "books": write_corpus(folder / "books", documents("books", PROSE, 20, first=100)),
        "raw": write_corpus(folder / "raw", [*documents("raw", SHOP, 60), *prose[:3]]),
        "more": write_corpus(folder / "more", documents("more", SHOP, 20, first=200)),
    }


def arguments(corpora, output, *more):
    return [
        "--positive",
        corpora["web"],
        corpora["books"],
        "--negative",
        corpora["raw"],
        "--output",
        str(output),
        *more,
    ]


@pytest.fixture(scope="module", params=["linear", "faithful", "fasttext"])
def trained(request, corpora, tmp_path_factory):
    """A classifier of each engine."""
    folder = tmp_path_factory.mktemp(request.param) / "quality"
    assert train.main(arguments(corpora, folder, "--engine", request.param)) == 0
    return folder


def test_the_card_has_the_figures(trained):
    card = read_card(trained)
    found = card["figures"]
    assert found["auc"] > 0.95
    assert found["documents"] == {"positive": 80, "negative": 60, "overlapping": 3}
    assert found["keep_rate"]["positive"] > found["keep_rate"]["negative"]
    assert {"web", "books"} == set(found["by_corpus"]["positive"])
    assert sum(found["histogram"]["negative"]) == 60
    page = (trained / "index.html").read_text()
    assert "heron" in page and "<script" not in page


def test_the_same_data_give_the_same_bytes(trained, corpora, tmp_path):
    again = tmp_path / "again"
    turned = ["--negative", corpora["raw"], "--positive", corpora["books"], "--positive", corpora["web"]]
    engine = read_card(trained)["model"]["engine"]
    assert train.main([*turned, "--output", str(again), "--engine", engine]) == 0
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in trained.iterdir()
    }


def test_evaluate_prints_the_contract(trained, corpora, capsys):
    given = [str(trained), "--positive", corpora["books"], "--negative", corpora["more"], "--json"]
    assert evaluate.main(given) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["auc"] > 0.95
    assert set(found["keep_rate"]) == {"alpha", "positive", "negative"}


def test_explain_adds_up_to_the_logit(trained, capsys, tmp_path):
    (tmp_path / "page.txt").write_text("The river ran slowly. Add to cart now")
    assert explain.main([str(trained), "--text", str(tmp_path / "page.txt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bias"] + sum(part for _, _, part in found["features"]) == pytest.approx(found["logit"])
    assert explain.main([str(trained), "--text", str(tmp_path / "page.txt"), "--words", "9"]) == 0
    said = capsys.readouterr().out.partition("against:")
    assert "river" in said[0] and "cart" in said[2]


def test_no_document_is_scored_by_weights_that_have_seen_it(corpora, tmp_path):
    """Other texts in the documents of one fold change that fold's own model in nothing."""
    assert train.main(arguments(corpora, tmp_path / "one")) == 0
    shop, prose = (documents("raw", sentences, 60) for sentences in (SHOP, PROSE[::-1]))
    mixed = [other if fold_of(own.domain) == 2 else own for own, other in zip(shop, prose, strict=True)]
    assert 5 < sum(own is not each for own, each in zip(shop, mixed, strict=True)) < 20
    raw = write_corpus(tmp_path / "raw", [*mixed, *documents("webtext", PROSE, 3)])
    assert train.main(arguments({**corpora, "raw": raw}, tmp_path / "other")) == 0
    one, other = (open_classifier(tmp_path / name) for name in ("one", "other"))
    assert one.biases[2] == other.biases[2]
    assert np.abs(one.weights[2] * one.unit - other.weights[2] * other.unit).max() <= max(one.unit, other.unit)
    assert all(one.biases[fold] != other.biases[fold] for fold in (0, 1, 3, 4))


def test_a_domain_that_is_more_than_a_fold_falls_into_folds_by_document():
    domains = ["wikipedia.org"] * 30 + [f"site{number}.example" for number in range(70)]
    assert large_domains(domains) == {"wikipedia.org"}
    assert large_domains(["", "", ""]) == set()
    assert fold_key("id", "wikipedia.org", {"wikipedia.org"}) == "id" == fold_key("id", "", ())
    assert fold_key("id", "site.example", {"wikipedia.org"}) == "site.example"
    counts = np.bincount([fold_of(name) for name in map(str, range(5000))], minlength=FOLDS)
    assert counts.min() > 900


def test_nothing_is_replaced_by_surprise(corpora, tmp_path, capsys):
    output = tmp_path / "quality"
    assert train.main(arguments(corpora, output)) == 0
    before = (output / CARD).read_bytes()
    assert train.main(arguments(corpora, output)) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert train.main(arguments(corpora, output, "--penalty", "0.01")) == 2
    assert "--penalty was 0.001, now 0.01" in capsys.readouterr().err
    assert (output / CARD).read_bytes() == before
    assert train.main(arguments(corpora, output, "--penalty", "0.01", "--replace")) == 0
    assert len(list(output.glob("weights-*"))) == 1
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    assert train.main(arguments(corpora, other)) == 2


def test_a_classifier_that_separates_nothing_is_not_published(corpora, tmp_path, capsys):
    same = [write_corpus(tmp_path / name, documents(name, PROSE, 200, first)) for name, first in (("a", 0), ("b", 200))]
    given = ["--positive", same[0], "--negative", same[1], "--output", str(tmp_path / "quality")]
    assert train.main(given) == 4
    assert "separates nothing" in capsys.readouterr().err
    assert not (tmp_path / "quality" / CARD).exists()


@pytest.mark.parametrize(
    ("positive", "negative", "code", "says"),
    [
        ("web", "web", 2, "given as --positive and as --negative"),
        ("missing", "raw", 3, "no such corpus"),
        ("copy", "web", 3, "every document of --negative is one of --positive"),
    ],
)
def test_sides_that_teach_nothing(corpora, tmp_path, capsys, positive, negative, code, says):
    folders = {**corpora, "missing": str(tmp_path / "missing")}
    folders["copy"] = write_corpus(tmp_path / "copy", [*documents("webtext", PROSE, 60), *documents("x", PROSE, 1)])
    given = ["--positive", folders[positive], "--negative", folders[negative], "--output", str(tmp_path / "out")]
    assert train.main(given) == code
    assert says in capsys.readouterr().err


@pytest.fixture
def damaged(corpora, tmp_path):
    """A classifier to be damaged."""
    folder = tmp_path / "quality"
    train.main(arguments(corpora, folder))
    return folder


def test_other_features_and_other_bytes_are_refused(damaged):
    card = read_card(damaged)
    copy = damaged.with_name("copy")
    shutil.copytree(damaged, copy)
    write_manifest(copy / CARD, {**card, "model": {**card["model"], "features": 99}})
    with pytest.raises(CorpusloomError, match="version 99 of the features of linear, this is version 1"):
        open_classifier(copy)
    weights = next(damaged.glob("weights-*"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(CorpusloomError, match="not those of the card"):
        open_classifier(damaged)
    weights.unlink()
    with pytest.raises(CorpusloomError, match="missing, though the card names it"):
        open_classifier(damaged)
    (damaged / CARD).write_text((damaged / CARD).read_text().replace("linear", "faithful"))
    with pytest.raises(CorpusloomError, match="is damaged"):
        open_classifier(damaged)


def test_a_student_takes_its_teachers_scores(corpora, tmp_path, capsys):
    """A teacher that finds prose about winter no better than a shop's page."""
    given = train.parser().parse_args(arguments(corpora, tmp_path / "x"))
    sample = without_overlap(*open_sides(given), 1000)
    lines = [
        json.dumps({"id": text.id, "score": 0.05 if label and len(text.text) % 2 else 0.95 * label})
        for label, text in sample.texts()
    ]
    (tmp_path / "scores.jsonl").write_text("\n".join(lines) + "\n")
    taught = ["--teacher", str(tmp_path / "scores.jsonl"), "--teacher-weight", "0.9"]
    assert train.main(arguments(corpora, tmp_path / "student", *taught)) == 0
    assert train.main(arguments(corpora, tmp_path / "student", "--teacher", str(tmp_path / "student"))) == 2
    assert "--teacher was" in capsys.readouterr().err
    assert train.main(arguments(corpora, tmp_path / "second", "--teacher", str(tmp_path / "student"))) == 0
    (tmp_path / "scores.jsonl").write_text(lines[0].replace("0.", "7.") + "\n")
    assert train.main(arguments(corpora, tmp_path / "third", *taught)) == 3


def test_examples_of_each_tenth_are_those_with_the_least_hashes(corpora, tmp_path):
    train.main(arguments(corpora, tmp_path / "quality"))
    classifier = open_classifier(tmp_path / "quality")
    given = train.parser().parse_args(arguments(corpora, tmp_path / "x"))
    sample = without_overlap(*open_sides(given), 1000)
    found = Evaluated(Side(["web", "books"]), Side(["raw"]))
    score_side(classifier, read(sample.positive, sample.good), found.positive, found)
    for place, chosen in enumerate(found.examples):
        assert len(chosen) <= 3
        assert all(place <= min(example.score * 10, 9.99) < place + 1 for _, example in chosen)
        assert [key for key, _ in chosen] == sorted(key for key, _ in chosen)
