"""The findings of a phase as lines of text, and of all phases as one JSON that is rewritten after each."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.trainer.stand import Finding, Row


def text_of(value: Any) -> str:
    """A value for a table: four figures of a number, whole thousands with commas, a dash for None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table_of(rows: Sequence[Row]) -> list[str]:
    """Rows under a line of column names; a column is as wide as its widest value."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns, *([text_of(row.get(name)) if name in row else "" for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def lines_of(finding: Finding, judged: bool) -> list[str]:
    """The table of a phase, its notes and, where they are to be judged, its goals."""
    rows = [{name: value for name, value in row.items() if name != "kind"} for row in finding.rows]
    kinds = dict.fromkeys(f"{row['side']}: {row['kind']}" for row in finding.rows if "kind" in row)
    goals = [
        f"{'met' if goal.met else 'not met' if goal.value is not None else 'no figure'}  {goal.name}: "
        f"{text_of(goal.value)} (goal {'at most' if goal.most else 'at least'} {text_of(goal.bound)})"
        for goal in finding.goals
        if judged
    ]
    return [*table_of(rows), *kinds, *finding.notes, *goals]


def record_of(finding: Finding) -> dict[str, Any]:
    """A phase for the JSON."""
    goals = [{**asdict(goal), "met": goal.met} for goal in finding.goals]
    return {"rows": [dict(row) for row in finding.rows], "goals": goals, "notes": list(finding.notes)}


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write the whole record beside the file and rename it there."""
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(json.dumps(record, indent=1, default=str) + "\n", encoding="utf-8")
    os.replace(temporary, path)
