"""The card of a finished corpus: `README.md`, which `load_dataset` and the Hugging Face hub read.

Its head names the files of each configuration; without it `load_dataset(folder)` would mix kept and rejected pages,
whose columns differ. `kept` is the default.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.files.manifest import write_bytes

CARD = "README.md"
CONFIGURATIONS = ("kept", "rejected", "quarantined")


def write_card(root: Path, manifest: Mapping[str, Any]) -> Path:
    """Write the card of the corpus in `root`; the file."""
    write_bytes(root / CARD, card(manifest).encode())
    return root / CARD


def card(manifest: Mapping[str, Any]) -> str:
    """The text of the card: the configurations that have rows, and where the corpus comes from."""
    rows = dict.fromkeys(CONFIGURATIONS, 0)
    for part in manifest["parts"]:
        folder = part["path"].partition("/")[0]
        if folder in rows:
            rows[folder] += part["rows"]
    head = ["---", "configs:"]
    for name in CONFIGURATIONS:
        if rows[name]:  # datasets refuses a configuration without a row
            head += [f"- config_name: {name}", f"  data_files: {name}/*.parquet"]
            head += ["  default: true"] if name == "kept" else []
    head += ["task_categories:", "- text-generation", f"pretty_name: {manifest['source']}", "---", ""]
    recipe, code = manifest["recipe"], manifest["code"]
    body = [
        f"# {manifest['source']}",
        "",
        f"Built by corpusloom {code['version']} with the recipe `{recipe.get('name', '')}`.",
        "",
        "| configuration | rows |",
        "|---|---|",
        *(f"| `{name}` | {count:,} |" for name, count in rows.items()),
        "",
        "`kept` is the corpus. `rejected` has every other document with the rule that rejected it, its value and",
        "evidence; `quarantined` names what could not be read. `report.html` shows the funnel with examples,",
        "`_MANIFEST.json` has inputs, recipe, counts and digests.",
        "",
    ]
    return "\n".join([*head, *body])
