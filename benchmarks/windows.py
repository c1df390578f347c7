"""Windows of tokens for a trainer: nanoGPT's `get_batch`, random windows through our manifest, and the loader.

    python -m benchmarks.windows --tokens 200_000_000 --rows 12 64

Shards of generated documents are written, and the same tokens as one flat file of uint16, which nanoGPT reads. Every
contestant gives the same: inputs and targets, int64, [rows, length] each, contiguous, in the process that would train.
They run in turns, A B C A B C …, in one process with torch held to one thread; the median of the turns is printed,
with the least and the greatest. `get_batch` is restated after nanoGPT's train.py: a new np.memmap each call (against
the leak it names), random places, each window copied twice. Its copy to a card is left out, and so is ours.

The loader's own thread runs beside the caller's. So that this is no advantage, its tokens are also counted per second
of processor time, all threads together: what it would give if one thread did everything.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from corpus.mixture import Mixture, Source
from corpus.shards.layout import TRAIN, TokenizerEntry
from corpus.shards.read import Shards, Stream, open_shards
from corpus.shards.write import TokenRow, order_key, source_shards, write_shard, write_shard_manifest
from trainer.data.loader import Loader
from trainer.data.order import SampleOrder

ENTRY = TokenizerEntry("generated", "00", 50_257, 50_256)
TOKENS_PER_DOCUMENT, DOCUMENTS_PER_SHARD = 700, 100_000
Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Measured:
    """Millions of tokens per second: the median of the turns, the least and the greatest."""

    name: str
    rows: int
    speed: float
    least: float
    greatest: float


def generate(folder: Path, n_tokens: int) -> Shards:
    """Shards of one source with about `n_tokens` random tokens, and `train.bin` with the same beside them."""
    rng = np.random.default_rng(0)
    n_documents = max(1, n_tokens // TOKENS_PER_DOCUMENT)
    ids = sorted((f"generated/{number}" for number in range(n_documents)), key=order_key)

    def rows(some: list[str]) -> Iterator[TokenRow]:
        for doc_id in some:
            length = int(rng.integers(0, 2 * TOKENS_PER_DOCUMENT))
            yield TokenRow(doc_id, rng.integers(0, ENTRY.end_of_text, length, np.uint16), 4 * length)

    shards = []
    for number, at in enumerate(range(0, n_documents, DOCUMENTS_PER_SHARD)):
        path = folder / "generated" / f"{TRAIN}-{number:05}.arrow"
        some = rows(ids[at : at + DOCUMENTS_PER_SHARD])
        shards.append(write_shard(path, folder, some, ENTRY, "generated", TRAIN))
    write_shard_manifest(folder, ENTRY, [source_shards("generated", TRAIN, 1, shards)])
    opened = open_shards(folder)
    with (folder / "train.bin").open("wb") as file:
        for tokens in opened.stream("generated").tokens:
            tokens.tofile(file)
    return opened


def nanogpt_batch(path: Path, rows: int, length: int) -> Pair:
    """nanoGPT's `get_batch`, restated."""
    data = np.memmap(path, dtype=np.uint16, mode="r")
    places = torch.randint(len(data) - length, (rows,))
    tokens = torch.stack([torch.from_numpy(data[i : i + length].astype(np.int64)) for i in places])
    targets = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + length].astype(np.int64)) for i in places])
    return tokens, targets


def random_windows(stream: Stream, rng: np.random.Generator, rows: int, length: int) -> Pair:
    """The same through the manifest: rows of length + 1, each copied once."""
    starts = rng.integers(0, stream.n_tokens - length, rows)
    read = torch.from_numpy(stream.windows(starts, length + 1, np.int32))
    return read[:, :-1].long().contiguous(), read[:, 1:].long().contiguous()


def contestants(shards: Shards, loader: Loader, rows: int, length: int) -> dict[str, Callable[[], Pair]]:
    """By name, what gives a batch."""
    stream, rng = shards.stream("generated"), np.random.default_rng(1)
    return {
        "nanoGPT's get_batch": lambda: nanogpt_batch(shards.folder / "train.bin", rows, length),
        "random windows": lambda: random_windows(stream, rng, rows, length),
        "loader": lambda: next(loader)[0][:2],
    }


def loader_of(shards: Shards, rows: int, length: int) -> Loader:
    """The loader as a training has it, on the CPU."""
    n_tokens = {"generated": shards.stream("generated").n_tokens}
    return Loader(shards, SampleOrder(Mixture((Source("generated", 1),)), n_tokens, length, 1), lambda _: rows)


def compare(shards: Shards, rows: int, length: int, turns: int, n_tokens: int) -> list[Measured]:
    """Every contestant in turn, `n_tokens` tokens a turn, the first turn not counted."""
    batches = max(1, n_tokens // (rows * length))
    speeds: dict[str, list[float]] = {}
    with loader_of(shards, rows, length) as loader:
        entries = contestants(shards, loader, rows, length)
        for turn in range(turns + 1):
            for name, give in entries.items():
                wall, processor = time.perf_counter(), time.process_time()
                for _ in range(batches):
                    give()
                wall, processor = time.perf_counter() - wall, time.process_time() - processor
                if turn:
                    read = batches * rows * length / 1e6
                    speeds.setdefault(name, []).append(read / wall)
                    speeds.setdefault(f"{name}, per processor second", []).append(read / processor)
    return [Measured(name, rows, median(found), min(found), max(found)) for name, found in speeds.items()]


def table(measured: list[Measured]) -> str:
    """One line a contestant; the ratio is to nanoGPT's, clock to clock and processor to processor."""
    wall, processor = (each.speed for each in measured[:2])
    title = f"{measured[0].rows} rows per batch"
    lines = [f"{title:<42}{'Mtok/s':>8}{'least':>9}{'greatest':>10}{'ratio':>8}"]
    for each in measured:
        ratio = each.speed / (processor if each.name.endswith("second") else wall)
        lines.append(f"{each.name:<42}{each.speed:>8.1f}{each.least:>9.1f}{each.greatest:>10.1f}{ratio:>8.2f}")
    return "\n".join(lines)


def main() -> None:
    """Print a table for each number of rows, or all figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.windows", description="Windows of tokens, per second.")
    parser.add_argument("--tokens", type=int, default=200_000_000, help="tokens to generate (default 200,000,000)")
    parser.add_argument("--rows", type=int, nargs="+", default=[12, 64, 512], help="rows of a batch")
    parser.add_argument("--length", type=int, default=1024, help="sequence length (default 1,024)")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--turn-tokens", type=int, default=20_000_000, help="tokens a contestant reads in a turn")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    flags = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        shards = generate(Path(scratch), flags.tokens)
        found = [compare(shards, rows, flags.length, flags.turns, flags.turn_tokens) for rows in flags.rows]
    if flags.json:
        print(json.dumps([asdict(each) for measured in found for each in measured], indent=2))
    else:
        print("\n\n".join(map(table, found)))


if __name__ == "__main__":
    main()
