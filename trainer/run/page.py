"""The page of a run, or of several over each other: curves as one HTML file that opens from disk.

The page is rewritten from `metrics.jsonl` whenever there is something to see, so it is never wrong for long and never
needed to go on. Both scales of every chart are drawn; a tick box without a script shows one or the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from corpus.pages.charts import Curve, legend, line_chart
from corpus.pages.environment import environment
from corpus.pages.figures import number
from trainer.run.metrics import MetricsRow, flat, read_metrics, series

PAGE = "index.html"
_TEMPLATES = Path(__file__).parent
_PLAIN = (
    ("learning rate", "rate"),
    ("norm of the gradient", "gradient_norm"),
    ("tokens per second", "tokens_per_second"),
)
_KEYS = (("loss", "loss, nats per token"), ("tokens", "tokens seen"), ("tokens_per_second", "tokens per second"))

Rows = Sequence[MetricsRow]


@dataclass(frozen=True)
class RunFacts:
    """What the page says beside the curves: lines above them, the unigram model's bits per byte and the wanted share
    of each source, and relative links to what the run was made of."""

    title: str
    lines: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chart:
    """One figure of the page, on both scales."""

    title: str
    legend: Markup
    linear: Markup
    logarithmic: Markup


@dataclass(frozen=True)
class SourceRow:
    """A source as the last step has it: `share` of all tokens seen, `wanted` by its weight."""

    name: str
    tokens: int
    epochs: float
    share: float
    wanted: float


def write_page(folder: Path, facts: RunFacts) -> Path:
    """Write `index.html` of a run from its metrics."""
    return write_text(folder / PAGE, page(facts, {"": read_metrics(folder)}))


def write_text(path: Path, text: str) -> Path:
    """Write a page in one step."""
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_text(text, encoding="utf-8")
    return temporary.replace(path)


def page(facts: RunFacts, runs: Mapping[str, Rows]) -> str:
    """The page as text, well-formed as XML too; `runs` has the metrics of each run, one of them under the name ""."""
    rows = next(iter(runs.values())) if len(runs) == 1 else []
    return (
        environment(_TEMPLATES)
        .get_template("page.html.j2")
        .render(
            facts=facts,
            relatives=facts.links,
            last=[(number(rows[-1][key]), name) for key, name in _KEYS if rows and rows[-1].get(key) is not None],
            sources=_sources(rows, facts.shares),
            charts=[
                Chart(
                    title,
                    legend(curves),
                    line_chart(curves, title, kind="linear"),
                    line_chart(curves, title, True, "log"),
                )
                for title, curves in _curves(runs, facts.baselines)
                if any(curve.points for curve in curves)
            ],
        )
    )


def _curves(runs: Mapping[str, Rows], baselines: Mapping[str, float]) -> list[tuple[str, list[Curve]]]:
    """(title, curves) of each chart; with several runs each curve begins with the name of its run."""
    plain = [
        (title, [Curve(run or title, list(series(rows, key))) for run, rows in runs.items()]) for title, key in _PLAIN
    ]
    loss = [Curve(run or "loss", list(series(rows, "loss"))) for run, rows in runs.items()]
    quality = [curve for run, rows in runs.items() for curve in _quality(run, rows)]
    last = max((row["step"] for rows in runs.values() for row in rows), default=0)
    known = {curve.name for curve in quality}
    quality += [
        # A level line from the first step to the last: the model without context does not learn.
        Curve(f"{name}, unigram", [(1, value), (last, value)], True)
        for name, value in baselines.items()
        if name in known
    ]
    return [("loss (nats per token)", loss), ("validation (bits per byte)", quality), *plain]


def _quality(run: str, rows: Rows) -> list[Curve]:
    # Only some rows have them, and a source may come in later: names of all rows, in order of appearance.
    names = list(dict.fromkeys(name for row in rows for name in flat(row) if name.startswith("bits_per_byte/")))
    return [Curve(f"{run} {name.partition('/')[2]}".strip(), list(series(rows, name))) for name in names]


def _sources(rows: Rows, shares: Mapping[str, float]) -> list[SourceRow]:
    """Tokens, epochs and shares by source, as the last step has them."""
    if not rows or "epochs" not in rows[-1]:
        return []
    tokens, epochs = rows[-1]["source_tokens"], rows[-1]["epochs"]
    total = sum(tokens.values()) or 1
    return [SourceRow(name, seen, epochs[name], seen / total, shares.get(name, 0.0)) for name, seen in tokens.items()]
