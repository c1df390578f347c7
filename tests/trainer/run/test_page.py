"""The page of curves: one file that any browser opens, with every series of the metrics, of one run or of several."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from trainer.compare import main
from trainer.run.page import RunFacts, page, write_page

HOSTILE = "a <run> \u202e</title><script>"
FACTS = RunFacts(
    HOSTILE,
    {"preset": "tiny & more"},
    {"web": 3.5, "gone": 1.0},
    {"web": 0.75, "books": 0.25},
    {"shards": "../README.md"},
)


def rows_of(count):
    return [
        {
            "step": step,
            "tokens": 400 * step,
            "loss": 5 / step,
            "rate": 1e-3 * (step - 1),
            "gradient_norm": 1.0,
            "tokens_per_second": 1e6 + step,
            "source_tokens": {"web": 300 * step, "books": 100 * step},
            "epochs": {"web": 0.5 * step, "books": 0.125},
        }
        | ({"bits_per_byte": {"web": 3 - step / count, "books": 2.0}} if step % 5 == 0 else {})
        for step in range(1, count + 1)
    ]


def written(folder, count=20):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_of(count)))
    return folder


def tree_of(text):
    return ElementTree.fromstring(text.removeprefix("<!doctype html>"))


def test_the_page_is_whole_escaped_and_needs_nothing_else(tmp_path):
    text = write_page(written(tmp_path), FACTS).read_text()
    tree = tree_of(text)
    assert tree.findtext("head/title") == "a <run> \\u202e</title><script>: a Corpusloom run"
    assert not re.search(r"<script|https?://|src=|@import|url\(", text)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", "index.html"}


def test_the_page_is_for_phones_and_for_the_dark():
    text = page(FACTS, {"": rows_of(20)})
    metas = {each.get("name") or each.get("http-equiv"): each.get("content") for each in tree_of(text).iter("meta")}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["Content-Security-Policy"].startswith("default-src 'none'")
    assert "prefers-color-scheme: dark" in text and "max-width: 40rem" in text


def test_every_chart_is_drawn_on_both_scales_with_last_values_and_the_unigram_model_beside():
    tree = tree_of(page(FACTS, {"": rows_of(20)}))
    assert [each.text for each in tree.iter("h3")] == [
        "loss (nats per token)",
        "validation (bits per byte)",
        "learning rate",
        "norm of the gradient",
        "tokens per second",
    ]
    figures = list(tree.iter("figure"))
    drawings = [[each for each in figure.findall("svg")] for figure in figures]
    assert [[each.get("class") for each in pair] for pair in drawings] == [["linear", "log"]] * 5
    validation = drawings[1][0].findall("svg/polyline")
    assert [each.get("class") for each in validation] == ["line s0", "line s1", "line s2 base"]
    assert ["".join(each.itertext()) for each in figures[1].iter("span")] == ["web 2", "books 2", "web, unigram 3.5"]


def test_the_sources_stand_with_tokens_epochs_and_both_shares():
    table = tree_of(page(FACTS, {"": rows_of(20)})).findall(".//table")[1]
    cells = [["".join(cell.itertext()) for cell in row] for row in table.findall("tr")]
    assert cells == [
        ["web", "6,000", "10.000", "75.00 %", "75.00 %"],
        ["books", "2,000", "0.125", "25.00 %", "25.00 %"],
    ]


def test_a_run_without_a_step_has_a_page():
    assert "No step yet." in page(FACTS, {"": []})


def test_several_runs_lie_over_each_other(tmp_path, capsys):
    folders = [written(tmp_path / name, count) for name, count in (("one", 20), ("two", 30))]
    write_page(folders[0], FACTS)
    assert main([*map(str, folders), "--output", str(tmp_path / "both.html")]) == 0
    tree = tree_of((tmp_path / "both.html").read_text())
    assert ["".join(each.itertext()) for each in tree.find(".//figure").iter("span")] == ["one 0.25", "two 0.1667"]
    assert [each.get("href") for each in tree.iter("a")] == ["one/index.html"]
    assert capsys.readouterr().out.strip() == str(tmp_path / "both.html")


@pytest.mark.parametrize("names", [["one"], ["one", "none"]])
def test_what_is_no_run_is_refused_in_one_sentence(tmp_path, capsys, names):
    written(tmp_path / "one")
    assert main([*(str(tmp_path / name) for name in names), "--output", str(tmp_path / "x.html")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "x.html").exists()
