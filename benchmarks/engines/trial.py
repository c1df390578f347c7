"""A trial of engines: every pipeline on the same input, on each of them, and the digests of all that was written.

What one engine writes another must write to the byte: parts, manifests, tokenizer, shards. Only what says how long a
run took, or what its workers printed, is left out. The input is the embedded sample with a shelf of books and a dump
made of the same prose, or files that the caller names.
"""

import bz2
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines.loopback import LoopbackEngine
from corpus.hashing import file_digest
from corpus.sample.prose import english_article
from corpus.sample.write import write_sample
from pipelines.engines.boot import ROOT

PIPELINES = ("build_webtext", "build_books", "build_wikipedia", "train_tokenizer", "build_shards")
CORPORA = {"webtext": 22, "books": 16, "wikipedia": 3}
OF_THE_RUN = {".lock", "run.json", "report.html"}
PARTS = (".parquet", ".arrow", ".bin", "_MANIFEST.json")
WIKI_HEAD = (
    '<mediawiki xml:lang="en" version="0.11"><siteinfo><dbname>enwiki</dbname>'
    "<base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>\n"
)


@dataclass(frozen=True)
class TrialInputs:
    """The files of a trial, as patterns, and the size of its vocabulary and shards."""

    submissions: str
    pages: str
    books: str
    dumps: str
    vocab_size: int = 600
    tokens_a_shard: int = 5000

    def of(self, pipeline: str) -> tuple[str, ...]:
        """The input patterns of one of the three that read files; nothing for the others."""
        named = {
            "build_webtext": (self.submissions, self.pages),
            "build_books": (self.books,),
            "build_wikipedia": (self.dumps,),
        }
        return named.get(pipeline, ())


@dataclass(frozen=True)
class Result:
    """What one pipeline did on one engine: seconds by the clock, digests by file name, its error if it failed."""

    seconds: float
    digests: dict[str, str]
    error: str = ""


def sample_inputs(folder: Path, files: int = 4, texts: int = 5) -> TrialInputs:
    """Write the embedded sample web, and `files` files of `texts` books, and as many dumps, below `folder`."""
    web = write_sample(folder / "web")
    for file in range(files):
        numbers = range(file * texts, (file + 1) * texts)
        books = [json.dumps({"id": str(n), "title": f"Book {n}", "text": english_article(n).text}) for n in numbers]
        _write(folder / "books" / f"{file}.jsonl", "\n".join(books).encode())
        pages = "".join(_wiki_page(n) for n in numbers)
        _write(folder / "wikipedia" / f"{file}.xml.bz2", bz2.compress(f"{WIKI_HEAD}{pages}</mediawiki>".encode()))
    return TrialInputs(web.submissions, web.pages, str(folder / "books" / "*"), str(folder / "wikipedia" / "*"))


def _wiki_page(number: int) -> str:
    text = f"'''Subject {number}''' is what this is about.\n\n{english_article(number + 100).text}\n\n== Notes ==\n"
    return (
        f"<page><title>Subject {number}</title><ns>0</ns><id>{number + 1}</id><revision><id>{number + 1}</id>"
        f"<timestamp>2016-01-01T00:00:00Z</timestamp><text>{text}</text></revision></page>\n"
    )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def command(pipeline: str, inputs: TrialInputs, output: Path) -> list[str]:
    """The command line of a pipeline, without the flags of an engine, to be run in the folder `output`.

    The last two read what the first three wrote, under the same relative names on every engine: `training.json` holds
    the names as given.
    """
    start = [sys.executable, "-m", f"pipelines.{pipeline}", "--output", str(output / pipeline)]
    corpora = [(name, f"build_{name}", weight) for name, weight in CORPORA.items()]
    match pipeline:
        case "build_webtext":
            return [*start, "--submissions", inputs.submissions, "--pages", inputs.pages]
        case "build_books":
            return [*start, "--books", inputs.books]
        case "build_wikipedia":
            return [*start, "--dumps", inputs.dumps]
        case "train_tokenizer":
            folders = [word for _, folder, _ in corpora for word in ("--corpus", folder)]
            return [*start, *folders, "--vocab-size", str(inputs.vocab_size)]
        case "build_shards":
            sources = [word for name, folder, weight in corpora for word in ("--source", f"{name}={folder}:{weight}")]
            tokenizer = ["--tokenizer", str(output / "train_tokenizer")]
            return [*start, *sources, *tokenizer, "--tokens-a-shard", str(inputs.tokens_a_shard)]
    raise ValueError(f"no pipeline {pipeline!r}; there are {', '.join(PIPELINES)}")


def try_engine(
    engine: LoopbackEngine, inputs: TrialInputs, output: Path, pipelines: Sequence[str] = PIPELINES
) -> Iterator[tuple[str, Result]]:
    """Run the pipelines one after the other on a running engine; each with its result as soon as it is there."""
    output.mkdir(parents=True, exist_ok=True)
    around = {**engine.environment, "PYTHONPATH": str(ROOT)}
    for pipeline in pipelines:
        words = [*command(pipeline, inputs, output), *engine.flags]
        started = time.monotonic()
        ran = subprocess.run(words, cwd=output, env=around, capture_output=True, text=True, errors="replace")
        seconds = time.monotonic() - started
        error = f"{pipeline} on {engine.name} ended with {ran.returncode}:\n{ran.stderr}" if ran.returncode else ""
        yield pipeline, Result(seconds, digests(output / pipeline), error)


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file that is output: all beside `stages`, and below it the parts and manifests."""
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        of_a_stage = inside.parts[0] == ".stages"
        if path.is_file() and path.name not in OF_THE_RUN and (not of_a_stage or path.name.endswith(PARTS)):
            found[inside.as_posix()] = file_digest(path)
    return found


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The names of files that are not the same, or not there, on both sides."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
