"""Named tensors in a safetensors file: digested, flushed to the disk, and with errors that say what is wrong.

The library writes and reads the format. What it leaves to its caller is here: the digest by which a damaged file is
known, the flush before a file gets its name, and errors of the disk as errors of the system.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from corpus.errors import CorpusloomError

_OF_THE_SYSTEM = re.compile(r"\(os error (\d+)\)")  # "… No space left on device (os error 28)", from Rust


class TensorFileError(CorpusloomError):
    """A file that is not what its header or its digest says."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Write tensors that lie on the host, flush them to the disk, and return the file's SHA-256.

    Raises OSError where the disk is full, and TensorFileError for tensors that the format cannot hold.
    """
    try:
        save_file(_in_memory_of_their_own(tensors), path)
    except SafetensorError as error:
        if number := _OF_THE_SYSTEM.search(str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise TensorFileError(f"{path} cannot be written: {error}") from error
    except (ValueError, RuntimeError) as error:
        raise TensorFileError(f"{path} cannot be written: {' '.join(str(error).split())}") from error
    path.chmod(0o644)  # the library's own temporary file is for its owner alone
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_memory_of_their_own(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors, of which no two share memory: the library refuses tied weights, and readers want both."""
    found: dict[str, Tensor] = {}
    places: set[int] = set()
    for name, tensor in tensors.items():
        whole = tensor.detach().contiguous()
        found[name] = whole.clone() if whole.untyped_storage().data_ptr() in places else whole
        places.add(whole.untyped_storage().data_ptr())
    return found


def read_tensors(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a file, mapped and not read until used; a write to one stays in memory.

    With `sha256` the whole file is hashed first, by reading and not through the mapping: an error of the disk is an
    OSError there, and would be a fatal signal here. Raises TensorFileError where the file is damaged or cut short.
    """
    with path.open("rb") as file:  # a missing file is an OSError with its number, which the library's has not
        if sha256 and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise TensorFileError(f"{path} is damaged: its SHA-256 is not {sha256}")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise TensorFileError(f"{path} is damaged: {error}") from error
