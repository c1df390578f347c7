"""Encoding with GPT-2's own files beside tiktoken and Hugging Face's `encode_batch`: the same ids, and how fast.

Every text is encoded by all three, in one process that is held to one core; batches of about a megabyte go to each in
turn, so that what else the machine does falls on all alike. Times are processor time of the calls alone: reading ids
out of Hugging Face's answer is not counted against it.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.texts import read
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import load_tokenizer, save_tokenizer
from corpus.tokenizer.words import GPT2_PATTERN

BATCH_BYTES = 1_000_000


def compare_encoding(texts: Path, gpt2: Path) -> dict[str, Any]:
    """Run this module on one core; what its `main` prints."""
    command = [sys.executable, "-m", "benchmarks.tokenizer_encoding", str(texts), str(gpt2)]
    environment = {**os.environ, "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def table_lines(result: dict[str, Any]) -> list[str]:
    """The table."""
    seconds, megabytes = result["seconds"], result["bytes"] / 1e6
    slowest = seconds["HF encode_batch"]
    lines = [
        f"{name:<16} {megabytes / took:>7.1f} MB/s {slowest / took:>6.1f} x HF encode_batch"
        for name, took in seconds.items()
    ]
    lines += [
        f"ids, {folder:<12} {found['documents']:>8,} documents {found['bytes'] / 1e6:>8.2f} MB: "
        f"{found['differ']} differ from tiktoken's, {found['differ_from_hf']} from HF's"
        for folder, found in result["by_folder"].items()
    ]
    differ = sum(found["differ"] for found in result["by_folder"].values())
    lines.append(
        f"ids, all: {result['documents']:,} documents, {result['bytes']:,} bytes, {result['tokens']:,} tokens; "
        f"{differ} differ from tiktoken's (encoded by {result['encoder']})"
    )
    return lines


def batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in groups of about `BATCH_BYTES` of text."""
    group: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(row["text"])
        if size >= BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def encoders_of(gpt2: Tokenizer) -> dict[str, Callable[[list[str]], Any]]:
    """The three, by the names of the table; theirs from the files that ours are written to."""
    import tiktoken
    import tokenizers

    with tempfile.TemporaryDirectory() as scratch:
        save_tokenizer(gpt2, Path(scratch))
        lines = (Path(scratch) / "tokenizer.tiktoken").read_text().splitlines()
        theirs = tokenizers.Tokenizer.from_file(str(Path(scratch) / "tokenizer.json"))
    ranks = {base64.b64decode(word): int(rank) for word, rank in map(str.split, lines)}
    coder = tiktoken.Encoding("gpt2", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
    return {
        "ours": gpt2.encode_batch,
        "tiktoken": lambda texts: [coder.encode_ordinary(text) for text in texts],
        "HF encode_batch": lambda texts: theirs.encode_batch(texts, add_special_tokens=False),
    }


def measure(texts: Path, gpt2: Tokenizer) -> dict[str, Any]:
    """Processor seconds of each encoder over all texts, and how many documents differ in any id, by folder."""
    encoders = encoders_of(gpt2)
    for encode in encoders.values():
        encode(["warm up"])
    seconds = dict.fromkeys(encoders, 0.0)
    folders: dict[str, Counter[str]] = {}
    tokens = 0
    names = list(encoders)
    for rows in batches(read(texts)):
        names.append(names.pop(0))
        given = [row["text"] for row in rows]
        found: dict[str, Any] = {}
        for name in names:
            started = time.process_time()
            found[name] = encoders[name](given)
            seconds[name] += time.process_time() - started
        flat, offsets = found["ours"]
        tokens += len(flat)
        ours = [flat[a:b].tolist() for a, b in pairwise(offsets.tolist())]
        for row, ids, exact, other in zip(rows, ours, found["tiktoken"], found["HF encode_batch"], strict=True):
            tally = folders.setdefault(row["folder"], Counter(differ=0, differ_from_hf=0))
            size = len(row["text"].encode())
            tally.update(documents=1, bytes=size, differ=ids != exact, differ_from_hf=_differs(row, ids, other))
    return {
        "encoder": gpt2.encoder,
        "seconds": seconds,
        "documents": sum(tally["documents"] for tally in folders.values()),
        "bytes": sum(tally["bytes"] for tally in folders.values()),
        "tokens": tokens,
        "by_folder": {name: dict(tally) for name, tally in sorted(folders.items())},
    }


def _differs(row: dict[str, Any], ids: list[int], other: Any) -> bool:
    """Whether HF has other ids; where a text holds the end of text, HF makes it one id, which is another promise."""
    return "<|endoftext|>" not in row["text"] and ids != other.ids


def main() -> None:
    """Measure on one core and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokenizer_encoding", description="Encode on one core.")
    parser.add_argument("texts", type=Path)
    parser.add_argument("gpt2", type=Path)
    flags = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(measure(flags.texts, load_tokenizer(flags.gpt2))))


if __name__ == "__main__":
    main()
