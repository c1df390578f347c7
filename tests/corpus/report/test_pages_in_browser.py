"""Every page in a browser, at desktop and phone width, light and dark: it fits, asks nobody, runs nothing of others."""

import json

import pytest
from browser import CHROMIUM, a_tab
from finished_builds import document, make_build, unanswered

from corpus.files.run_file import StageRun, note_inputs
from corpus.pages.environment import neighbours
from corpus.report.write import write_report
from corpus.tokenizer import sanity
from corpus.tokenizer.sanity_page import page as tokenizer_page
from trainer.run.metrics import read_metrics
from trainer.run.page import RunFacts, write_page, write_text
from trainer.run.page import page as run_html

EVIL = '<script>alert(1)</script><img src="https://evil.example/x" onerror="alert(2)">\u202e"\'>' + "w" * 300
SIZES = [(1280, 900), (390, 844)]


def corpus_page(folder):
    one = document(1, EVIL * 3, title=EVIL, url=EVIL, domain=EVIL, language=EVIL)
    rejected = [document(2, EVIL, title=EVIL, domain=EVIL).reject("language.other", 1, EVIL)]
    rejected += [document(n, f"Prose of number {n}.").reject("text.too_short", n) for n in range(3, 30)]
    note_inputs(folder, EVIL, [])
    build = make_build(folder, [one], rejected, [], [unanswered(1, EVIL)])
    return write_report(build, {EVIL: StageRun(1.0, 10**9)})


def page_of_tokenizer(folder):
    row = {**sanity.figures(sanity.TokenTally(9, 90, 20, 30, 25)), "source": EVIL, "language": EVIL}
    report = {
        "tokenizer": {"kind": "gpt2", "digest": "0" * 64, "vocab_size": 1400, "end_of_text": 1399, "asked": 50257},
        "sample": {"sampled": 4, "documents": 4, "bytes": 80},
        "memory": EVIL,
        "held_out": {"of": "held out", "share": 0.5, "documents": 4, "bytes": 80},
        "all": row,
        "by_source": [row],
        "by_language": [row],
        "by_source_and_language": [row],
        "merges": {"number": 900, "first": [[EVIL, " \u202e"]] * 9, "last": [], "lengths": [(90, 2.5), (900, 6.0)]},
        "unused": {"number": 1, "share": 0.1, "tokens": {"7": EVIL}},
        "compared_with": {"name": EVIL, "vocab_size": 50257},
    }
    links = {EVIL: "../corpus/report.html", "moved": "../gone/report.html"}
    (folder / "report.html").write_bytes(tokenizer_page(report, links))
    return folder / "report.html"


def run_page(folder):
    rows = [
        {"step": step, "tokens": 400 * step, "loss": 5 / step, "rate": 1e-3, "gradient_norm": 1.0,
         "tokens_per_second": 1e6, "source_tokens": {EVIL: 3 * step}, "epochs": {EVIL: 0.5},
         "bits_per_byte": {EVIL: 3 - step / 900}}
        for step in range(1, 900)
    ]  # fmt: skip
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return write_page(folder, RunFacts(EVIL, {EVIL: EVIL}, {EVIL: 3.5}, {EVIL: 1.0}, {EVIL: "../x"}))


def runs_page(folder):
    """Several runs over each other, all with a hostile name."""
    for name in "ab":
        (folder / name).mkdir()
        run_page(folder / name)
    runs = {EVIL + name: read_metrics(folder / name) for name in "ab"}
    links = neighbours(folder / "both.html", {EVIL + name: folder / name / "index.html" for name in "ab"})
    return write_text(folder / "both.html", run_html(RunFacts(EVIL, links=links), runs))


PAGES = {"corpus": corpus_page, "tokenizer": page_of_tokenizer, "run": run_page, "runs": runs_page}
# Words, a rule and a host → how many of the 28 rejected documents are left, and how many groups of hosts.
SEARCHES = [
    (("", "", ""), 28, 8),
    (("PROSE number", "", ""), 27, 7),
    (("17.", "", ""), 1, 1),
    (("prose", "language.other", ""), 0, 0),
    (("", "language.other", ""), 1, 1),
    (("", "text.too_short", "site3."), 4, 1),
    (("alert(1)", "", ""), 1, 1),
]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_every_page_fits_asks_nobody_and_runs_nothing(tmp_path):
    """One browser for all of them: its start is what takes the time."""
    with a_tab(tmp_path) as tab:
        for name, make in PAGES.items():
            (tmp_path / name).mkdir()
            url = make(tmp_path / name).as_uri()
            for width, height in SIZES:
                seen = tab.forget().visit(url, width, height)
                assert seen.width() <= width, (name, width)
                assert seen.least_letters() >= 11, (name, width)
                assert "alert(1)" in seen.value("document.body.innerText"), name
                assert seen.requests == [url] and seen.alarms == [], (name, width)
            assert_dark(tab, name)
        assert_search(tab.forget().visit((tmp_path / "corpus" / "report.html").as_uri(), 390, 844))


def assert_dark(tab, name):
    """In the dark the letters are light and the ground is not."""
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    lightness = "getComputedStyle(document.body).{}.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    assert tab.value(lightness.format("color")) > 500 > 150 > tab.value(lightness.format("backgroundColor")), name
    tab.call("Emulation.setEmulatedMedia", features=[])


def assert_search(tab):
    """What is typed leaves the rows that have it, says of how many, and opens their groups."""
    for values, rows, groups in SEARCHES:
        for field, value in zip(("words", "rule", "host"), values, strict=True):
            tab.value(f"{field} = document.getElementById('{field}'); {field}.value = {json.dumps(value)}; ''")
        tab.value("words.dispatchEvent(new Event('input')); ''")
        count = "[...document.querySelectorAll('#some {}')].filter(e => e.checkVisibility()).length"
        assert tab.value(count.format("> details")) == groups, values
        said = tab.value("document.getElementById('found').textContent")
        if any(values):
            assert tab.value(count.format("tr")) == rows, values
            assert said == f"{rows} of the 28 documents below, out of 28 rejected"
        assert tab.width() <= 390, values
    assert tab.alarms == []
