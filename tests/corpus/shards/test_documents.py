"""Documents by the column: regrouping, reordering and the check of order lose nothing and depend on nothing."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.shards.documents import Documents, first_out_of_order, join, order_key, regroup


def documents(lengths, first=0):
    """Documents of these lengths (end-of-text included), with ids that count from `first`."""
    ids = [f"webtext/{first + number}" for number in range(len(lengths))]
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    keys = np.array([order_key(doc_id)[0] for doc_id in ids], np.uint64)
    tokens = (np.arange(offsets[-1]) % 999).astype(np.uint16)
    return Documents(keys, pa.array(ids, pa.string()), tokens, offsets, np.array(lengths, np.int64) * 4)


def rows(some):
    bounds = some.offsets.tolist()
    tokens = [some.tokens[start:stop].tolist() for start, stop in pairwise(bounds)]
    return list(zip(some.ids.to_pylist(), tokens, some.n_bytes.tolist(), some.keys.tolist(), strict=True))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 12), max_size=30), st.lists(st.integers(0, 30), max_size=6), st.integers(1, 20))
def test_groups_do_not_depend_on_the_pieces(lengths, cuts, most):
    whole = documents(lengths)
    borders = [0, *sorted(min(cut, len(lengths)) for cut in cuts), len(lengths)]
    pieces = [whole.part(start, stop) for start, stop in pairwise(borders)]
    groups = [rows(group) for group in regroup(pieces, most)]
    assert groups == [rows(group) for group in regroup([whole], most)]
    assert [row for group in groups for row in group] == rows(whole)
    assert all(len(group) == 1 or sum(len(row[1]) for row in group) <= most for group in groups)
    fuller = pairwise(groups)
    assert all(sum(len(row[1]) for row in group) + len(after[0][1]) > most for group, after in fuller)


def test_hash_order_is_by_key_and_then_by_id():
    some = documents([2, 3, 1, 4])
    order = some.in_hash_order()
    taken = rows(some.take(order))
    assert taken == sorted(rows(some), key=lambda row: (row[3], row[0]))
    tied = Documents(np.zeros(4, np.uint64), some.ids[::-1], some.tokens, some.offsets, some.n_bytes)
    assert tied.in_hash_order().tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("keys", "ids", "last", "expected"),
    [
        ([1, 2, 3], "abc", (-1, ""), -1),
        ([0], "a", (-1, ""), -1),
        ([1, 1, 3], "abc", (-1, ""), -1),
        ([1, 1, 3], "bac", (-1, ""), 1),
        ([1, 1, 3], "aac", (-1, ""), 1),
        ([1, 3, 2], "abc", (-1, ""), 2),
        ([5], "b", (5, "a"), -1),
        ([5], "b", (5, "b"), 0),
        ([5], "b", (6, "a"), 0),
        ([2**64 - 1], "b", (2**64 - 1, "a"), -1),
    ],
)
def test_the_first_document_out_of_order_is_found(keys, ids, last, expected):
    count = len(keys)
    offsets = np.arange(count + 1)
    columns = (np.array(keys, np.uint64), pa.array(list(ids)), np.zeros(count, np.uint16), offsets, np.ones(count))
    assert first_out_of_order(Documents(*columns), last) == expected


def test_pieces_with_and_without_scores_join():
    scored = Documents(**{**vars(documents([1, 2])), "scores": pa.array([0.5, None], pa.float32())})
    assert join([scored, documents([3], 2)]).scores.to_pylist() == [0.5, None, None]
    assert join([documents([3]), documents([3], 1)]).scores is None
