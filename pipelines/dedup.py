"""Deduplication beside the builds: what settings find and cost, how they do on known pairs, what an index forgets.

    python -m pipelines.dedup plan --documents 3,000,000,000 --similarity 0.8
    python -m pipelines.dedup evaluate --texts texts.jsonl.zst --pairs pairs.jsonl
    python -m pipelines.dedup forget --index index --ids forgotten.txt

`corpus.dedup.planning` has the arithmetic, `corpus.dedup.evaluation` the scores, `corpus.dedup.index` the files.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import SHARE, CommandParser, WholeNumber, end_with
from corpus.errors import CorpusloomError
from corpus.json_types import JsonObject

if TYPE_CHECKING:
    from corpus.dedup.minhash import MinHash

COMMAND = "python -m pipelines.dedup"
PRESETS = ("gpt3", "owt2", "fineweb", "refinedweb", "nemo")
EXAMPLE = """
example:  python -m pipelines.dedup plan --documents 3,000,000,000 --similarity 0.8
          python -m pipelines.dedup evaluate --texts texts.jsonl.zst --pairs pairs.jsonl
          python -m pipelines.dedup forget --index index --ids forgotten.txt
"""
_NEEDED = {"plan": ("documents",), "evaluate": ("texts", "pairs"), "forget": ("index", "ids")}


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "What deduplication finds and costs, before anything is built.", EXAMPLE)
    flags.add_argument("what", choices=tuple(_NEEDED), help="arithmetic, scores on known pairs, or an index")
    flags.add_argument("--preset", choices=PRESETS, default="fineweb", help="whose settings (default fineweb)")
    flags.add_argument("--bands", type=WholeNumber(1), metavar="N", help="other than the preset's")
    flags.add_argument("--rows", type=WholeNumber(1), metavar="N", help="minima of a band, other than the preset's")
    flags.add_argument("--min-similarity", type=SHARE, metavar="X", help="where a pair counts, other than the preset's")
    plan = flags.add_argument_group("plan")
    plan.add_argument("--documents", type=WholeNumber(1), metavar="N", help="how many there are")
    plan.add_argument("--similarity", type=SHARE, default=0.8, metavar="X", help="marked in the curve (default 0.8)")
    plan.add_argument("--characters", type=WholeNumber(1), default=4_000, metavar="N", help="of one (default 4,000)")
    plan.add_argument("--company", type=SHARE, default=0.3, metavar="X", help="share with a duplicate (default 0.3)")
    evaluate = flags.add_argument_group("evaluate")
    evaluate.add_argument("--texts", metavar="FILE", help="JSON lines with id and text, compressed or not")
    evaluate.add_argument(
        "--pairs",
        metavar="FILE",
        help="JSON lines with a and b (ids) and perhaps duplicate (true or false); their similarity is computed",
    )
    forget = flags.add_argument_group("forget")
    forget.add_argument("--index", metavar="FOLDER", help="the index; snapshots of it are made by build_index")
    forget.add_argument("--ids", metavar="FILE", help="ids of documents, one a line, that leave all its snapshots")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    ours = parser()
    given = ours.parse_args(arguments)
    for name in _NEEDED[given.what]:
        if getattr(given, name) is None:
            ours.error(f"{given.what} needs --{name}")
    try:
        print("\n".join({"plan": _plan, "evaluate": _evaluation, "forget": _forgotten}[given.what](given)))
    except Exception as error:  # every error ends as one clear line and an exit code
        return end_with(error, COMMAND)
    return 0


def _config(given: argparse.Namespace) -> "MinHash":
    from dataclasses import replace

    from corpus.dedup.minhash import PRESETS as settings

    # What is given replaces the preset's; what is not given is None.
    found = {name: getattr(given, name) for name in ("bands", "rows", "min_similarity")}
    return replace(settings[given.preset], **{name: value for name, value in found.items() if value is not None})


def _plan(given: argparse.Namespace) -> Iterator[str]:
    from corpus.dedup.planning import Scale, lines

    scale = Scale(given.documents, given.characters, given.company)
    return lines(scale, _config(given), given.similarity)


def _evaluation(given: argparse.Namespace) -> Iterator[str]:
    from corpus.dedup.evaluation import KnownPair, found_pairs, jaccard, labelled, table

    config = _config(given)
    texts: dict[str, str] = {}
    for row in _rows(given.texts, ("id", "text")):
        if str(row["id"]) in texts:
            raise CorpusloomError(
                f"--texts {given.texts}: the id {row['id']} stands there twice; give each text its own"
            )
        texts[str(row["id"])] = str(row["text"])
    pairs = list(_rows(given.pairs, ("a", "b")))
    unknown = next((str(row[name]) for row in pairs for name in ("a", "b") if str(row[name]) not in texts), None)
    if unknown is not None:
        raise CorpusloomError(f"--pairs {given.pairs}: {unknown} is the id of no text of --texts {given.texts}")
    ids = [(str(row["a"]), str(row["b"])) for row in pairs]
    # The exact similarity of each known pair: what the estimates of signatures are held against.
    known = [KnownPair(a, b, jaccard(texts[a], texts[b], config)) for a, b in ids]
    found = found_pairs(texts, config)
    yield from table(known, found, config)
    # Where somebody has said what is a duplicate, precision and recall by that as well.
    labels = (None if (label := row.get("duplicate")) is None else bool(label) for row in pairs)
    yield from labelled([(a, b, label) for (a, b), label in zip(ids, labels, strict=True)], found)
    yield f"found beside the known pairs: {len(found - {frozenset(pair) for pair in ids}):,}"


def _forgotten(given: argparse.Namespace) -> Iterator[str]:
    from corpus.dedup.index import forget, layer_folders
    from corpus.files.lock import locked
    from corpus.files.storage import place

    path = Path(given.ids)
    if not path.is_file():
        raise CorpusloomError(f"--ids {path}: no such file; give ids, one a line")
    ids = {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}
    layer_folders(given.index)
    with locked(place(given.index)):
        for snapshot, count in forget(given.index, ids).items():
            yield f"{snapshot}: {count:,} of {len(ids):,} ids taken out"


def _rows(name: str, needed: Sequence[str]) -> Iterator[JsonObject]:
    """The objects of a file of JSON lines; `CorpusloomError` for a line that is none, or lacks a field."""
    from corpus.readers.lines import Line, parse_object, read_lines

    path = Path(name)
    if not path.is_file():
        raise CorpusloomError(f"{path}: no such file")
    for number, line in enumerate(read_lines(path), 1):
        row = parse_object(line, name) if isinstance(line, Line) else line
        if not isinstance(row, dict) or any(field not in row for field in needed):
            raise CorpusloomError(f"{path}, line {number}: not an object with {' and '.join(needed)}; mend the file")
        yield row


if __name__ == "__main__":
    sys.exit(main())
