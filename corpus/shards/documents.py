"""Documents as tokens, column by column: what the writer of shards takes and what sorted runs hold.

A row a document would cost more than its tokens: Python touches each object, Arrow's `take` on lists of numbers is
slower still. So tokens of many documents are one array, and to reorder documents is to copy stretches of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.hashing import key64

_TWO_TO_63 = 1 << 63


def order_key(doc_id: str) -> tuple[int, str]:
    """Documents stand in the order of this key: a hash of the id in 0 … 2^64 - 1, and the id itself against ties."""
    return key64(f"shards\x00{doc_id}") + _TWO_TO_63, doc_id  # key64 is signed: from -2^63 … 2^63 - 1 to 0 … 2^64 - 1


@dataclass(frozen=True, eq=False)
class Documents:
    """`n` documents: `keys` uint64 [n] (see `order_key`), `ids`, `n_bytes` int64 [n] of their text, `scores`.

    Document i has the tokens offsets[i] … offsets[i + 1] - 1 of `tokens`, end-of-text last; `offsets` is int64 [n + 1]
    and begins with 0. Without `scores` no document has one; `texts` uint64 [n] are the keys of their texts
    (`corpus.shards.split`), which only sorted runs have.
    """

    keys: np.ndarray
    ids: pa.StringArray
    tokens: np.ndarray
    offsets: np.ndarray
    n_bytes: np.ndarray
    scores: pa.FloatArray | None = None
    texts: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def part(self, start: int, stop: int) -> "Documents":
        """The documents start … stop - 1, as views."""
        # Offsets of a part begin with 0 again: [4, 7, 12] becomes [0, 3, 8].
        offsets = self.offsets[start : stop + 1]
        return Documents(
            self.keys[start:stop],
            self.ids[start:stop],
            self.tokens[offsets[0] : offsets[-1]],
            offsets - offsets[0],
            self.n_bytes[start:stop],
            None if self.scores is None else self.scores[start:stop],
            None if self.texts is None else self.texts[start:stop],
        )

    def take(self, order: np.ndarray) -> "Documents":
        """The documents of these numbers in this order, as a copy."""
        starts, stops = self.offsets[order].tolist(), self.offsets[order + 1].tolist()
        pieces = [self.tokens[start:stop] for start, stop in zip(starts, stops, strict=True)]
        return Documents(
            self.keys[order],
            self.ids.take(pa.array(order)),
            np.concatenate([self.tokens[:0], *pieces]),  # tokens[:0]: the type, where no document is taken
            np.cumsum([0, *(stop - start for start, stop in zip(starts, stops, strict=True))], dtype=np.int64),
            self.n_bytes[order],
            None if self.scores is None else self.scores.take(pa.array(order)),
            None if self.texts is None else self.texts[order],
        )

    def in_hash_order(self) -> np.ndarray:
        """The numbers of the documents in the order of `order_key`."""
        # Equal hashes are next to each other after the sort; among a billion documents one pair is expected in 40
        # builds.
        order = np.argsort(self.keys, kind="stable")
        if (self.keys[order][1:] != self.keys[order][:-1]).all():
            return order
        ids = self.ids.to_pylist()
        return np.array(sorted(order.tolist(), key=lambda row: (self.keys[row], ids[row])), np.int64)


def join(pieces: Sequence[Documents]) -> Documents:
    """All documents of the pieces (at least one), one piece after the other."""
    if len(pieces) == 1:
        return pieces[0]
    # Offsets [0, 3, 5] and [0, 2]: ends [0, 5, 7], so [0, 3] + 0, [0] + 5 and the end are [0, 3, 5, 7].
    ends = np.cumsum([0, *(len(piece.tokens) for piece in pieces)])
    offsets = [piece.offsets[:-1] + end for piece, end in zip(pieces, ends[:-1], strict=True)]
    texts = [piece.texts for piece in pieces if piece.texts is not None]
    scores = [pa.nulls(len(one), pa.float32()) if one.scores is None else one.scores for one in pieces]
    return Documents(
        np.concatenate([piece.keys for piece in pieces]),
        pa.concat_arrays([piece.ids for piece in pieces]),
        np.concatenate([piece.tokens for piece in pieces]),
        np.concatenate([*offsets, ends[-1:]]),
        np.concatenate([piece.n_bytes for piece in pieces]),
        None if all(piece.scores is None for piece in pieces) else pa.concat_arrays(scores),
        np.concatenate(texts) if texts else None,
    )


def regroup(pieces: Iterable[Documents], most: int) -> Iterator[Documents]:
    """The same documents in groups of at most `most` tokens, as full as can be; a longer document stands alone.

    Where the pieces begin and end has no effect on the groups.
    """
    rest: Documents | None = None
    for piece in pieces:
        rest = piece if rest is None else join([rest, piece])
        while len(rest.tokens) > most:
            # Offsets [0 4 7 12], at most 8 tokens: the last offset that is not above 8 is the third, so two documents.
            count = max(int(np.searchsorted(rest.offsets, most, "right")) - 1, 1)
            yield rest.part(0, count)
            rest = rest.part(count, len(rest))
    if rest is not None and len(rest):
        yield rest


def first_out_of_order(documents: Documents, last: tuple[int, str]) -> int:
    """The number of the first document whose `order_key` is not greater than the one before it; -1: there is none.

    `last` is the key of the document before the first one.
    """
    # uint64 has no -1; a first document with key 0 is compared by its whole key below.
    before = np.concatenate([np.array([max(last[0], 0)], np.uint64), documents.keys[:-1]])
    for row in np.flatnonzero(documents.keys <= before).tolist():
        previous = last if row == 0 else (int(before[row]), documents.ids[row - 1].as_py())
        if (int(documents.keys[row]), documents.ids[row].as_py()) <= previous:
            return row
    return -1
