"""The difference between two releases: documents, rules that took them out, inputs, settings, figures.

Only parts that one release has and the other has not are read: what is shared cannot differ. A page that has another
text is `changed` where both releases have one document of its URL, else one document came and another went.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.files.manifest import open_published
from corpus.releases.figures import CORPORA
from corpus.releases.manifest import Release, read_release
from corpus.releases.tombstones import Tombstones

_EXAMPLES = 5
NONE = Tombstones()
GONE = "not in the inputs"


@dataclass(frozen=True)
class SourceDifference:
    """`left` says by which rule the removed ones are out now; examples are URLs, or ids of what has none."""

    before: int = 0
    after: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    left: dict[str, int] = field(default_factory=dict)
    examples_added: tuple[str, ...] = ()
    examples_removed: tuple[str, ...] = ()
    recipe_changed: bool = False


@dataclass(frozen=True)
class ReleaseDifference:
    """From release `a` to release `b`."""

    a: int
    b: int
    sources: dict[str, SourceDifference]
    inputs_added: tuple[str, ...]
    inputs_removed: tuple[str, ...]
    set_aside: tuple[str, ...]
    shared_parts: int
    new_parts: int
    tokenizer_changed: bool
    tokens_before: int
    tokens_after: int


def compare(old: Path, new: Path, tombstones: Tombstones = NONE) -> ReleaseDifference:
    """The difference between two releases in their folders; its examples name nothing that was forgotten."""
    a, b = read_release(old), read_release(new)
    names = sorted({*a.sources, *b.sources})
    before, after = ({part.digest for part in one.parts} for one in (a, b))
    taken_a, taken_b = (_taken_inputs(one) for one in (a, b))
    return ReleaseDifference(
        a=a.release,
        b=b.release,
        sources={name: _source(name, (old, a), (new, b), tombstones) for name in names},
        inputs_added=tuple(sorted(name for sample, name in taken_b.items() if sample not in taken_a)),
        inputs_removed=tuple(sorted(name for sample, name in taken_a.items() if sample not in taken_b)),
        set_aside=tuple(
            f"{each.name or each.snapshot}: {each.state}{f', {each.detail}' if each.detail else ''}"
            for each in b.inputs
            if each.state not in ("taken", "new")
        ),
        shared_parts=len(before & after),
        new_parts=len(after - before),
        tokenizer_changed=a.tokenizer != b.tokenizer,
        tokens_before=_tokens(a),
        tokens_after=_tokens(b),
    )


def _taken_inputs(release: Release) -> dict[tuple[str, str], str]:
    return {(each.source, each.sample): each.name for each in release.inputs if each.state == "taken"}


def _tokens(release: Release) -> int:
    return sum(figures.get("tokens", 0) for figures in release.figures.values())


def _source(
    name: str, old: tuple[Path, Release], new: tuple[Path, Release], tombstones: Tombstones
) -> SourceDifference:
    # Parts that both have cannot differ: their rows are never read.
    same = {part.digest for part in old[1].parts} & {part.digest for part in new[1].parts}
    before, after = (_documents(folder, release, name, "kept", same) for folder, release in (old, new))
    gone = {key: url for key, url in before.items() if key not in after}
    came = {key: url for key, url in after.items() if key not in before}
    changed = _replaced_urls(gone, came)
    # A page without a URL cannot be known to have changed.
    removed = {key for key, url in gone.items() if not url or url not in changed}
    rules = _rules(new, name, removed, same)
    left = Counter(rules.get(key, GONE) for key in removed)
    entries = (old[1].sources.get(name), new[1].sources.get(name))
    return SourceDifference(
        before=entries[0].documents if entries[0] else 0,
        after=entries[1].documents if entries[1] else 0,
        added=len(came) - len(changed),
        removed=len(gone) - len(changed),
        changed=len(changed),
        left=dict(sorted(left.items())),
        examples_added=_some({key: url for key, url in came.items() if not url or url not in changed}, tombstones),
        examples_removed=_some({key: gone[key] for key in removed}, tombstones),
        recipe_changed=bool(entries[0] and entries[1] and entries[0].settings != entries[1].settings),
    )


def _replaced_urls(gone: dict[str, str], came: dict[str, str]) -> set[str]:
    """The URLs of which one document went and one came."""
    counts = Counter(url for url in gone.values() if url), Counter(url for url in came.values() if url)
    # One for one; of two captures of a URL nobody could say which replaced which.
    return {url for url, count in counts[0].items() if count == 1 and counts[1][url] == 1}


def _some(documents: dict[str, str], tombstones: Tombstones) -> tuple[str, ...]:
    named = (
        url or key
        for key, url in documents.items()
        if not (key in tombstones.ids or (url and tombstones.addresses(url)))
    )
    return tuple(sorted(named)[:_EXAMPLES])


def _documents(folder: Path, release: Release, source: str, kind: str, same: set[str]) -> dict[str, str]:
    """Id → canonical URL of the documents of a source in parts that the other release has not."""
    return {row["id"]: row["canonical_url"] for row in _rows(folder, release, source, kind, same)}


def _rules(new: tuple[Path, Release], source: str, wanted: set[str], same: set[str]) -> dict[str, str]:
    """Id → the rule by which the newer release rejects it."""
    rows = _rows(*new, source, "rejected", same, ["id", "step", "rule"]) if wanted else iter(())
    return {row["id"]: f"{row['step']}.{row['rule']}" for row in rows if row["id"] in wanted}


def _rows(
    folder: Path, release: Release, source: str, kind: str, same: set[str], columns: list[str] | None = None
) -> Iterator[dict[str, Any]]:
    for part in release.parts:
        if part.path.startswith(f"{CORPORA}/{source}/{kind}/") and part.digest not in same:
            for batch in open_published(folder / part.path).iter_batches(columns=columns or ["id", "canonical_url"]):
                yield from batch.to_pylist()
