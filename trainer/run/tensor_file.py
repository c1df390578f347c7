"""Named tensors in a file of the safetensors format, written and read in one pass each.

The format is eight bytes of length, a JSON header and the raw tensors, so it needs no package: a machine that trains
may have PyTorch and little else. Writing it here also lets the digest be taken of the bytes as they go out, and lets
a file be flushed to the disk before it gets its name. The package reads these files, and these functions its files.
"""

import hashlib
import json
import math
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from corpus.errors import CorpusloomError

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_CHUNK = 1 << 24


class TensorFileError(CorpusloomError):
    """A file that is not what its header or its digest says."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write tensors that lie on the host, flush them to the disk, and return the file's SHA-256.

    Raises OSError where the disk is full, and TensorFileError for a tensor that the format has no name for.
    """
    header: dict[str, Any] = {}
    position = 0
    for name, tensor in tensors.items():
        if tensor.dtype not in _NAMES or tensor.device.type != "cpu":
            raise TensorFileError(f"{name}: {tensor.dtype} on {tensor.device} cannot be written")
        size = tensor.numel() * tensor.element_size()
        offsets = [position, position + size]
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        position += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in (len(text).to_bytes(8, "little"), text, *map(_bytes_of, tensors.values())):
            for start in range(0, len(piece), _CHUNK):
                digest.update(piece[start : start + _CHUNK])
                file.write(piece[start : start + _CHUNK])
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def read_tensors(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a file, mapped and not read until used; a write to one stays in memory.

    With `sha256` the whole file is hashed first, by reading and not through the mapping: an error of the disk is an
    OSError there, and would be a fatal signal here. Raises TensorFileError where the file is damaged or cut short.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < 8:
            raise TensorFileError(f"{path} is cut short")
        if sha256 and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise TensorFileError(f"{path} is damaged: its SHA-256 is not {sha256}")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    start = 8 + int.from_bytes(mapped[:8], "little")
    try:
        header = json.loads(mapped[8:start])
        return {name: _view(mapped, start, entry) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise TensorFileError(f"{path} is damaged: {error}") from error


def _bytes_of(tensor: Tensor) -> memoryview:
    if not tensor.numel():
        return memoryview(b"")
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data


def _view(mapped: mmap.mmap, start: int, entry: Mapping[str, Any]) -> Tensor:
    dtype, shape = _DTYPES[entry["dtype"]], entry["shape"]
    first, end = entry["data_offsets"]
    if end - first != math.prod(shape) * dtype.itemsize or start + end > len(mapped):
        raise ValueError(f"a tensor {shape} at {first} to {end} is not within it")
    if first == end:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(mapped, dtype=dtype, count=math.prod(shape), offset=start + first).view(shape)
