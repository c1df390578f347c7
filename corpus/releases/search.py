"""Is something still there? Every file of a release, byte by byte, with what is compressed or encoded taken out of it.

Parquet and Arrow files are searched as they lie and column by column, pages by the text that they show, shards also by
the text that their tokens stand for. A tokenizer may not give a text back as it was (GPT-1's has small letters), so
tokens are compared without case and blanks. What is found is named by file, and by document where there is one.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from corpus.dedup.exact import text_key
from corpus.releases.figures import SHARDS, TOKENIZER
from corpus.releases.tombstones import Tombstones
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer

# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute
_PAGES = frozenset({".html", ".md"})
# RE2 turns so many words into one automaton without slowing down.
_WORDS_PER_PATTERN = 1000
_SHOWN = 60


@dataclass(frozen=True)
class Needles:
    """What must not be there: `names` are domains, addresses and ids.

    `pieces` are cut out of texts, `texts` are digests of whole ones.
    """

    names: tuple[str, ...]
    pieces: tuple[str, ...]
    texts: frozenset[str] = frozenset()

    @staticmethod
    def of(tombstones: Tombstones, pieces: Iterable[str], urls: Iterable[str] = ()) -> "Needles":
        """The needles of some tombstones, with pieces of the texts and the addresses that were found for them."""
        # The part after the source: it stands so in other columns too.
        ids = {identity.rpartition("/")[2] or identity for identity in tombstones.ids}
        names = {*tombstones.domains, *tombstones.urls, *urls, *ids} - {""}
        return Needles(tuple(sorted(names)), tuple(sorted(filter(None, pieces))), frozenset(tombstones.texts))

    @cached_property
    def patterns(self) -> list[str]:
        """RE2 patterns of all needles."""
        return _patterns((*self.names, *self.pieces))

    @cached_property
    def folded(self) -> list[str]:
        """RE2 patterns of all needles without case and blanks."""
        return _patterns({_fold(word) for word in (*self.names, *self.pieces)} - {""})


def verify(folder: Path, needles: Needles) -> list[str]:
    """Where a release still has something of what must not be there; nothing where all of it is gone."""
    if not (needles.names or needles.pieces or needles.texts):
        return []
    tokenizer = load_tokenizer(folder / TOKENIZER) if (folder / TOKENIZER).is_dir() else None
    hits: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        hits += [f"{name}{where}" for where in _hits(path, needles, tokenizer if name.parts[0] == SHARDS else None)]
    return hits


def _hits(path: Path, needles: Needles, tokenizer: Tokenizer | None) -> Iterator[str]:
    data = path.read_bytes()
    raw = pa.array([data], pa.large_binary())
    yield from (f": {found}" for found in _find(raw, needles.patterns))
    if path.suffix in _PAGES:
        # <wbr> may part a name on a page; a reader sees it whole.
        shown = html.unescape(re.sub(r"<wbr>", "", data.decode("utf-8", "replace")))
        yield from (f", as shown: {found}" for found in _find(pa.array([shown], pa.large_string()), needles.patterns))
    elif path.suffix == ".parquet":
        for table in _row_groups(path):
            yield from _in_table(table, needles)
    elif path.suffix == ".arrow":
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                yield from _in_table(pa.Table.from_batches([batch]), needles)
                if tokenizer is not None and "tokens" in batch.schema.names:
                    yield from _in_tokens(batch, needles, tokenizer)


def _row_groups(path: Path) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    yield from (file.read_row_group(number) for number in range(file.num_row_groups))


def _in_table(table: pa.Table, needles: Needles) -> Iterator[str]:
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            for row in _rows(column, needles.patterns):
                identity = table["id"][row].as_py() if "id" in table.column_names else f"row {row}"
                yield f", column {name} of {identity}"
    if needles.texts and "text" in table.column_names:
        for number, text in enumerate(table["text"].to_pylist()):
            if text and text_key(text) in needles.texts:
                yield f", the text of {table['id'][number].as_py()}"


def _in_tokens(batch: pa.RecordBatch, needles: Needles, tokenizer: Tokenizer) -> Iterator[str]:
    texts = [_fold(tokenizer.decode(tokens.values.to_numpy())) for tokens in batch.column("tokens")]
    for row in _rows(pa.chunked_array([pa.array(texts, pa.large_string())]), needles.folded):
        yield f", tokens of {batch.column('doc_id')[row].as_py()}"


def _rows(column: pa.ChunkedArray, patterns: list[str]) -> list[int]:
    rows: set[int] = set()
    for pattern in patterns:
        hits = pc.fill_null(pc.match_substring_regex(column, pattern, ignore_case=True), False)
        rows.update(pc.indices_nonzero(hits).to_pylist())
    return sorted(rows)


def _find(one: pa.Array, patterns: list[str]) -> Iterator[str]:
    """The needles of each pattern that a single value has: the first of each pattern."""
    for pattern in patterns:
        if pc.match_substring_regex(one, pattern, ignore_case=True)[0].as_py():
            # Which of a thousand words it was; the pattern only says that one is there.
            words = pattern.split("|")
            word = next(
                (word for word in words if pc.match_substring_regex(one, word, ignore_case=True)[0].as_py()), ""
            )
            yield re.sub(r"\\(.)", r"\1", word)[:_SHOWN]  # without the escapes of `re.escape`


def _patterns(words: Iterable[str]) -> list[str]:
    quoted = [re.escape(word) for word in sorted(words)]
    return ["|".join(quoted[at : at + _WORDS_PER_PATTERN]) for at in range(0, len(quoted), _WORDS_PER_PATTERN)]


def _fold(text: str) -> str:
    return "".join(text.casefold().split())
