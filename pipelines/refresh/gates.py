"""Gates: figures that a release must meet before anybody reads it. What fails says figure, bound, and what it was.

A gate guards against the crawl that was half downloaded, the classifier that was swapped, the tokenizer that no longer
fits: each shows in a rate or a distribution long before somebody trains on it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.errors import CorpusloomError, ExitCode
from corpus.releases.figures import stability
from corpus.releases.manifest import Release
from pipelines.refresh.definition import GATES, Gate, Gates

_DISTRIBUTIONS = frozenset({"languages", "scores"})
_WHOLE = frozenset({"kept_documents"})


@dataclass(frozen=True)
class Failure:
    """A gate that is not met, as a sentence."""

    gate: str
    source: str
    said: str


def failures(gates: Gates, new: Mapping[str, Mapping[str, Any]], before: Release | None) -> list[Failure]:
    """Every gate that the figures of a new release (source → figure → value) do not meet."""
    found: list[Failure] = []
    for source, figures in sorted(new.items()):
        old = before.figures.get(source, {}) if before else {}
        for name in GATES:
            if name in figures:
                was = (
                    f"was {show_figure(name, old[name])} in release {before.release}" if before and name in old else ""
                )
                for said in _broken(name, getattr(gates, name), figures[name], old.get(name)):
                    what = f"{name.replace('_', ' ')} of {source}"
                    found.append(Failure(name, source, f"{what} {said}{f'; it {was}' if was else ''}"))
    return found


def check_gates(failed: list[Failure], accepted: Collection[str]) -> None:
    """`CorpusloomError` (4) with every failure whose gate is not accepted."""
    left = [each for each in failed if each.gate not in accepted]
    if left:
        names = sorted({each.gate for each in left})
        raise CorpusloomError(
            f"{'; '.join(each.said for each in left)}. Nothing is published; look into work/, change [gates], or "
            f"accept it once with {' '.join(f'--accept {name}' for name in names)}",
            ExitCode.USELESS,
        )


def _broken(name: str, gate: Gate, value: Any, old: Any) -> Iterator[str]:
    if name in _DISTRIBUTIONS:
        moved = stability(value, old or {})
        if gate.change is not None and moved > gate.change:
            yield f"moved by a stability index of {moved:.3g}, more than {gate.change:g}"
        return
    if gate.least is not None and value < gate.least:
        yield f"is {show_figure(name, value)}, less than {show_figure(name, gate.least)}"
    if gate.most is not None and value > gate.most:
        yield f"is {show_figure(name, value)}, more than {show_figure(name, gate.most)}"
    # From 1,000 to 400: moved is -.6, a change of .6 and a fall of .6; to 1,600: a change of .6 and a fall of -.6.
    moved = (value - old) / old if old else 0.0
    for bound, size in ((gate.change, abs(moved)), (gate.fall, -moved)):
        if bound is not None and size > bound:
            yield f"is {show_figure(name, value)}, a change of {moved:+.0%}, more than {bound:.0%}"


def show_figure(name: str, value: Any) -> str:
    """A figure for people."""
    if name in _DISTRIBUTIONS:
        total = sum(value.values())
        ranked = sorted(value.items(), key=lambda item: (-item[1], item[0]))[:3]
        return ", ".join(f"{key} {count / total:.0%}" for key, count in ranked) or "nothing"
    if name in _WHOLE:
        return f"{value:,.0f}"
    return f"{value:.1%}" if name.endswith("_rate") else f"{value:,.4g}"
