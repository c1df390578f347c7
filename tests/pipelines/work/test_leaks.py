"""Decontamination in parts: the same as on the whole corpus, whatever the parts and whoever was rejected before."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from corpus.decontamination.filtering import FilteringRule
from corpus.decontamination.overlap import Overlap
from corpus.document import Document
from corpus.files.inputs import InputFile
from corpus.files.manifest import map_arrow, write_arrow, write_parquet
from corpus.schema import KEPT_SCHEMA, kept_row
from pipelines.runtime.task import Task
from pipelines.work import benchmarks as benchmark_work
from pipelines.work import common_grams as common_work
from pipelines.work import leaks as leak_work
from pipelines.work.benchmarks import ReadBenchmarks, SortGrams, benchmarks, gram_ranges
from pipelines.work.common_grams import CountDocuments, key_ranges
from pipelines.work.decontamination import DecideLeaks, leaks_to_decide
from pipelines.work.judging import JudgedFacts
from pipelines.work.leaks import FindLeaks, suspects
from pipelines.work.overlap import ReportOverlap, overlap_of_all
from pipelines.work.verdicts import DecidedFacts, VerdictRun, verdict_table

RULE = FilteringRule()
LEAK = " ".join(f"leak{number}" for number in range(30))


def prose(name: str) -> str:
    return " ".join(f"{name}{number}" for number in range(150))


def leaky(name: str, leak: str = LEAK) -> str:
    return f"{prose(name)} {leak} {prose(name + 'x')}"


def do(work, plan, root, *facts):
    """A stage, as the runtime does it."""
    found = []
    pieces = list(work.pieces(*facts)) if hasattr(work, "pieces") else []
    for number, unit in enumerate(plan(*facts)):
        task = Task(f"{work.__class__.__name__}{number}", work.__class__.__name__, unit, str(root))
        if pieces or hasattr(work, "pieces"):
            cut = [entries for piece in pieces for group, entries in work.cut(piece, root) if group == unit.group]
            found.append(work(task, b"".join(sorted(cut))))
        else:
            found.append(work(task))
    return found


def facts_of(outcomes):
    return [outcome.facts for outcome in outcomes]


@pytest.fixture
def files(tmp_path):
    lines = {
        "small": [{"text": LEAK}, {"text": "far too short"}, {"text": prose("unseen")}],
        "other": [{"text": "in " + LEAK}, {"text": " ".join(LEAK.split()[:12])}],
    }
    for name, rows in lines.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return [
        InputFile(f"{name}.jsonl", 1, file=str(tmp_path / f"{name}.jsonl")).with_sample() for name in lines
    ]  # fmt: skip


def decontaminate(root, files, parts, rejected=()):
    """Every stage on parts of texts; `rejected` are (part, row) that an earlier decider took out."""
    judged, runs = [], []
    for number, texts in enumerate(parts):
        rows = [kept_row(Document(f"{number}-{row}", "u", text)) for row, text in enumerate(texts)]
        kept = write_parquet(root / f"kept{number}.parquet", root, KEPT_SCHEMA, rows)
        judged.append(JudgedFacts(kept, kept, kept))
        rules = ["quality.pareto" if (number, row) in rejected else "" for row in range(len(texts))]
        part = write_arrow(root / f"early{number}.arrow", root, verdict_table(len(texts), rule=rules))
        runs.append(DecidedFacts((VerdictRun(part, (len(texts),)),)))
    read = facts_of(do(ReadBenchmarks(13), lambda: benchmarks(files), root))
    grams = facts_of(do(SortGrams(13), lambda read: gram_ranges(13, read), root, read))
    leaks = facts_of(do(FindLeaks(RULE), suspects, root, grams, judged, runs))
    common = facts_of(do(CountDocuments(RULE), key_ranges, root, leaks))
    decided = do(DecideLeaks(RULE), leaks_to_decide, root, leaks, common)
    (about,) = facts_of(do(ReportOverlap(RULE), overlap_of_all, root, read, grams, common, facts_of(decided)))
    verdicts = [
        row
        for outcome in decided
        for run in outcome.facts.runs
        for row in map_arrow(root / run.verdicts.path).to_pylist()
    ]
    return verdicts, about, sum((outcome.counts for outcome in decided[1:]), decided[0].counts)


def test_a_leak_is_cut_wherever_it_lies_and_many_pieces_are_rejected(tmp_path, files):
    many = " ".join([leaky("m")] * 12)
    parts = [[prose("a"), leaky("b")], [], [many, LEAK, leaky("c")]]
    verdicts, about, counts = decontaminate(tmp_path, files, parts)
    assert [row["rule"] for row in verdicts] == ["", "", "benchmark.many_pieces", "benchmark.nothing_left", ""]
    assert [bool(row["cuts"]) for row in verdicts] == [False, True, False, False, True]
    start = len(prose("b")) + 1
    assert verdicts[1]["cuts"] == [{"start": start - 200, "end": start + len(LEAK) + 200}]
    assert verdicts[3]["evidence"].endswith(": " + " ".join(LEAK.split()[:13]))
    assert (verdicts[2]["value"], verdicts[0]["value"]) == (13.0, None)
    assert (counts.received, counts.kept) == (5, 3)
    assert counts.reasons == {"benchmark.many_pieces": 1, "benchmark.nothing_left": 1}
    assert (about.cut_documents, about.cut_characters) == (2, 2 * (len(LEAK) + 400))


@pytest.mark.parametrize(("copies", "are_cut"), [(10, True), (11, False)])
def test_documents_are_counted_over_the_whole_corpus_without_those_that_left(tmp_path, files, copies, are_cut):
    parts = [[leaky(f"p{number}q") for number in range(6)], [leaky(f"r{number}s") for number in range(copies - 5)]]
    verdicts, about, counts = decontaminate(tmp_path, files, parts, rejected={(0, 0)})
    assert (counts.received, counts.rejected) == (copies, 0)
    assert verdicts[0]["rule"] == "" and not verdicts[0]["cuts"], "it left before"
    assert all(bool(row["cuts"]) == are_cut for row in verdicts[1:])
    assert about.ignored_grams == (0 if are_cut else 18)
    if not are_cut:
        assert Counter(common.documents for common in about.ignored) == {11: 18}
        assert about.ignored[0].gram in LEAK


def test_the_overlap_report_says_what_was_found_and_what_is_left(tmp_path, files):
    eight = " ".join(LEAK.split()[2:10])
    _, about, _ = decontaminate(tmp_path, files, [[leaky("a"), prose("b")], [leaky("c", eight)]])
    small, other = about.benchmarks
    assert small.benchmark.endswith("small") and small.gram_words == 8
    assert small == Overlap(small.benchmark, 3, 8, uncheckable=1, unfiltered=1, found=1, dirty=1)
    assert other.gram_words == 12 and (other.found, other.dirty, other.clean) == (2, 0, 2)
    lists = [[json.loads(line) for line in (tmp_path / part.path).read_text().splitlines()] for part in about.lists]
    assert [row["contaminated"] for row in lists[0]] == [True, False, False]
    assert [row.get("uncheckable", False) for row in lists[0]] == [False, True, False]
    assert [row["item"] for row in lists[1]] == [0, 1]


def test_partitions_change_no_verdict(tmp_path, files, monkeypatch):
    parts = [[leaky("a"), prose("b")], [LEAK, leaky("c")]]
    (tmp_path / "one").mkdir()
    (tmp_path / "more").mkdir()
    whole = decontaminate(tmp_path / "one", files, parts)
    monkeypatch.setattr(benchmark_work, "GRAMS_PER_PART", 100)
    monkeypatch.setattr(common_work, "LEAKS_PER_PART", 5)
    monkeypatch.setattr(leak_work, "_BATCH", 1)
    monkeypatch.setattr(leak_work, "_ROWS", 3)
    divided = decontaminate(tmp_path / "more", files, parts)
    assert divided[0] == whole[0] and divided[1].benchmarks == whole[1].benchmarks and divided[2] == whole[2]


def test_a_corpus_without_leaks(tmp_path, files):
    verdicts, about, counts = decontaminate(tmp_path, files, [[prose("a")], []])
    assert [row["rule"] for row in verdicts] == [""] and counts.kept == 1
    assert (about.cut_documents, about.ignored_grams, about.ignored) == (0, 0, ())
    assert all(overlap.found == 0 for overlap in about.benchmarks)


def test_keys_are_counted_once_a_document(tmp_path):
    columns = {"row": [0, 0, 1], "length": [13, 13, 13], "key": [7, 7, 7]}
    filler = {name: [0] * 3 for name in ("characters", "start", "end", "cut_start", "cut_end")}
    table = pa.table({**columns, **filler, "benchmark": [""] * 3, "gram": [""] * 3})
    part = write_arrow(
        tmp_path / "leaks.arrow", tmp_path, table.select(leak_work.LEAKS_SCHEMA.names).cast(leak_work.LEAKS_SCHEMA)
    )
    piece = common_work.LeakyPart(part.path, 1)
    ((group, entries),) = CountDocuments(RULE).cut(piece, tmp_path)
    assert (group, np.frombuffer(entries, np.uint64).tolist()) == (0, [7, 7])


def test_a_document_that_is_one_leak_a_word(tmp_path, files):
    """Of 30,000 words that are all of leaks, nothing is left, and the grams are few."""
    verdicts, about, counts = decontaminate(tmp_path, files, [[" ".join([LEAK] * 1_000), prose("a")]])
    assert [row["rule"] for row in verdicts] == ["benchmark.nothing_left", ""]
    assert (counts.rejected, about.cut_documents) == (1, 0)
