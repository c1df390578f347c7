"""Common Crawl by its own command: every planted page ends as its recipe says, for any number of workers."""

import json
import sys
from argparse import Namespace

import pytest

pytest.importorskip("apache_beam")

from conftest import contents, rows, run

from corpus.errors import CorpusloomError
from corpus.extraction.html import EXTRACTORS
from corpus.files.manifest import verify
from corpus.sample.commoncrawl import ENDS
from pipelines.builds.recipes import extractor_of
from pipelines.cli import recipes

OWN = """
from corpus.recipes.recipe import Recipe


def no_quiz(document):
    return document.reject("own.quiz", 1) if "quiz" in document.text else document


def make(choices):
    return Recipe("own", "us", text_steps=(no_quiz,))
"""


def command(sample, output, *more):
    pages = ["--pages", f"{sample.folder}/commoncrawl/*", "--output", str(output)]
    return run([sys.executable, "-m", "pipelines.build_commoncrawl", *pages, *map(str, more)])


def build(sample, output, *more):
    ran = command(sample, output, *more)
    assert ran.returncode == 0, ran.stderr
    return output


@pytest.mark.parametrize("recipe", ["unfiltered", "gpt3-commoncrawl", "fineweb", "c4"])
def test_every_planted_page_has_the_end_that_its_recipe_says(sample, tmp_path, recipe):
    output = build(sample, tmp_path / "out", "--recipe", recipe)
    assert verify(output) == []
    kept = {row["url"]: row for row in rows(output, "kept")}
    rejected = {row["url"]: f"{row['step']}.{row['rule']}" for row in rows(output, "rejected")}
    for page in sample.planted:
        ends = ENDS.get(page.kind, {}).get(recipe, ())
        if not ends:
            language_of_spam = page.kind in ("spam", "shop") and rejected.get(page.url) == "language.uncertain"
            assert page.url in kept or language_of_spam, (page, rejected.get(page.url))
        else:
            assert rejected.get(page.url, "").startswith(ends), page
        if page.url in kept and page.says:
            assert page.says in kept[page.url]["text"], page
    ids = [row["id"] for row in kept.values()]
    assert all(name.startswith("commoncrawl/") for name in ids)
    assert {row["snapshot"] for row in kept.values()} == {"CC-MAIN-2017-04"}
    counts = json.loads((output / "_MANIFEST.json").read_bytes())["counts"]["corpus"]
    assert counts["in"] == len(sample.planted) == counts["kept"] + counts["rejected"]


def test_workers_and_the_cut_of_an_archive_change_no_document(sample, tmp_path):
    one = build(sample, tmp_path / "a", "--recipe", "fineweb", "--captures-a-part", 7, "--direct_num_workers=1")
    two = build(sample, tmp_path / "b", "--recipe", "fineweb", "--captures-a-part", 7, "--direct_num_workers=2")
    for folder in (one, two):
        (folder / "links_without_page.parquet").touch()  # only WebText has it
    assert contents(one) == contents(two)
    units = list((one / ".stages" / "extracted" / "records").glob("*.json"))
    assert len(units) > len(list((sample.folder / "commoncrawl").iterdir()))  # an archive is several units
    whole = build(sample, tmp_path / "c", "--recipe", "fineweb")
    assert sorted(row["id"] for row in rows(whole, "kept")) == sorted(row["id"] for row in rows(one, "kept"))


def test_a_recipe_of_ones_own_runs_on_every_worker(sample, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    more = ("--recipe", f"{tmp_path / 'own.py'}:make", "--captures-a-part", 7, "--direct_num_workers=2")
    output = build(sample, tmp_path / "out", *more)
    quiz = [row["url"] for row in rows(output, "rejected") if row["step"] == "own"]
    assert quiz == [page.url for page in sample.planted if page.kind == "leaked question"]
    assert json.loads((output / "_MANIFEST.json").read_bytes())["recipe"]["source"] == OWN
    again = command(sample, output, *more)
    assert (again.returncode, "stages" in again.stderr) == (0, False)
    (tmp_path / "own.py").write_text(OWN.replace("quiz", "town"))
    other = command(sample, output, *more)
    assert (other.returncode, "--recipe" in other.stderr) == (2, True), other.stderr


def test_personal_data_is_masked_where_asked(sample, tmp_path):
    output = build(sample, tmp_path / "out", "--recipe", "unfiltered", "--mask", "all")
    kept = {row["url"]: row for row in rows(output, "kept")}
    texts = {url: row["text"] for url, row in kept.items()}
    (personal,) = [page.url for page in sample.planted if page.kind == "personal data"]
    assert kept[personal]["masked"] == "email:1 card:1 phone:1 ip:1"
    assert not any(word in texts[personal] for word in ("harriet", "0199", "4111", "217.160"))
    assert "pay the deposit with the card" in texts[personal]
    wet = [page.url for page in sample.planted if page.kind == "good text"]
    assert all("© 2016" in texts[url] for url in wet), "the text of a WET record is as it is"


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--recipe", "finewep"], 2, "did you mean fineweb"),
        (["--recipe", "gpt3-books"], 2, "it is one for books"),
        (["--recipe", "none.py:make"], 2, "No such file"),
        (["--bad-words", "nothing"], 2, "--bad-words nothing"),
        (["--languages", "english"], 2, "did you mean en"),
        (["--block", "nothing"], 2, "--block: no block list"),
        (["--extractor", "trafilaturo"], 2, "--extractor"),
    ],
)
def test_a_wrong_flag_is_one_sentence(sample, tmp_path, more, code, says):
    ran = command(sample, tmp_path / "out", *more, "--dry-run")
    assert (ran.returncode, says in ran.stderr) == (code, True), ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_every_extractor_can_be_asked_for():
    assert tuple(EXTRACTORS) == recipes.EXTRACTORS


def test_an_extractor_that_is_not_installed_is_said_before_anything_is_read(monkeypatch):
    monkeypatch.setattr("pipelines.builds.recipes.find_spec", lambda name: None)
    assert extractor_of(Namespace(extractor="blocks")) == "blocks"
    with pytest.raises(CorpusloomError, match=r"--extractor datatrove: .* pip install corpusloom\[datatrove\]"):
        extractor_of(Namespace(extractor="datatrove"))


def test_posts_are_no_pages(sample, tmp_path):
    (tmp_path / "posts.jsonl").write_text('{"id": "1", "url": "http://a.example/"}\n')
    ran = run([sys.executable, "-m", "pipelines.build_commoncrawl", "--pages", str(tmp_path / "posts.jsonl"),
               "--output", str(tmp_path / "out"), "--dry-run"])  # fmt: skip
    assert (ran.returncode, "this is JSON lines" in ran.stderr) == (3, True), ran.stderr


def test_what_other_corpora_and_benchmarks_have_is_told_apart(sample, built, tmp_path):
    """`built` is the WebText of the sample."""
    wikipedia = [sys.executable, "-m", "pipelines.build_wikipedia", "--dumps", f"{sample.folder}/wikipedia/*"]
    assert run([*wikipedia, "--output", str(tmp_path / "wikipedia")]).returncode == 0
    more = ("--against", built, "--against", tmp_path / "wikipedia", "--benchmarks", f"{sample.folder}/benchmarks/*")
    output = build(sample, tmp_path / "out", *more)
    kinds = {page.url: page.kind for page in sample.planted}
    found = {kinds[row["url"]]: (f"{row['step']}.{row['rule']}", row["other_id"]) for row in rows(output, "rejected")}
    rule, other = found["copied from WebText"]
    assert (rule, other in {row["id"] for row in rows(built, "kept")}) == ("overlap.webtext", True)
    rule, other = found["copied from Wikipedia"]
    assert (rule, other in {row["id"] for row in rows(tmp_path / "wikipedia", "kept")}) == ("wikipedia.content", True)
    (leaked,) = [row for row in rows(output, "kept") if kinds[row["url"]] == "leaked question"]
    assert "seven lanterns" not in leaked["text"]
    assert list((output / "overlap").iterdir())
