"""The whole way, beside datatrove: one WARC → FineWeb's recipe → deduplicated documents → token shards, on one core.

    python -m benchmarks.whole --warc crawl.warc.gz --peer peer_datatrove.py --peer-python peer/bin/python \\
        --tokenizer tokenizer.json --scratch scratch/

The peer is a script that runs datatrove's own example of FineWeb (`examples/fineweb.py`: URL filter, trafilatura,
language, Gopher, C4, FineWeb, MinHash, personal data, tokens) and prints JSON with what each block took; it runs with a
Python of its own, where datatrove and all that its blocks need are installed. Ours are two commands, `build_commoncrawl
--recipe fineweb` and `build_shards`. Each side is pinned to the same core, by turns; processor seconds of a command and
all its processes are what counts, for the machine may be busy.

Then, how far the decisions agree: datatrove's filters on the texts that we extracted, given our words, since another
tokenizer of words (spaCy's) is another question.
"""

import argparse
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.shards_peer import timed_on
from corpus.document import Document, Rejected, run_steps
from corpus.files.manifest import read_manifest, read_parquet
from corpus.files.run_file import read_run
from corpus.recipes.fineweb import make
from corpus.recipes.recipe import Choices
from corpus.rules.words import count_sentences, words
from corpus.schema import from_extracted
from pipelines.runtime.task import STAGES


@dataclass(frozen=True)
class Side:
    """What one side took, and what came out."""

    seconds: float
    processor_seconds: float
    pages: int
    documents: int
    stages: dict[str, float]


def ours(flags: argparse.Namespace) -> Side:
    """Our two commands."""
    corpus, shards = flags.scratch / "corpus", flags.scratch / "shards"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.rmtree(shards, ignore_errors=True)
    one = ["--direct_num_workers=1", "--max-quarantined=1"]
    blocked = [word for file in flags.block for word in ("--block", file)]
    build = ["-m", "pipelines.build_commoncrawl", "--pages", str(flags.warc), "--recipe", "fineweb"]
    walls = timed_on(flags.core, [sys.executable, *build, *blocked, "--output", str(corpus), *one])
    pack = ["-m", "pipelines.build_shards", "--source", f"crawl={corpus}:1", "--tokenizer", flags.tokenizer]
    more = timed_on(flags.core, [sys.executable, *pack, "--output", str(shards), one[0]])
    counts = read_manifest(corpus)["counts"]
    stages = {name: run.seconds for name, run in read_run(corpus).stages.items()} | {"(shards)": more[0]}
    return Side(walls[0] + more[0], walls[1] + more[1], counts["captures"]["kept"], counts["corpus"]["kept"], stages)


def theirs(flags: argparse.Namespace) -> Side:
    """The peer's script."""
    output = flags.scratch / "peer"
    command = [flags.peer_python, str(flags.peer), "--warc", str(flags.warc), "--out", str(output), "--workers", "1"]
    said = flags.scratch / "peer.json"
    line = 'exec "$@" > "$0"'
    walls = timed_on(flags.core, ["sh", "-c", line, str(said), *command, "--tokenizer", flags.tokenizer])
    found = json.loads(said.read_text())
    stages: dict[str, float] = {}
    for block in found["blocks"]:
        stages[f"{block['stage']}: {block['block'].split(':')[-1].strip()}"] = block["s"]
    documents = [block["other"].get("documents", 0) for block in found["blocks"] if block["stage"] == "tokenize"]
    return Side(walls[0], walls[1], found["pages"], max(documents, default=0), stages)


def texts_of(corpus: Path) -> Iterator[Document]:
    """The texts that were extracted, before any rule."""
    for path in sorted((corpus / STAGES / "extracted" / "pages").glob("*.parquet")):
        for row in read_parquet(path):
            document = from_extracted(row)
            if isinstance(document, Document):
                yield document


def agreement(corpus: Path, language_model: str) -> tuple[int, int, Counter[str]]:
    """(documents, equal verdicts, pairs of verdicts that differ) of our rules and of datatrove's filters."""
    recipe = make(Choices(language_model=language_model))
    language, *rules = recipe.text_steps
    filters = _their_filters()
    total = same = 0
    differences: Counter[str] = Counter()
    for document in texts_of(corpus):
        document = language(document)
        if isinstance(document, Rejected):
            continue
        verdict = run_steps(document, rules)
        reason = verdict.reason if isinstance(verdict, Rejected) else "kept"
        other = _their_verdict(document, filters)
        total += 1
        if (reason == "kept") == (other == "kept"):
            same += 1
        else:
            differences[f"ours {reason}, theirs {other}"] += 1
    return total, same, differences


def _their_filters() -> list[Any]:
    """FineWeb's filters, with our words and sentences in place of theirs."""
    import datatrove.pipeline.filters.c4_filters as c4
    import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
    import datatrove.pipeline.filters.gopher_quality_filter as quality
    import datatrove.pipeline.filters.gopher_repetition_filter as repetition

    split: Callable[..., Any] = lambda text, *language: words(text)  # noqa: E731
    sentences: Callable[..., Any] = lambda text, *language: [""] * count_sentences(text)  # noqa: E731
    for module in (c4, fineweb, quality, repetition):
        if hasattr(module, "split_into_words"):
            vars(module)["split_into_words"] = split
        if hasattr(module, "split_into_sentences"):
            vars(module)["split_into_sentences"] = sentences
    return [
        repetition.GopherRepetitionFilter(),
        quality.GopherQualityFilter(),
        c4.C4QualityFilter(filter_no_terminal_punct=False),
        fineweb.FineWebQualityFilter(),
    ]


def _their_verdict(document: Document, filters: list[Any]) -> str:
    from datatrove.data import Document as TheirDocument

    # They never see blank lines, nor the # of a heading, which our texts have (docs/text.md).
    theirs = TheirDocument(text="\n".join(filter(str.strip, document.text.split("\n"))), id=document.id, metadata={})
    for one in filters:
        marked = theirs.text
        if type(one).__name__ == "GopherQualityFilter":
            theirs.text = re.sub(r"^#{1,6} ", "", theirs.text, flags=re.MULTILINE)
        said = one.filter(theirs)
        kept, why = said if isinstance(said, tuple) else (said, "rejected")
        if not kept:
            return f"{type(one).__name__}.{why}"
        if type(one).__name__ == "GopherQualityFilter":
            theirs.text = marked
    return "kept"


def table(side: Side) -> str:
    """Where the time goes by the clock, the most first, and its share of all stages."""
    rows = sorted(side.stages.items(), key=lambda item: -item[1])
    total = sum(side.stages.values())
    shown = (f"  {name:<44}{seconds:>8.2f} s{100 * seconds / total:>7.1f} %" for name, seconds in rows)
    return "\n".join(shown)


def main() -> None:
    """Both sides by turns, the best of each, the tables, the agreement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole", description="The whole way, beside datatrove.")
    parser.add_argument("--warc", type=Path, required=True)
    parser.add_argument("--peer", type=Path, help="the script; without it only ours runs")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has datatrove and its extras")
    parser.add_argument("--tokenizer", required=True, help="a tokenizer.json, for both")
    parser.add_argument("--block", action="append", default=[], help="a block list for ours; datatrove brings its own")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--core", type=int, default=0, help="the core that both run on")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for both outputs")
    parser.add_argument("--only-agreement", action="store_true", help="of an earlier run in --scratch")
    flags = parser.parse_args()
    flags.scratch.mkdir(parents=True, exist_ok=True)
    sides = {"ours": partial(ours, flags), **({"datatrove": partial(theirs, flags)} if flags.peer else {})}
    best: dict[str, Side] = {}
    for turn in range(0 if flags.only_agreement else flags.turns):
        for name, run in sides.items():
            side = run()
            rate = side.pages / side.processor_seconds
            print(f"turn {turn + 1} {name:<10}{side.processor_seconds:>8.1f} s processor {side.seconds:>8.1f} s wall "
                  f"{rate:>7.1f} pages/s  {side.pages:,} pages → {side.documents:,} documents", flush=True)  # fmt: skip
            if name not in best or side.processor_seconds < best[name].processor_seconds:
                best[name] = side
    for name, side in best.items():
        print(f"{name}:\n{table(side)}")
    if len(best) == 2:
        ratio = best["datatrove"].processor_seconds / best["ours"].processor_seconds
        print(f"the same file in {ratio:.1f} x fewer processor seconds than datatrove")
    total, same, differences = agreement(flags.scratch / "corpus", "")
    print(
        f"decisions, given the same words: {same:,} of {total:,} documents equal ({100 * same / max(1, total):.2f} %)"
    )
    for pair, count in differences.most_common(10):
        print(f"  {count:>4}  {pair}")


if __name__ == "__main__":
    main()
