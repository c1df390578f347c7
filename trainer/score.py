"""The command that scores a run on tasks from files, by every rule that is in use, as JSON that names the rule.

    python -m trainer.score runs/NAME --task hellaswag=hellaswag.jsonl --task lambada=lambada.jsonl --shots 0 \\
        --perplexity wiki=wiki.jsonl --output scores.json

A task that cannot be scored is written down as an error beside the results of the others, and the exit code says so.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, describe
from trainer.command import COUNT, WHOLE, FlagError, run_command
from trainer.evaluation.item_files import read_items, read_overlaps, read_texts
from trainer.evaluation.tasks import TASKS, BenchmarkTask, task_named

if TYPE_CHECKING:
    from trainer.evaluation.scoring import Judge, TaskScore

COMMAND = "python -m trainer.score"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    about = "Score a run on tasks read from files of JSON lines (.jsonl, .jsonl.gz)."
    flags = CommandParser(COMMAND, about, f"tasks: {', '.join(TASKS)}\n")
    flags.add_argument("run", metavar="RUN", help="runs/NAME, or one checkpoint of it")
    flags.add_argument("--task", action="append", default=[], metavar="NAME=FILE", help="a task and its items; repeat")
    flags.add_argument(
        "--perplexity",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help='JSON lines with "text": rolling perplexity',
    )
    flags.add_argument(
        "--shots", type=_shots, default=(0,), metavar="K[,K…]", help="examples before each item; several in one call"
    )
    flags.add_argument(
        "--description", action="append", default=[], metavar="NAME=TEXT", help="a line before all, to say what to do"
    )
    flags.add_argument(
        "--overlaps", action="append", default=[], metavar="NAME=FILE", help="items that stand in the training data"
    )
    flags.add_argument("--beams", type=WHOLE, default=0, metavar="N", help="write answers by beam search (GPT-3: 4)")
    flags.add_argument(
        "--examples", action="append", default=[], metavar="NAME=FILE", help="a task's examples (else its other items)"
    )
    flags.add_argument("--seed", type=WHOLE, default=0, help="of the drawn examples")
    flags.add_argument(
        "--limit", type=WHOLE, default=0, metavar="N", help="the first N items of each task only (0: all)"
    )
    flags.add_argument(
        "--overlap", type=COUNT, default=1, help="least context in rolling windows (1: they are disjoint)"
    )
    flags.add_argument("--tokenizer", metavar="PATH", help="where the run's tokenizer lies, if not beside its shards")
    flags.add_argument("--best", action="store_true", help="the checkpoint of the least validation loss")
    flags.add_argument("--batch-tokens", type=COUNT, default=16_384, help="tokens that are scored at once")
    flags.add_argument("--device", default="auto", help="auto | cpu | cuda | cuda:N")
    flags.add_argument(
        "--dtype", choices=("auto", "float32", "bfloat16"), default="auto", help="of the products; logits are float32"
    )
    flags.add_argument("--output", metavar="FILE", help="write the JSON here too")
    return flags


def _shots(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(WHOLE(part) for part in text.split(",")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    return run_command(COMMAND, lambda: _score(given))


def _score(given: argparse.Namespace) -> int:
    jobs = _jobs(given)
    _check_output(given.output)
    judge, about = _judge(given)
    results: dict[str, Mapping[str, object]] = {}
    code = 0
    for name, job in jobs.items():
        try:
            results[name] = job(judge)
        except (CorpusloomError, OSError) as error:
            # The others are hours of work, perhaps: one that fails takes none of them with it.
            described = describe(error, name)
            results[name] = {"error": described.message}
            code = code or described.code
            print(f"error: {described.message}", file=sys.stderr)
    text = json.dumps({**about, "tasks": results}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if given.output:
        Path(given.output).parent.mkdir(parents=True, exist_ok=True)
        Path(given.output).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return code


def _judge(given: argparse.Namespace) -> "tuple[Judge, Mapping[str, object]]":
    """The model, ready to be asked, and what stands in the JSON about it."""
    from trainer.evaluation.likelihood import Scorer
    from trainer.evaluation.scoring import Judge
    from trainer.run.runs import ids_with_token, model_of, open_run, tokenizer_of

    run = open_run(Path(given.run), given.best)
    tokenizer = tokenizer_of(run, Path(given.tokenizer) if given.tokenizer else None)
    if tokenizer is None:
        raise FlagError("tasks are text, and the run's tokenizer was not found: give --tokenizer")
    model = model_of(run, given.device, given.dtype)
    about = {"run": given.run, "step": run.step, "tokenizer": tokenizer.digest, "seed": given.seed}
    about["dtype"] = str(model.compute_dtype).removeprefix("torch.")
    known = ids_with_token(tokenizer, run.shape.vocab_size)
    return Judge(Scorer(model, given.batch_tokens), tokenizer, known, given.beams), about


def _jobs(given: argparse.Namespace) -> "dict[str, Callable[[Judge], Mapping[str, object]]]":
    """What is to be scored, by name in the JSON; `FlagError` before anything is read where a name is wrong."""
    tasks, texts = _pairs("--task", given.task), _pairs("--perplexity", given.perplexity)
    examples = _pairs("--examples", given.examples)
    if not tasks and not texts:
        raise FlagError("nothing to score: give --task NAME=FILE or --perplexity NAME=FILE")
    if twice := sorted(tasks.keys() & texts.keys()):
        raise FlagError(f"{twice[0]} is the name of a task and of a text; results are filed by name: choose another")
    for flag, named in (("examples", given.examples), ("overlaps", given.overlaps), ("description", given.description)):
        if idle := sorted(_parse_named(f"--{flag}", named).keys() - tasks.keys()):
            raise FlagError(f"--{flag} {idle[0]}=…: there is no --task {idle[0]}=… that would use them")
    # An unknown task is an error of the flags, now, and not of one job, hours later.
    for name in tasks:
        task_named(name)
    jobs = {name: _task_job(name, path, examples.get(name), given) for name, path in tasks.items()}
    return jobs | {name: _text_job(name, path, given) for name, path in texts.items()}


def _pairs(flag: str, texts: Sequence[str]) -> dict[str, Path]:
    return {name: Path(text) for name, text in _parse_named(flag, texts).items()}


def _parse_named(flag: str, texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            kind = "TEXT" if flag == "--description" else "FILE"
            raise FlagError(f"{flag} {text!r}: write NAME={kind}; the tasks are {', '.join(TASKS)}")
        if name in found:
            raise FlagError(f"{flag} {name}=… is given twice; results are filed by name: score them in two calls")
        found[name] = path
    return found


def _task_job(
    name: str, path: Path, examples: Path | None, given: argparse.Namespace
) -> "Callable[[Judge], Mapping[str, object]]":
    overlaps, descriptions = _pairs("--overlaps", given.overlaps), _parse_named("--description", given.description)

    def job(judge: "Judge") -> Mapping[str, object]:
        from trainer.evaluation.scoring import score_task

        task = task_named(name)
        if name in descriptions:
            task = replace(task, description=descriptions[name])
        items = read_items(task, path)
        items = (read_overlaps(overlaps[name], items) if name in overlaps else items)[: given.limit or None]
        pool = read_items(task, examples) if examples else None
        about, results = {**_file(path), "description": task.description}, {}
        for shots in given.shots:
            result = score_task(judge, task, items, shots, given.seed, pool)
            drawn = (str(examples) if examples else "the other items") if shots else "none"
            results[str(shots)] = {"examples": drawn, **result}
            _say_result(name, task, result)
        return about | (results[str(given.shots[0])] if len(results) == 1 else {"by_shots": results})

    return job


def _say_result(name: str, task: BenchmarkTask, result: "TaskScore") -> None:
    if result["cut_prompts"]:
        print(f"{name}: {result['cut_prompts']} prompts are too long and lost their beginning", file=sys.stderr)
    low, high = result["interval"] or (math.nan, math.nan)
    summary = f"{100 * result['accuracy']:6.2f} % ({100 * low:.2f} to {100 * high:.2f})  by {task.rule}"
    print(f"{name:<16}{summary}, {result['items']} items, {result['shots']} shots", file=sys.stderr)


def _text_job(name: str, path: Path, given: argparse.Namespace) -> "Callable[[Judge], Mapping[str, object]]":
    def job(judge: "Judge") -> Mapping[str, object]:
        from trainer.evaluation.scoring import score_text

        texts = read_texts(path)[: given.limit or None]
        result = score_text(judge, texts, given.overlap)
        print(f"{name:<16}{result['bits_per_byte']:6.3f} bits per byte, {len(texts)} texts", file=sys.stderr)
        return {**_file(path), **result}

    return job


def _file(path: Path) -> dict[str, str]:
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _check_output(output: str | None) -> None:
    """Refuse to write over a file that holds no scores; scores of before are replaced."""
    if output is None or not Path(output).exists():
        return
    try:
        there = json.loads(Path(output).read_bytes())
    except ValueError:
        there = None
    if not isinstance(there, dict) or "tasks" not in there:
        raise FlagError(f"--output {output} is there already and holds no scores; give another file")


if __name__ == "__main__":
    sys.exit(main())
