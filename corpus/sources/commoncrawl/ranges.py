"""Records of captures → ranges of bytes to ask for: few requests, and not much that nobody wants.

Records that lie close together in a file become one range. A request costs the server more than some bytes: a gap of
64 KiB is read over rather than paid for with another request. A range is bounded: a lost connection then costs little.

    records at 0–10, 10–30, 50–60; a gap of at most 5:  0–30 and 50–60
"""

import numpy as np
import pyarrow as pa

GAP = 1 << 16
LONGEST_RANGE = 1 << 24
RECORDS_SCHEMA = pa.schema(
    [
        ("warc", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("url", pa.string()),
        ("range", pa.int64()),
        ("start", pa.int64()),
        ("stop", pa.int64()),
    ]
)


def plan_ranges(captures: pa.Table, gap: int = GAP, longest: int = LONGEST_RANGE) -> tuple[pa.Table, np.ndarray]:
    """Captures (`warc`, `offset`, `length`, `url`, sorted by these) → the records to read, and each capture's record.

    Several links may ask for one record. `range` numbers the ranges, `start` and `stop` (exclusive) are their bytes.
    """
    # Texts as numbers, so that neighbours are compared by numpy.
    warc = captures["warc"].combine_chunks().dictionary_encode().indices.to_numpy()
    names = ("offset", "length")
    offset, length = (captures[name].to_numpy() for name in names)
    fresh = np.ones(len(warc), bool)
    url = captures["url"].combine_chunks().dictionary_encode().indices.to_numpy()
    fresh[1:] = _changes(warc) | _changes(offset) | _changes(length) | _changes(url)
    # Three captures of which the second asks for the record of the first: fresh [T, F, T], record [0, 0, 1].
    record = np.cumsum(fresh) - 1
    warc, offset, length = warc[fresh], offset[fresh], length[fresh]
    number, start, stop = _coalesce(warc, offset, offset + length, gap, longest)
    records = captures.select(["warc", "offset", "length", "url"]).filter(pa.array(fresh))
    for name, column in (("range", number), ("start", start), ("stop", stop)):
        records = records.append_column(name, pa.array(column, pa.int64()))
    return records.cast(RECORDS_SCHEMA).combine_chunks(), record


def _changes(column: np.ndarray) -> np.ndarray:
    return column[1:] != column[:-1]


def _coalesce(
    warc: np.ndarray, start: np.ndarray, stop: np.ndarray, gap: int, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each record the number of its range, and where that begins and ends."""
    # Records of one archive at 0-10, 12-20 and 90-95 with a gap of 5: ranges 0-20 and 90-95, numbers [0, 0, 1].
    number = np.zeros(len(warc), np.int64)
    begins, ends = list[int](), list[int]()
    for at in range(len(warc)):
        near = bool(begins) and warc[at] == warc[at - 1] and start[at] <= ends[-1] + gap
        if near and max(stop[at], ends[-1]) - begins[-1] <= longest:
            ends[-1] = max(ends[-1], int(stop[at]))
        else:
            begins.append(int(start[at]))
            ends.append(int(stop[at]))
        number[at] = len(begins) - 1
    return number, np.array(begins, np.int64)[number], np.array(ends, np.int64)[number]
