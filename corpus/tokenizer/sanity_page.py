"""The sanity report of a tokenizer as one HTML file, beside the report.json that it is made from.

It needs no script and no network and allows neither. Tokens are made of text that others wrote: every string goes
through `visible` and is then escaped. The same figures give the same bytes.
"""

from pathlib import Path
from typing import Any

import jinja2

from corpus.report.figures import visible

_UNUSED_SHOWN = 200
_TEMPLATES = Path(__file__).parent


def page(report: dict[str, Any]) -> bytes:
    """The page of a report as `pipelines.builds.vocabulary` makes it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    tables = [
        ("all", (), [report["all"]]),
        ("by source", ("source",), report["by_source"]),
        ("by language", ("language",), report["by_language"]),
        ("by both", ("source", "language"), report["by_source_and_language"]),
    ]
    given = {"ratio": _ratio, "percent": _percent, "unused": list(report["unused"]["tokens"].items())[:_UNUSED_SHOWN]}
    return environment.get_template("sanity.html.j2").render(report=report, tables=tables, **given).encode()


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
