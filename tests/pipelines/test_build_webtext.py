"""The whole build, by its own command, on the embedded sample and on real files where they lie beside the checkout."""

import gzip
import json
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pyarrow.parquet as pq
import pytest

pytest.importorskip("apache_beam")

from conftest import ROOT, arguments, build, contents, rows, run
from forked import started

from corpus.files.manifest import verify
from corpus.sample.web import PageOutcome
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA

FAMILIES = {
    PageOutcome.LANGUAGE: ("language.",),
    PageOutcome.WIKIPEDIA: ("wikipedia.",),
    PageOutcome.QUALITY: ("text.",),
    PageOutcome.REPETITION: ("gopher.", "text.", "language."),
    PageOutcome.STATUS: ("page.http_error",),
    PageOutcome.NO_HTML: ("page.not_html",),
    PageOutcome.EMPTY: ("page.empty",),
}


@pytest.fixture(scope="module")
def verdicts(built):
    """URL → the verdicts on it: "kept" or the reason."""
    found = defaultdict(list)
    for row in rows(built, "kept"):
        found[row["url"]].append("kept")
    for row in rows(built, "rejected"):
        found[row["url"]].append(f"{row['step']}.{row['rule']}")
    return found


def test_every_planted_page_ends_as_it_should(sample, built, verdicts):
    lost = {row["url"] for row in pq.read_table(built / "links_without_page.parquet").to_pylist()}
    groups = defaultdict(list)
    for fact in sample.expected:
        found = verdicts.get(fact.url, [])
        if fact.outcome is PageOutcome.ONE_OF_GROUP:
            groups[fact.group] += found
        elif fact.outcome is PageOutcome.KEPT:
            assert found.count("kept") == 1, (fact, found)
        elif fact.outcome is PageOutcome.KEPT_OR_NEAR:
            assert found in (["kept"], ["duplicates.near"]), (fact, found)
        elif fact.outcome is PageOutcome.NO_PAGE:
            assert not found, (fact, found)
        elif fact.outcome in (PageOutcome.NOT_ASKED, PageOutcome.NOT_KEPT):
            assert "kept" not in found, (fact, found)
            assert fact.outcome is PageOutcome.NOT_KEPT or not found, (fact, found)
        else:
            assert found, fact
            assert all(reason.startswith(FAMILIES[fact.outcome]) for reason in found), (fact, found)
    for group, found in groups.items():
        assert found.count("kept") == 1, (group, found)
    assert lost


def test_karma_and_text_are_those_of_the_page(sample, built):
    kept = {row["url"]: row for row in rows(built, "kept")}
    for fact in sample.expected:
        if fact.url in kept and fact.outcome is PageOutcome.KEPT:
            assert fact.karma is None or kept[fact.url]["karma"] == fact.karma, fact
            assert fact.says in kept[fact.url]["text"], fact


def test_counts_balance_to_the_document(built):
    manifest = json.loads((built / "_MANIFEST.json").read_bytes())
    for stage, count in manifest["counts"].items():
        assert count["in"] == count["kept"] + count["rejected"] + count["quarantined"], stage
        assert count["rejected"] == sum(count["reasons"].values()), stage
    corpus = manifest["counts"]["corpus"]
    assert (len(rows(built, "kept")), len(rows(built, "rejected"))) == (corpus["kept"], corpus["rejected"])
    reasons = defaultdict(int)
    for row in rows(built, "rejected"):
        reasons[f"{row['step']}.{row['rule']}"] += 1
    assert dict(reasons) == corpus["reasons"]
    without = pq.read_table(built / "links_without_page.parquet").num_rows
    assert without == manifest["links_without_page"] == manifest["links"] - manifest["links_answered"]
    assert len(rows(built, "quarantined")) == sum(
        manifest["counts"][stage]["quarantined"] for stage in ("posts", "captures", "extracted", "judged")
    )
    assert verify(built) == []


def test_lines_and_records_are_all_accounted_for(sample, built):
    manifest = json.loads((built / "_MANIFEST.json").read_bytes())
    broken = sum(sample.lines[kind] for kind in ("not_json", "not_object"))
    assert manifest["counts"]["posts"]["in"] == sample.lines["all"] - sample.lines["blank"]
    assert manifest["counts"]["posts"]["quarantined"] == broken
    for entry in manifest["inputs"]["pages"]:
        name = entry["name"].rpartition("/")[2]
        assert sum(entry["records"].values()) == sample.records[name], name
        assert entry["quarantined"] == sample.broken_records.get(name, 0), name


def test_the_columns_are_the_contract(built):
    for kind, schema in (("kept", KEPT_SCHEMA), ("rejected", REJECTED_SCHEMA), ("quarantined", QUARANTINED_SCHEMA)):
        for path in (built / kind).glob("*.parquet"):
            assert pq.read_schema(path).equals(schema)


def test_every_duplicate_names_another_document(built):
    ids = {row["id"] for kind in ("kept", "rejected") for row in rows(built, kind)}
    duplicates = [row for row in rows(built, "rejected") if row["step"] == "duplicates"]
    assert duplicates
    for row in duplicates:
        assert row["other_id"] in ids
        assert row["cluster"]
        assert (row["rule"] == "near") == (row["value"] is not None)


def test_datasets_opens_the_output(built, tmp_path):
    datasets = pytest.importorskip("datasets")
    files = str(built / "kept" / "*.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path))
    assert sorted(loaded["id"]) == sorted(row["id"] for row in rows(built, "kept"))


def test_a_second_run_has_nothing_to_do(sample, built):
    before = {path: path.stat().st_mtime_ns for path in (built / "kept").iterdir()}
    bytes_before = contents(built)
    build(sample, built, "--direct_num_workers=1")
    assert {path: path.stat().st_mtime_ns for path in (built / "kept").iterdir()} == before
    assert contents(built) == bytes_before


def test_two_runs_give_the_same_bytes_whatever_the_environment(sample, built, tmp_path, quiet_environment):
    ran = run(arguments(sample, tmp_path / "again", "--direct_num_workers=1"), env=quiet_environment)
    assert ran.returncode == 0, ran.stderr
    assert contents(tmp_path / "again") == contents(built)


def test_two_workers_give_the_same_bytes(sample, built, tmp_path):
    build(sample, tmp_path / "two", "--direct_num_workers=2")
    assert contents(tmp_path / "two") == contents(built)


def test_the_order_of_inputs_changes_no_byte(sample, built, tmp_path):
    pages = sorted((sample.folder / "crawl").iterdir(), reverse=True)
    dumps = sorted((sample.folder / "submissions").iterdir(), reverse=True)
    command = arguments(sample, tmp_path / "turned", "--direct_num_workers=1")
    command[command.index("--pages") + 1 : command.index("--output")] = [str(path) for path in pages]
    command[command.index("--submissions") + 1 : command.index("--pages")] = [str(path) for path in dumps]
    ran = run(command)
    assert ran.returncode == 0, ran.stderr
    assert contents(tmp_path / "turned") == contents(built)


def without_place(found):
    """Rows as a set, but for where their bytes lay."""
    left_out = ("warc_file", "warc_offset")
    return sorted(json.dumps({k: v for k, v in row.items() if k not in left_out}, sort_keys=True) for row in found)


def test_inputs_split_over_several_files_make_the_same_documents(sample, built, tmp_path):
    crawl = tmp_path / "crawl"
    crawl.mkdir()
    for path in (sample.folder / "crawl").iterdir():
        data = path.read_bytes()
        if path.name.startswith("sample-0000"):
            cuts = [place for place in range(len(data)) if data.startswith(b"\x1f\x8b\x08", place)]
            middle = next(place for place in cuts if place > len(data) // 2 and is_member(data[place:]))
            (crawl / "one.warc.gz").write_bytes(data[:middle])
            (crawl / "two.warc.gz").write_bytes(data[middle:])
        else:
            (crawl / path.name).write_bytes(data)
    command = arguments(sample, tmp_path / "split", "--direct_num_workers=1")
    command[command.index("--pages") + 1] = f"{crawl}/*"
    ran = run(command)
    assert ran.returncode == 0, ran.stderr
    for kind in ("kept", "rejected"):
        assert without_place(rows(tmp_path / "split", kind)) == without_place(rows(built, kind))


def is_member(data):
    try:
        return gzip.decompress(data).startswith(b"WARC/")
    except (OSError, EOFError):
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_says_how_to_go_on(sample, tmp_path, workers):
    """By the real command: Ctrl-C must find the interpreter in any state."""
    command = arguments(sample, tmp_path / "corpus", f"--direct_num_workers={workers}")
    with (tmp_path / "said").open("w") as errors, subprocess.Popen(command, cwd=ROOT, stderr=errors) as process:
        while process.poll() is None and not (tmp_path / "corpus" / ".stages" / "extracted" / "records").is_dir():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    said = (tmp_path / "said").read_text()
    assert process.returncode == 130, said
    assert "Continue with the same command" in said
    assert "Traceback" not in said
    assert not (tmp_path / "corpus" / "_MANIFEST.json").exists()


@pytest.mark.parametrize(
    ("workers", "moments"),
    [
        (1, ("posts", "captures", "extracted", "judged", "signatures", "clusters", "selected", "published")),
        (2, ("extracted", "clusters")),
    ],
)
def test_a_killed_run_goes_on_to_the_same_bytes(sample, built, tmp_path, workers, moments):
    """kill -9 of the driver as each of these stages begins (and a random while later), then the same command.

    Two workers are processes of their own, which outlive the driver for a moment.
    """
    command = arguments(sample, tmp_path / "killed", f"--direct_num_workers={workers}")
    for moment in moments:
        with started(command[2], command[3:], ROOT) as process:
            while process.is_alive() and not (tmp_path / "killed" / ".stages" / moment / "records").is_dir():
                time.sleep(0.01)
            time.sleep(random.random() / 20)
            assert process.is_alive(), f"the run ended before {moment}"
            process.kill()
    ran = run(command)
    assert ran.returncode == 0, ran.stderr
    assert contents(tmp_path / "killed") == contents(built)
    assert not list((tmp_path / "killed").rglob(".tmp-*"))


def test_other_settings_leave_nothing_of_the_old_corpus(sample, tmp_path):
    build(sample, tmp_path / "corpus", "--direct_num_workers=1", "--captures-a-part=60")
    before = set(contents(tmp_path / "corpus"))
    build(
        sample, tmp_path / "corpus", "--direct_num_workers=1", "--languages=de,fr", "--captures-a-part=60", "--replace"
    )
    after = {name for name in contents(tmp_path / "corpus") if name.startswith("kept/")}
    assert not before & after
    assert {row["language"] for row in rows(tmp_path / "corpus", "kept")} == {"de", "fr"}


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (["--pages", "no/such/*.gz"], 3, "finds no file"),
        (["--submissions", "tests"], 3, "is a folder"),
        (["--min-karmo", "4"], 2, "did you mean --min-karma?"),
        (["--karma", "mean"], 2, "invalid choice"),
        (["--created-before", "December"], 2, "not a day"),
        (["--block", "no-such-list"], 2, "no block list"),
        (["--language-model", "README.md"], 3, "SHA-256"),
        (["--languages", "english"], 2, "did you mean en?"),
        (["--languages", "en,xx"], 2, "the model knows"),
        (["--created-from", "2018-01-01"], 2, "is not before --created-before"),
        (["--captures-a-part", "-1"], 2, "--captures-a-part: -1 is out of range"),
        (["--max-quarantined", "7"], 2, "--max-quarantined: 7 is out of range"),
        (["--direct_num_workers", "-3"], 2, "--direct_num_workers -3"),
        (["--runner", "SparkRuner"], 2, "did you mean SparkRunner?"),
        (["--runner", "DataflowRunner"], 2, "needs --project"),
        (["--output", "README.md"], 2, "README.md"),
        (["--max-quarantined", "many"], 2, "is not a number"),
    ],
)
def test_a_mistake_is_named_and_has_its_exit_code(sample, tmp_path, change, code, says):
    command = arguments(sample, tmp_path / "corpus")
    if change[0] in command:
        command[command.index(change[0]) + 1] = change[1]
    else:
        command += change
    ran = run(command)
    assert (ran.returncode, says in ran.stderr) == (code, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "corpus" / "_MANIFEST.json").exists()


def test_a_full_disk_stops_the_run_with_a_clear_error(sample, tmp_path):
    command = " ".join(f"'{word}'" for word in arguments(sample, tmp_path / "corpus", "--direct_num_workers=1"))
    ran = run(["bash", "-c", f"ulimit -f 20; exec {command}"])
    assert ran.returncode == 5, ran.stderr
    assert "a file outgrew its limit" in ran.stderr
    assert not (tmp_path / "corpus" / "_MANIFEST.json").exists()


def test_two_runs_at_once_are_told_apart(sample, tmp_path):
    from filelock import FileLock

    (tmp_path / "corpus").mkdir()
    with FileLock(tmp_path / "corpus" / ".lock"):
        ran = run(arguments(sample, tmp_path / "corpus"))
    assert (ran.returncode, "another run" in ran.stderr) == (6, True), ran.stderr


def test_a_dry_run_prints_a_plan_and_writes_nothing(sample, tmp_path):
    ran = run(arguments(sample, tmp_path / "corpus", "--dry-run"))
    assert ran.returncode == 0, ran.stderr
    assert all(word in ran.stdout for word in ("recipe", "submissions", "pages", "stages", "disk"))
    assert not (tmp_path / "corpus").exists()


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pipelines.build_webtext import parser; parser().format_help(); "
        "sys.exit(bool({'apache_beam', 'pyarrow', 'numpy', 'rich'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code]).returncode == 0


def test_no_link_at_all_is_no_corpus(sample, tmp_path):
    ran = run(arguments(sample, tmp_path / "corpus", "--direct_num_workers=1", "--min-karma=1000000"))
    assert (ran.returncode, "no post of --submissions gives a link" in ran.stderr) == (4, True), ran.stderr
    assert not (tmp_path / "corpus" / "_MANIFEST.json").exists()
