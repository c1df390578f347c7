"""The card of finished shards: `README.md`, by which `datasets.load_dataset(folder)` knows sources and splits.

Without it the library would take every file below the folder for one split. With it `load_dataset(folder)` opens all
sources, `load_dataset(folder, "books")` one of them.
"""

from collections.abc import Iterable
from pathlib import Path

from corpus.files.manifest import write_bytes
from corpus.shards.layout import SPLITS, SourceShards

CARD = "README.md"
_ALL = "all"
_BODY = """
Token shards of corpusloom: a row for each document, with its `tokens` (end of text last), `doc_id`, `n_bytes` of its
text and `score`. `manifest.json` says which tokenizer they are of, where the tokens lie in each file, and its digest;
`python -m corpus.shards stats FOLDER` shows it.
"""


def write_card(root: Path, sources: Iterable[SourceShards]) -> None:
    """Write the card: a configuration for each source and, as default, one for all; splits that have a document."""
    there = {(source.name, source.split) for source in sources if source.shards}
    names = sorted({name for name, _ in there})
    head = ["---", "configs:"]
    if _ALL not in names:  # a source called "all" takes the name
        splits = {split for _, split in there}
        head += [f"- config_name: {_ALL}", "  default: true", "  data_files:", *_files("*", splits)]
    for name in names:
        splits = {split for source, split in there if source == name}
        head += [f"- config_name: {name}", "  data_files:", *_files(name, splits)]
    write_bytes(root / CARD, ("\n".join([*head, "---"]) + "\n" + _BODY).encode())


def _files(folder: str, splits: set[str]) -> list[str]:
    lines = []
    for split in (split for split in SPLITS if split in splits):
        lines += [f"  - split: {split}", f'    path: "{folder}/{split}-*.arrow"']
    return lines
