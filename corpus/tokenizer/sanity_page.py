"""The sanity report of a tokenizer as one HTML file, beside the report.json that it is made from.

Tokens are made of text that others wrote: every string is made visible and escaped by the environment of all pages.
The same figures give the same bytes, but for the links to what lies beside the tokenizer.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.files.manifest import ManifestError, read_json, write_bytes
from corpus.pages.charts import Curve, line_chart
from corpus.pages.environment import environment
from corpus.pages.lineage import relatives

REPORT, PAGE = "report.json", "report.html"
_UNUSED_SHOWN, _MOST_BARS = 200, 20
_RATIOS = ("bytes_per_token", "other_bytes_per_token")
_TEMPLATES = Path(__file__).parent


def write_page(root: Path) -> Path:
    """Write the page of a finished tokenizer from its report; `ManifestError` for a folder whose report is damaged."""
    report = read_json(root / REPORT, None)
    if not isinstance(report, dict) or "tokenizer" not in report:
        raise ManifestError(f"{root / REPORT} is no report of a tokenizer; train it again")
    write_bytes(root / PAGE, page(report, relatives(root, PAGE)))
    return root / PAGE


def page(report: Mapping[str, Any], links: Mapping[str, str] | None = None) -> bytes:
    """The page of a report as `pipelines.work.held_out` makes it; `links` are relative, by what they lead to."""
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
            relatives=links or {},
            tables=tables,
            most=max([*ratios, 1.0]),
            most_bars=_MOST_BARS,
            lengths=line_chart([curve], "Characters of a merged token by the number of the merge") if lengths else "",
            percent=_percent,
            unused=list(report["unused"]["tokens"].items())[:_UNUSED_SHOWN],
        )
        .encode()
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
