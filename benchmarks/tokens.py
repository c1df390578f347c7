"""Tokenizer beside the usual libraries, in one run: training and encoding, on all the text of a folder.

    python -m benchmarks.tokens --data texts/ --gpt2 encoder.json [--parts training encoding …] [--json FILE]

The folder is read as it is (`benchmarks.texts` says which forms); what was distinct in it, and whether text had to come
twice to make up the megabytes asked for, is printed first. One document in twenty is held out of training, by hash.
Training is `benchmarks.tokenizer_training`, encoding with GPT-2's own files `benchmarks.tokenizer_encoding`. Three more
parts are commands of their own, started from here: `shards` (`benchmarks.shards_peer`, Parquet to shards beside
datatrove), `windows` (`benchmarks.windows`), `ordering` (`benchmarks.ordering`, `--gigabytes` of made-up tokens).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import texts, tokenizer_encoding, tokenizer_training

HELD_OUT = 0.05
PARTS = ("encoding", "training", "shards", "windows", "ordering")


def main() -> None:
    """Gather the texts, run the parts, print their tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tokens", description="Tokens beside the usual libraries."
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of texts, in any of the usual forms")
    parser.add_argument("--gpt2", type=Path, default=None, help="GPT-2's encoder.json, vocab.bpe beside it")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="which comparisons (default all)")
    parser.add_argument("--megabytes", type=int, default=100, help="text to train on (default 100)")
    parser.add_argument("--gigabytes", type=int, default=20, help="of tokens to order (default 20; twice on disk)")
    parser.add_argument("--vocab-size", type=int, default=50_257, help="ids to train (default 50,257)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each trainer runs (default 2)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there too")
    flags = parser.parse_args()
    if not flags.data.is_dir():
        parser.error(f"--data {flags.data}: no such folder")
    if {"encoding", "shards"} & {*flags.parts} and flags.gpt2 is None:
        parser.error("--gpt2 is needed for the parts 'encoding' and 'shards': give GPT-2's encoder.json")
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(flags, Path(scratch))
    if flags.json:
        flags.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(flags: argparse.Namespace, work: Path) -> dict[str, Any]:
    """All parts asked for; each prints its table when it is done."""
    gathered = work / "texts.jsonl"
    tally = texts.gather(flags.data, gathered)
    result: dict[str, Any] = {"texts": tally.to_json()}
    _print("texts", _table_lines(tally))
    if "encoding" in flags.parts:
        result["encoding"] = tokenizer_encoding.compare_encoding(gathered, flags.gpt2)
        _print("encoding with GPT-2's own files, one core", tokenizer_encoding.table_lines(result["encoding"]))
    if "training" in flags.parts:
        train, held, repeats = texts.split(texts.read(gathered), HELD_OUT, flags.megabytes * 10**6)
        size = sum(len(text.encode()) for text in train)
        paths = _write(work / "train.jsonl", train), _write(work / "held.jsonl", held)
        result["training"] = {"bytes": size, "bytes_of_repeats": repeats, "documents": len(train)}
        training = tokenizer_training.TrainingResult(*paths, flags.vocab_size, work)
        result["training"] |= tokenizer_training.compare_training(training, flags.rounds)
        title = f"training {flags.vocab_size:,} ids on {size / 1e6:,.1f} MB ({repeats / 1e6:,.1f} MB of it repeats)"
        _print(title, tokenizer_training.table_lines(result["training"]))
    commands = {
        "shards": ["benchmarks.shards_peer", "--texts", gathered, "--gpt2", flags.gpt2, "--scratch", work / "peer"],
        "windows": ["benchmarks.windows"],
        "ordering": ["benchmarks.ordering", "--gigabytes", flags.gigabytes, "--scratch", work / "ordering"],
    }
    for part in [part for part in commands if part in flags.parts]:
        _print(part, [])
        subprocess.run([sys.executable, "-m", *map(str, commands[part])], check=True)
    return result


def _table_lines(tally: texts.Tally) -> list[str]:
    lines = [
        f"{name:<12} {tally.documents[name]:>8,} documents {size / 1e6:>8.2f} MB, distinct "
        f"{tally.distinct_bytes[name] / 1e6:>8.2f} MB"
        for name, size in sorted(tally.bytes.items())
    ]
    lines.append(
        f"{'all':<12} {tally.documents.total():>8,} documents {tally.bytes.total() / 1e6:>8.2f} MB, distinct "
        f"{tally.distinct_bytes.total() / 1e6:>8.2f} MB; line by line {tally.bytes_in_distinct_lines / 1e6:.2f} MB"
    )
    lines.append(f"files in a form that is not read: {len(tally.left_alone)}")
    return lines


def _print(title: str, lines: Iterable[str]) -> None:
    print(f"\n{title}", *lines, sep="\n", flush=True)


def _write(path: Path, given: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in given)
    return path


if __name__ == "__main__":
    main()
