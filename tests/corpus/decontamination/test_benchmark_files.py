"""Benchmarks in every form that they are given away in, and the file and line of what is wrong with one."""

import bz2
import gzip
import json
import lzma

import pytest
import zstandard

from corpus.decontamination.benchmarks import BenchmarkError, benchmark_name, read_benchmark

FORMS = {
    "text.jsonl": ({"text": "One line."}, ("One line.",)),
    "query.jsonl": ({"query": "Why?", "choices": ["So.", "No."], "gold": 0}, ("Why? So.", "Why? No.")),
    "trivia.jsonl": ({"context": "Who?", "answer": "I", "aliases": ["Me"]}, ("Who? I", "Who? Me")),
    "medical.jsonl": ({"context": "It is", "continuation": "well"}, ("It is well",)),
    "schema.jsonl": ({"context_options": ["He", "She"], "continuation": "ran", "gold": 1}, ("He ran", "She ran")),
    "swag.jsonl": ({"question": "Then", "choices": {"A": "a", "B": "b"}, "id": 3}, ("Then a", "Then b")),
    "entailment.jsonl": ({"premise": "It rains.", "hypothesis": "Wet.", "label": "YES"}, ("It rains.", "Wet.")),
}


def written(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("name", FORMS)
def test_json_lines(tmp_path, name):
    row, passages = FORMS[name]
    data = "\n".join([json.dumps(row), "", json.dumps(row)])
    assert read_benchmark(written(tmp_path, name, data), name) == [passages, passages]


@pytest.mark.parametrize(
    ("name", "data", "examples"),
    [
        ("cola.tsv", "gj04\t1\t\tHe ran off.\nbc01\t0\t*\tRan he off.\n", [("He ran off.",), ("Ran he off.",)]),
        ("sst.tsv", 'a "fine film\t1\nno film at all\t0', [('a "fine film',), ("no film at all",)]),
        ("glue.tsv", "sentence\tlabel\nFine.\t1\n", [("Fine.",)]),
        ("sts.csv", '"A man, a plan.","One, ""two"".",4.75\n', [("A man, a plan.", 'One, "two".')]),
        ("pairs.csv", "It is so.,So it is.,1\n", [("It is so.", "So it is.")]),
        ("trec.txt", "NUM:dist How far ?\nHUM:desc Who was he ?\n", [("How far ?",), ("Who was he ?",)]),
        ("mr.txt", "a film: NUM:x\n\nanother film\u2028still\n", [("a film: NUM:x",), ("another film\u2028still",)]),
    ],
)  # fmt: skip
def test_tables_and_lines(tmp_path, name, data, examples):
    assert read_benchmark(written(tmp_path, name, data), name) == examples


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstandard.ZstdCompressor().compress),
    ],
)
def test_compressed(tmp_path, suffix, compress):
    name = f"a.tsv{suffix}"
    assert read_benchmark(written(tmp_path, name, compress(b"two words\t1\n")), name) == [("two words",)]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", '{"text": "x"}\n\n{"txt": "y"}', r"a\.jsonl:3: the field 'text' is missing"),
        ("a.jsonl", '{"txt": "y"}', r"a\.jsonl:1: its fields \(txt\) are no known form"),
        ("a.jsonl", '{"text": "x"}\n{"text": 3}', r"a\.jsonl:2: the field 'text' is a int, not a str"),
        ("a.jsonl", '{"query": "x", "choices": ["a", 1]}', r"a\.jsonl:1: not all that query, choices hold are texts"),
        ("a.jsonl", '{"context_options": [], "continuation": "a"}', r"a\.jsonl:1: not all"),
        ("a.jsonl", '{"text": "x"}\n{"text": "y"', r"a\.jsonl:2: not JSON"),
        ("a.jsonl", '{"text": "x"}\n[1]', r"a\.jsonl:2: no JSON object"),
        ("a.tsv", "two words\t1\ntwo words", r"a\.tsv:2: 1 columns, and the first line has 2"),
        ("a.tsv", "1\t2\n3\t4", r"a\.tsv: none of its 2 columns holds texts"),
        ("a.csv", 'two words,"open\n', r"a\.csv:1: "),
        ("a.txt", "\n \n", r"a\.txt: no example in it"),
        ("a.txt", b"fine\n\xff\xfe bad", r"a\.txt:2: not UTF-8"),
        ("a.txt.gz", gzip.compress(b"some text " * 5000, mtime=0)[:-40], r"a\.txt\.gz: damaged at byte 0"),
    ],
)
def test_what_is_wrong_names_the_file_and_the_line(tmp_path, name, data, said):
    with pytest.raises(BenchmarkError, match=said) as error:
        read_benchmark(written(tmp_path, name, data), name)
    assert error.value.code == 3


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BenchmarkError, match=r"gone\.txt: cannot be read"):
        read_benchmark(tmp_path / "gone.txt", "gone.txt")


def test_names():
    assert benchmark_name("data/cola/in_domain_dev.tsv.gz") == "cola/in_domain_dev"
    assert benchmark_name("lambada.jsonl") == "lambada"
    assert benchmark_name("/a/mr/rt-polarity.neg.txt.gz") == "mr/rt-polarity.neg"
