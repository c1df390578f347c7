"""Real benchmarks in real texts: `../shared/data` beside the checkout, else skipped with that reason."""

from pathlib import Path

import pytest

from benchmarks.decontamination import false_cuts, find_planted, load, texts_of
from corpus.decontamination.benchmarks import read_benchmark

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA}")


def test_every_benchmark_can_be_read():
    files = sorted(path for path in (DATA / "benchmarks").rglob("*") if path.is_file())
    examples = {path.name: read_benchmark(path, path.name) for path in files}
    assert len(examples) == 37
    for name, found in examples.items():
        assert len(found) >= 40 and all(passage.strip() for passages in found for passage in passages), name
    assert len(examples["lambada_test_openai.jsonl.gz"]) == 2603


def test_every_planted_example_is_found_and_no_book_is_cut():
    names, tables, index = load(DATA / "benchmarks" / "rte_pascal")
    assert names[0] == "rte_pascal/rte1_dev"
    pages = texts_of(DATA / "pages" / "pages.gold.jsonl.gz")
    said = find_planted(tables, index, pages)
    assert "2,050 of 2,050" in said
    books = texts_of(DATA / "books" / "gutenberg.jsonl.zst")[:30]
    assert false_cuts(index, books)[0].startswith("false     0 cuts")
