"""The guard of every loop over records: what one record makes the code raise costs that record, never the build.

Readers and rules are tried with millions of odd inputs, and a crawl has a billion: some record will meet a case that
nobody thought of. It becomes a quarantined row with its file, its offset and the kind of error, and the work goes on.
How many may, `--max-quarantined` says.

A full disk, no memory, a library or model that is missing are no record's fault: every other record would meet them
too. Those errors pass through.
"""

import re
import traceback
from collections.abc import Callable, Iterable
from typing import TypeVar

from corpus.document import Document, Quarantined, Rejected
from corpus.schema import kept_row, rejected_row

Item = TypeVar("Item")
Result = TypeVar("Result")
Judged = TypeVar("Judged", bound=Document | Rejected)

_LONGEST_DETAIL = 300
_INT64 = range(-(2**63), 2**63)
_MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")  # as in "<object at 0x7f…>", which differs from run to run


def guard(work: Callable[[Item], Result], item: Item, file: str, offset: int) -> Result | Quarantined:
    """`work(item)`, or the row of what it raised; `file` and `offset` say where the item lies."""
    try:
        return work(item)
    except Exception as error:
        reason, detail = reason_of(error)
        return Quarantined(file, offset, reason, detail)


def reason_of(error: Exception) -> tuple[str, str]:
    """An error that a record caused, as the reason and the detail of its row; any other is raised again.

    The detail names the function that raised it, and no address in memory: the same input gives the same row.
    """
    # A missing file and a full disk have an errno; pyarrow and gzip raise OSError without one for damaged data.
    of_the_system = isinstance(error, OSError) and (error.errno is not None or isinstance(error, FileNotFoundError))
    if of_the_system or isinstance(error, MemoryError | ImportError):
        raise error
    frames = list(traceback.walk_tb(error.__traceback__))
    # The innermost frame: the module and function in which it was raised.
    where = f"{frames[-1][0].f_globals.get('__name__')}.{frames[-1][0].f_code.co_name}" if frames else "?"
    message = _MEMORY_ADDRESS.sub("0x…", str(error))[:_LONGEST_DETAIL]
    detail = f"{type(error).__name__} in {where}: {message}".encode("utf-8", "backslashreplace").decode()
    return f"raised_{type(error).__name__}", detail


def storable(judged: Judged) -> Judged:
    """The document or rejection itself; `ValueError` when a column of the corpus cannot hold it.

    Arrow would raise as well, but for a thousand rows at once.
    """
    check_columns((rejected_row(judged) if isinstance(judged, Rejected) else kept_row(judged)).values())
    return judged


def check_columns(values: Iterable[object]) -> None:
    """Raise `ValueError` for text that is no UTF-8 (a lone surrogate) and for a number beyond 64 bits."""
    for value in values:
        if isinstance(value, str):
            value.encode()  # raises UnicodeEncodeError, a ValueError
        elif isinstance(value, int) and value not in _INT64:
            raise ValueError(f"{value} needs more than 64 bits")
