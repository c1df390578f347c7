"""Training a tokenizer beside Hugging Face's tokenizers and sentencepiece: time, peak memory, merges, bytes per token.

Each trainer has a process of its own and is fed the same texts from the same file, one after the other; the time runs
from the first text to the trained tokenizer, on the clock and of all cores together; the memory is the process's
high-water mark, and what of it came after the first text. Rounds alternate, the least time counts. Then Hugging
Face's merges are made again on our word counts, one by one: where each is a most frequent pair at its step, whatever
differs from ours is the order of equal counts.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.texts import read
from corpus.tokenizer.counts import add_counts
from corpus.tokenizer.encoding import fertility
from corpus.tokenizer.files import load_tokenizer, save_tokenizer
from corpus.tokenizer.merges import replay_merges
from corpus.tokenizer.models import byte_merges
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import count_words

CORES = os.cpu_count() or 1
# What a trainer is called in the table, and the threads that it may use.
TRAINERS = {
    "ours": 1,
    "HF tokenizers": 1,
    f"HF tokenizers, {CORES} threads": CORES,
    "ours, kind sentencepiece": 1,
    "sentencepiece": 1,
}


@dataclass(frozen=True)
class TrainingResult:
    """What is trained and on what: files of `benchmarks.texts` rows, and a folder for what comes out."""

    train: Path
    held: Path
    vocab_size: int
    work: Path


def compare_training(training: TrainingResult, rounds: int) -> dict[str, Any]:
    """The rows of the table, and how the merges compare."""
    found: dict[str, dict[str, Any]] = {}
    for number in range(rounds):
        names = list(TRAINERS) if number % 2 == 0 else list(reversed(TRAINERS))
        for name in names:
            ran = _in_a_process(name, training)
            before = found.get(name, ran)
            found[name] = {**ran, **{key: min(ran[key], before[key]) for key in ("seconds", "processor_seconds")}}
            told = " ".join(f"{key} {value:.1f}" for key, value in ran.items())
            print(f"  round {number + 1}: {name}: {told}", file=sys.stderr, flush=True)
    held = [row["text"] for row in read(training.held)]
    rows = []
    for name in TRAINERS:
        per_token = _bytes_per_token(training.work / _slug(name), held)
        rows.append({"trainer": name, **found[name], "bytes_per_token": per_token})
    return {"rows": rows, "merges": compare_merges(training)}


def compare_merges(training: TrainingResult) -> dict[str, Any]:
    """Our merges beside Hugging Face's: the first difference, and whether anything but ties explains it."""
    ours, theirs = (
        byte_merges((training.work / _slug(name) / "tokenizer.json").read_bytes()) for name in ("ours", "HF tokenizers")
    )
    counts = add_counts(count_words((row["text"] for row in read(training.train)), "gpt2"))
    replayed = replay_merges(counts, theirs)
    first = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
    told = None
    if first is not None:
        told = {
            "step": first + 1,
            "ours": repr(b" + ".join(ours[first])),
            "theirs": repr(b" + ".join(theirs[first])),
            "count_of_theirs": replayed[first][0],
            "count_of_ours": replayed[first][1],
        }
    return {
        "ours": len(ours),
        "theirs": len(theirs),
        "in_both": len(set(ours) & set(theirs)),
        "first_difference": told,
        "theirs_that_were_no_most_frequent_pair": sum(count != best for count, best in replayed),
        "steps_that_were_ties_or_equal": sum(count == best for count, best in replayed),
    }


def table_lines(result: dict[str, Any]) -> list[str]:
    """The table."""
    lines = [f"{'trainer':<27} {'seconds':>8} {'processor':>9} {'peak MB':>8} {'over start':>10} {'bytes/token':>11}"]
    lines += [
        f"{row['trainer']:<27} {row['seconds']:>8.1f} {row['processor_seconds']:>9.1f} {row['peak_mb']:>8.0f} "
        f"{row['added_mb']:>10.0f} {row['bytes_per_token']:>11.4f}"
        for row in result["rows"]
    ]
    of = {row["trainer"]: row["bytes_per_token"] for row in result["rows"]}
    for mine, other in (("ours", "HF tokenizers"), ("ours, kind sentencepiece", "sentencepiece")):
        lines.append(f"bytes/token of {mine} against {other}: {of[mine] / of[other] - 1:+.3%}")
    merges = result["merges"]
    lines.append(
        f"merges: {merges['ours']:,} ours, {merges['theirs']:,} HF's, {merges['in_both']:,} in both; replayed, "
        f"{merges['steps_that_were_ties_or_equal']:,} of HF's were a most frequent pair at their step, "
        f"{merges['theirs_that_were_no_most_frequent_pair']:,} were not"
    )
    first = merges["first_difference"]
    if first:
        lines.append(
            f"first difference at merge {first['step']:,}: ours {first['ours']} ({first['count_of_ours']:,} times), "
            f"HF's {first['theirs']} ({first['count_of_theirs']:,} times)"
        )
    return lines


def _in_a_process(name: str, training: TrainingResult) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.tokenizer_training", name, str(training.train)]
    command += [str(training.vocab_size), str(training.work / _slug(name))]
    threads = {"RAYON_NUM_THREADS": str(TRAINERS[name]), "TOKENIZERS_PARALLELISM": "true"}
    ran = subprocess.run(command, env={**os.environ, **threads}, stdout=subprocess.PIPE, check=True)
    return json.loads(ran.stdout)


def _slug(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")


def _bytes_per_token(folder: Path, held: list[str]) -> float:
    """By the tokenizer's own library for sentencepiece, by ours elsewhere (HF's merges have GPT-2's pattern)."""
    if (folder / "sentencepiece.model").is_file():
        import sentencepiece

        library = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.model"))
        return sum(len(text.encode()) for text in held) / sum(map(len, library.encode(held)))
    return fertility(load_tokenizer(folder), held)


def _high_water() -> float:
    """The most memory this process ever had resident, in MB; `ru_maxrss` would count that of its parent too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _train_ours(texts: Iterator[str], vocab_size: int, folder: Path, kind: str = "gpt2") -> None:
    save_tokenizer(train_tokenizer(count_words(texts, kind), kind, vocab_size), folder)


def _train_tokenizers(texts: Iterator[str], vocab_size: int, folder: Path) -> None:
    import tokenizers

    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size - 1,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=2,
    )
    theirs.train_from_iterator(texts, trainer)
    theirs.add_special_tokens(["<|endoftext|>"])
    theirs.save(str(folder / "tokenizer.json"))


def _train_sentencepiece(texts: Iterator[str], vocab_size: int, folder: Path) -> None:
    """LLaMA's settings on the text itself, line by line; lines longer than 64 KiB are cut there, none is left out."""
    import sentencepiece

    most = 1 << 16
    lines = (line[at : at + most] for text in texts for line in text.split("\n") for at in range(0, len(line), most))
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_writer=file,
        model_type="bpe",
        vocab_size=vocab_size,
        byte_fallback=True,
        character_coverage=0.99995,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        max_sentence_length=4 * most,
        num_threads=1,
        minloglevel=2,
    )
    (folder / "sentencepiece.model").write_bytes(file.getvalue())


def main() -> None:
    """One trainer on one file: what `compare_training` starts. Prints seconds and megabytes as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokenizer_training", description="Train once.")
    parser.add_argument("trainer", choices=TRAINERS)
    parser.add_argument("texts", type=Path)
    parser.add_argument("vocab_size", type=int)
    parser.add_argument("folder", type=Path)
    flags = parser.parse_args()
    flags.folder.mkdir(parents=True, exist_ok=True)
    import sentencepiece  # noqa: F401  all libraries are loaded in every process, so that memory starts equal
    import tokenizers  # noqa: F401

    before, started, used = _high_water(), time.perf_counter(), time.process_time()
    texts = (row["text"] for row in read(flags.texts))
    if flags.trainer.startswith("HF"):
        _train_tokenizers(texts, flags.vocab_size, flags.folder)
    elif flags.trainer == "sentencepiece":
        _train_sentencepiece(texts, flags.vocab_size, flags.folder)
    else:
        _train_ours(texts, flags.vocab_size, flags.folder, "sentencepiece" if "kind" in flags.trainer else "gpt2")
    seconds, processor, peak = time.perf_counter() - started, time.process_time() - used, _high_water()
    figures = {"seconds": seconds, "processor_seconds": processor, "peak_mb": peak, "added_mb": peak - before}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
