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
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.made_up_tokens import ENTRY, SOURCE, TOKENS_PER_PART, MakePart, parts_of, sums_of
from corpus.mixture import Mixture, Source
from corpus.shards.documents import Documents, first_out_of_order, order_key
from corpus.shards.layout import SHARD_MANIFEST, read_shard_manifest
from pipelines.builds.token_shards import NEEDS, gather_stages
from pipelines.cli.memory import share_memory
from pipelines.runtime.driver import Handing, new_run, run_stages
from pipelines.runtime.outlook import read_outlook
from pipelines.runtime.stage import Stage
from pipelines.work.shards import PublishShards, all_shards
from pipelines.work.weighting import Weighting


def work(folder: Path, megabytes: int, memory_mb: int, workers: int, tokens_a_shard: int) -> None:
    """All stages, in this process and its workers; the sums and the seconds of the two large ones into `made.json`."""
    memory, flags = share_memory(memory_mb, [f"--direct_num_workers={workers}"], NEEDS)
    print(memory.line(), flush=True)
    sums = folder / "sums"
    sums.mkdir()
    make = MakePart(str(sums), memory.unit_bytes)
    tokenized = Stage("tokenized", make, plan=partial(parts_of, megabytes * 500_000), units_per_worker=TOKENS_PER_PART)
    shards = gather_stages(tokenized, {SOURCE: 1}, ENTRY, tokens_a_shard, memory, {})
    weighting = Weighting(Mixture((Source(SOURCE, 1, ""),)))
    last = Stage("published", PublishShards(ENTRY, weighting, {SOURCE: 1}, 0.0), plan=all_shards, reads=(shards,))
    run = new_run(folder, SHARD_MANIFEST)
    run_stages(last, run, Handing(flags, workers))
    total = [sum(values) for values in zip(*(json.loads(f.read_bytes()) for f in sums.iterdir()), strict=True)]
    seconds = {stage.name: read_outlook(run.folder(stage)).took.seconds for stage in (tokenized, shards)}
    (folder / "made.json").write_text(json.dumps({"sums": total, "seconds": seconds}))


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
    """The record batches of all shards in the manifest's order, with keys hashed again from the ids."""
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
