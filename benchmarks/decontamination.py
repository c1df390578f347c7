"""Decontamination on real texts: benchmark lines planted into pages, false cuts in books, and the speed of the scan.

    python -m benchmarks.decontamination --benchmarks ../shared/data/benchmarks \
        --pages ../shared/data/pages/pages.gold.jsonl.gz --books ../shared/data/books/gutenberg.jsonl.zst

*Planted*: every example of at least 13 words is put, as its longest passage, into the middle of a page (which one says
a hash), and must be found. *False*: books are older than any benchmark here, so a cut in one is false unless the
benchmark quotes the book; each is shown. *Speed*: processor seconds of the compiled scan beside a plain Python set of
tuples of words, on the same pages.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.decontamination.benchmarks import benchmark_name, read_benchmark
from corpus.decontamination.filtering import FilteringRule, filter_document, surrounding
from corpus.decontamination.grams import GramIndex, entries_of, example_lengths, passages_table, sorted_part
from corpus.decontamination.overlap import gram_words
from corpus.decontamination.words import DROPPED, SUSPECT, TABLE_SIZE, character_table
from corpus.hashing import uniform
from corpus.readers.lines import Line, read_lines

RULE = FilteringRule()
# A plain set is so slow that a part of the pages says enough.
PAGES_FOR_THE_SET = 100
TIMES = 5


def load(folder: Path) -> tuple[list[str], list[pa.Table], GramIndex]:
    """The names, passages and index of all benchmarks in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [benchmark_name(path.relative_to(folder.parent).as_posix()) for path in files]
    tables = [passages_table(read_benchmark(path, str(path))) for path in files]
    entries = [
        entries_of(number, table, (RULE.gram_words, gram_words(example_lengths(table).tolist())))
        for number, table in enumerate(tables)
    ]
    keys, _ = sorted_part(np.concatenate(entries), names, [table["words"] for table in tables])
    return names, tables, GramIndex([keys])


def texts_of(path: Path) -> list[str]:
    """The texts of JSON lines."""
    return [json.loads(line.data)["text"] for line in read_lines(path) if isinstance(line, Line)]


def longest_passages(table: pa.Table) -> Iterator[str]:
    """The longest passage of each example that filtering can check."""
    best: dict[int, str] = {}
    for example, words in zip(table["example"].to_pylist(), table["words"].to_pylist(), strict=True):
        if len(words.split()) > len(best.get(example, "").split()):
            best[example] = words
    return (words for words in best.values() if len(words.split()) >= RULE.gram_words)


def find_planted(tables: Sequence[pa.Table], index: GramIndex, pages: Sequence[str]) -> str:
    """How many planted examples have a hit where they were planted."""
    texts, places = [], []
    for number, table in enumerate(tables):
        for example, words in enumerate(longest_passages(table)):
            page = pages[int(uniform(f"{number} {example}", "planted") * len(pages))]
            middle = page.find(" ", len(page) // 2) + 1
            texts.append(f"{page[:middle]}{words}. {page[middle:]}")
            places.append((middle, middle + len(words)))
    found = {
        hit.document
        for hit in index.scan(texts)
        if hit.length == RULE.gram_words and places[hit.document][0] <= hit.start < places[hit.document][1]
    }
    return f"planted   {len(found):,} of {len(texts):,} examples found ({len(found) / len(texts):.2%})"


def false_cuts(index: GramIndex, texts: Sequence[str]) -> list[str]:
    """The cuts in texts that no benchmark was made of."""
    lines, cuts = [], 0
    for number, text in enumerate(texts):
        hits = [hit for hit in index.scan([text]) if hit.length == RULE.gram_words]
        spans = [surrounding(text, (hit.start, hit.end), RULE.window) for hit in hits]
        cuts += len(filter_document(len(text), spans, RULE).cuts)
        lines += [f"          book {number}: {hit.benchmark}: {hit.gram}" for hit in hits]
    return [f"false     {cuts} cuts in {len(texts)} books of {sum(map(len, texts)) / 1e6:.1f} M characters", *lines]


def grams_of_set(tables: Sequence[pa.Table]) -> set[tuple[str, ...]]:
    """All 13-grams as a plain set."""
    found: set[tuple[str, ...]] = set()
    for words in (text.split() for table in tables for text in table["words"].to_pylist()):
        found.update(tuple(words[at : at + 13]) for at in range(len(words) - 12))
    return found


def by_set(grams: set[tuple[str, ...]], texts: Sequence[str]) -> Counter[int]:
    """Hits per document, by looking up each tuple of 13 words; the words are had as cheaply as Python can."""
    hits: Counter[int] = Counter()
    signs = {code: None for code in range(TABLE_SIZE) if int(character_table()[code]) & ~SUSPECT == DROPPED}
    for number, text in enumerate(texts):
        words = text.lower().translate(signs).split()
        hits[number] += sum(tuple(words[at : at + 13]) in grams for at in range(len(words) - 12))
    return hits


def speed(tables: Sequence[pa.Table], index: GramIndex, pages: Sequence[str]) -> list[str]:
    """Documents and megabytes a processor second, ours and the set's; both must find the same."""
    grams, some = grams_of_set(tables), pages[:PAGES_FOR_THE_SET]
    list(index.scan(some))
    began = time.process_time()
    expected = by_set(grams, some)
    plain, plain_mb = _rates(some, time.process_time() - began)
    began = time.process_time()
    *_, found = (list(index.scan(pages)) for _ in range(TIMES))
    ours, ours_mb = _rates(pages, (time.process_time() - began) / TIMES)
    hits = Counter(hit.document for hit in found if hit.length == RULE.gram_words)
    same = all(expected[number] == hits[number] for number in range(len(some)))
    return [
        f"set       {plain:>9,.0f} documents/s  {plain_mb:>7,.1f} MB/s  ({len(grams):,} grams of 13 words)",
        f"scan      {ours:>9,.0f} documents/s  {ours_mb:>7,.1f} MB/s  ({len(index):,} grams of {index.lengths} words)",
        f"ratio     {ours_mb / plain_mb:.0f} x; the same hits: {'yes' if same else 'NO'}",
    ]


def _rates(texts: Sequence[str], seconds: float) -> tuple[float, float]:
    return len(texts) / seconds, sum(len(text.encode()) for text in texts) / 1e6 / seconds


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decontamination", description="Decontamination.")
    parser.add_argument("--benchmarks", type=Path, required=True, help="the folder with benchmarks")
    parser.add_argument("--pages", type=Path, required=True, help="JSON lines with the texts of pages")
    parser.add_argument("--books", type=Path, required=True, help="JSON lines with the texts of books")
    given = parser.parse_args()
    _, tables, index = load(given.benchmarks)
    pages, books = texts_of(given.pages), texts_of(given.books)
    print(find_planted(tables, index, pages), flush=True)
    print("\n".join(false_cuts(index, books)), flush=True)
    print("\n".join(speed(tables, index, pages)))


if __name__ == "__main__":
    main()
