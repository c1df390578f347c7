"""Tokenizer and shards beside the usual libraries, in one run: training, encoding, reading.

    python -m benchmarks.tokens --texts books.jsonl.zst blogs.jsonl.zst --gpt2 encoder.json --megabytes 20

Texts are JSON lines with a field `text`; one document in twenty is held out. Training is set beside HF tokenizers (time
and bytes per token of the held-out texts); encoding with GPT-2's own files beside HF and tiktoken (MB/s, and how many
documents differ in any id); random windows beside nanoGPT's `get_batch` restated in numpy (its torch calls left out).
"""

import argparse
import base64
import json
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from corpus.hashing import uniform
from corpus.readers.lines import Line, read_lines
from corpus.shards.layout import TRAIN, TokenizerEntry
from corpus.shards.read import open_shards
from corpus.shards.write import TokenRow, order_key, source_shards, write_shard, write_shard_manifest
from corpus.tokenizer.encoding import Tokenizer, fertility
from corpus.tokenizer.files import load_tokenizer, save_tokenizer
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import GPT2_PATTERN, count_words

BATCH = 500


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """(seconds, result)."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def read_texts(paths: list[Path], most: int) -> list[str]:
    """Texts of the files, in order, up to `most` bytes; long ones in pieces of 50,000 characters."""
    texts, size = [], 0
    for path in paths:
        for line in read_lines(path):
            text = json.loads(line.data)["text"] if isinstance(line, Line) else ""
            for start in range(0, len(text), 50_000):
                texts.append(text[start : start + 50_000])
                size += len(texts[-1].encode())
            if size >= most:
                return texts
    return texts


def compare_training(train: list[str], held: list[str], vocab_size: int) -> list[str]:
    """Ours and HF's BPE on the same texts."""
    import tokenizers

    seconds, ours = timed(lambda: train_tokenizer(count_words(train, "gpt2"), "gpt2", vocab_size))
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size - 1, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    other, _ = timed(lambda: theirs.train_from_iterator(train, trainer))
    size = sum(len(text.encode()) for text in held)
    per_token = size / sum(len(found.ids) for found in theirs.encode_batch(held))
    return [
        f"train ours  {seconds:>7.1f} s  {fertility(ours, held):.4f} bytes/token held out",
        f"train HF    {other:>7.1f} s  {per_token:.4f} bytes/token held out",
    ]


def compare_encoding(texts: list[str], gpt2: Tokenizer) -> list[str]:
    """GPT-2's ids: ours, tiktoken's and HF's."""
    import tiktoken
    import tokenizers

    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    gpt2.encode_batch(["warm up"])
    seconds, found = timed(lambda: [gpt2.encode_batch(batch) for batch in batches])
    with tempfile.TemporaryDirectory() as scratch:
        save_tokenizer(gpt2, Path(scratch))
        lines = (Path(scratch) / "tokenizer.tiktoken").read_text().splitlines()
        ranks = {base64.b64decode(word): int(rank) for word, rank in map(str.split, lines)}
        theirs = tokenizers.Tokenizer.from_file(str(Path(scratch) / "tokenizer.json"))
    encoding = tiktoken.Encoding("gpt2", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
    slow, reference = timed(lambda: [encoding.encode_ordinary(text) for text in texts])
    hf, _ = timed(lambda: [theirs.encode_batch(batch) for batch in batches])
    ours = [tokens[a:b].tolist() for tokens, at in found for a, b in pairwise(at.tolist())]
    differ = sum(one != other for one, other in zip(ours, reference, strict=True))
    rows = (("ours", seconds), ("tiktoken", slow), ("HF encode_batch", hf))
    table = [f"encode {name:<16} {megabytes / took:>7.1f} MB/s  {hf / took:>5.1f} x HF" for name, took in rows]
    return [*table, f"documents whose ids differ from tiktoken's: {differ} of {len(texts)}"]


def compare_reading(tokens: np.ndarray, gpt2: Tokenizer) -> list[str]:
    """Random windows of 1,025 tokens, 12 at a time, as int64."""
    entry = TokenizerEntry(gpt2.kind, gpt2.digest, gpt2.vocab_size, gpt2.end_of_text)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pieces = [TokenRow(str(n), piece, len(piece)) for n, piece in enumerate(np.array_split(tokens, 2000))]
        rows = sorted(pieces, key=lambda row: order_key(row.doc_id))
        shard = write_shard(folder / "a.arrow", folder, rows, entry, "texts", TRAIN)
        write_shard_manifest(folder, entry, [source_shards("texts", TRAIN, 1, [shard])])
        tokens.astype(np.uint16).tofile(folder / "train.bin")
        stream = open_shards(folder).stream("texts")
        starts = rng.integers(0, len(tokens) - 1100, (300, 12))

        def nanogpt() -> None:
            for row in starts:
                data = np.memmap(folder / "train.bin", dtype=np.uint16, mode="r")
                np.stack([data[i : i + 1024].astype(np.int64) for i in row])
                np.stack([data[i + 1 : i + 1025].astype(np.int64) for i in row])

        ours, _ = timed(lambda: [stream.windows(row, 1025, np.dtype(np.int64)) for row in starts])
        theirs, _ = timed(nanogpt)
    read = starts.size * 1024 / 1e6
    return [f"read ours {read / ours:.0f} Mtok/s, nanoGPT's way {read / theirs:.0f} Mtok/s: {theirs / ours:.1f} x"]


def main() -> None:
    """Print the three comparisons."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tokens", description="Tokens beside the usual libraries."
    )
    parser.add_argument("--texts", nargs="+", type=Path, required=True, help="JSON lines with a field text")
    parser.add_argument("--gpt2", type=Path, required=True, help="GPT-2's encoder.json, vocab.bpe beside it")
    parser.add_argument("--megabytes", type=int, default=20, help="text to use (default 20)")
    parser.add_argument("--vocab-size", type=int, default=50_257)
    flags = parser.parse_args()
    texts = read_texts(flags.texts, flags.megabytes * 10**6)
    held = [text for number, text in enumerate(texts) if uniform(str(number), "held out") < 0.05]
    train = [text for number, text in enumerate(texts) if uniform(str(number), "held out") >= 0.05]
    gpt2 = load_tokenizer(flags.gpt2)
    lines = compare_encoding(texts, gpt2)
    print("\n".join(lines), flush=True)
    print("\n".join(compare_reading(gpt2.encode_batch(texts)[0], gpt2)), flush=True)
    print("\n".join(compare_training(train, held, flags.vocab_size)))


if __name__ == "__main__":
    main()
