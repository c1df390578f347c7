"""The report of a build: one HTML file that shows what was kept, what left and why, and lets one look at it.

    python -m corpus.report FOLDER [--domains domains.txt]

The page needs no network. It has one script, the search over rejected documents, which its content security policy
allows by its digest; in a browser without scripts nothing else is missing. It shows text that others wrote, so every
value goes through `visible` (jinja2's `finalize`) and is then escaped, and an address becomes a link only when it is
plain http or https. It stays under 2 MB for a corpus of any size: tables are capped, and where that is not enough,
examples get fewer and shorter. The same build gives the same bytes, but for what each stage took and links to what lies
beside it.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.dedup.minhash import MinHash
from corpus.files.manifest import Counts, read_manifest, write_bytes
from corpus.files.run_file import StageRun
from corpus.pages import figures
from corpus.pages.environment import environment
from corpus.pages.lineage import relatives
from corpus.report.facts import (
    BEGINNING,
    EXAMPLES,
    KEPT,
    PAIRED,
    PAIRS,
    ReportFacts,
    containment,
    gather,
)
from corpus.report.fidelity import Paper, compare, read_domains
from corpus.report.page_script import search_script, spread
from corpus.report.tallies import NO_HOST, Amount, HostTally

REPORT = "report.html"
MAX_BYTES = 2_000_000
# Examples a reason, characters of each, and rejected documents to search, tried in this order until the page is small.
_BUDGETS = ((PAIRS, BEGINNING, 2000), (EXAMPLES, 300, 1000), (4, 200, 500), (2, 120, 200), (1, 60, 100), (0, 0, 0))
_LANGUAGES, _DOMAINS, _HOSTS, _INPUTS, _REASONS, _MONTHS = 15, 30, 25, 40, 60, 48
# The stages of deciders that count what they did not compare.
COMPARISONS = ("comparisons", "earlier_comparisons", "against_comparisons")
_TEMPLATES = Path(__file__).parent
# What the page links to beside itself, if the build has it.
_FILES = ("kept/", "rejected/", "quarantined/", "links_without_page.parquet")


@dataclass(frozen=True)
class FunnelStage:
    """One stage: what came in and where it went; bytes of text where there is text (else None)."""

    name: str
    about: str
    counts: Counts
    reasons: list[tuple[str, Amount]]
    bytes_in: int | None = None
    bytes_kept: int | None = None

    @property
    def shown(self) -> list[tuple[str, Amount]]:
        """The reasons for the table; the total has them all again and shows their sum."""
        return [("rejected", self.rejected)] if self.name == "corpus" else self.reasons[:_REASONS]

    @property
    def rejected(self) -> Amount:
        """All reasons together."""
        return Amount(self.counts.rejected, sum(amount.text_bytes for _, amount in self.reasons))

    @property
    def adds_up(self) -> bool:
        """Nothing was lost, and every rejection has its reason."""
        out = self.counts.kept + self.counts.rejected + self.counts.quarantined
        return self.counts.received == out and self.counts.rejected == sum(self.counts.reasons.values())


@dataclass(frozen=True)
class HostRow:
    """What became of the documents of a host, and why those left that did."""

    name: str
    kept: HostTally
    rejected: HostTally
    reasons: Counter[str]

    @property
    def characters(self) -> float | None:
        """Characters of a kept text, on average."""
        return self.kept.characters / self.kept.documents if self.kept.documents else None

    @property
    def quality(self) -> float | None:
        """The mean score of all that have one."""
        scored = self.kept.scored + self.rejected.scored
        return (self.kept.quality + self.rejected.quality) / scored if scored else None


def write_report(
    root: Path, runs: Mapping[str, StageRun], domains: Path | None = None, manifest: Mapping[str, Any] | None = None
) -> Path:
    """Write `root/report.html` for a finished build and return its path.

    `runs` say what each stage took, `domains` a published table of domains to compare with, `manifest` what is
    about to be published where that has not happened yet. `ManifestError` for an unfinished or damaged build,
    `ValueError` for a table that is none.
    """
    manifest = read_manifest(root) if manifest is None else manifest
    facts = gather(root, manifest)
    fidelity = compare(facts.kept.domains, read_domains(domains)) if domains else None
    values = {**_context(manifest, facts, runs), "fidelity": fidelity, "domains_file": domains and domains.name}
    values |= {**search_script(), "relatives": relatives(root, REPORT)}
    template = environment(_TEMPLATES).get_template("report.html.j2")
    page = b""
    for examples, characters, rows in _BUDGETS:
        rejected = spread(facts.some_rejected, rows)
        page = template.render(**values, most=examples, characters=characters, rejected=rejected).encode()
        if len(page) <= MAX_BYTES:
            break
    write_bytes(root / REPORT, page)
    return root / REPORT


def funnel(manifest: Mapping[str, Any], facts: ReportFacts) -> list[FunnelStage]:
    """Every stage with its reasons: those that leave before there is text first, then by size.

    Bytes are known at the verdicts, so they are added up backwards from what is kept. A document has the text it had
    when it was judged: an edit between two steps moves no bytes to a reason.
    """
    bytes_in = facts.kept.text_bytes
    stages: list[FunnelStage] = []
    # From the corpus backwards: what came into a stage is what it kept and what it rejected.
    for step in reversed(manifest["funnel"]):
        name, has_text = step["name"], step["has_text"]
        counts = Counts.from_json(manifest["counts"][name])
        known = facts.reasons if has_text else {}
        amounts = [(why, Amount(count, known.get(why, Amount()).text_bytes)) for why, count in counts.reasons.items()]
        # False first: reasons of before there was text.
        amounts.sort(key=lambda item: (item[1].text_bytes > 0, -item[1].documents, item[0]))
        bytes_kept = facts.kept.text_bytes if name == "corpus" else bytes_in
        came = bytes_kept + sum(amount.text_bytes for _, amount in amounts)
        bytes_in = bytes_in if name == "corpus" else came
        in_and_kept = (came, bytes_kept) if has_text else (None, None)
        stages.append(FunnelStage(name, step["about"], counts, amounts, *in_and_kept))
    return stages[::-1]


def settings(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as rows: `{"limits": {"keep": ["en"]}}` → `[("limits.keep", "en")]`."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += settings(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", _plain(value)))
    return rows


def _context(manifest: Mapping[str, Any], facts: ReportFacts, runs: Mapping[str, StageRun]) -> dict[str, object]:
    """What the template shows, apart from fidelity and the caps on examples."""
    stages = funnel(manifest, facts)
    corpus = stages[-1]
    recipe = manifest["recipe"]
    reasons = [reason for stage in stages[:-1] if stage.bytes_in is not None for reason, _ in stage.reasons]
    return {
        "manifest": manifest,
        "recipe": recipe,
        "facts": facts,
        "stages": stages,
        "corpus": corpus,
        "links": manifest.get("links"),
        "contamination": manifest.get("contamination"),
        "paper": Paper() if manifest.get("source") == "webtext" else None,
        "waterfall": figures.waterfall(_falls(stages), "What leaves the corpus, reason by reason"),
        "lengths": figures.histogram(figures.mirror(facts.kept.lengths, facts.rejected.lengths), "Length of texts"),
        "karma": figures.histogram(_karma(facts), "Karma of kept documents"),
        "dates": figures.histogram(_dates(facts.kept.months), "First posted, kept documents"),
        "languages": (spoken := _languages(facts)),
        "most_language": max((kept + rejected for _, kept, rejected in spoken), default=0),
        "hosts": _hosts(facts),
        "files": [name for name in _FILES if any(part["path"].startswith(name) for part in manifest["parts"])],
        "top_domains": sorted(facts.kept.domains.items(), key=lambda item: (-item[1], item[0]))[:_DOMAINS],
        "clusters": [part for part in figures.bins(facts.clusters, figures.DIGITS) if part.count],
        "wikipedia": sum(n for why, n in corpus.counts.reasons.items() if why.startswith("wikipedia.")),
        "examples": {reason: facts.examples.get(reason, []) for reason in [KEPT, *reasons[:_REASONS]]},
        "amounts": {KEPT: Amount(facts.kept.documents, facts.kept.text_bytes), **facts.reasons},
        "times": _times(manifest, runs),
        "link_rules": settings(recipe.get("links", {})),
        "steps": [
            (kind, step["step"], settings({name: value for name, value in step.items() if name != "step"}))
            for kind in ("page_steps", "extraction", "text_steps")
            for step in recipe.get(kind, [])
        ],
        "near": settings(recipe.get("near_duplicates", {})),
        "candidates": _candidates(recipe.get("near_duplicates")),
        "comparisons": [manifest[name] for name in COMPARISONS if name in manifest],
        "containment": containment(manifest),
        "repeats": settings({name: recipe[name] for name in recipe if name.startswith(("repeated_", "contained"))}),
        "inputs": [(kind, len(files), files[:_INPUTS]) for kind, files in sorted(manifest["inputs"].items())],
        "paired": PAIRED,
    }


def _times(manifest: Mapping[str, Any], runs: Mapping[str, StageRun]) -> list[tuple[str, float, float, int]]:
    """(stage, seconds, items a second, bytes), the longest first; of a stage that did nothing no rate is known: 0."""
    items = {step["stage"]: manifest["counts"][step["name"]]["in"] for step in manifest["funnel"] if step.get("stage")}
    rows = [
        (name, run.seconds, items.get(name, 0) / run.seconds if run.seconds else 0.0, run.peak_bytes)
        for name, run in runs.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _hosts(facts: ReportFacts) -> list[HostRow]:
    """The hosts with most documents, kept or not."""
    kept, rejected = facts.kept.hosts, facts.rejected.hosts
    rows = [
        HostRow(name, kept.get(name, NO_HOST), rejected.get(name, NO_HOST), facts.by_host.get(name, Counter()))
        for name in {*kept, *rejected}
    ]
    return sorted(rows, key=lambda row: (-row.kept.documents - row.rejected.documents, row.name))[:_HOSTS]


def _falls(stages: Sequence[FunnelStage]) -> list[figures.Fall]:
    """The rows of the waterfall, from the pages asked for to the documents kept."""
    corpus = stages[-1]
    rows = [figures.Fall("pages asked for", corpus.counts.received, corpus.bytes_in or 0, "all")]
    for stage in stages[:-1]:
        if stage.bytes_in is not None:
            kind = "duplicate" if stage.name.endswith("duplicates") else "rejected"
            rows += [figures.Fall(why, part.documents, part.text_bytes, kind) for why, part in stage.reasons[:_REASONS]]
    if corpus.counts.quarantined:
        rows.append(figures.Fall("quarantined", corpus.counts.quarantined, 0, "quarantined"))
    return [*rows, figures.Fall("kept", corpus.counts.kept, corpus.bytes_kept or 0, "kept")]


def _karma(facts: ReportFacts) -> list[figures.Bar]:
    parts = figures.bins(facts.kept.karma, figures.COARSE)
    return [figures.Bar(f"karma {part.label}", part.count, tick=figures.compact(part.low)) for part in parts]


def _dates(months: Counter[str]) -> list[figures.Bar]:
    """Bars by month, or by year when that would be more than four years of months; no month is left out."""
    days = {month: count for month, count in months.items() if re.fullmatch(r"\d{4}-\d\d", month)}
    if not days:
        return []
    # Months counted from year 0: 2016-11 is 24202.
    first, last = (int(day[:4]) * 12 + int(day[5:]) - 1 for day in (min(days), max(days)))
    if last - first < _MONTHS:
        names = [f"{place // 12}-{place % 12 + 1:02}" for place in range(first, last + 1)]
        # No January: the first month.
        ticks = {name: name for name in names if name.endswith("-01")} or {names[0]: names[0]}
    else:
        names = [str(year) for year in range(first // 12, last // 12 + 1)]
        ticks = {name: f"’{name[2:]}" for name in names}
    counts = Counter[str]()
    for month, count in days.items():
        counts[month[: len(names[0])]] += count  # "2016-11" or "2016", as long as the names are
    return [figures.Bar(name, counts[name], tick=ticks.get(name, "")) for name in names]


def _languages(facts: ReportFacts) -> list[tuple[str, int, int]]:
    """(code, kept, rejected), the most frequent first; rejected before the language was asked: left out."""
    kept, rejected = facts.kept.languages, facts.rejected.languages
    found = sorted(({*kept, *rejected} - {""}), key=lambda code: (-kept[code] - rejected[code], code))
    rows = [(code, kept[code], rejected[code]) for code in found[:_LANGUAGES]]
    rest = found[_LANGUAGES:]
    if rest:
        rows.append((f"{len(rest)} others", sum(kept[code] for code in rest), sum(rejected[code] for code in rest)))
    return rows


def _candidates(near: Mapping[str, Any] | None) -> list[tuple[float, float]]:
    """(similarity, probability that such a pair is looked at) for the settings of the build."""
    if not near or not {"bands", "rows"} <= near.keys():
        return []
    config = MinHash(bands=near["bands"], rows=near["rows"])
    return [(similarity, config.candidate_probability(similarity)) for similarity in (0.5, 0.7, 0.8, 0.9)]


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else value if isinstance(value, str) else json.dumps(value)
