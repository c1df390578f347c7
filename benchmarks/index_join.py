"""The join of links with Common Crawl's columnar index: rows per processor second, and memory, as the index grows.

    python -m benchmarks.index_join --links 200000 --rows 1000000 4000000 --scratch scratch/

Writes made-up indexes of the asked sizes (no page of two is the same; one row in a hundred is that of a link) and reads
each in a process of its own, as a worker does, for many links and for ten that lie together. The memory must not grow
with the rows; row groups without a wanted host must cost next to nothing.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.hashing import key64
from corpus.sources.commoncrawl.index import IndexReader, Sought, hosts_of, loose_keys
from corpus.urls import address

ROWS_PER_GROUP = 100_000
_PATHS_PER_HOST = 200


def url_of(number: int) -> str:
    """The URL of a row; those of one host lie together."""
    host, path = divmod(number, _PATHS_PER_HOST)
    return f"http://www.host{host:08}.org/News/{path}/a-page-of-some-length?id={number}"


def write_index(path: Path, rows: int) -> None:
    """An index of `rows` rows, sorted by key, in row groups of `ROWS_PER_GROUP`."""
    schema = pa.schema(
        [("url_surtkey", pa.string()), ("url", pa.string()), ("fetch_time", pa.timestamp("ms")),
         ("fetch_status", pa.int16()), ("content_mime_detected", pa.string()), ("warc_filename", pa.string()),
         ("warc_record_offset", pa.int32()), ("warc_record_length", pa.int32())]
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, ROWS_PER_GROUP):
            urls = [url_of(number) for number in range(start, min(start + ROWS_PER_GROUP, rows))]
            keys = [address(url).surt.lower() for url in urls]
            count = len(urls)
            columns = [keys, urls, [10**12] * count, [200] * count, ["text/html"] * count,
                       [f"crawl/{start}.warc.gz"] * count, list(range(count)), [1000] * count]  # fmt: skip
            writer.write_table(pa.table(columns, schema=schema))


def links_of(count: int, every: int) -> Sought:
    """Links to every hundredth row or so."""
    surts = pa.array([address(url_of(number * every)).surt for number in range(count)], pa.string())
    key = np.sort(np.fromiter(map(key64, surts.to_pylist()), np.int64, count))
    return Sought(key, np.zeros(count, np.int64), np.unique(loose_keys(surts)[0]), hosts_of(surts))


def read(path: Path, links: int, every: int) -> None:
    """Read one index and say what it cost."""
    sought = links_of(links, every)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    reader = IndexReader(path.name, [sought])
    found = reader.read(path).num_rows
    seconds = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    print(f"{reader.rows:>12,} rows {links:>10,} links {found:>9,} found {seconds:8.1f} processor s "
          f"{reader.rows / seconds:>11,.0f} rows/s  +{grown:,.0f} MB")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the indexes and read each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_join", description=__doc__)
    parser.add_argument("--links", type=int, default=100_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 4_000_000])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.read:
        read(Path(given.read[0]), given.links, int(given.read[1]))
        return
    given.scratch.mkdir(parents=True, exist_ok=True)
    for rows in given.rows:
        path = given.scratch / f"index-{rows}.parquet"
        if not path.exists():
            write_index(path, rows)
        for links, every in ((given.links, max(rows // given.links, 1)), (10, 1)):
            command = [sys.executable, "-m", "benchmarks.index_join", "--scratch", str(given.scratch)]
            subprocess.run([*command, "--links", str(links), "--read", str(path), str(every)], check=True)


if __name__ == "__main__":
    main()
