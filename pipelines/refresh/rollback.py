"""Back to an earlier release: a new one of its parts, without what was forgotten since.

Numbers only grow, so a reader that saw release 5 never sees another 5. What the abandoned releases took in is held: the
next refresh leaves it out until somebody says `--take-held`.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus.errors import CorpusloomError, ExitCode
from corpus.files.manifest import (
    MANIFEST,
    PartEntry,
    RowWriter,
    appearing,
    open_published,
    part_of,
    read_manifest,
    write_manifest,
    write_parquet,
)
from corpus.releases.figures import CORPORA, SHARDS, TOKENIZER
from corpus.releases.layout import share, visible_files
from corpus.releases.manifest import Release, read_release
from corpus.releases.matches import corpora_of
from corpus.releases.tombstones import Tombstones
from corpus.report.card import write_card
from corpus.report.write import write_report
from corpus.schema import Row
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.publishing import Draft
from pipelines.refresh.redaction import REASON, redacted_row
from pipelines.refresh.working import bring, shards_build

_WORK = ".rollback"


def roll_back(corpus: MaintainedCorpus, to: int | None = None) -> Release | None:
    """Make a release of an earlier one, the one before the current by default; the caller is the writer.

    None where the current one holds just that.
    """
    began, number = time.monotonic(), _target(corpus, to)
    releases, tombstones = corpus.releases, corpus.state.tombstones()
    folder = releases.folder(number) if number in releases.numbers() else releases.withdrawn(number)
    old = read_release(folder)
    work = corpus.root / "work" / _WORK
    shutil.rmtree(work, ignore_errors=True)
    corpora = {path.name: path for path in corpora_of(folder)}
    # Where a corpus has nothing forgotten it is taken as it stands, and
    # the shards with it; else shards are made again from what is left.
    clean = {name: _without(path, work / CORPORA / name, tombstones) for name, path in corpora.items()}
    shards = folder / SHARDS if (folder / SHARDS).is_dir() else None
    if shards and clean != corpora:
        bring(shards_build(corpus.definition, clean, folder / TOKENIZER, work / SHARDS), "shards")
        shards = work / SHARDS
    draft = Draft(
        made="rollback",
        corpora=clean,
        tokenizer=folder / TOKENIZER if shards else None,
        shards=shards,
        inputs=old.inputs,
        settings={name: entry.settings for name, entry in old.sources.items()},
        of=number,
    )
    # Before publishing: a kill in between must not let the next refresh take in again what is being rolled back.
    _hold(corpus, old)
    made = corpus.publisher.publish(draft, began)
    shutil.rmtree(work, ignore_errors=True)
    return made


def _target(corpus: MaintainedCorpus, to: int | None) -> int:
    there = sorted({*corpus.releases.numbers(), *corpus.releases.withdrawn_numbers()})
    current = corpus.releases.read_current()
    if current is None:
        raise CorpusloomError(f"{corpus.root}: there is no release yet to go back from", ExitCode.INPUT)
    earlier = [number for number in there if number < current.release]
    if to is None and not earlier:
        raise CorpusloomError(f"{corpus.root}: there is no release before {current.release}", ExitCode.INPUT)
    number = earlier[-1] if to is None else to
    if number not in there or number == current.release:
        raise CorpusloomError(f"--to {number}: there are {', '.join(map(str, earlier)) or 'none'}", ExitCode.INPUT)
    return number


def _hold(corpus: MaintainedCorpus, old: Release) -> None:
    """Leave out what later releases took in, and take in again what an earlier rollback had left out."""
    kept = {each.sample for each in old.inputs if each.state == "taken"}
    taken = {
        each.sample
        for number in corpus.releases.numbers()
        for each in corpus.releases.read(number).inputs
        if each.state == "taken"
    }
    corpus.state.hold((corpus.state.held() | taken) - kept)


def _without(corpus: Path, target: Path, tombstones: Tombstones) -> Path:
    """The corpus itself where it has nothing forgotten; else one at `target` without it, its other parts shared."""
    paths = [path for path in visible_files(corpus) if path.suffix == ".parquet"]
    dirty = [path for path in paths if any(tombstones.rows(table).any() for table in _groups(path))]
    if not dirty:
        return corpus
    for path in visible_files(corpus):
        if path not in dirty and path.suffix == ".parquet":
            share(path, target / path.relative_to(corpus))
    manifest = read_manifest(corpus)
    parts = {part["path"]: part for part in manifest["parts"]}
    gone: list[Row] = []
    for path in dirty:
        name = path.relative_to(corpus).as_posix()
        removed, part = _rewrite(path, target / name, target, tombstones)
        if part["rows"]:
            parts[name] = part
        else:
            (target / name).unlink()
            del parts[name]
        if name.startswith("kept/"):
            gone += removed
        # The folder says what a row was: kept/, rejected/, or the list of links without a page beside them.
        _count(manifest, name.split("/")[0], removed)
    if gone:
        schema = open_published(next(iter(sorted((corpus / "rejected").glob("*.parquet"))))).schema_arrow
        names = schema.names
        rows = [{column: row.get(column) for column in names} for row in gone]
        part = write_parquet(target / "rejected" / "part-forgotten.parquet", target, schema.remove_metadata(), rows)
        parts[part.path] = part.to_json()
    manifest["parts"] = [parts[name] for name in sorted(parts)]
    write_report(target, {}, manifest=manifest)
    write_card(target, manifest)
    write_manifest(target / MANIFEST, manifest)
    return target


def _groups(path: Path) -> Iterator[pa.Table]:
    file = open_published(path)
    yield from (file.read_row_group(number) for number in range(file.num_row_groups))


def _rewrite(path: Path, target: Path, root: Path, tombstones: Tombstones) -> tuple[list[Row], PartEntry]:
    """The file at `target` without its forgotten rows (rejected rows stay, without a word); those rows, emptied."""
    gone: list[Row] = []
    in_place = path.parent.name == "rejected"
    with appearing(target) as temporary:
        writer = RowWriter(temporary, open_published(path).schema_arrow.remove_metadata())
        for table in _groups(path):
            for row, forgotten in zip(table.to_pylist(), tombstones.rows(table).tolist(), strict=True):
                if forgotten:
                    gone.append({**redacted_row(row), "before": f"{row.get('step')}.{row.get('rule')}"})
                if not forgotten or in_place:
                    writer.add(redacted_row(row) if forgotten else row)
        writer.close()
    part = part_of(target, root, writer.rows)
    return gone, part.to_json()


def _count(manifest: Mapping[str, Any], folder: str, removed: list[Row]) -> None:
    """Let the funnel say so: what was kept left at its last step, what was rejected has another reason."""
    # The last entry of the funnel is `corpus`, the total; the one before it is the last step that decided.
    last = manifest["counts"][manifest["funnel"][-2]["name"]]
    total = manifest["counts"]["corpus"]
    if folder == "kept":
        for counts in (last, total):
            counts["kept"] -= len(removed)
            counts["rejected"] += len(removed)
            counts["reasons"][REASON] = counts["reasons"].get(REASON, 0) + len(removed)
    elif folder == "rejected":
        for row in removed:
            # A reason stands in the step that gave it and in the total; others do not have it.
            for counts in manifest["counts"].values():
                _move(counts["reasons"], str(row["before"]))
    elif "links_without_page" in manifest:
        for name in ("links", "links_without_page"):
            manifest[name] -= len(removed)  # pyright: ignore[reportIndexIssue]


def _move(reasons: dict[str, int], before: str) -> None:
    if before not in reasons:
        return
    reasons[before] -= 1
    reasons[REASON] = reasons.get(REASON, 0) + 1
    if not reasons[before]:
        del reasons[before]
