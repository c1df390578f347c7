"""The card of a release for others to read: `README.md` and `croissant.json` beside the data.

The head of the README makes `load_dataset("releases/current")` open all kept documents, and names a configuration for
each source and for what was rejected. Each has the release as its version: `datasets` keeps what it read under the
name of the folder and the version, and would else show the first release for ever. Croissant (MLCommons, format 1.0)
says the same to search engines and loaders. The release notes are made from the difference to the release before.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from corpus.files.manifest import write_bytes
from corpus.json_types import JsonObject
from corpus.pages.figures import visible
from corpus.releases.difference import ReleaseDifference
from corpus.releases.figures import CORPORA, SHARDS
from corpus.releases.manifest import Release

CARD, CROISSANT = "README.md", "croissant.json"
KINDS = ("kept", "rejected", "quarantined")
# The hub's classes of size.
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**12, "1B<n<10B"))  # fmt: skip
_MOST_LISTED = 40


def write_card(folder: Path, name: str, release: Release, difference: ReleaseDifference | None) -> None:
    """Write both files of a release; `name` is what the corpus is called."""
    text = "\n".join([*_head(name, release), *_body(name, release, difference)])
    write_bytes(folder / CARD, text.encode("utf-8", "backslashreplace"))
    value = json.dumps(croissant(name, release), indent=1, ensure_ascii=False)
    write_bytes(folder / CROISSANT, (value + "\n").encode("utf-8", "backslashreplace"))


def _has_rows(release: Release, kind: str, source: str = "") -> bool:
    """Whether there are rows of a kind, in one source or in any."""
    for part in release.parts:
        where = part.path.split("/")  # `corpora/<source>/<kind>/<part>`
        if where[0] == CORPORA and part.rows and len(where) > 2 and where[2] == kind and source in ("", where[1]):
            return True
    return False


def _head(name: str, release: Release) -> list[str]:
    lines, version = ["---", "configs:"], f"  version: {release.release}.0.0"
    for kind in KINDS:
        if _has_rows(release, kind):  # datasets refuses a configuration without a row
            lines += [f"- config_name: {kind}", f"  data_files: {CORPORA}/*/{kind}/*.parquet", version]
            lines += ["  default: true"] if kind == "kept" else []
    for source in sorted(release.sources):
        if _has_rows(release, "kept", source) and source not in KINDS:
            lines += [f"- config_name: {source}", f"  data_files: {CORPORA}/{source}/kept/*.parquet", version]
    documents = sum(entry.documents for entry in release.sources.values())
    # The first class whose bound is above the number: 1,000 documents are "1K<n<10K".
    size = next((label for most, label in _SIZES if documents < most), "n>1T")
    lines += ["task_categories:", "- text-generation", "size_categories:", f"- {size}"]
    spoken = sorted({code for figures in release.figures.values() for code in figures.get("languages", {})})
    if spoken:
        lines += ["language:", *(f"- {json.dumps(code)}" for code in spoken[:_MOST_LISTED])]
    return [*lines, f"pretty_name: {json.dumps(name)}", "---", ""]


def _body(name: str, release: Release, difference: ReleaseDifference | None) -> list[str]:
    lines = [f"# {name}, release {release.release}", "", "| source | recipe | documents | kept | tokens |",
             "|---|---|---|---|---|"]  # fmt: skip
    for source, entry in sorted(release.sources.items()):
        figures = release.figures.get(source, {})
        tokens = f"{figures['tokens']:,}" if "tokens" in figures else "–"
        lines.append(
            f"| {source} | {entry.recipe} | {figures.get('documents', 0):,} | {entry.documents:,} | {tokens} |"
        )
    lines += [
        "",
        f"`{CORPORA}/<source>/kept` is the corpus, `rejected` every other document with the rule that rejected it,",
        f"`quarantined` what could not be read. `tokenizer/` opens with `AutoTokenizer`, `{SHARDS}/` with the trainer.",
        "`report.html` has the figures, `_MANIFEST.json` inputs, figures and digests.",
        "",
        "## Release notes",
        "",
        *notes(release, difference),
        "",
    ]
    return lines


def notes(release: Release, difference: ReleaseDifference | None) -> list[str]:
    """What is new, as lines of Markdown."""
    lines: list[str] = []
    if release.made == "rollback":
        lines.append(f"Made of release {release.of}, without what was forgotten since.")
    if difference is None:
        return [*lines, "The first release.", *_list_lines("Inputs taken", _taken_names(release)), *_set_aside(release)]
    lines.append(f"Since release {difference.a}:")
    for source, each in sorted(difference.sources.items()):
        moved = f"+{each.added:,} −{each.removed:,} ~{each.changed:,}"
        lines.append(f"- `{source}`: {each.before:,} → {each.after:,} documents ({moved})")
        lines += [f"  - {count:,} left by `{rule}`" for rule, count in each.left.items()]
        lines += ["  - its recipe, or the code of it, has changed"] if each.recipe_changed else []
    if difference.tokens_before or difference.tokens_after:
        lines.append(f"- tokens: {difference.tokens_before:,} → {difference.tokens_after:,}")
    lines += (
        ["- another tokenizer: tokens of the two releases must not be mixed"] if difference.tokenizer_changed else []
    )
    lines.append(f"- {difference.shared_parts:,} files shared, {difference.new_parts:,} new")
    lines += _list_lines("Inputs added", difference.inputs_added) + _list_lines(
        "Inputs gone", difference.inputs_removed
    )
    return [*lines, *_set_aside(release)]


def _taken_names(release: Release) -> list[str]:
    return sorted(each.name for each in release.inputs if each.state == "taken")


def _set_aside(release: Release) -> list[str]:
    rows = [each for each in release.inputs if each.state != "taken"]
    said = [f"{each.name or each.snapshot} ({each.state}{f': {each.detail}' if each.detail else ''})" for each in rows]
    return _list_lines("Set aside", said)


def _list_lines(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"- … and {len(names) - _MOST_LISTED:,} more"] if len(names) > _MOST_LISTED else []
    # A backtick in a name would end the code.
    return ["", f"{title}:", "", *(f"- `{visible(name).replace('`', '´')}`" for name in names[:_MOST_LISTED]), *more]


def croissant(name: str, release: Release) -> JsonObject:
    """The release in the vocabulary of Croissant 1.0: a file set and a record set for each source's kept documents.

    A file set that is contained in nothing has its files beside `croissant.json`, which is how mlcroissant reads it.
    """
    sources = [source for source in sorted(release.sources) if _has_rows(release, "kept", source)]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": f"Release {release.release} of a training corpus built by corpusloom.",
        "version": f"{release.release}.0.0",
        "distribution": [
            {"@type": "cr:FileSet", "@id": f"{source}-kept", "name": f"{source}-kept",
             "encodingFormat": "application/x-parquet", "includes": f"{CORPORA}/{source}/kept/*.parquet"}
            for source in sources
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": source, "name": source,
             "field": [_field(source, column) for column in ("id", "url", "text", "language")]}
            for source in sources
        ],
    }  # fmt: skip


def _field(source: str, column: str) -> JsonObject:
    return {
        "@type": "cr:Field",
        "@id": f"{source}/{column}",
        "name": column,
        "dataType": "sc:Text",
        "source": {"fileSet": {"@id": f"{source}-kept"}, "extract": {"column": column}},
    }


_CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "data": {"@id": "cr:data",
    "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key",
    "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source",
    "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip
