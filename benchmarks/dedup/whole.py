"""The whole of deduplication on real texts, beside datatrove's four stages and AllenAI's duplodocus, on one core.

Both read their documents from files and write who stays. Ours are the tasks of all stages, one after the other, without
an engine, whose start is a fixed price (`growth` has it: the line of 100 documents). datatrove's are its four stages by
its local executor in one task, signatures with sha1.
"""

import json
import resource
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.dedup.minhash import MinHash
from corpus.document import Document
from corpus.files.manifest import map_arrow, write_parquet
from corpus.schema import KEPT_SCHEMA, kept_row
from pipelines.builds.duplicates import deduplicate
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.stage import Stage, in_order
from pipelines.runtime.task import Outcome, Task
from pipelines.work.judging import JudgedFacts
from pipelines.work.verdicts import DecidedFacts

_TEXTS_PER_PART = 1_000


def ours(texts: Sequence[str], folder: Path) -> tuple[float, int]:
    """Processor seconds from parts of judged documents to verdicts, and how many documents stay."""
    judged = _judged({f"texts/{number:09}": text for number, text in enumerate(texts)}, folder)
    began = time.process_time()
    kept, _ = _decided(judged, MinHash(), folder)
    return time.process_time() - began, kept


def verdicts(texts: Mapping[str, str], config: MinHash, folder: Path) -> dict[str, tuple[str, str]]:
    """id → (rule, id of the other) by all stages; an empty rule lets the text stay."""
    _, decided = _decided(_judged(texts, folder), config, folder)
    rows = [row for facts in decided for run in facts.runs for row in map_arrow(folder / run.verdicts.path).to_pylist()]
    return {name: (row["rule"], row["other_id"]) for name, row in zip(texts, rows, strict=True)}


def _judged(texts: Mapping[str, str], folder: Path) -> list[JudgedFacts]:
    judged, documents = list[JudgedFacts](), [Document(name, name, text) for name, text in texts.items()]
    for start in range(0, len(documents), _TEXTS_PER_PART):
        rows = [kept_row(document) for document in documents[start : start + _TEXTS_PER_PART]]
        part = write_parquet(folder / f"{start}.parquet", folder, KEPT_SCHEMA, rows)
        judged.append(JudgedFacts(part, part, part))
    return judged


def _decided(judged: list[JudgedFacts], config: MinHash, folder: Path) -> tuple[int, list[DecidedFacts]]:
    """How many documents stay, and the facts of the last stage."""
    last = deduplicate(config)(Stage("judged", _nothing, plan=list), ()).verdicts
    facts: dict[str, list[Any]] = {"judged": judged}
    kept = 0
    for stage in in_order(last):
        if stage.name not in facts:
            outcomes = _outcomes(stage, [facts[other.name] for other in stage.reads], folder)
            facts[stage.name] = [outcome.facts for outcome in outcomes]
            kept = sum(outcome.counts.kept for outcome in outcomes)
    return kept, facts[last.name]


def _nothing(task: Task[Any]) -> Outcome[JudgedFacts]:
    raise NotImplementedError("the judged documents are given")


def _outcomes(stage: Stage[Any, Any], facts: list[list[Any]], folder: Path) -> list[Any]:
    tasks = stage.tasks(facts, str(folder))
    if not isinstance(stage.work, ShuffleWork):
        return [stage.work(task) for task in tasks]
    batches = defaultdict[int, list[bytes]](list)
    for piece in stage.work.pieces(*facts):
        for group, data in stage.work.cut(piece, folder):
            batches[group].append(data)
    return [stage.work(task, b"".join(batches[task.unit.group])) for task in tasks]


def theirs(texts: Sequence[str], folder: Path) -> tuple[float, int]:
    """The same for datatrove."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig

    (folder / "in").mkdir()
    lines = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))
    (folder / "in" / "texts.jsonl").write_text("\n".join(lines))
    config = MinhashConfig(hash_config=HashConfig(hash_fc="sha1"))
    places = {name: str(folder / name) for name in ("in", "signatures", "buckets", "clusters", "out")}
    stages = (
        ([JsonlReader(places["in"]), MinhashDedupSignature(places["signatures"], config=config)], 1),
        ([MinhashDedupBuckets(places["signatures"], places["buckets"], config=config)], config.num_buckets),
        ([MinhashDedupCluster(places["buckets"], places["clusters"], config=config)], 1),
        (
            [
                JsonlReader(places["in"]),
                MinhashDedupFilter(places["clusters"]),
                JsonlWriter(places["out"], compression=None),
            ],
            1,
        ),
    )
    began = time.process_time()
    for number, (pipeline, tasks) in enumerate(stages):
        logs = str(folder / f"logs{number}")
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
    seconds = time.process_time() - began
    return seconds, sum(len(file.read_text().splitlines()) for file in (folder / "out").glob("*"))


def duplodocus(program: Path, texts: Sequence[str], folder: Path) -> tuple[float, int]:
    """The same for duplodocus."""
    (folder / "in").mkdir(parents=True)
    lines = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))
    (folder / "in" / "texts.jsonl").write_text("\n".join(lines) + "\n")
    places = [f"--{kind}-dir={folder / kind}" for kind in ("storage", "output")]
    settings = [
        "--num-buckets=14",
        "--bucket-size=8",
        "--ngram-size=5",
        "--tokenizer=uniseg",
        "--remove-duplicates=true",
    ]
    command = [program, "--threads=1", "minhash-memory", f"--input-dir={folder / 'in'}", *places, *settings]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    written = [file for file in (folder / "output").rglob("*") if file.is_file()]
    return seconds, sum(len(file.read_text(encoding="utf-8").splitlines()) for file in written)


def whole(texts: Sequence[str], folder: Path, program: Path | None) -> list[str]:
    """All of them, on the same texts."""
    (folder / "ours").mkdir(parents=True)
    for name in ("first", "theirs"):
        (folder / name).mkdir()
    ours(texts[:100], folder / "ours")  # what is imported and loaded once is no part of either
    own, kept = ours(texts, folder / "ours")
    lines = [f"{len(texts):,} texts: ours {own:.2f} s, {1e6 * own / len(texts):,.0f} µs each, {kept:,} stay"]
    if program:
        other, stay = duplodocus(program.resolve(), texts, folder / "duplodocus")
        lines.append(f"duplodocus {other:.2f} s, {stay:,} stay: ours is {other / own:.2f} x")
    try:
        theirs(texts[:10], folder / "first")
        other, stay = theirs(texts, folder / "theirs")
    except ImportError as error:
        return [*lines, f"datatrove: not installed ({error})"]
    lines.append(f"datatrove's four stages {other:.1f} s, {stay:,} stay: ours is {other / own:.1f} x")
    return lines
