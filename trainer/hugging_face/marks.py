"""The marks that an objective has put behind the tokenizer's ids, in the tokenizer that is written beside a model."""

import json
from collections.abc import Mapping
from pathlib import Path

from corpus.tokenizer.digests import renew_digests
from corpus.tokenizer.models import added_token
from trainer.hugging_face.folder import write_json

_ROLES = {"[MASK]": "mask_token"}


def add_marks(folder: Path, marks: Mapping[str, int]) -> None:
    """Add the marks to tokenizer.json and tokenizer_config.json of a folder, as special tokens of these ids."""
    path = folder / "tokenizer.json"
    if not marks or not path.is_file():
        return
    document = json.loads(path.read_bytes())
    document["added_tokens"] += [added_token(number, name) for name, number in marks.items()]
    write_json(path, document)
    config = json.loads((folder / "tokenizer_config.json").read_bytes())
    # `transformers` knows a mask by its role, and any other special token by this list.
    roles = {role: name for name, role in _ROLES.items() if name in marks}
    others = [name for name in marks if name not in _ROLES]
    write_json(folder / "tokenizer_config.json", {**config, **roles, "extra_special_tokens": others})
    renew_digests(folder)  # both files have changed, and their digests lie in the folder
