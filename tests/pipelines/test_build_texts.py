"""Wikipedia and books by their own commands: the same contract as WebText."""

import bz2
import json
import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import contents, rows, run

from corpus.files.manifest import verify
from corpus.recipes import gpt3_books, gpt3_wikipedia
from corpus.recipes.recipe import Choices
from corpus.sample.prose import english_article
from corpus.sources.books import BOOKS
from corpus.sources.wikipedia import WIKIPEDIA
from pipelines.work import spans, texts

HEAD = (
    '<mediawiki xml:lang="en" version="0.11"><siteinfo><dbname>enwiki</dbname>'
    "<base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>\n"
)


def page(number, title, text, redirect=""):
    """One page of a dump."""
    redirect = f'<redirect title="{redirect}" />' if redirect else ""
    return (
        f"<page><title>{title}</title><ns>0</ns><id>{number}</id>{redirect}<revision><id>{number}</id>"
        f"<timestamp>2016-01-0{number}T00:00:00Z</timestamp><text>{text}</text></revision></page>\n"
    )


def article(number):
    """Prose of ours with markup around it."""
    prose = english_article(number).text
    opening = "{{Infobox|a=b}}'''Subject''' is what this is about.&lt;ref&gt;A book&lt;/ref&gt;"
    return f"{opening}\n\n{prose}\n\n== Notes ==\n"


@pytest.fixture
def dump(tmp_path):
    pages = [
        page(1, "Lighthouse", article(1)),
        page(2, "Light house", "#REDIRECT [[Lighthouse]]", "Lighthouse"),
        page(3, "Light", "'''Light''' may mean:\n* [[Lamp]]\n{{disambiguation}}"),
        "<page><title>Broken</title><ns>0</ns><id>9</id><revision><text>no end of this",
        page(4, "Tide table", article(2)),
        page(5, "Scrap", "Nothing much."),
    ]
    streams = bz2.compress((HEAD + pages[0]).encode()) + bz2.compress("".join((*pages[1:], "</mediawiki>")).encode())
    (tmp_path / "enwiki.xml.bz2").write_bytes(streams)
    return tmp_path / "enwiki.xml.bz2"


def build(module, *more):
    ran = run([sys.executable, "-m", f"pipelines.{module}", *map(str, more), "--max-quarantined", "0.5"])
    assert ran.returncode == 0, ran.stderr


def test_every_page_of_a_dump_has_a_verdict(dump, tmp_path):
    build("build_wikipedia", "--dumps", dump, "--output", tmp_path / "out", "--snapshot", "2016-01-10")
    kept = {row["title"]: row for row in rows(tmp_path / "out", "kept")}
    assert set(kept) == {"Lighthouse", "Tide table"}
    row = kept["Lighthouse"]
    assert row["url"] == "https://en.wikipedia.org/wiki/Lighthouse"
    assert (row["source"], row["snapshot"], row["licence"]) == ("wikipedia", "2016-01-10", "CC BY-SA 4.0")
    assert row["text"].startswith("Subject is what this is about.\n")
    assert not any(mark in row["text"] for mark in ("'''", "{{", "<ref", "Notes"))
    reasons = {row["title"]: f"{row['step']}.{row['rule']}" for row in rows(tmp_path / "out", "rejected")}
    assert reasons == {
        "Light house": "wikipedia.redirect",
        "Light": "wikipedia.disambiguation",
        "Scrap": "wikipedia.stub",
    }
    assert len(rows(tmp_path / "out", "quarantined")) == 1
    counts = json.loads((tmp_path / "out" / "_MANIFEST.json").read_bytes())["counts"]["corpus"]
    assert (counts["in"], counts["kept"], counts["rejected"], counts["quarantined"]) == (6, 2, 3, 1)
    assert verify(tmp_path / "out") == []
    assert (tmp_path / "out" / "report.html").stat().st_size < 2_000_000


def test_templates_of_any_file_of_the_dump_show_in_its_articles(tmp_path):
    story = english_article(1).text
    article = page(1, "Tower", f"The tower is {{{{measure|45}}}} high and {{{{gauge|3}}}} wide.\n\n{story}")
    template = page(2, "Template:Measure", "{{{1}}} ells&lt;noinclude&gt; is how to use it&lt;/noinclude&gt;")
    other = page(3, "Template:Gauge", "#REDIRECT [[Template:Measure]]", "Template:Measure")
    templates = (template + other).replace("<ns>0</ns>", "<ns>10</ns>")
    for name, pages in (("a.xml", article), ("b.xml", templates)):
        (tmp_path / name).write_text(HEAD + pages + "</mediawiki>", encoding="utf-8")
    dumps = (tmp_path / "a.xml", tmp_path / "b.xml")
    build("build_wikipedia", "--dumps", *dumps, "--output", tmp_path / "out", "--snapshot", "2016-01-10")
    (row,) = rows(tmp_path / "out", "kept")
    assert row["text"].startswith("The tower is 45 ells high and 3 ells wide.\n\n")


def test_a_big_dump_is_read_by_several_units(tmp_path, monkeypatch):
    groups = [[page(4 * number + at, f"Title {4 * number + at}", article(4 * number + at)) for at in range(1, 5)]
              for number in range(2)]  # fmt: skip
    streams = [HEAD, *("".join(group) for group in groups), "</mediawiki>"]
    (tmp_path / "enwiki.xml.bz2").write_bytes(b"".join(bz2.compress(part.encode()) for part in streams))
    monkeypatch.setattr(spans, "BYTES_PER_SPAN", 3000)
    build_in_process(tmp_path, WIKIPEDIA, tmp_path / "enwiki.xml.bz2", gpt3_wikipedia.make(Choices()))
    manifest = json.loads((tmp_path / "out" / "_MANIFEST.json").read_bytes())
    assert manifest["counts"]["corpus"]["in"] == manifest["inputs"]["wikipedia"][0]["documents"] == 8
    names = {row["warc_file"].rpartition("@")[2] for row in rows(tmp_path / "out", "kept")}
    assert len(names) == 2
    assert len(list((tmp_path / "out" / ".stages" / "extracted" / "records").glob("*.json"))) == 2


def build_in_process(tmp_path, source, path, recipe):
    """A build in this process, by one worker."""
    from pipelines.builds.duplicates import deduplicate
    from pipelines.builds.texts import stages
    from pipelines.cli.inputs import find_inputs, sample_files
    from pipelines.runtime.driver import Handing, new_run, run_stages

    files = sample_files(find_inputs([str(path)], "--files"))
    last = stages(source, files, recipe, (deduplicate(recipe.near),))
    assert run_stages(last, new_run(tmp_path / "out", "_MANIFEST.json"), Handing(["--direct_num_workers=1"]))


@pytest.fixture
def shelf(tmp_path):
    one, two, three = (english_article(number).text for number in (3, 4, 5))
    framed = (
        "The Project Gutenberg EBook of Ours\n\n*** START OF THIS PROJECT GUTENBERG EBOOK OURS ***\n\n"
        f"{one}\n\n*** END OF THIS PROJECT GUTENBERG EBOOK OURS ***\nlicence text"
    )
    records = [
        {"id": "pg1", "title": "Ours", "author": "A", "text": framed, "licence": "CC0"},
        {"id": "2", "title": "The same again", "text": one},
        {"id": "3", "title": "Another", "text": two},
        {"id": "4", "title": "A leaflet", "text": "Short."},
    ]
    lines = [json.dumps(record) for record in records] + ["{broken"]
    (tmp_path / "books.jsonl").write_text("\n".join(lines))
    (tmp_path / "plain.txt").write_text(three, encoding="utf-8")
    return tmp_path


def test_books_lose_their_frame_and_their_copies(shelf, tmp_path):
    build("build_books", "--books", shelf / "books.jsonl", shelf / "plain.txt", "--output", tmp_path / "out")
    kept = rows(tmp_path / "out", "kept")
    assert len(kept) == 3
    assert not any("Gutenberg" in row["text"] for row in kept)
    assert {row["licence"] for row in kept} <= {"CC0", ""}
    reasons = sorted(f"{row['step']}.{row['rule']}" for row in rows(tmp_path / "out", "rejected"))
    assert reasons == ["duplicates.same_text", "text.too_few_words"]
    assert [row["reason"] for row in rows(tmp_path / "out", "quarantined")] == ["bad_json"]


def test_gpt1_sets_punctuation_apart(shelf, tmp_path):
    arguments = ("--books", shelf / "plain.txt", "--output", tmp_path / "out", "--recipe", "gpt1-books")
    build("build_books", *arguments)
    (row,) = rows(tmp_path / "out", "kept")
    assert " , " in row["text"]


def test_workers_and_order_change_no_byte(shelf, tmp_path):
    files = [shelf / "books.jsonl", shelf / "plain.txt"]
    build("build_books", "--books", *files, "--output", tmp_path / "a", "--direct_num_workers=1")
    build("build_books", "--books", *reversed(files), "--output", tmp_path / "b", "--direct_num_workers=2")
    parts = [{n: d for n, d in contents_of(tmp_path / name).items()} for name in "ab"]
    assert parts[0] == parts[1]


def contents_of(folder):
    (folder / "links_without_page.parquet").touch()  # only WebText has it
    return contents(folder)


def test_long_files_are_cut_into_runs(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "TEXTS_PER_RUN", 2)
    build_in_process(tmp_path, BOOKS, shelf / "books.jsonl", gpt3_books.make(Choices()))
    assert len(list((tmp_path / "out" / "kept").iterdir())) == 2
    assert len(rows(tmp_path / "out", "kept")) == 2


@pytest.mark.parametrize(("module", "flag"), [("build_books", "--books"), ("build_wikipedia", "--dumps")])
def test_a_missing_file_is_named(module, flag, tmp_path):
    ran = run([sys.executable, "-m", f"pipelines.{module}", flag, "no/such/*", "--output", str(tmp_path / "out")])
    assert (ran.returncode, "finds no file" in ran.stderr) == (3, True)
    ran = run([sys.executable, "-m", f"pipelines.{module}", flag, "Makefile", "--output", str(tmp_path), "--dry-run"])
    assert (ran.returncode, "recipe" in ran.stdout) == (0, True)
