"""`report.html` of a release: figures by source, what is new, which inputs were taken and which set aside.

Made like the report of a build (`corpus.report.write`): one file, no script, nothing from outside, every string made
visible and escaped. No time stands in it: the same release gives the same bytes.
"""

from pathlib import Path

from corpus.files.manifest import write_bytes
from corpus.pages.environment import environment
from corpus.releases.difference import ReleaseDifference
from corpus.releases.figures import CORPORA
from corpus.releases.manifest import InputState, Release
from corpus.report.write import REPORT

_TEMPLATES = Path(__file__).parent
_MOST_INPUTS, _MOST_LANGUAGES = 200, 12


def write_page(folder: Path, name: str, release: Release, difference: ReleaseDifference | None) -> None:
    """Write the page of a release."""
    template = environment(_TEMPLATES).get_template("release.html.j2")
    write_bytes(folder / REPORT, template.render(**page_values(name, release, difference)).encode())


def page_values(name: str, release: Release, difference: ReleaseDifference | None) -> dict[str, object]:
    """What the template shows."""
    return {
        "name": name,
        "release": release,
        "difference": difference,
        "corpora": CORPORA,
        "documents": sum(entry.documents for entry in release.sources.values()),
        "tokens": sum(figures.get("tokens", 0) for figures in release.figures.values()),
        "sources": [(source, entry, _figures(release, source)) for source, entry in sorted(release.sources.items())],
        "inputs": sorted(release.inputs, key=_aside_first)[:_MOST_INPUTS],
        "n_inputs": len(release.inputs),
    }


def _figures(release: Release, source: str) -> dict[str, object]:
    """The figures of a source, its languages as (code, documents), the most frequent first."""
    figures = {"kept_rate": 0.0, "duplicate_rate": 0.0, "documents": 0, **release.figures.get(source, {})}
    spoken = sorted(figures.get("languages", {}).items(), key=lambda item: (-item[1], item[0]))
    return {**figures, "languages": spoken[:_MOST_LANGUAGES]}


def _aside_first(each: InputState) -> tuple[bool, str, str, str]:
    return each.state == "taken", each.source, each.flag, each.name or each.snapshot
