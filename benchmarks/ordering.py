"""A generated token set brought into hash order under a bound of memory, by the code that builds shards.

    python -m benchmarks.ordering --gigabytes 20 --memory-mb 1024 --scratch scratch/

There is no text and no tokenizer: tokens are made up, 500 to 1,000 a document, and given to `build_shards`' own stages
(`Runs`, `GatherShard`) through Beam. A process of its own does the work and is watched with its workers ten times a
second: anonymous memory is what they hold, resident memory also counts pages of files, libraries among them, that the
system may drop. Every shard is read again: hash order, the number of documents, and sums over ids and over digests of
each document's tokens must be what was generated. The scratch folder needs twice the size; it is removed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from pipelines.builds.gathering import OWNED, WORTH_A_WORKER, Gathering
from pipelines.runtime.stages import Stages

from corpus.hashing import digest
from corpus.shards.documents import Documents, first_out_of_order, order_key
from corpus.shards.layout import TokenizerEntry, read_shard_manifest
from corpus.shards.write import source_shards, write_shard_manifest
from pipelines.builds.token_shards import NEEDS
from pipelines.cli.memory import share_memory
from pipelines.runtime.stage import Outcome, Task, Unit
from pipelines.work.tokens import Runs

ENTRY = TokenizerEntry("made up", digest("made up"), 50_257, 50_256)
TOKENS_A_PART = 125_000_000
DOCUMENTS_A_PIECE = 1000
SOURCE = "generated"


@dataclass(frozen=True)
class MakePart:
    """Stands where `TokenizePart` does: payload `source`, `number`, `tokens`."""

    memory: int

    def __call__(self, task: Task) -> Outcome:
        """One part of made-up documents as sorted runs, and what they add up to in the facts."""
        payload = task.unit.payload
        runs, sums = Runs(task, self.memory), [0, 0, 0]
        for documents in made_up(payload["number"], payload["tokens"]):
            runs.add(documents, np.zeros(len(documents), bool))
            sums = [a + b for a, b in zip(sums, sums_of(documents), strict=True)]
        outcome = runs.outcome(SOURCE)
        return Outcome(outcome.parts, outcome.counts, {**outcome.facts, "sums": sums})


def made_up(number: int, n_tokens: int) -> Iterator[Documents]:
    """Documents of part `number` with `n_tokens` tokens together, a few more at the end: the same every time."""
    rng = np.random.default_rng(number)
    made = 0
    while made < n_tokens:
        lengths = rng.integers(501, 1002, DOCUMENTS_A_PIECE)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        tokens = rng.integers(0, 1 << 64, offsets[-1] // 4 + 1, np.uint64).view(np.uint16)[: offsets[-1]] & 0x7FFF
        tokens[offsets[1:] - 1] = ENTRY.end_of_text
        ids = [f"{SOURCE}/{number:06}-{made + int(offset):012}" for offset in offsets[:-1]]
        keys = np.fromiter((order_key(doc_id)[0] for doc_id in ids), np.uint64, len(ids))
        yield Documents(keys, pa.array(ids), tokens, offsets, lengths * 4)
        made += int(offsets[-1])


def sums_of(documents: Documents) -> list[int]:
    """The number of documents, the sum of their keys, and the sum of a digest of each one's tokens under its key."""
    keys, bounds = documents.keys.tolist(), documents.offsets.tolist()
    tokens = memoryview(documents.tokens).cast("B")
    digests = (
        xxhash.xxh3_64_intdigest(tokens[2 * start : 2 * stop], key)
        for key, (start, stop) in zip(keys, pairwise(bounds), strict=True)
    )
    return [len(documents), sum(keys), sum(digests)]


def work(folder: Path, megabytes: int, memory_mb: int, workers: int, tokens_a_shard: int) -> None:
    """Both stages, in this process and its workers; the seconds of each into `times.json`."""
    memory, flags = share_memory(memory_mb, [f"--direct_num_workers={workers}"], NEEDS)
    print(memory.line(), flush=True)
    stages = Stages(folder, flags, 1.0, WORTH_A_WORKER | {"tokenized": TOKENS_A_PART})
    left, units = megabytes * 500_000, []
    while left > 0:
        size = min(left, TOKENS_A_PART)
        units.append(Unit({"source": SOURCE, "number": len(units), "tokens": size}, f"part {len(units)}", size))
        left -= size
    stages.map("tokenized", OWNED, units, MakePart(memory.unit_bytes))
    made = Gathering(stages, [SOURCE], ENTRY, tokens_a_shard, memory).run()
    sources = [source_shards(name, split, 1, shards) for (name, split), shards in made.items()]
    write_shard_manifest(folder, ENTRY, sources)
    sums = [sum(values) for values in zip(*(fact["sums"] for fact in stages.facts("tokenized")), strict=True)]
    (folder / "made.json").write_text(json.dumps({"sums": sums, "seconds": stages.seconds}))


def watch(process: "subprocess.Popen[bytes]") -> dict[str, int]:
    """The most memory that a process and all below it hold at one time, in kB: anonymous, and resident."""
    peaks = {"RssAnon": 0, "VmRSS": 0}
    while process.poll() is None:
        found = dict.fromkeys(peaks, 0)
        for pid in below(process.pid):
            for key, value in memory_of(pid).items():
                found[key] += value
        peaks = {key: max(peaks[key], found[key]) for key in peaks}
        time.sleep(0.1)
    return peaks


def below(root: int) -> list[int]:
    """A process and all that it has started."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def memory_of(pid: int) -> dict[str, int]:
    """RssAnon and VmRSS of a process in kB; nothing of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    values = dict(line.split(":", 1) for line in lines)
    return {key: int(values[key].split()[0]) for key in ("RssAnon", "VmRSS") if key in values}


def check(folder: Path) -> str:
    """Read every shard; what was generated is there once and in order, or an error says what is not."""
    made = json.loads((folder / "made.json").read_bytes())["sums"]
    found, last = [0, 0, 0], (-1, "")
    for documents in documents_of(folder):
        if (row := first_out_of_order(documents, last)) >= 0:
            raise SystemExit(f"{documents.ids[row]} is not in hash order")
        last = int(documents.keys[-1]), documents.ids[-1].as_py()
        found = [a + b for a, b in zip(found, sums_of(documents), strict=True)]
    if found != made:
        raise SystemExit(f"generated {made}, found {found}")
    return f"checked: {found[0]:,} documents, each once, in hash order, with the tokens that were generated"


def documents_of(folder: Path) -> Iterator[Documents]:
    """The record batches of all shards in the manifest's order, with keys hashed anew from the ids."""
    shards = [shard for source in read_shard_manifest(folder).sources for shard in source.shards]
    for shard in shards:
        with pa.memory_map(str(folder / shard.path)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                keys = np.array([order_key(doc_id)[0] for doc_id in batch["doc_id"].to_pylist()], np.uint64)
                tokens = batch["tokens"]
                sizes = batch["n_bytes"].to_numpy()
                yield Documents(keys, batch["doc_id"], tokens.values.to_numpy(), tokens.offsets.to_numpy(), sizes)


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ordering", description="Tokens into hash order.")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of tokens, two bytes each (default 1)")
    parser.add_argument("--memory-mb", type=int, default=1024, help="as build_shards has it (default 1024)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tokens-a-shard", type=int, default=100_000_000)
    parser.add_argument("--scratch", type=Path, required=True, help="a folder that does not exist; removed at the end")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.work:
        work(flags.scratch, int(flags.gigabytes * 1000), flags.memory_mb, flags.workers, flags.tokens_a_shard)
        return
    flags.scratch.mkdir(parents=True)
    try:
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.ordering", "--work", *sys.argv[1:]])
        peaks = watch(process)
        if process.returncode:
            raise SystemExit(f"the work ended with {process.returncode}")
        seconds = json.loads((flags.scratch / "made.json").read_bytes())["seconds"]
        size = sum(shard.bytes for source in read_shard_manifest(flags.scratch).sources for shard in source.shards)
        for name, what in (("tokenized", "made and written as sorted runs"), ("shards", "merged into shards")):
            print(f"{what:<34}{seconds[name]:>8.1f} s {size / 1e6 / seconds[name]:>8.0f} MB/s")
        for key, what in (("RssAnon", "most anonymous memory"), ("VmRSS", "most resident memory")):
            print(f"{what:<34}{peaks[key] / 1024:>8.0f} MB of {flags.memory_mb}, all processes together")
        print(check(flags.scratch), flush=True)
    finally:
        shutil.rmtree(flags.scratch)


if __name__ == "__main__":
    main()
