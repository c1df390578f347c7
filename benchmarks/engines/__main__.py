"""Every pipeline on every engine of this machine, in one run: are the bytes the same, and how fast is each.

    python -m benchmarks.engines --data FOLDER        # RS_sample.zst, pages.warc.gz … below it
    python -m benchmarks.engines                      # the embedded sample: start-up times, mostly

The digest is over all output files of a pipeline. Throughput is input over seconds by the clock, so it counts the
start of workers; an engine's own (JVM, cluster) happens once and is not counted. Read rates as ratios of one run.
"""

import argparse
import glob
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.engines.loopback import ENGINES
from benchmarks.engines.trial import PIPELINES, Result, TrialInputs, differences, sample_inputs, try_engine
from corpus.hashing import digest
from pipelines.engines.cache import EngineFailed, EngineMissing

Row = tuple[str, str, Result]


def data_inputs(folder: Path) -> TrialInputs:
    """The real files below `folder`: submissions, crawl, books and dumps."""
    submissions, pages = folder / "reddit" / "RS_sample.zst", folder / "pages" / "pages.warc.gz"
    books, dumps = folder / "books" / "gutenberg.jsonl.zst", folder / "wikipedia" / "*.xml.bz2"
    return TrialInputs(str(submissions), str(pages), str(books), str(dumps), 5000, 1_000_000)


def megabytes(pipeline: str, inputs: TrialInputs, output: Path) -> float:
    """What a pipeline reads: its input files, or the kept parts of the corpora."""
    patterns = inputs.of(pipeline) or (str(output / "build_*" / "kept" / "*"),)
    return sum(Path(name).stat().st_size for pattern in patterns for name in glob.glob(pattern)) / 1e6


def line(pipeline: str, engine: str, result: Result, size: float) -> str:
    """One row of the table."""
    found = digest(json.dumps(result.digests, sort_keys=True))[:16] if not result.error else "FAILED"
    rate = f"{1000 * size / result.seconds:>9.1f} kB/s"
    return f"{pipeline:<16} {engine:<17} {found:<17} {len(result.digests):>5} files {result.seconds:>8.1f} s {rate}"


def verdict(rows: list[Row]) -> list[str]:
    """What failed, and what differs from the files of the first engine."""
    first: dict[str, Result] = {}
    said = []
    for pipeline, engine, result in rows:
        if result.error:
            said.append(result.error.strip())
            continue
        other = differences(result.digests, first.setdefault(pipeline, result).digests)
        if other:
            said.append(f"{pipeline} on {engine}: {len(other)} files differ: {', '.join(other[:5])}")
    return said or ["all equal"]


def ratios(rows: list[Row]) -> list[str]:
    """Seconds of every engine, all pipelines together, beside in-process x2."""
    totals: dict[str, float] = {}
    for _, engine, result in rows:
        totals[engine] = totals.get(engine, 0.0) + result.seconds
    ours = totals.get("in-process x2")
    known = totals.items() if ours else ()
    return [f"{engine:<17} {seconds / (ours or 1):>6.2f} x the time of in-process x2" for engine, seconds in known]


def rows_of(name: str, pipelines: Sequence[str], inputs: TrialInputs, root: Path) -> Iterator[Row]:
    """Start an engine and run the pipelines on it; every row is printed as it comes. None where it cannot be had."""
    output, folder = root / name, root / f"{name}-daemons"
    folder.mkdir()
    try:
        with ENGINES[name](folder) as engine:
            for pipeline, result in try_engine(engine, inputs, output, pipelines):
                print(line(pipeline, engine.name, result, megabytes(pipeline, inputs, output)), flush=True)
                yield pipeline, engine.name, result
    except (EngineMissing, EngineFailed) as error:
        print(f"{name}: not run, {error}", flush=True)


def main() -> int:
    """Print the table and the verdict; the exit code is 1 when bytes differ or an engine failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description="Every pipeline on every engine.")
    parser.add_argument("--data", type=Path, help="real files (default: the embedded sample)")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES), metavar="ENGINE")
    parser.add_argument("--pipelines", nargs="+", default=list(PIPELINES), choices=PIPELINES, metavar="PIPELINE")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        inputs = data_inputs(flags.data) if flags.data else sample_inputs(root / "inputs")
        rows = [row for name in flags.engines for row in rows_of(name, flags.pipelines, inputs, root)]
    said = verdict(rows)
    print("\n".join([*ratios(rows), *said]))
    return 0 if said == ["all equal"] else 1


if __name__ == "__main__":
    sys.exit(main())
