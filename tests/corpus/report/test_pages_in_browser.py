"""Every page in a browser, at desktop and phone width: it fits, asks nobody for anything, and runs nothing."""

import json

import pytest
from browser import CHROMIUM, a_tab
from finished_builds import document, make_build, unanswered

from corpus.report.write import write_report
from corpus.tokenizer import sanity
from corpus.tokenizer.sanity_page import page as tokenizer_page
from trainer.run.page import RunFacts, write_page

EVIL = '<script>alert(1)</script><img src="https://evil.example/x" onerror="alert(2)">\u202e"\'>' + "w" * 300
SIZES = [(1280, 900), (390, 844)]


def corpus_page(folder):
    one = document(1, EVIL * 3, title=EVIL, url=EVIL, domain=EVIL, language=EVIL)
    rejected = [document(2, EVIL, title=EVIL).reject("language.other", 1, EVIL)]
    return write_report(make_build(folder, [one], rejected, [], [unanswered(1, EVIL)]), {EVIL: 1.0})


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
    (folder / "report.html").write_bytes(tokenizer_page(report))
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


PAGES = {"corpus": corpus_page, "tokenizer": page_of_tokenizer, "run": run_page}


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
