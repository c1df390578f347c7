"""Benchmarks and documents made of numbered words, and the whole of both rules on them, in memory."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa

from corpus.decontamination.filtering import Filtered, FilteringRule, filter_document, surrounding
from corpus.decontamination.grams import GramIndex, Hit, entries_of, partition_of, passages_table, sorted_part


def words(first: int, count: int, stem: str = "leak") -> str:
    """Words that stand nowhere else."""
    return " ".join(f"{stem}{number}" for number in range(first, first + count))


def prose(characters: int, stem: str = "plain") -> str:
    """Exactly so many characters of words that no benchmark has, with a blank at each end."""
    text = " " + words(0, characters // 5, stem)
    return text[: characters - 1].rstrip().ljust(characters - 1, "x") + " "


def parts_of(
    *benchmarks: Sequence[Sequence[str]], lengths: Sequence[int] = (13,), partitions: int = 1
) -> list[tuple[pa.Table, pa.Table]]:
    """Keys and postings of benchmarks, each of examples, each of passages; they are called a, b, c."""
    passages = [passages_table([tuple(example) for example in examples]) for examples in benchmarks]
    entries = np.concatenate([entries_of(number, table, lengths) for number, table in enumerate(passages)])
    places = partition_of(entries["key"], partitions)
    words = [table["words"] for table in passages]
    return [sorted_part(entries[places == number], "abcdef", words) for number in range(partitions)]


def index_of(*benchmarks: Sequence[Sequence[str]], lengths: Sequence[int] = (13,), partitions: int = 1) -> GramIndex:
    """The index of benchmarks."""
    return GramIndex([keys for keys, _ in parts_of(*benchmarks, lengths=lengths, partitions=partitions)])


@cache
def leak_index() -> GramIndex:
    """The index of one example of 60 words."""
    return index_of([[words(0, 60)]])


def filtered(texts: Sequence[str], index: GramIndex | None = None) -> list[Filtered]:
    """What becomes of each of the texts of a corpus, by `leak_index` unless another is given."""
    index, rule = index or leak_index(), FilteringRule()
    hits: list[Hit] = [hit for hit in index.scan(texts) if hit.length == rule.gram_words]
    documents = Counter(key for key, _ in {(hit.key, hit.document) for hit in hits})
    found = []
    for number, text in enumerate(texts):
        own = [hit for hit in hits if hit.document == number and documents[hit.key] <= rule.most_documents]
        cuts = [surrounding(text, (hit.start, hit.end), rule.window) for hit in own]
        found.append(filter_document(len(text), cuts, rule))
    return found
