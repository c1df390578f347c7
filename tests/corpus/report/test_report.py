"""The report: its numbers are the build's, and the same build gives the same page."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from finished_builds import Page, document, make_build, read, unanswered, words

from corpus.document import Quarantined
from corpus.files.manifest import MANIFEST, ManifestError, read_manifest, write_json
from corpus.files.run_file import StageRun
from corpus.pages.environment import beginning
from corpus.report.facts import EXAMPLES, REJECTED_SHOWN, gather
from corpus.report.write import funnel, settings, write_report

ROOT = Path(__file__).parents[3]


@pytest.fixture
def build(tmp_path):
    kept = [document(number) for number in range(400)]
    other_texts = [document(1000 + number, "Ein Text.", language="de") for number in range(60)]
    rejected = [item.reject("language.other", 0.97, "de") for item in other_texts]
    rejected += [replace(document(2000 + n), text="", language="").reject("http.status_404", 404) for n in range(30)]
    copies = [document(3000 + n, "A quiet text about boats!", cluster=kept[n // 2].id) for n in range(20)]
    rejected += [copy.reject("duplicates.near", 0.91, "", copy.cluster) for copy in copies]
    rejected += [document(4000, cluster=kept[0].id).reject("duplicates.same_page", other_id=kept[0].id)]
    damage = [Quarantined("a.warc.gz", 100 * n, "warc.bad_length", "no number") for n in range(5)]
    return make_build(tmp_path, kept, rejected, damage, [unanswered(n) for n in range(30)])


def test_the_numbers_are_those_of_the_build(build):
    text = words(write_report(build, {"judged": StageRun(84.0, 250_000_000), "posts": StageRun(0.5)}))
    for expected in (
        "adds up: 516 = 400 kept + 111 rejected + 5 quarantined",
        "adds up: 516 = 421 kept + 90 rejected + 5 quarantined; 11,466 bytes = 10,926 + 540",
        "adds up: 421 = 420 kept + 1 rejected + 0 quarantined",
        "adds up: 556 = 516 kept + 40 rejected + 0 quarantined",
        "language.other 60 11.6 % 540 B",
        "546 links, 516 found a page",
        "30 of 546 links (5.5 %) found no page in the crawl: link.not_captured 30",
        "5 of 5 rows of quarantined/",
        "judged 1 min 24 s 6.143 250 MB posts 0.5 s – –",
        "111 of 111 rejected documents, by host and reason",
        "limits.keep en, fr, limits.min_probability 0.5",
        "d1" * 32,
        "12,345 876 lines",
    ):
        assert expected in text
    assert "does not add up" not in text


def test_the_funnel_agrees_with_the_manifest_and_with_itself(build):
    manifest = read_manifest(build)
    facts = gather(build, manifest)
    stages = {stage.name: stage for stage in funnel(manifest, facts)}
    assert list(stages) == ["matched", "judged", "exact_duplicates", "near_duplicates", "corpus"]
    for name, stage in stages.items():
        assert stage.counts.to_json() == manifest["counts"][name]
        assert {why: amount.documents for why, amount in stage.reasons} == manifest["counts"][name]["reasons"]
    assert stages["judged"].bytes_in == stages["corpus"].bytes_in == facts.kept.text_bytes + facts.rejected.text_bytes
    assert stages["judged"].bytes_kept == stages["exact_duplicates"].bytes_in
    assert stages["near_duplicates"].bytes_kept == facts.kept.text_bytes == 400 * 26
    assert facts.clusters == Counter({3: 9, 4: 1})


def test_a_funnel_that_does_not_add_up_says_so(build):
    manifest = read_manifest(build)
    manifest["counts"]["matched"]["kept"] -= 1
    write_json(build / MANIFEST, manifest)
    assert "does not add up: 556 = 515 kept + 40 rejected" in words(write_report(build, {}))


def test_every_anchor_leads_somewhere(build):
    text = read(write_report(build, {}))
    page = Page(text)
    anchors = {value[1:] for _, name, value, _ in page.attributes if name == "href" and value.startswith("#")}
    assert anchors <= {value for _, name, value, _ in page.attributes if name == "id"}
    assert page.tags["h1"] == 1
    assert "To compare domains as well" in text


@pytest.mark.parametrize(
    ("months", "shown", "ticks"),
    [
        (["2016-11", "2017-02", "2017-02"], ["2016-11: 1 kept", "2017-02: 2 kept"], ["2017-01"]),
        (["2013-05"], ["2013-05: 1 kept"], ["2013-05"]),
        (["2009-05", "2009-07", "2017-12"], ["2009: 2 kept", "2017: 1 kept"], [f"’{year:02}" for year in range(9, 18)]),
        (["", "no date"], [], []),
    ],
)
def test_dates_are_shown_by_month_or_by_year(tmp_path, months, shown, ticks):
    kept = [document(n, first_posted=f"{month}-15T00:00:00Z") for n, month in enumerate(months)]
    text = read(write_report(make_build(tmp_path, kept, []), {}))
    dates = text[text.index("First posted") :].partition("</svg>")[0]
    assert re.findall("<title>(.*?)</title>", dates) == shown
    assert re.findall('class="soft"[^>]*>(.*?)</text>', dates) == ticks


def test_the_same_build_gives_the_same_bytes(build):
    first = write_report(build, {"posts": StageRun(1)}).read_bytes()
    assert write_report(build, {"posts": StageRun(1)}).read_bytes() == first


def test_examples_do_not_depend_on_the_order_of_the_parts(tmp_path):
    kept = [document(number) for number in range(90)]
    builds = [make_build(tmp_path / name, order, []) for name, order in (("a", kept), ("b", kept[::-1]))]
    one, other = (gather(build, read_manifest(build)) for build in builds)
    assert one == other
    assert len(one.examples["kept"]) == EXAMPLES


def test_a_near_duplicate_stands_beside_the_document_it_resembles(build):
    facts = gather(build, read_manifest(build))
    assert len(facts.examples["duplicates.near"]) == 10
    for example in facts.examples["duplicates.near"]:
        assert example.other is not None and example.other.id == example.other_id
        assert (example.text, example.other.text) == ("A quiet text about boats!", "A quiet text about boats. ")
    assert "in favour of" in words(write_report(build, {}))


def test_scored_documents_are_shown_by_tenths_of_the_scale(tmp_path):
    kept = [document(number, quality_score=number / 20) for number in range(10, 20)]
    low = document(1, text="Buy now.", quality_score=0.04)
    page = write_report(make_build(tmp_path, kept, [low.reject("quality.pareto", 0.04)]), {}).read_text()
    scale = page[page.index('<h2 id="scale">') : page.index('<h2 id="missing">')]
    assert re.findall(r"<b>(0\.\d to \d\.\d)</b>", scale) == [
        "0.0 to 0.1",
        *(f"0.{n} to {(n + 1) / 10}" for n in range(5, 10)),
    ]
    assert "quality 0.040" in scale and "Buy now." in scale


def test_without_scores_there_is_no_scale(build):
    assert 'id="scale"' not in write_report(build, {}).read_text()


def test_a_rejected_row_says_where_it_stands_and_every_reason_has_some(tmp_path):
    common = [document(n, f"Text {n}.").reject("text.too_short", n) for n in range(REJECTED_SHOWN + 500)]
    rare = [document(9000 + n, "Ein Text.").reject("language.other", 0.9, "de") for n in range(3)]
    facts = gather(build := make_build(tmp_path, [], [*common, *rare]), read_manifest(build))
    shown = Counter(one.reason for one in facts.some_rejected)
    assert shown["language.other"] == 3 and REJECTED_SHOWN <= sum(shown.values()) <= REJECTED_SHOWN + 3 + EXAMPLES
    rows = pq.read_table(build / "rejected/part-0.parquet", columns=["id"])["id"].to_pylist()
    assert {one.id: one.place for one in facts.some_rejected} == {
        one.id: f"rejected/part-0.parquet, row {rows.index(one.id)}" for one in facts.some_rejected
    }
    text = words(write_report(build, {}))
    assert f"{len(facts.some_rejected):,} of 1,503 rejected documents" in text
    assert f"{rare[0].document.url} evidence: de Ein Text. rejected/part-0.parquet, row 1500" in text


def test_an_empty_build_has_a_report(tmp_path):
    text = words(write_report(make_build(tmp_path, [], []), {}))
    assert "adds up: 0 = 0 kept + 0 rejected + 0 quarantined" in text
    assert "No times were recorded" in text and "Nothing: every record was read" in text


def test_the_report_refuses_parts_that_are_not_those_of_the_manifest(build):
    manifest = read_manifest(build)
    manifest["counts"]["corpus"]["reasons"]["language.other"] += 1
    write_json(build / MANIFEST, manifest)
    with pytest.raises(ManifestError, match=r"language\.other: the parts hold 60 documents, the manifest says 61"):
        write_report(build, {})
    (build / "rejected/part-0.parquet").unlink()
    with pytest.raises(ManifestError, match="missing"):
        write_report(build, {})
    (build / MANIFEST).unlink()
    with pytest.raises(ManifestError, match="unfinished"):
        write_report(build, {})
    assert not (build / "report.html").exists()


def test_the_command_writes_the_report_again(build, tmp_path):
    domains = tmp_path / "list.txt"
    domains.write_text("600 site1\n400 site2\n50 elsewhere\n")
    write_json(build / "run.json", {"seconds": {"judged": 3700.0}})
    command = [sys.executable, "-m", "corpus.report", str(build), "--domains", str(domains)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert Path(done.stdout.strip()) == build / "report.html"
    text = words(build / "report.html")
    assert "judged 1 h 01 min" in text
    assert "28.5 % of our documents are of a listed name" in text
    assert "95.2 % of the list’s pages are of names we have" in text
    missing = subprocess.run([*command[:3], str(build / "kept")], capture_output=True, text=True, cwd=ROOT)
    assert missing.returncode == 3 and "the build is unfinished" in missing.stderr


def test_settings_become_rows():
    rows = settings({"a": {"b": [1, "x"], "c": False}, "d": None})
    assert rows == [("a.b", "1, x"), ("a.c", "no"), ("d", "none")]


@pytest.mark.parametrize(("text", "shown"), [("abc", "abc"), ("abcd", "abc …"), ("ab  d", "ab …"), ("", "")])
def test_a_text_that_goes_on_says_so(text, shown):
    assert beginning(text, 3) == shown
