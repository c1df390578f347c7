"""The last act of a build: the manifest of the whole, and what is printed.

`counts` hold every stage with in, kept, rejected and quarantined; what one stage keeps the next one takes in, and
the totals must agree with the rows of the final parts.
"""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus.files.manifest import (
    MANIFEST,
    Counts,
    Unbalanced,
    appearing,
    code_version,
    part_of,
    write_manifest,
    write_parquet,
)
from corpus.files.sealed import check_seal
from corpus.files.storage import is_remote, local
from corpus.recipes import library_versions
from corpus.report.card import write_card
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA
from pipelines.cli.inputs import InputFile
from pipelines.runtime.stages import Stages

UNANSWERED = "links_without_page.parquet"


def publish_corpus(
    stages: Stages,
    source: str,
    recipe: dict[str, Any],
    funnel: dict[str, str],
    inputs: dict[str, Any],
    more: dict[str, Any],
) -> dict[str, Any]:
    """Write `_MANIFEST.json` from the manifests of all stages; the manifest.

    `funnel` maps stages to their names in `counts`, in order; `more` is what only this source has, with its `parts`.
    """
    counts = {name: Counts.from_json(stages.manifests[stage]["counts"]) for stage, name in funnel.items()}
    parts = [dict(part) for stage in ("selected", "damage") for part in stages.manifests[stage]["parts"]]
    parts += _empty_parts(stages.root, parts)
    counts["corpus"] = _corpus(counts, parts)
    parts += more.get("parts", [])
    manifest = {
        "format": 1,
        "source": source,
        "code": code_version(),
        "versions": library_versions(),
        "recipe": recipe,
        "inputs": inputs,
        "counts": {name: count.to_json() for name, count in counts.items()},
        **more,
        "parts": sorted(parts, key=lambda part: part["path"]),
    }
    _check_reused(stages, parts)
    write_card(stages.root, manifest)
    write_manifest(stages.root / MANIFEST, manifest)
    return manifest


def publish_unanswered(stages: Stages) -> dict[str, Any]:
    """Copy the list of links without a page beside the corpus; what the manifest says of them."""
    found = stages.manifests["unanswered"]
    part = _copy_part(stages.root, found["parts"][0])
    return {
        "links": found["counts"]["in"],
        "links_answered": found["counts"]["kept"],
        "links_without_page": found["counts"]["rejected"],
        "links_without_page_reasons": found["counts"]["reasons"],
        "parts": [part],
    }


def with_facts(files: list[InputFile], stages: Stages, stage: str) -> list[dict[str, Any]]:
    """Each input with what the stage that read it found in it."""
    facts = {fact["name"]: fact for fact in stages.facts(stage)}
    wanted = ("lines", "records", "captures", "documents", "quarantined")
    found = [{key: facts[file.name][key] for key in wanted if key in facts[file.name]} for file in files]
    return [{**described(file), **more} for file, more in zip(files, found, strict=True)]


def described(file: InputFile) -> dict[str, Any]:
    """An input without the place where it lies today."""
    return {key: value for key, value in asdict(file).items() if key != "file"}


def _corpus(counts: dict[str, Counts], parts: list[dict[str, Any]]) -> Counts:
    """The verdict on every page that a link asked for; it must agree with the rows on disk."""
    read, exact, near = counts["documents"], counts["exact_duplicates"], counts["near_duplicates"]
    gone = Counts(0, 0, exact.rejected + near.rejected, 0, {**exact.reasons, **near.reasons})
    total = Counts(read.came, near.kept, read.rejected, read.quarantined, read.reasons) + gone
    total.check("corpus")
    for folder, expected in (("kept", total.kept), ("rejected", total.rejected)):
        rows = sum(part["rows"] for part in parts if part["path"].startswith(f"{folder}/"))
        if rows != expected:
            raise Unbalanced(f"{folder}/ holds {rows} rows, the stages counted {expected}")
    for before, after in (("captures", "asked"), ("asked", "documents"), ("documents", "exact_duplicates")):
        if before in counts and counts[before].kept != counts[after].came:
            raise Unbalanced(f"{before} kept {counts[before].kept}, {after} took in {counts[after].came}")
    return total


def _check_reused(stages: Stages, parts: list[dict[str, Any]]) -> None:
    """`DamagedFile` for a part of an earlier run that is no longer what was written: a manifest vouches for all."""
    if is_remote(stages.root) or "selected" in stages.seconds:
        return
    for part in parts:
        check_seal(stages.root / part["path"])


def _empty_parts(root: Path, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A part without rows for each folder that has none at all, so that its columns can be read."""
    empty = []
    for folder, schema in (("kept", KEPT_SCHEMA), ("rejected", REJECTED_SCHEMA), ("quarantined", QUARANTINED_SCHEMA)):
        path = root / folder / "part-empty.parquet"
        if not any(part["path"].startswith(f"{folder}/") for part in parts):
            empty.append(asdict(write_parquet(path, root, schema, [])))
        else:
            path.unlink(missing_ok=True)
    return empty


def _copy_part(root: Path, part: dict[str, Any]) -> dict[str, Any]:
    check_seal(local(root / part["path"]), root / part["path"])
    with appearing(root / UNANSWERED) as temporary:
        shutil.copyfile(local(root / part["path"]), temporary)
    return asdict(part_of(root / UNANSWERED, root, part["rows"]))


def summary(root: Path, manifest: dict[str, Any]) -> list[str]:
    """The funnel and where to look, for a terminal."""
    lines = [f"{'':<17} {'in':>9} {'kept':>9} {'rejected':>9} {'quarantined':>12}"]
    for name, count in manifest["counts"].items():
        numbers = f"{count['in']:>9,} {count['kept']:>9,} {count['rejected']:>9,} {count['quarantined']:>12,}"
        lines.append(f"{name.replace('_', ' '):<17} {numbers}")
    if "links" in manifest:
        without = f"{manifest['links_without_page']:,} of {manifest['links']:,} links found no page"
        lines.append(f"{without}: {root / UNANSWERED}")
    corpus = manifest["counts"]["corpus"]
    lines.append(f"corpus  {root / 'kept'}  ({corpus['kept']:,} documents)")
    lines.append(f"report  {root / 'report.html'}")
    return lines
