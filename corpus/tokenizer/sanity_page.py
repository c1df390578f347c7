"""The sanity report of a tokenizer as one HTML file, beside the report.json that it is made from.

Tokens are made of text that others wrote: every string is made visible and escaped by the environment of all pages.
The same figures give the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.pages.charts import Curve, line_chart
from corpus.pages.environment import environment

_UNUSED_SHOWN = 200
_RATIOS = ("bytes_per_token", "other_bytes_per_token")
_TEMPLATES = Path(__file__).parent


def page(report: Mapping[str, Any]) -> bytes:
    """The page of a report as `pipelines.work.held_out` makes it."""
    tables = [
        ("all", (), [report["all"]]),
        ("by source", ("source",), report["by_source"]),
        ("by language", ("language",), report["by_language"]),
        ("by source and language", ("source", "language"), report["by_source_and_language"]),
    ]
    ratios = [row[name] or 0.0 for _, _, rows in tables for row in rows for name in _RATIOS]
    lengths = report["merges"].get("lengths", [])
    curve = Curve("characters", [(at, length) for at, length in lengths])
    return (
        environment(_TEMPLATES)
        .get_template("sanity.html.j2")
        .render(
            report=report,
            tables=tables,
            most=max([*ratios, 1.0]),
            lengths=line_chart([curve], "Characters of a merged token by the number of the merge") if lengths else "",
            percent=_percent,
            unused=list(report["unused"]["tokens"].items())[:_UNUSED_SHOWN],
        )
        .encode()
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
