"""The manifest of a tokenizer folder: what each of its files must be, checked before one of them is believed.

A flipped bit in a merge or in a vocabulary is still a tokenizer, with other ids from there on, and nothing else in the
folder would show it. So the digest of every file stands in `tokenizer_manifest.json`, and that file's own digest in
itself. A folder of somebody else has no such file and is taken as it is.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from corpus.files.manifest import write_json
from corpus.hashing import digest, file_digest
from corpus.json_types import JsonObject

TOKENIZER_MANIFEST = "tokenizer_manifest.json"
_FORMAT = 1
_CURE = f"copy or build it again (if the change is yours, remove {TOKENIZER_MANIFEST})"


def write_digests(folder: Path, names: Iterable[str]) -> Path:
    """Write the manifest of the files `names`, which stand in the folder; its path."""
    values: JsonObject = {
        "format": _FORMAT,
        "files": {name: file_digest(folder / name) for name in sorted(names)},
    }
    write_json(folder / TOKENIZER_MANIFEST, {**values, "digest": _own(values)})
    return folder / TOKENIZER_MANIFEST


def renew_digests(folder: Path) -> None:
    """Write the manifest again, for somebody who has changed files of the folder on purpose."""
    values = json.loads((folder / TOKENIZER_MANIFEST).read_bytes())
    write_digests(folder, values["files"])


def check_digests(folder: Path) -> None:
    """Raise `ValueError` for a file that is not what the manifest says; a missing file or manifest is no fault."""
    path = folder / TOKENIZER_MANIFEST
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except ValueError as error:
        raise ValueError(f"{TOKENIZER_MANIFEST} is damaged ({error}); {_CURE}") from error
    own = values.pop("digest", None) if isinstance(values, dict) else None
    # Without its own digest nothing it says is believed.
    if own is None or own != _own(values) or values["format"] != _FORMAT:
        raise ValueError(f"{TOKENIZER_MANIFEST} is not what its own digest says; {_CURE}")
    for name, expected in values["files"].items():
        if (folder / name).is_file() and file_digest(folder / name) != expected:
            raise ValueError(f"{name} is damaged: its bytes are not those of {TOKENIZER_MANIFEST}; {_CURE}")


def _own(values: JsonObject) -> str:
    return digest(json.dumps(values, sort_keys=True))
