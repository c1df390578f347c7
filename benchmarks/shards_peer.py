"""From text in Parquet to token shards, beside datatrove's tokenizer stage, on one core.

    python -m benchmarks.shards_peer --texts books.jsonl.zst blogs.jsonl.zst --gpt2 encoder.json --scratch scratch/

Both read the same Parquet files and encode with GPT-2's tokenizer. Ours is the command `build_shards` with one worker:
documents in hash order, Arrow shards with digests, a manifest. Theirs is `ParquetReader` and `DocumentTokenizer` in one
task with their defaults, which leaves one shuffled file; a merger would only copy it and is left out. Each is a
process of its own, pinned to the same core, in turns; start-up counts. Wall time suffers from what else runs on the
machine, processor time hardly does, so both are printed. The numbers of tokens must be equal.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from corpus.document import Document
from corpus.files.manifest import MANIFEST, write_json, write_parquet
from corpus.files.provenance import PACKAGES, ROOT
from corpus.readers.lines import Line, parse_object, read_lines
from corpus.schema import KEPT_SCHEMA, Row, kept_row
from corpus.shards.layout import read_shard_manifest
from corpus.tokenizer.files import load_tokenizer, save_tokenizer

MOST_CHARACTERS = 5000
MEGABYTES_PER_PART = 64


def distinct_texts(paths: Sequence[Path]) -> list[str]:
    """The field `text` of every line of JSON, but for those that `benchmarks.texts` wrote as coming `again`."""
    rows = [
        row
        for path in paths
        for line in read_lines(path)
        if isinstance(line, Line) and isinstance(row := parse_object(line, str(path)), dict)
    ]
    texts = [row.get("text") for row in rows if not row.get("again")]
    return [text for text in texts if text and isinstance(text, str)]


def make_corpus(texts: list[str], megabytes: int, folder: Path) -> tuple[int, int]:
    """Kept parts as our builds write them, the texts again and again under new ids; documents, and bytes of text."""
    pieces = [text[at : at + MOST_CHARACTERS] for text in texts for at in range(0, len(text), MOST_CHARACTERS)]
    sizes = [len(piece.encode()) for piece in pieces]
    parts, number, size = [], 0, 0

    def rows(until: int) -> Iterator[Row]:
        nonlocal number, size
        while size < until:
            piece = number % len(pieces)
            yield kept_row(Document(f"texts/{number:09}", "https://example.org/", pieces[piece], source="texts"))
            number, size = number + 1, size + sizes[piece]

    while size < megabytes * 10**6:
        until = min(size + MEGABYTES_PER_PART * 10**6, megabytes * 10**6)
        path = folder / "kept" / f"part-{len(parts):05}.parquet"
        parts.append(asdict(write_parquet(path, folder, KEPT_SCHEMA, rows(until))))
    write_json(folder / MANIFEST, {"parts": parts})
    return number, size


def run_peer(kept: Path, tokenizer: Path, output: Path) -> None:
    """Datatrove's stage, in this process."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.tokens import DocumentTokenizer

    steps = [
        ParquetReader(str(kept), glob_pattern="*.parquet"),
        DocumentTokenizer(str(output / "tokens"), str(tokenizer), eos_token="<|endoftext|>", seed=0),
    ]
    LocalPipelineExecutor(steps, tasks=1, workers=1, logging_dir=str(output / "logs")).run()


def peer_tokens(output: Path) -> int:
    """How many tokens datatrove says its file has."""
    (metadata,) = (output / "tokens").glob("*shuffled.ds.metadata")
    return int(metadata.read_text().split("\n")[1])


def our_tokens(output: Path) -> int:
    """How many tokens the manifest says there are."""
    return sum(source.n_tokens for source in read_shard_manifest(output).sources)


def timed_on(core: int, command: list[str]) -> tuple[float, float]:
    """Seconds of wall and of processor time of a command pinned to one core.

    Our modules are compiled before, as those of an installed package are; a checkout may forbid Python to keep that.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", *PACKAGES], cwd=ROOT, env=environment, check=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, env=environment)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}\n{ran.stderr[-3000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(flags: argparse.Namespace) -> None:
    """Make the corpus, then ours and theirs in turns."""
    scratch, corpus = flags.scratch, flags.scratch / "corpus"
    n_documents, size = make_corpus(distinct_texts(flags.texts), flags.megabytes, corpus)
    save_tokenizer(load_tokenizer(flags.gpt2), scratch / "tokenizer")
    print(f"{n_documents:,} documents, {size / 1e6:.1f} MB of text", flush=True)
    tokenizer, output = str(scratch / "tokenizer" / "tokenizer.json"), scratch / "output"
    ours = f"-m pipelines.build_shards --source texts={corpus}:1 --tokenizer {tokenizer} --direct_num_workers=1"
    theirs = f"-m benchmarks.shards_peer --peer {corpus / 'kept'} --gpt2 {tokenizer} --scratch"
    commands = {"ours": [*ours.split(), "--output", str(output)], "datatrove": [*theirs.split(), str(output)]}
    best: dict[str, tuple[float, float]] = {}
    n_tokens = {}
    for turn in range(flags.turns):
        for name, command in commands.items():
            shutil.rmtree(output, ignore_errors=True)
            wall, cpu = timed_on(flags.core, [sys.executable, *command])
            n_tokens[name] = (our_tokens if name == "ours" else peer_tokens)(output)
            before = best.get(name, (wall, cpu))
            best[name] = min(before[0], wall), min(before[1], cpu)
            rates = f"{size / 1e6 / wall:.1f} MB/s wall, {size / 1e6 / cpu:.1f} MB/s of processor time"
            print(f"turn {turn + 1} {name:<10}{wall:>8.1f} s wall {cpu:>8.1f} s processor   {rates}", flush=True)
    ratios = [theirs / ours for ours, theirs in zip(best["ours"], best["datatrove"], strict=True)]
    print(f"best of each: {ratios[0]:.1f} x by wall time, {ratios[1]:.1f} x by processor time")
    same = "the same" if len(set(n_tokens.values())) == 1 else "NOT the same"
    print(f"tokens {n_tokens}: {same} number")


def main() -> None:
    """Compare, or be the peer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shards_peer", description="Shards beside datatrove.")
    parser.add_argument("--texts", nargs="+", type=Path, help="JSON lines with a field text")
    parser.add_argument("--gpt2", type=Path, required=True, help="GPT-2's encoder.json, vocab.bpe beside it")
    parser.add_argument("--megabytes", type=int, default=512, help="of text; given texts are repeated (default 512)")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--core", type=int, default=0, help="the core that both run on")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder that does not exist; removed at the end")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.peer:
        run_peer(flags.peer, flags.gpt2, flags.scratch)
        return
    flags.scratch.mkdir(parents=True)
    try:
        compare(flags)
    finally:
        shutil.rmtree(flags.scratch)


if __name__ == "__main__":
    main()
