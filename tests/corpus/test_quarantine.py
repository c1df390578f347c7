"""The guard: what a record raises becomes its row, what the machine raises passes through."""

import errno
from dataclasses import replace

import pytest

from corpus.document import Document, Quarantined
from corpus.quarantine import check_columns, guard, storable

DOCUMENT = Document("webtext/1", "http://a.example/", "A text.", karma=7)


def raising(error):
    def work(item):
        raise error

    return work


@pytest.mark.parametrize(
    "error",
    [KeyError("&#x2f;"), OverflowError("int too big"), RecursionError(), UnicodeError("\udce9"), OSError("not gzip")],
)
def test_what_a_record_raises_is_a_row_with_its_place(error):
    row = guard(raising(error), "record", "RS.zst", 42)
    assert isinstance(row, Quarantined)
    assert (row.file, row.offset, row.reason) == ("RS.zst", 42, f"raised_{type(error).__name__}")
    assert "work" in row.detail, "it names the function that raised"
    row.detail.encode()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        KeyboardInterrupt(),
        OSError(errno.ENOSPC, "no space left"),
        OSError(errno.EIO, "input/output error"),
        FileNotFoundError("no language model"),
        ModuleNotFoundError("fasttext"),
    ],
)
def test_what_is_about_the_machine_passes_through(error):
    with pytest.raises(type(error)):
        guard(raising(error), "record", "RS.zst", 42)


def test_a_row_names_no_address_in_memory():
    first = guard(raising(TypeError(f"cannot read {object()!r}")), "", "f", 0)
    assert first == guard(raising(TypeError(f"cannot read {object()!r}")), "", "f", 0)


def test_what_no_column_can_hold_is_refused_before_it_reaches_one():
    assert storable(DOCUMENT) is DOCUMENT
    rejected = DOCUMENT.reject("text.empty", 0.0, "evidence")
    assert storable(rejected) is rejected
    spoilt = (replace(DOCUMENT, text="\udce9"), replace(DOCUMENT, karma=2**63), DOCUMENT.reject("a.b", 1, "\ud800"))
    for judged in spoilt:
        assert guard(storable, judged, "f", 0).reason in ("raised_UnicodeEncodeError", "raised_ValueError")
    check_columns([None, True, 2**63 - 1, -(2**63), 0.5, "text"])
