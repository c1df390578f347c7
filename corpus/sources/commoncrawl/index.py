"""Common Crawl's columnar index × links: which capture of a page is nearest to when its link was posted.

The index has a row for each capture of a snapshot: URL, time, status, type, and where the record lies (file, offset,
length). It is sorted by `url_surtkey` and has three billion rows, of which a link table wants one in a thousand. So a
row is looked at as little as its answer needs:

1. a row group between whose first and last key no wanted host lies is not read at all;
2. of the others only key, status and type are read, and compared with a *loose* key, which both ways of writing an
   address come down to without being parsed (all vectors);
3. what passes, and what no vector can decide (escapes, brackets), is parsed as our own links are (`corpus.urls`), for
   Common Crawl's key folds the case of paths, which many hosts distinguish.

Nothing here grows with the index; with the links grow only their keys, which are mapped, not loaded.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from corpus.document import Quarantined
from corpus.errors import CorpusloomError, ExitCode
from corpus.hashing import key64
from corpus.urls import address

SOUGHT_SCHEMA = pa.schema(
    [
        ("key", pa.int64()),
        ("karma", pa.int64()),
        ("first_posted", pa.int64()),
        ("url", pa.string()),
        ("canonical_url", pa.string()),
    ]
)
CANDIDATES_SCHEMA = pa.schema(
    [
        ("key", pa.int64()),
        ("distance", pa.int64()),
        ("fetched", pa.int64()),
        ("warc", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("url", pa.string()),
    ]
)
PLACE_COLUMNS = ("url", "fetch_time", "warc_filename", "warc_record_offset", "warc_record_length")
_KEY, _STATUS, _TYPE = "url_surtkey", "fetch_status", "content_mime_detected"  # names of Common Crawl's columns
_PAGES = ("text/html", "application/xhtml+xml")
# Of a record compressed by itself; the crawl cuts pages off at 1 MiB, later at 5.
LONGEST_RECORD = 2**24
_BATCH = 1 << 16
# pyarrow makes these functions at import, where no type checker sees them.
pc: Any = pyarrow.compute


@dataclass(frozen=True)
class Sought:
    """Some links, as the index is searched for them; every array is sorted, and may be mapped from a file.

    `loose` are the loose keys, each once; `hosts` the hosts in the order of SURT, each with its closing bracket.
    """

    key: np.ndarray
    first_posted: np.ndarray
    loose: np.ndarray
    hosts: pa.Array


def loose_keys(surts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """For each SURT its loose key (int64), and whether its key decides nothing and the URL has to be parsed.

    The part before a query, an escape or a bracket, in lower case, without doubled and final slashes and `www9`.
    """
    # Both spellings come down to one: "com,example,www2)/A//b/?q=1" and "com,example)/a/b" have the key of
    # com,example)/a/b.
    plain = pc.replace_substring_regex(pc.utf8_lower(surts.fill_null("\0")), r",www[0-9]*\)", ")")
    # Before the query anything that a canonical path may have in two spellings: "%20", "[1]".
    odd = pc.match_substring_regex(plain, r"^[^?]*[^a-z0-9/._~,:)?!$&'*+=@-]")
    start = pc.replace_substring_regex(plain, r"[?%;(].*$", "")
    start = pc.utf8_rtrim(pc.replace_substring_regex(start, "/{2,}", "/"), "/")
    keys = np.fromiter(map(key64, start.to_pylist()), np.int64, len(surts))
    return keys, np.asarray(odd.to_numpy(zero_copy_only=False), bool)


def hosts_of(surts: pa.Array) -> pa.Array:
    """The hosts of SURTs with their closing brackets, sorted, each once."""
    # com,example) with its bracket, so that com,examples) does not begin with it.
    hosts = pc.replace_substring_regex(pc.utf8_lower(surts), r"\).*$", ")")
    hosts = pc.replace_substring_regex(hosts, r",www[0-9]*\)", ")")
    return pa.array(sorted(pc.unique(hosts).to_pylist()), pa.string())


def nearest(candidates: pa.Table) -> pa.Table:
    """Of each key's captures the nearest in time; of two equally near the earlier, then the least of all the rest."""
    # By key, then distance, then all other columns: a total order.
    ordered = candidates.sort_by([(name, "ascending") for name in CANDIDATES_SCHEMA.names])
    key = ordered["key"].to_numpy()
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    return ordered.filter(pa.array(first)).combine_chunks()


@dataclass
class IndexReader:
    """Reads one file of the index; `name` is what rows call it. Counts add up: rows = candidates + reasons + damage."""

    name: str
    sought: Sequence[Sought]
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    damage: list[Quarantined] = field(default_factory=list)

    def read(self, source: Any) -> pa.Table:
        """The nearest capture of each sought page in the file; `source` is a path or an open file."""
        try:
            file = pq.ParquetFile(source)
        except pa.ArrowException as error:
            raise CorpusloomError(
                f"--index {self.name}: no Parquet file ({str(error).splitlines()[0]})", ExitCode.INPUT
            ) from error
        self._check_columns(file.schema_arrow.names)
        found = [pa.table([[] for _ in CANDIDATES_SCHEMA], CANDIDATES_SCHEMA)]
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if self._may_hold(file.metadata.row_group(group)):
                found += self._of_group(file, group)
            else:
                self.reasons["index.no_link"] += count
            self.rows += count
        table = pa.concat_tables(found).combine_chunks()
        kept = nearest(table)
        self.reasons["index.another_capture"] += table.num_rows - kept.num_rows
        return kept

    def _check_columns(self, names: Sequence[str]) -> None:
        missing = [name for name in (_KEY, *PLACE_COLUMNS) if name not in names]
        if missing:
            raise CorpusloomError(
                f"--index {self.name}: it has no column {missing[0]}; give files of Common Crawl's columnar index, "
                "cc-index/table/cc-main/warc/crawl=…/subset=warc/*.parquet",
                ExitCode.INPUT,
            )

    def _may_hold(self, group: Any) -> bool:
        """Whether a wanted host may lie between the first and the last key of a row group."""
        columns = (group.column(number) for number in range(group.num_columns))
        found = next((column.statistics for column in columns if column.path_in_schema == _KEY), None)
        if found is None or not found.has_min_max:
            return True
        return any(_lies_between(sought.hosts, found.min, found.max) for sought in self.sought)

    def _of_group(self, file: pq.ParquetFile, group: int) -> Iterator[pa.Table]:
        """The candidates of one row group, a batch at a time; the wide columns are read where there are some."""
        columns = [name for name in (_KEY, _STATUS, _TYPE) if name in file.schema_arrow.names]
        batches = partial(file.iter_batches, _BATCH, [group], use_threads=False)
        chosen = [self._promising(batch) for batch in batches(columns=columns)]
        if not any(map(len, chosen)):
            return
        # Rows are numbered through the file; `rows` counts the groups before this one.
        start = self.rows
        for rows, batch in zip(chosen, batches(columns=list(PLACE_COLUMNS)), strict=True):
            if len(rows):
                yield self._place(batch.take(pa.array(rows)), rows + start)
            start += batch.num_rows

    def _promising(self, batch: pa.RecordBatch) -> np.ndarray:
        """The numbers of the rows that may be a sought page, by what needs no parsing."""
        loose, odd = loose_keys(batch[_KEY])
        wanted = odd
        for sought in self.sought:
            wanted = wanted | _among(sought.loose, loose)
        self.reasons["index.no_link"] += int((~wanted).sum())  # every row counts once, by the first reason that holds
        for name, column, good in (("status", _STATUS, [200]), ("not_html", _TYPE, [*_PAGES, ""])):
            if column in batch.schema.names:
                values = batch[column]
                # A null says nothing against the row.
                fits = pc.or_(pc.is_in(values, pa.array(good, values.type)), pc.is_null(values)).to_numpy(False)
                self.reasons[f"index.{name}"] += int((wanted & ~fits).sum())
                wanted = wanted & fits
        return np.flatnonzero(wanted)

    def _place(self, batch: pa.RecordBatch, numbers: np.ndarray) -> pa.Table:
        """The rows whose URL is one of the sought, with their distance in time; a place that is none is damage."""
        columns = [batch[name].to_pylist() for name in ("url", "warc_filename", *PLACE_COLUMNS[3:])]
        times = _seconds(batch["fetch_time"], self.name).to_pylist()
        rows = list[dict[str, int | str]]()
        for number, url, warc, offset, length, fetched in zip(numbers, *columns, times, strict=True):
            found = self._sought_at(url)
            if found is None:
                self.reasons["index.no_link"] += 1
            elif wrong := _wrong_place(warc, offset, length, fetched):
                self.damage.append(Quarantined(self.name, int(number), "bad_range", wrong))
            else:
                key, posted = found
                place = {"fetched": fetched, "warc": warc, "offset": offset, "length": length, "url": url}
                rows.append({"key": key, "distance": abs(fetched - posted), **place})
        return pa.Table.from_pylist(rows, CANDIDATES_SCHEMA)

    def _sought_at(self, url: str | None) -> tuple[int, int] | None:
        """Key and time of the link that asks for a URL."""
        try:
            key = key64(address(url or "").surt)
        except ValueError:
            return None
        for sought in self.sought:
            at = int(np.searchsorted(sought.key, key))
            if at < len(sought.key) and sought.key[at] == key:
                return key, int(sought.first_posted[at])
        return None


def _among(ordered: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Which of `keys` are among the sorted ones."""
    if not len(ordered):
        return np.zeros(len(keys), bool)
    at = np.searchsorted(ordered, keys)
    return ordered[np.minimum(at, len(ordered) - 1)] == keys


def _lies_between(hosts: pa.Array, low: str, high: str) -> bool:
    """Whether rows of one of the sorted hosts may lie from key `low` to key `high`.

    Of com,a) and com,c): from com,b)/x to com,d)/ lies com,c); from com,a)/x to com,a)/z lies com,a).
    """
    left, right = 0, len(hosts)
    while left < right:
        middle = (left + right) // 2
        if hosts[middle].as_py() < low:
            left = middle + 1
        else:
            right = middle
    if left < len(hosts) and hosts[left].as_py() <= high:
        return True
    # Else `low` may be a page of the host before it: com,a)/x begins with com,a).
    return left > 0 and low.startswith(hosts[left - 1].as_py())


def _seconds(times: pa.Array, name: str) -> pa.Array:
    """Times as seconds since 1970."""
    if pa.types.is_timestamp(times.type):
        return times.cast(pa.timestamp("s", times.type.tz), safe=False).cast(pa.int64())
    if pa.types.is_integer(times.type):
        return times.cast(pa.int64())
    raise CorpusloomError(f"--index {name}: fetch_time holds {times.type} and no times", ExitCode.INPUT)


def _wrong_place(warc: str | None, offset: int | None, length: int | None, fetched: int | None) -> str:
    """What is wrong with where a row says that its record lies; "" where nothing is."""
    # The name becomes part of an address: nothing absolute, no backslash, no scheme, no "..".
    if not warc or warc.startswith("/") or "\\" in warc or "://" in warc or not warc.isprintable():
        return f"warc_filename {str(warc)[:100]!r}"
    if any(part in ("", ".", "..") for part in warc.split("/")):
        return f"warc_filename {warc[:100]!r}"
    if offset is None or not 0 <= offset < 2**60:
        return f"warc_record_offset {offset}"
    if length is None or not 0 < length <= LONGEST_RECORD:
        return f"warc_record_length {length}"
    return "" if fetched is not None else "no fetch_time"
