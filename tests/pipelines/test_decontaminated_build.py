"""A build with --benchmarks: what is cut, who leaves, what the manifest, the lists and the report say."""

import gzip
import json
import sys

import pytest

pytest.importorskip("apache_beam")

from conftest import contents, rows, run

from corpus.files.manifest import verify
from corpus.sample.prose import english_article
from corpus.sample.shelves import QUESTION

# Words of its own: the articles of the sample share phrases.
LEAK = " ".join(f"the sail{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(60))
COMMAND = [sys.executable, "-m", "pipelines.build_books"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Books of which one holds a leak and one is nothing else, and a folder of benchmarks."""
    folder = tmp_path_factory.mktemp("inputs")
    texts = [english_article(number).text + "\n\n" + english_article(number + 20).text for number in range(8)]
    texts[3] += f"\n\n{LEAK.upper()}\n\n{english_article(50).text}"
    texts[5] = f"{LEAK} and so on. " + english_article(60).text[:150]
    lines = [json.dumps({"id": str(number), "title": f"T{number}", "text": text}) for number, text in enumerate(texts)]
    (folder / "books.jsonl").write_text("\n".join(lines))
    benchmarks = folder / "benchmarks"
    (benchmarks / "deep").mkdir(parents=True)
    (benchmarks / ".hidden").write_text("not JSON, and not read")
    asked = [{"query": LEAK, "choices": ["yes", "no"], "gold": 0}, {"query": "Why?", "choices": ["So."], "gold": 0}]
    (benchmarks / "deep" / "asked.jsonl.gz").write_bytes(
        gzip.compress("\n".join(map(json.dumps, asked)).encode(), mtime=0)
    )
    (benchmarks / "told.tsv").write_text("gj04\t1\t\tNobody here has ever said this sentence to anybody else at all.\n")
    return folder


def built(inputs, output, *more):
    return run([*COMMAND, "--books", str(inputs / "books.jsonl"), "--output", str(output), *more])


def test_a_build_without_leaks_of_benchmarks(inputs, tmp_path):
    out, told = tmp_path / "out", ["--benchmarks", str(inputs / "benchmarks")]
    ran = built(inputs, out, *told, "--direct_num_workers=1")
    assert ran.returncode == 0, ran.stderr
    assert verify(out) == []
    kept = {row["title"]: row["text"] for row in rows(out, "kept")}
    assert "T5" not in kept and len(kept) == 7
    assert LEAK[:80].upper() not in kept["T3"] and "\n\n" in kept["T3"]
    (rejected,) = [row for row in rows(out, "rejected") if row["step"] == "benchmark"]
    assert (rejected["title"], rejected["rule"]) == ("T5", "nothing_left")
    assert rejected["evidence"].startswith("deep/asked: ")
    manifest = json.loads((out / "_MANIFEST.json").read_bytes())
    about = manifest["contamination"]
    assert (about["cut_documents"], about["rule"]["gram_words"]) == (1, 13)
    asked, told_of = about["benchmarks"]
    assert (asked["benchmark"], asked["examples"], asked["uncheckable"]) == ("deep/asked", 2, 1)
    assert (asked["found"], asked["dirty"], told_of["found"]) == (1, 0, 0)
    assert sorted(part["rows"] for part in about["lists"]) == [1, 2]
    report = (out / "report.html").read_text()
    assert 'id="benchmarks"' in report and "benchmark.<wbr>nothing_<wbr>left" in report
    again = built(inputs, tmp_path / "again", *told, "--direct_num_workers=2")
    assert again.returncode == 0, again.stderr
    for folder in (out, tmp_path / "again"):
        (folder / "links_without_page.parquet").touch()
    assert contents(out) == contents(tmp_path / "again")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "one"}\n{"txt": "two"}', "bad.jsonl:2: the field 'text' is missing"),
        ('{"questions": "one"}', "bad.jsonl:1: its fields (questions) are no known form"),
    ],
)
def test_a_wrong_benchmark_ends_the_command_before_anything_is_written(inputs, tmp_path, line, said):
    (tmp_path / "bad.jsonl").write_text(line)
    ran = built(inputs, tmp_path / "out", "--benchmarks", str(tmp_path / "bad.jsonl"))
    assert ran.returncode == 3 and said in ran.stderr
    assert not (tmp_path / "out" / ".stages").exists()
    (tmp_path / "empty").mkdir()
    ran = built(inputs, tmp_path / "out", "--benchmarks", str(tmp_path / "empty"))
    assert ran.returncode == 3 and "there is no file in" in ran.stderr


def test_the_leaked_question_of_the_sample_is_cut_out(sample, tmp_path):
    command = [sys.executable, "-m", "pipelines.build_commoncrawl", "--recipe", "unfiltered"]
    given = ["--pages", f"{sample.folder}/commoncrawl/*", "--benchmarks", f"{sample.folder}/benchmarks"]
    ran = run([*command, *given, "--output", str(tmp_path / "out")])
    assert ran.returncode == 0, ran.stderr
    kept = {row["url"]: row["text"] for row in rows(tmp_path / "out", "kept")}
    (leaked,) = [page.url for page in sample.planted if page.kind == "leaked question"]
    assert QUESTION not in kept[leaked] and len(kept[leaked]) > 400
    about = json.loads((tmp_path / "out" / "_MANIFEST.json").read_bytes())["contamination"]
    assert about["cut_documents"] == 1
    assert sum(overlap["found"] for overlap in about["benchmarks"]) == 1
