"""Tokenizers as workers load them: once in each process, from a place that all of them reach."""

from functools import cache

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.storage import is_remote, local_folder, place
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer


def tokenizer_at(path: str, digest: str = "") -> Tokenizer:
    """The tokenizer at a place, a folder or file, here or in a bucket; an error where it is not the one of `digest`."""
    tokenizer = _loaded(path)
    if digest and tokenizer.digest != digest:  # another one was loaded before, or lies there
        _loaded.cache_clear()
        tokenizer = _loaded(path)
    if digest and tokenizer.digest != digest:
        raise CorpusloomError(f"{path}: another tokenizer here than where the command was given", ExitCode.INPUT)
    return tokenizer


@cache
def _loaded(path: str) -> Tokenizer:
    there = place(path)
    if is_remote(there):
        # A tokenizer in a store is several files: its whole folder is copied here once.
        there = local_folder(there) if there.is_dir() else local_folder(there.parent) / there.name
    return load_tokenizer(there)
