"""The payload of a shuffle beside the task of a group: batches, or the names of files that hold them.

The in-process engine keeps a shuffle in memory, three to four times over. So where the output is a folder, a piece is
cut into one file below the stage's own, and a batch is a file's name and a range of its bytes: memory does not grow
with what is shuffled, and it is read as fast as a disk is. In a store a file a piece and group would cost more than it
saves, and engines that write there keep their shuffles on disk themselves: there the bytes cross.

A file has a name of its own for each attempt at a piece, so that an engine may cut one twice; what nobody was told of
is never read, and the end of the stage removes all of them.
"""

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from corpus.files.storage import is_remote

FOLDER = "shuffled"
# The first byte of what crosses.
_TASK, _BYTES, _RANGE = b"T", b"B", b"R"

Packed = tuple[int, bytes]


class SpilledRange(msgspec.Struct, array_like=True):
    """Bytes of a file in the folder of spilled batches."""

    name: str
    start: int
    length: int


def task_batch(task: str) -> bytes:
    """The batch that tells a group its task."""
    return _TASK + task.encode()


def spill(batches: Iterable[Packed], folder: Path) -> Iterator[Packed]:
    """(group, entries) of one piece → (group, what crosses); the file is complete before the first name comes out."""
    if is_remote(folder):
        yield from ((group, _BYTES + data) for group, data in batches)
        return
    folder.mkdir(parents=True, exist_ok=True)
    # One file for a piece: [group 0: 48 bytes][group 3: 16 bytes] …, and what crosses is
    # (0, R + name, 0, 48), (3, R + name, 48, 16): some fifty bytes each.
    name, ranges, start = f"{uuid.uuid4().hex}.bin", list[tuple[int, SpilledRange]](), 0
    with (folder / name).open("wb") as file:
        for group, data in batches:
            file.write(data)
            ranges.append((group, SpilledRange(name, start, len(data))))
            start += len(data)
    yield from ((group, _RANGE + msgspec.msgpack.encode(each)) for group, each in ranges)


def gather(batches: Iterable[bytes], folder: Path) -> tuple[str, bytearray]:
    """What crossed for one group → its task ("" for a group that has none to do), and all its entries."""
    task, found = "", list[bytes | SpilledRange]()
    for batch in batches:
        kind, data = batch[:1], batch[1:]
        if kind == _TASK:
            task = data.decode()
        else:
            found.append(data if kind == _BYTES else msgspec.msgpack.decode(data, type=SpilledRange))
    return (task, _read(found, folder)) if task else ("", bytearray())


def _read(found: list[bytes | SpilledRange], folder: Path) -> bytearray:
    """All entries in one piece of memory. The order says nothing, but the same run reads in the same."""
    found.sort(key=lambda each: (each.name, each.start) if isinstance(each, SpilledRange) else ("", 0))
    # The room for all entries at once, filled in place: joining pieces would hold them twice.
    out = bytearray(sum(each.length if isinstance(each, SpilledRange) else len(each) for each in found))
    view, end = memoryview(out), 0
    for each in found:
        start, end = end, end + (each.length if isinstance(each, SpilledRange) else len(each))
        if not isinstance(each, SpilledRange):
            view[start:end] = each
            continue
        with (folder / each.name).open("rb") as file:
            file.seek(each.start)
            if file.readinto(view[start:end]) != each.length:
                raise EOFError(f"{folder / each.name} is shorter than it was written; run the command again")
    return out
