"""The benchmark: how fast this trainer is beside a reference, on this machine, now, and whether it computes the same.

    python -m benchmarks.trainer --only 0,1,2,3 --ref nanoGPT/model.py --output first.json --minutes 9.5
    python -m benchmarks.trainer --only 4,5,6 --ref nanoGPT/model.py --output second.json --minutes 9.5
    python -m benchmarks.trainer --only 7 --data shards/ --output third.json

Each phase prints a table when it ends, and the JSON is rewritten; a phase that fails says so and the others go on.
Without a card, or with --small, the same code runs at sizes whose figures mean nothing but that it works.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.trainer import ceilings, feeding, hot_spots, kernels, parity, speed, to_loss
from benchmarks.trainer.settings import over_data, settings_for
from benchmarks.trainer.sides import CUDNN, OURS, REFERENCE
from benchmarks.trainer.stand import Finding, Stand
from benchmarks.trainer.table import lines_of, record_of, write_json
from corpus.shards.layout import ShardError, read_shard_manifest

TITLES = {
    0: "what the machine is, and its ceilings",
    1: "kernels beside the formula",
    2: "the reference, by micro-batch, also with cuDNN",
    3: "ours, by micro-batch",
    4: "the same weights and batches: the same loss?",
    5: "ours, the large model",
    6: "band beside dense; fed from shards beside fixed batches",
    7: "tokens that the modern model needs for GPT-2's loss",
    8: "where a step of ours spends its time",
}
_DEFAULT = (0, 1, 2, 3, 4, 5, 6)
_EPILOG = """
phases:
""" + "\n".join(f"  {number}  {title}" for number, title in TITLES.items())


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(
        prog="python -m benchmarks.trainer",
        description="Measure this trainer beside a reference, in one run.",
        epilog=_EPILOG + "\n\nOn one card 0,1,2,3 and 4,5,6 take under ten minutes each; 7 and 8 are asked for.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    flags.add_argument("--only", type=_phases, default=_DEFAULT, metavar="0,1,…", help="phases (0 to 6)")
    flags.add_argument("--ref", type=Path, metavar="FILE", help="the reference's model.py (GPT, GPTConfig)")
    flags.add_argument("--output", type=Path, metavar="FILE", help="the results as JSON")
    flags.add_argument("--data", type=Path, metavar="FOLDER", help="token shards for phases 4, 6 and 7")
    flags.add_argument("--tokens", type=int, default=0, help="tokens that GPT-2 gets in phase 7 (60,000,000)")
    flags.add_argument("--minutes", type=float, default=0.0, help="end what is not done after so many (0: no limit)")
    flags.add_argument("--small", action="store_true", help="small sizes; without a card always")
    flags.add_argument("--compile", action=argparse.BooleanOptionalAction, help="compile both sides (on a card)")
    return flags


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if every phase ran, 1 if one failed, 2 for wrong flags. Goals that are missed do not count."""
    flags = parser().parse_args(arguments)
    for path in (flags.ref, flags.data):
        if path is not None and not path.exists():
            print(f"error: {path} is not there", file=sys.stderr)
            return 2
    card = torch.cuda.is_available()
    small = flags.small or not card
    compiled = card if flags.compile is None else flags.compile
    settings = settings_for("cuda" if card else "cpu", small, compiled, flags.ref)
    try:
        if flags.data:
            settings = over_data(settings, flags.data, read_shard_manifest(flags.data).tokenizer.vocab_size)
    except ShardError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if flags.tokens:
        settings = replace(settings, tokens=flags.tokens)
    if small:
        print("small sizes: these figures show that everything runs, and nothing else", flush=True)
    stand = Stand(settings, flags.minutes)
    try:
        return run_phases(stand, flags.only, flags.output)
    finally:
        stand.close()


def run_phases(stand: Stand, wanted: Sequence[int], output: Path | None) -> int:
    """Run phases, 2 and 3 as one where both are wanted, each on its own feet; 1 if one failed."""
    both = tuple(side for number, side in ((2, REFERENCE), (2, CUDNN), (3, OURS)) if number in wanted)
    of_number: dict[int, Callable[[], Finding]] = {
        0: lambda: ceilings.phase(stand),
        1: lambda: kernels.phase(stand),
        2: lambda: speed.phases_2_and_3(stand, both),
        3: lambda: speed.phases_2_and_3(stand, both),
        4: lambda: parity.phase(stand),
        5: lambda: speed.phase_5(stand),
        6: lambda: feeding.phase(stand),
        7: lambda: to_loss.phase(stand),
        8: lambda: hot_spots.phase(stand),
    }
    record: dict[str, Any] = {
        "small": stand.settings.small,
        "compiled": stand.settings.compiled,
        "reference": str(stand.settings.reference or "re-stated baseline"),
        "phases": {},
    }
    failed = 0
    for number in sorted(set(wanted)):
        if number == 3 and 2 in wanted:
            continue
        name = "2+3" if number == 2 and 3 in wanted else str(number)
        title = "the reference and ours, in turns" if name == "2+3" else TITLES[number]
        print(f"\nphase {name}: {title}", flush=True)
        begin = time.perf_counter()
        entry = {"error": stand.over} if stand.over else _entry(of_number[number], not stand.settings.small)
        stand.clear()
        if "error" in entry:
            print(f"failed: {entry['error']}", flush=True)
        failed |= "error" in entry
        record["phases"][name] = {"title": title, **entry, "seconds": time.perf_counter() - begin}
        print(f"phase {name} took {record['phases'][name]['seconds']:.0f} s", flush=True)
        if output is not None:
            write_json(output, record)
    return failed


def _entry(phase: Callable[[], Finding], judged: bool) -> dict[str, Any]:
    """Run a phase and print what it found; where it fails, the error and no more."""
    try:
        finding = phase()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    print("\n".join(lines_of(finding, judged)), flush=True)
    return record_of(finding)


def _phases(text: str) -> tuple[int, ...]:
    wanted = tuple(int(part) for part in text.split(",") if part.strip().isdecimal())
    if len(wanted) != len(text.split(",")) or not set(wanted) <= set(TITLES):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of phases from 0 to {max(TITLES)}, like 0,1,2,3")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
