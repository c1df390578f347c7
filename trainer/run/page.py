"""The curves of a run as one HTML file: drawn by hand as SVG, opened from disk, no script, no other file.

The page is rewritten from `metrics.jsonl` whenever there is something to see, so it is never wrong for long and never
needed to go on. Both scales of every chart are drawn; a tick box without a script shows one or the other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from trainer.run.metrics import flat, read_metrics, series

PAGE = "index.html"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 640, 260, 64, 24, 28, 10
_MOST_POINTS = 600
_COLOURS = ("#1f5fa8", "#c2571a", "#2f7d4f", "#8a3f8f", "#8a6d1a", "#3a8a96", "#a83248", "#5a5a5a")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:720px;margin:2em auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em} h2{font-size:1.05em;margin:1.6em 0 .2em} svg{width:100%;height:auto}
table{border-collapse:collapse} td,th{padding:.15em .9em .15em 0;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child,.text{text-align:left}
svg text{font:11px system-ui,sans-serif;fill:#555} .grid{stroke:#e4e4e4} .line{fill:none;stroke-width:1.6}
.base{stroke-dasharray:5 4} .log{display:none}
#log:checked~.charts .log{display:block} #log:checked~.charts .linear{display:none}
.key span{display:inline-block;margin-right:1.2em}
.key i{display:inline-block;width:1.4em;height:.2em;margin:0 .4em .2em 0}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616} .grid{stroke:#333} svg text{fill:#aaa}}
"""


@dataclass(frozen=True)
class Curve:
    """One line of a chart: (step, value) points; a `base` is drawn dashed."""

    name: str
    points: Sequence[tuple[float, float]] = field(repr=False)
    base: bool = False


@dataclass(frozen=True)
class RunFacts:
    """What the page says beside the curves: lines above them, the unigram model's bits per byte and the wanted share
    of each source."""

    title: str
    lines: Mapping[str, str]
    baselines: Mapping[str, float]
    shares: Mapping[str, float]


def write_page(folder: Path, facts: RunFacts) -> Path:
    """Write `index.html` of a run from its metrics."""
    temporary = folder / f".tmp-{PAGE}"
    temporary.write_text(page(facts, read_metrics(folder)), encoding="utf-8")
    return temporary.replace(folder / PAGE)


def page(facts: RunFacts, rows: Sequence[Mapping[str, Any]]) -> str:
    """The page as text, well-formed as XML too."""
    charts = "".join(
        f"<h2>{escape(name)}</h2>{_key(curves)}{chart(curves, False, 'linear')}{chart(curves, True, 'log')}"
        for name, curves in _charts(rows, facts.baselines)
    )
    head = "".join(
        f"<tr><td>{escape(name)}</td><td class='text'>{escape(text)}</td></tr>" for name, text in facts.lines.items()
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/><title>{escape(facts.title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(facts.title)}</h1><table>{head}</table>"
        f"{_sources(rows, facts.shares)}"
        f'<input type="checkbox" id="log"/><label for="log"> logarithmic axes</label>'
        f'<div class="charts">{charts or "<p>No step yet.</p>"}</div></body></html>\n'
    )


def _charts(rows: Sequence[Mapping[str, Any]], baselines: Mapping[str, float]) -> list[tuple[str, list[Curve]]]:
    names = list(dict.fromkeys(name for row in rows for name in flat(row)))
    last = max((row["step"] for row in rows), default=0)
    quality = [
        Curve(name.partition("/")[2], list(series(rows, name))) for name in names if name.startswith("bits_per_byte/")
    ]
    known = {curve.name for curve in quality}
    quality += [
        Curve(f"{name}, unigram", [(1, value), (last, value)], True)
        for name, value in baselines.items()
        if name in known
    ]
    wanted = [
        ("loss (nats per token)", [Curve("loss", list(series(rows, "loss")))]),
        ("validation (bits per byte)", quality),
        ("learning rate", [Curve("rate", list(series(rows, "rate")))]),
        ("norm of the gradient", [Curve("gradient_norm", list(series(rows, "gradient_norm")))]),
        ("tokens per second", [Curve("tokens_per_second", list(series(rows, "tokens_per_second")))]),
    ]
    return [(name, curves) for name, curves in wanted if any(curve.points for curve in curves)]


def _sources(rows: Sequence[Mapping[str, Any]], shares: Mapping[str, float]) -> str:
    """Tokens, epochs and shares by source, as the last step has them."""
    if not rows or "epochs" not in rows[-1]:
        return ""
    tokens, epochs = rows[-1]["source_tokens"], rows[-1]["epochs"]
    total = sum(tokens.values())
    cells = "".join(
        f"<tr><td>{escape(name)}</td><td>{seen:,}</td><td>{epochs[name]:.3f}</td><td>{seen / total:.2%}</td>"
        f"<td>{shares.get(name, 0.0):.2%}</td></tr>"
        for name, seen in tokens.items()
    )
    names = "".join(f"<th>{name}</th>" for name in ("source", "tokens seen", "epochs", "share", "wanted"))
    return f"<h2>Sources</h2><table><tr>{names}</tr>{cells}</table>"


def _key(curves: Sequence[Curve]) -> str:
    if len(curves) < 2:
        return ""
    items = "".join(
        f'<span><i style="background:{_COLOURS[number % len(_COLOURS)]}"></i>{escape(curve.name)}</span>'
        for number, curve in enumerate(curves)
    )
    return f'<div class="key">{items}</div>'


def chart(curves: Sequence[Curve], logarithmic: bool, style: str = "") -> str:
    """Curves as one SVG; on logarithmic axes points with a coordinate of 0 or less are left out."""
    shown = [
        Curve(curve.name, [point for point in curve.points if not logarithmic or min(point) > 0], curve.base)
        for curve in curves
    ]
    points = [point for curve in shown for point in curve.points]
    if not points:
        return f'<svg class="{style}" viewBox="0 0 {_WIDTH} {_HEIGHT}"></svg>'
    across = _Axis(min(x for x, _ in points), max(x for x, _ in points), _LEFT, _WIDTH - _RIGHT, logarithmic)
    up = _Axis(min(y for _, y in points), max(y for _, y in points), _HEIGHT - _BOTTOM, _TOP, logarithmic)
    lines = [_grid(across, up)]
    for number, curve in enumerate(shown):
        where = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in thin(curve.points))
        kind = "line base" if curve.base else "line"
        lines.append(f'<polyline class="{kind}" stroke="{_COLOURS[number % len(_COLOURS)]}" points="{where}"/>')
    return f'<svg class="{style}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(lines)}</svg>'


def thin(points: Sequence[tuple[float, float]], most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """At most about `most` points: of each stretch the least and the greatest value, so no spike disappears."""
    if len(points) <= most:
        return list(points)
    stretch = math.ceil(2 * len(points) / most)
    kept: list[tuple[float, float]] = []
    for first in range(0, len(points), stretch):
        part = points[first : first + stretch]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


@dataclass(frozen=True)
class _Axis:
    """Values low … high onto pixels start … end."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high = self._scale(self.low), self._scale(self.high)
        share = (self._scale(value) - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def _scale(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def ticks(self) -> list[float]:
        """Round values inside the axis: 1, 2, 5 times powers of ten."""
        if self.high <= self.low:
            return [self.low]
        if self.logarithmic and self.high / self.low > 8:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            candidates = [part * 10.0**decade for decade in decades for part in (1, 2, 5)]
        else:
            raw = (self.high - self.low) / 5
            step = next(
                part * 10.0 ** math.floor(math.log10(raw))
                for part in (1, 2, 5, 10)
                if part * 10.0 ** math.floor(math.log10(raw)) >= raw * 0.999
            )
            candidates = [
                number * step for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)
            ]
        return [value for value in candidates if self.low <= value <= self.high]


def _grid(across: _Axis, up: _Axis) -> str:
    lines = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up.at(y):.1f}" y2="{up.at(y):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{up.at(y) + 4:.1f}" text-anchor="end">{y:.4g}</text>'
        for y in up.ticks()
    ]
    lines += [
        f'<text x="{across.at(x):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{x:,.0f}</text>' for x in across.ticks()
    ]
    return "".join(lines)
