"""Numbers as people read them, and figures as SVG, for every page.

Figures are drawn by hand, not by a plotting library: positions are in percent and letters in pixels, so that one figure
is sharp and legible at every width, takes its colours from the page (light or dark), and costs a few kilobytes. Every
string that comes from outside goes through `visible` before it is escaped.
"""

import bisect
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

# Steps of a decade. FINE is nearly even on a log scale and still has round edges.
COARSE, FINE, DIGITS = (10, 20, 50), (10, 15, 20, 30, 50, 70), (10, 20, 30, 40, 50, 60, 70, 80, 90)
# Format characters that words and emoji of living scripts need: the two joiners and the soft hyphen.
_HARMLESS = frozenset("\n\t\u200c\u200d\u00ad")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Pixels: of the bars of a histogram, its axis, a row of a waterfall, the unit square of a curve.
_FIGURE_HEIGHT, _AXIS_HEIGHT, _ROW_HEIGHT, _CURVE_HEIGHT = 120, 22, 36, 200
# Percent of the width that the bars have together (the rest is for the numbers of the scale), and one at the most.
_BARS_WIDTH, _WIDEST_BAR = 92, 12


@dataclass(frozen=True)
class Bin:
    """How many values lie in [low, high); `high` is exclusive."""

    low: int
    high: int
    count: int

    @property
    def label(self) -> str:
        """The bin for people: `5`, `10–19`."""
        return number(self.low) if self.high == self.low + 1 else f"{number(self.low)}–{number(self.high - 1)}"


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: how many are kept (drawn upwards) and rejected (downwards); `tick` stands at its left."""

    label: str
    kept: int
    rejected: int = 0
    tick: str = ""


@dataclass(frozen=True)
class Fall:
    """One row of the waterfall: what leaves, or with kind `all` or `kept` what is there. Documents, bytes of text."""

    label: str
    documents: int
    text_bytes: int
    kind: str


def visible(text: str) -> str:
    """The text with every character that could hide or reorder others written out (`\\u202e`, `\\x1b`).

    Those are C0 and C1 controls, the bidirectional ones, Unicode tags, lone surrogates and line separators; new lines
    and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(character) for character in text)


def _written_out(character: str) -> str:
    if character in _HARMLESS or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    # \x1b, \u202e, \U000e0001: as long as the code needs.
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def compact(value: int) -> str:
    """A round number for the ticks of an axis: `500`, `20k`, `1M`."""
    for power, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= power and not value % power:  # 1,500 is no multiple of 1,000, and stays
            return f"{value // power}{unit}"
    return str(value)


def number(value: float | None) -> str:
    """`1234567` → `1,234,567`, `0.71428` → `0.7143`; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def size(count: int) -> str:
    """Bytes in decimal units, as in "40 GB"."""
    if count < 1000:
        return f"{count} B"
    power = min(int(math.log10(count)) // 3, 5)
    if count < 999.5 * 1000**power:
        return f"{count / 1000**power:.3g} {' kMGTP'[power]}B"
    # 999,499 bytes are "999 kB", and 999,500, which three digits would round to "1e+03 kB", "1 MB". PB is the last.
    return size(1000 ** (power + 1)) if power < 5 else f"{count / 1000**power:,.0f} PB"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent."""
    percent = 100 * part / whole if whole else 0.0
    return "<0.1 %" if 0 < percent < 0.1 else f"{percent:.1f} %"  # a share that is not 0 never shows as 0


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.42 s`, `3 min 12 s`, `2 h 05 min`."""
    if seconds < 59.95:  # 59.95 would show as "60 s", which is "1 min 00 s"
        return f"{seconds:.3g} s"
    seconds = round(seconds)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def bins(values: Mapping[int, int], series: Sequence[int]) -> list[Bin]:
    """Positive values with their counts → bins on a log scale, without empty ones before the first and after the last.

    `series` holds the first edge of each bin of the decade from 10 to 100. Below 10 every edge is a whole number.
    """
    highest = max(values, default=0)
    # Of the series (10, 20, 50): 1, 2, 5, 10, 20, 50, 100 …; 7 falls into 5–9, and 10 begins the next.
    edges = sorted({edge * 10**power // 10 for power in range(len(str(highest)) + 1) for edge in series})
    counts = Counter[int]()
    for value, count in values.items():
        if value > 0:
            counts[bisect.bisect_right(edges, value) - 1] += count
    used = range(min(counts), max(counts) + 1) if counts else ()
    return [Bin(edges[place], edges[place + 1], counts[place]) for place in used]


def score_bin(score: float, count: int) -> int:
    """In which of `count` equal pieces of [0, 1] a score lies; 1.0 is of the last."""
    return min(int(score * count), count - 1)


def mirror(kept: Counter[int], rejected: Counter[int]) -> list[Bar]:
    """Two distributions over the same fine bins; the decades are labelled."""
    # One row of bins for both.
    found = {part.low: part for part in bins(kept + rejected, FINE)}
    above, below = ({part.low: part.count for part in bins(values, FINE)} for values in (kept, rejected))
    return [
        Bar(part.label, above.get(low, 0), below.get(low, 0), compact(low) if math.log10(low).is_integer() else "")
        for low, part in found.items()
    ]


def median(values: Mapping[int, int]) -> int:
    """The lower median of counted values; 0 for none."""
    left = (sum(values.values()) + 1) // 2  # the place of the median among all values, from 1 on
    for value in sorted(values):
        left -= values[value]
        if left <= 0:
            return value
    return 0


def histogram(bars: Sequence[Bar], label: str) -> Markup:
    """Bars beside each other, kept upwards and rejected downwards on one scale; `label` is for screen readers."""
    most_kept, most_rejected = (max((getattr(bar, kind) for bar in bars), default=0) for kind in ("kept", "rejected"))
    scale = _FIGURE_HEIGHT / max(most_kept, most_rejected, 1)
    # The axis lies below the highest bar and 14 pixels of room for the scale's top number.
    base = 14 + round(most_kept * scale)
    below = base + round(most_rejected * scale) + (_AXIS_HEIGHT if most_rejected else 0)
    width = min(_BARS_WIDTH / max(len(bars), 1), _WIDEST_BAR)
    parts = [_tick(line, base - line * scale) for line in ticks(most_kept)]
    for place, bar in enumerate(bars):
        at = place * width + width * 0.06  # a gap of 6 % at each side of a bar
        title = f"{bar.label}: {number(bar.kept)} kept" + (
            f", {number(bar.rejected)} rejected" if most_rejected else ""
        )
        hover = Markup("<title>{}</title>").format(visible(title))
        if bar.kept:
            height = max(bar.kept * scale, 1)  # what there is is seen: at least a pixel
            parts.append(_rect(at, base - height, width * 0.88, height, "kept", hover))
        if bar.rejected:
            height = max(bar.rejected * scale, 1)
            parts.append(_rect(at, base + _AXIS_HEIGHT, width * 0.88, height, "rejected", hover))
        if bar.tick:
            parts.append(_text(place * width, base + 15, bar.tick, "soft"))
    parts.append(Markup('<line class="axis" x1="0" x2="{1}%" y1="{0}" y2="{0}"/>').format(base, _BARS_WIDTH))
    return _svg(parts, max(below, base + _AXIS_HEIGHT) + 2, label)


def curves(lines: Mapping[str, Sequence[tuple[float, float]]], label: str) -> Markup:
    """Lines through points in the unit square, each of the kind that is its key, over the diagonal."""
    width, height = _BARS_WIDTH / 100, _CURVE_HEIGHT
    parts = [_tick_share(share, 14 + height - share * height) for share in (0.25, 0.5, 0.75, 1.0)]
    for kind, points in {"diagonal": [(0.0, 0.0), (1.0, 1.0)], **lines}.items():
        for (x, y), (next_x, next_y) in pairwise(points):
            shape = Markup('<line class="curve {}" x1="{:.2f}%" y1="{:.1f}" x2="{:.2f}%" y2="{:.1f}"/>')
            ends = (100 * x * width, 14 + height - y * height, 100 * next_x * width, 14 + height - next_y * height)
            parts.append(shape.format(kind, *ends))
    parts += [_text(share * _BARS_WIDTH, height + 29, f"{share:g}", "soft") for share in (0.0, 0.5, 1.0)]
    parts.append(Markup('<line class="axis" x1="0" x2="{1}%" y1="{0}" y2="{0}"/>').format(14 + height, _BARS_WIDTH))
    return _svg(parts, height + 14 + _AXIS_HEIGHT, label)


def waterfall(falls: Sequence[Fall], label: str) -> Markup:
    """From everything to what is kept: each row takes its piece off the right end of the row above.

    Two bars a row: documents (thick) and bytes of text (thin), each in percent of its own whole.
    """
    documents = left_documents = max((fall.documents for fall in falls), default=0)
    text_bytes = left_bytes = max((fall.text_bytes for fall in falls), default=0)
    parts: list[Markup] = []
    for place, fall in enumerate(falls):
        y = place * _ROW_HEIGHT
        leaves = fall.kind not in ("all", "kept")
        left_documents -= fall.documents if leaves else 0
        left_bytes -= fall.text_bytes if leaves else 0
        sign = "−" if leaves else ""
        amount = f"{sign}{number(fall.documents)}" + (f" · {sign}{size(fall.text_bytes)}" if fall.text_bytes else "")
        parts += [_text(0, y + 13, fall.label, "strong" if not leaves else ""), _text(100, y + 13, amount, "end")]
        for top, height, piece, left, whole, kind in (
            (18, 8, fall.documents, left_documents, documents, fall.kind),
            (27, 4, fall.text_bytes, left_bytes, text_bytes, f"{fall.kind} thin"),
        ):
            # What leaves hangs at the right end of what is left after it: of 100, 30 leave: from 70 % on, 30 % wide.
            start = 100 * left / whole if leaves and whole else 0
            parts.append(_rect(0, y + top, 100, height, "track"))
            parts.append(_rect(start, y + top, 100 * piece / max(whole, 1), height, kind))
    return _svg(parts, len(falls) * _ROW_HEIGHT, label)


def ticks(highest: int) -> list[int]:
    """Two to five round values for the lines of a scale up to `highest`, without 0."""
    if highest < 2:
        return []
    # Up to 130: of 20, 50, 100 the first with at most five lines is 50, so 50 and 100.
    step = 10 ** int(math.log10(highest))
    step = next(part for part in (step // 5, step // 2, step, 2 * step) if part and highest // part <= 5)
    return list(range(step, highest + 1, step))


def _tick(line: int, y: float) -> Markup:
    rule = Markup('<line class="grid" x1="0" x2="{1}%" y1="{0:.1f}" y2="{0:.1f}"/>').format(y, _BARS_WIDTH)
    return rule + _text(100, y + 4, compact(line), "end soft")


def _tick_share(part: float, y: float) -> Markup:
    rule = Markup('<line class="grid" x1="0" x2="{1}%" y1="{0:.1f}" y2="{0:.1f}"/>').format(y, _BARS_WIDTH)
    return rule + _text(100, y + 4, f"{part:g}", "end soft")


def _rect(x: float, y: float, width: float, height: float, kind: str, inside: str = "") -> Markup:
    shape = Markup('<rect class="{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}">{}</rect>')
    return shape.format(kind, x, y, width, height, inside)


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}">{}</text>').format(kind, x, y, visible(text))


def _svg(parts: Iterable[Markup], height: float, label: str) -> Markup:
    start = Markup('<svg role="img" aria-label="{}" width="100%" height="{:.0f}">').format(visible(label), height)
    return start + Markup("\n").join(parts) + Markup("</svg>")
