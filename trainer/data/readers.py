"""Samples into rows: windows of a stream, or the rows of a packing plan."""

from typing import Protocol

import numpy as np

from corpus.shards.read import Stream
from trainer.data.packing import PackingPlan


class RowReader(Protocol):
    """Copies samples into rows int32 [n, sequence_length + 1], and the piece of each token into `pieces`, or None."""

    def read(self, source: np.ndarray, start: np.ndarray, rows: np.ndarray, pieces: np.ndarray | None) -> None: ...


class WindowReader:
    """Windows of the streams: a straight copy of mapped memory, put together where one goes over a border.

    After the last token of a stream comes its first.
    """

    def __init__(self, streams: list[Stream]) -> None:
        self.streams = streams
        self._arrays = [tokens for stream in streams for tokens in stream.tokens]
        self._bases = np.cumsum([0, *(len(stream.tokens) for stream in streams)])

    def read(self, source: np.ndarray, start: np.ndarray, rows: np.ndarray, pieces: np.ndarray | None) -> None:
        """Row i becomes the tokens of stream source[i] from start[i] on; `pieces` is left alone."""
        # Two streams of 2 and 3 batches have the bases [0, 2, 5]: batch 1 of the second is array 3 of all.
        array, inside = np.empty_like(start), np.empty_like(start)
        for number in np.unique(source).tolist():
            mine = np.flatnonzero(source == number)
            firsts = self.streams[number].first_token
            # Batches from tokens [0, 100, 250]: start 100 is the first
            # of batch 1. With "left" it would be number 100 of batch 0.
            batch = np.searchsorted(firsts, start[mine], "right") - 1
            array[mine], inside[mine] = self._bases[number] + batch, start[mine] - firsts[batch]
        arrays, length = self._arrays, rows.shape[1]
        crossing = []
        for number, (row, at, begin) in enumerate(zip(rows, array.tolist(), inside.tolist(), strict=True)):
            # A slice that ends with its batch is shorter: such a window
            # goes on in the next batch or, on the ring, at token 0.
            piece = arrays[at][begin : begin + length]
            if len(piece) == length:
                row[:] = piece
            else:
                crossing.append(number)
        for number in crossing:
            rows[number] = _ring_window(self.streams[source[number]], int(start[number]), length)


def _ring_window(stream: Stream, start: int, length: int) -> np.ndarray:
    # 10 tokens, start 8, length 5: tokens 8 and 9, then 0, 1 and 2.
    here = min(length, stream.n_tokens - start)
    if here == length:
        return stream.window(start, length)
    return np.concatenate([stream.window(start, here), stream.window(0, length - here)])


class PlanReader:
    """Rows of a packing plan: pieces one after another, then end-of-text with the piece -1."""

    def __init__(self, streams: list[Stream], plan: PackingPlan, end_of_text: int) -> None:
        self.streams, self._end_of_text = streams, end_of_text
        self._plans = [plan.sources[stream.name] for stream in streams]
        self._starts = [_document_starts(stream) for stream in streams]

    def read(self, source: np.ndarray, start: np.ndarray, rows: np.ndarray, pieces: np.ndarray | None) -> None:
        """Row i becomes the row start[i] of the plan of stream source[i]."""
        assert pieces is not None
        # What no piece covers below stays end-of-text, with the piece -1.
        rows[:], pieces[:] = self._end_of_text, -1
        for row, ids, number, planned in zip(rows, pieces, source.tolist(), start.tolist(), strict=True):
            stream, plan, starts = self.streams[number], self._plans[number], self._starts[number]
            done = 0
            for piece, (document, begin, length) in enumerate(
                plan.pieces[plan.rows[planned] : plan.rows[planned + 1]].tolist()
            ):
                row[done : done + length] = stream.window(int(starts[document]) + begin, length)
                ids[done : done + length] = piece
                done += length


def _document_starts(stream: Stream) -> np.ndarray:
    # Offsets begin at 0 in every batch; with the batch's own place they count through the stream.
    pairs = zip(stream.first_token[:-1].tolist(), stream.offsets, strict=True)
    return np.concatenate([first + offsets[:-1] for first, offsets in pairs])
