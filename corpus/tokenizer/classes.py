"""A tokenizer folder held against the class of `transformers` that its config names.

Most classes of `transformers` 5 do not use the tokenizer.json beside them as it stands: they take its vocabulary and
put their own normaliser and cutting around it. Where the two agree nobody notices; where they do not, a model that is
trained on the file's ids is served with the class's. So whoever has `transformers` compares the two on the text of the
build, before it.
"""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from corpus.tokenizer.digests import TOKENIZER_MANIFEST
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.foreign import read_config

# Classes that use tokenizer.json as it stands.
_TAKES_THE_FILE = ("", "PreTrainedTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend")


def named_class(path: Path) -> str:
    """The class that a folder with a tokenizer.json names, if it is one that may read it otherwise; else empty."""
    folder = path if path.is_dir() else path.parent
    if not (folder / "tokenizer.json").is_file() or (folder / TOKENIZER_MANIFEST).is_file():
        return ""
    name = str(read_config(folder).get("tokenizer_class") or "")
    return "" if name in _TAKES_THE_FILE else name


def class_difference(path: Path, tokenizer: Tokenizer, texts: Sequence[str]) -> str:
    """What `AutoTokenizer` does otherwise on some texts; empty where nothing, or where there is nothing to compare."""
    name = named_class(path)
    if not name or not texts or find_spec("transformers") is None:
        return ""
    from transformers import AutoTokenizer

    folder = path if path.is_dir() else path.parent
    cure = "write PreTrainedTokenizerFast there, by which the file counts, or save the tokenizer again"
    try:
        # So that "<s>" in a text is text, as for us.
        theirs = AutoTokenizer.from_pretrained(str(folder), split_special_tokens=True)
        rows = theirs(list(texts), add_special_tokens=False)["input_ids"]
    except Exception as error:  # libraries below it raise whatever they like
        return f"tokenizer_class {name} of transformers cannot encode with these files ({error}); {cure}"
    tokens, offsets = tokenizer.encode_batch(texts)
    # One array for each text: split at the offsets between the first and the last.
    for text, ids, ours in zip(texts, rows, np.split(tokens, offsets[1:-1]), strict=True):
        if ids != ours.tolist():
            return (
                f"tokenizer_class {name} of transformers gives other ids than the tokenizer.json beside it, for "
                f"{json.dumps(text[:40], ensure_ascii=False)}; {cure}"
            )
    return ""
