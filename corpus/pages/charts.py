"""Line charts: curves over steps, on linear or logarithmic axes, readable at every width.

As in `corpus.pages.figures`, positions across are in percent and letters in pixels. A curve is drawn in a box of its
own that is stretched to the width, with a stroke that is not:

    |<------------ 92 % ------------->|<- 8 % ->|
    |  plot: viewBox 0 0 1000 200     |  scale  |
    |  0      1k      2k      (steps) |         |
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from corpus.pages.figures import number, visible

COLOURS = 8
# Pixels up: plot, room above, room below; units across; percent of the width for the plot.
_HEIGHT, _TOP, _FOOT, _ACROSS, _SHARE = 200, 10, 24, 1000, 92
_MOST_POINTS = 600  # more than pixels across on most screens


@dataclass(frozen=True)
class Curve:
    """One line of a chart: (step, value) points; a `base` is drawn dashed."""

    name: str
    points: Sequence[tuple[float, float]] = field(repr=False)
    base: bool = False


def line_chart(curves: Sequence[Curve], label: str, logarithmic: bool = False, kind: str = "") -> Markup:
    """Curves as one SVG; on logarithmic axes points with a coordinate of 0 or less are left out."""
    shown = [[point for point in curve.points if not logarithmic or min(point) > 0] for curve in curves]
    points = [point for each in shown for point in each]
    start = Markup('<svg role="img" aria-label="{}" class="{}" width="100%" height="{}">')
    if not points:
        return start.format(visible(label), kind, 0) + Markup("</svg>")
    across = _Axis(min(x for x, _ in points), max(x for x, _ in points), 0, _ACROSS, logarithmic)
    up = _Axis(min(y for _, y in points), max(y for _, y in points), _HEIGHT, 0, logarithmic)
    plot = Markup('<svg class="plot" y="{}" width="{}%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">')
    lines = [plot.format(_TOP, _SHARE, _HEIGHT, _ACROSS, _HEIGHT)]
    for place, (curve, each) in enumerate(zip(curves, shown, strict=True)):
        where = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in thin(each))
        line = Markup('<polyline class="line s{}{}" points="{}"/>')
        lines.append(line.format(place % COLOURS, " base" if curve.base else "", where))
    head = start.format(visible(label), kind, _TOP + _HEIGHT + _FOOT)
    return head + _grid(across, up) + Markup("").join(lines) + Markup("</svg></svg>")


def legend(curves: Sequence[Curve]) -> Markup:
    """The name, the colour and the last value of each curve."""
    item = Markup('<span><i class="dot s{}"></i>{} <b>{}</b></span>')
    return Markup(" ").join(
        item.format(place % COLOURS, visible(curve.name), number(curve.points[-1][1]) if curve.points else "–")
        for place, curve in enumerate(curves)
    )


def thin(points: Sequence[tuple[float, float]], most: int = _MOST_POINTS) -> list[tuple[float, float]]:
    """At most about `most` points: of each stretch the least and the greatest value, so no spike disappears."""
    if len(points) <= most:
        return list(points)
    # Two points a stretch: 10 points with at most 4 are stretches of 5, and the least and greatest of each.
    stretch = math.ceil(2 * len(points) / most)
    kept: list[tuple[float, float]] = []
    for first in range(0, len(points), stretch):
        part = points[first : first + stretch]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


@dataclass(frozen=True)
class _Axis:
    """Values low … high onto positions start … end."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def at(self, value: float) -> float:
        """The position of a value; the middle where all values are one."""
        low, high = self._scale(self.low), self._scale(self.high)
        # From `start` to `end`, which may run down: y counts from the top, so `up` runs from the height to 0.
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
            # Three values a decade are legible up to three decades; beyond, one.
            parts = (1, 2, 5) if len(decades) <= 3 else (1,)
            candidates = [float(f"{part}e{decade}") for decade in decades for part in parts]
        else:
            # The least of 1, 2, 5, 10 · 10^n that gives at most five steps: 0 … 130 has steps of 50 (raw 26 → 50).
            raw = (self.high - self.low) / 5
            decade = math.floor(math.log10(raw))
            # .999: rounding may leave a step a little below `raw`.
            part = next(part for part in (1, 2, 5, 10) if part * 10.0**decade >= raw * 0.999)
            step = part * 10.0**decade
            # One more at each end, and each read as it is written: .3 / .1 is below 3, and 3 · .1 is above .3.
            counts = range(math.floor(self.low / step), math.ceil(self.high / step) + 1)
            candidates = [float(f"{count * part}e{decade}") for count in counts]
        return [value for value in candidates if self.low <= value <= self.high]


def _grid(across: _Axis, up: _Axis) -> Markup:
    rule = Markup('<line class="grid" x1="0" x2="{0}%" y1="{1:.1f}" y2="{1:.1f}"/>')
    text = Markup('<text class="{}" x="{:.2f}%" y="{:.1f}">{}</text>')
    found = Markup("")
    for value in up.ticks():
        y = _TOP + up.at(value)
        found += rule.format(_SHARE, y) + text.format("end soft", 100, y + 4, f"{value:.3g}")
    for value in across.ticks():
        found += text.format("middle soft", across.at(value) / _ACROSS * _SHARE, _TOP + _HEIGHT + 18, _short(value))
    return found


def _short(value: float) -> str:
    for power, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= power:
            return f"{value / power:.3g}{unit}"
    return f"{value:.3g}"
