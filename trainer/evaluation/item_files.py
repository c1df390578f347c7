"""Items, texts and lists of overlaps out of files of JSON lines, plain or gzipped; every error names file and line."""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer.evaluation.tasks import BenchmarkTask, Item, TaskError


def read_items(task: BenchmarkTask, path: Path) -> list[Item]:
    """The items of a .jsonl or .jsonl.gz file; `TaskError` names the line that does not fit the task."""
    items = []
    for number, row in read_rows(path):
        try:
            item = task.read(row)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            fields = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
            raise TaskError(
                f"{path}:{number}: no item of {task.name} ({type(error).__name__}: {error}): {fields}"
            ) from error
        if not all(isinstance(text, str) for text in (*item.contexts, *item.endings)):
            raise TaskError(f"{path}:{number}: no item of {task.name}: its texts must be strings")
        # Either of the two is one text and the other has one for each choice (`Item`).
        if not 0 <= item.gold < max(len(item.contexts), len(item.endings)):
            raise TaskError(f"{path}:{number}: the answer {item.gold} is not one of the choices")
        items.append(item)
    if not items:
        raise TaskError(f"{path}: no items")
    return items


def read_overlaps(path: Path, items: Sequence[Item]) -> list[Item]:
    """The items, each marked as contaminated or clean by a list of overlaps with the training data.

    The list is JSON lines {"item": n} for the items that overlap, n from 0 in the order of the items' file; a line with
    "contaminated": false is of one that was looked at and is clean. What is not listed is clean.
    """
    stained: dict[int, bool] = {}
    for number, row in read_rows(path):
        item = row.get("item") if isinstance(row, dict) else row
        if not isinstance(item, int) or isinstance(item, bool) or item < 0:  # True is an int to Python
            raise TaskError(f'{path}:{number}: no overlap: a line is {{"item": n}}, n the number of an item from 0')
        if item >= len(items):
            raise TaskError(f"{path}:{number}: item {item} of {len(items)}; the list is of another file")
        stained[item] = bool(row.get("contaminated", True)) if isinstance(row, dict) else True
    return [replace(item, contaminated=stained.get(number, False)) for number, item in enumerate(items)]


def read_texts(path: Path) -> list[str]:
    """The texts of a .jsonl or .jsonl.gz file, each line {"text": …} or a string; `TaskError` names the line."""
    texts = []
    for number, row in read_rows(path):
        text = row.get("text") if isinstance(row, dict) else row
        if not isinstance(text, str):
            fields = f"the fields {', '.join(sorted(row))}" if isinstance(row, dict) else type(row).__name__
            raise TaskError(f'{path}:{number}: no text: a line is a string or {{"text": "…"}}, this one has {fields}')
        texts.append(text)
    if not texts:
        raise TaskError(f"{path}: no texts")
    return texts


def read_rows(path: Path) -> list[tuple[int, Any]]:
    """Line number and value of each line of JSON, also gzipped; split at line feeds only, which JSON has not raw."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TaskError(f"{path}: cannot be read: {error}") from error
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                rows.append((number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise TaskError(f"{path}:{number}: not JSON: {error}") from error
    return rows
