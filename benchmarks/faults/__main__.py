"""Faults over the commands that build: `python -m benchmarks.faults [--trials N] [--seed N] [--kinds calls,kills,…]`.

Each trial has a seed, printed with it: `--trials 1 --seed N --kinds KIND` plays it again. Published but wrong must stay
0, exit codes and sentences must be those of the fault, and the same command again must give the bytes of an undisturbed
one. The exit status is 1 where a trial is not right.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.faults.kinds import KINDS, Bench
from benchmarks.faults.trial import Command, published_digest
from benchmarks.mistakes.world import MistakesWorld


def bench_at(root: Path) -> Bench:
    """A small world, and each command run once without a fault; their modules are loaded here, for all forks."""
    import apache_beam  # noqa: F401 (loaded once, before any fork)

    from pipelines import build_books, build_shards, build_webtext, train_tokenizer
    from pipelines.runtime import driver  # noqa: F401 (as above)

    world = MistakesWorld(root / "inputs")
    world.make_inputs()
    clean = root / "clean"
    clean.mkdir(parents=True, exist_ok=True)
    corpus, tokenizer = clean / "corpus", clean / "tokenizer"
    source = ["--source", f"books={corpus}:1", "--tokenizer", str(tokenizer)]
    commands = (
        Command("build_books", build_books.main, ["--books", world / "books.jsonl", world / "more.jsonl"], corpus),
        Command("build_webtext", build_webtext.main, ["--submissions", world / "RS.jsonl", "--pages",
                world / "pages.warc"], clean / "webtext"),
        Command("train_tokenizer", train_tokenizer.main, ["--corpus", str(corpus), "--vocab-size", "400"], tokenizer),
        Command("build_shards", build_shards.main, [*source, "--validation-share", "0.1"], clean / "shards"),
    )  # fmt: skip
    commands = tuple(
        Command(one.name, one.main, [*one.flags, "--output", str(one.output), "--direct_num_workers=1"], one.output)
        for one in commands
    )
    found = {}
    for command in commands:
        began = time.monotonic()
        if command.run():
            raise RuntimeError(f"{command.name} failed without a fault: {command.said}")
        found[command.name] = (published_digest(command.output), time.monotonic() - began)
    return Bench(commands, found, world.root)


def main(arguments: list[str] | None = None) -> int:
    """Run the trials; 1 where one of them is not right."""
    flags = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    flags.add_argument("--trials", type=int, default=100, help="of each kind (default 100)")
    flags.add_argument("--seed", type=int, default=1, help="of the first trial (default 1)")
    flags.add_argument("--kinds", default=",".join(KINDS), help="of faults, by comma (default: all)")
    given = flags.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        return trials(bench_at(Path(folder)), given.kinds.split(","), range(given.seed, given.seed + given.trials))


def trials(bench: Bench, kinds: list[str], seeds: range) -> int:
    """Every kind with every seed; how many trials were not right."""
    wrong = 0
    for kind in kinds:
        codes: Counter[int] = Counter()
        for seed in seeds:
            name, outcome = KINDS[kind](bench, random.Random(f"{kind} {seed}"))
            codes[outcome.code] += 1
            wrong += bool(outcome.faults)
            shown = "; ".join(outcome.faults) or "right"
            print(f"{kind} seed {seed}: {name}: exit code {outcome.code}: {shown}", flush=True)
        ends = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        print(f"{kind}: {len(seeds)} trials, exit codes {ends}", flush=True)
    print(f"{wrong} trials not right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
