"""Evaluation tasks, read from files: every line becomes an `Item` of one of four forms, whatever its fields are called.

`choice` (several endings of one context), `context` (one ending after several contexts: the partial evaluation of
Winograd schemas), `word` (an ending that must be the likeliest, as in LAMBADA) and `answer` (text that is generated).
A task also says how a prompt is written and by which rule GPT-3 (Brown et al., 2020, section 2.4) judges it; `score`
computes the other rules beside it. Prompts with K examples draw them by (seed, number of the item): the prompt of an
item is the same whatever else is scored.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import CorpusloomError, ExitCode

SEPARATOR = "\n\n"
Row = Mapping[str, Any]


class TaskError(CorpusloomError):
    """A task or a file of items that cannot be used: what is wrong with it, and what to do.

    The exit code is 3, for a file that is missing or does not fit; 2 where only a flag is wrong.
    """


@dataclass(frozen=True)
class Item:
    """One question. `endings` stand without the blank before them; `contexts` is one text, or one for each choice.

    `gold` is the number of the right choice. In the form `answer`, `endings` are the answers that count as right.
    """

    contexts: tuple[str, ...]
    endings: tuple[str, ...]
    gold: int = 0

    @property
    def example(self) -> str:
        """Context and right ending, as they stand in the prompt of another item."""
        context = self.contexts[self.gold if len(self.contexts) > 1 else 0]
        return joined(context, self.endings[self.gold if len(self.contexts) == 1 else 0])


@dataclass(frozen=True)
class Task:
    """`rule` is the one that GPT-3 judges by, `answer_context` the text before an ending without its context.

    `shots` is GPT-3's K, the number of examples of its few-shot results; the command gives none unless told.
    """

    name: str
    form: str
    read: Callable[[Row], Item]
    rule: str = "tokens"
    answer_context: str = ""
    shots: int = 0


def joined(context: str, ending: str) -> str:
    """Context and ending as one text with a blank between them, whatever either has there: so has lm-eval."""
    return f"{context} {ending}" if context else ending


def read_items(task: Task, path: Path) -> list[Item]:
    """The items of a .jsonl or .jsonl.gz file; `TaskError` names the line that does not fit the task."""
    items = []
    for number, row in read_rows(path):
        try:
            item = task.read(row)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            fields = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
            raise TaskError(
                f"{path}:{number}: no item of {task.name} ({type(error).__name__}: {error}): {fields}"
            ) from error
        if not all(isinstance(text, str) for text in (*item.contexts, *item.endings)):
            raise TaskError(f"{path}:{number}: no item of {task.name}: its texts must be strings")
        if not 0 <= item.gold < max(len(item.contexts), len(item.endings)):
            raise TaskError(f"{path}:{number}: the answer {item.gold} is not one of the choices")
        items.append(item)
    if not items:
        raise TaskError(f"{path}: no items")
    return items


def read_texts(path: Path) -> list[str]:
    """The texts of a .jsonl or .jsonl.gz file, each line {"text": …} or a string; `TaskError` names the line."""
    texts = []
    for number, row in read_rows(path):
        text = row.get("text") if isinstance(row, dict) else row
        if not isinstance(text, str):
            fields = f"the fields {', '.join(sorted(row))}" if isinstance(row, dict) else type(row).__name__
            raise TaskError(f'{path}:{number}: no text: a line is a string or {{"text": "…"}}, this one has {fields}')
        texts.append(text)
    if not texts:
        raise TaskError(f"{path}: no texts")
    return texts


def read_rows(path: Path) -> list[tuple[int, Any]]:
    """Line number and value of each line of JSON, also gzipped; split at line feeds only, which JSON has not raw."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TaskError(f"{path}: cannot be read: {error}") from error
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                rows.append((number, json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise TaskError(f"{path}:{number}: not JSON: {error}") from error
    return rows


def prompt(items: Sequence[Item], number: int, shots: int, seed: int, own: bool) -> str:
    """The K examples that stand before an item, each followed by an empty line; "" without examples.

    `items` are the examples to draw from, without replacement; with `own` the item itself is among them, at `number`,
    and is left out.
    """
    if not shots:
        return ""
    if shots > len(items) - own:
        raise TaskError(
            f"{shots} examples asked for, but there are only {len(items) - own} to draw from; lower --shots",
            ExitCode.FLAGS,
        )
    import numpy as np  # here, so that a command's --help waits for nothing

    order = np.random.default_rng([seed, number]).permutation(len(items))
    drawn = [index for index in order.tolist() if not (own and index == number)][:shots]
    return "".join(items[index].example + SEPARATOR for index in drawn)


def task_named(name: str) -> Task:
    """The task of a name, or `TaskError` with the names there are."""
    if name not in TASKS:
        raise TaskError(f"no task is called {name!r}; there are {', '.join(sorted(TASKS))}", ExitCode.FLAGS)
    return TASKS[name]


def _choices(row: Row, context: str) -> Item:
    return Item((context,), tuple(row["choices"]), int(row["gold"]))


def _plain(row: Row) -> Item:
    return _choices(row, row["query"])


def _hellaswag(row: Row) -> Item:
    if "query" in row:
        return _plain(row)
    if "endings" in row:
        context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
        return Item((_without_brackets(context),), tuple(map(_without_brackets, row["endings"])), int(row["label"]))
    names = sorted(row["choices"])
    endings = tuple(_without_brackets(row["choices"][name]) for name in names)
    return Item((_without_brackets(row["question"]),), endings, names.index(row["answer"]))


def _without_brackets(text: str) -> str:
    """HellaSwag's WikiHow texts without their markers: a title ends the sentence before it, the others go.

    As in lm-evaluation-harness, blanks are cut before the markers go and not after: an ending that began with one
    ("[substeps] Fold it.") keeps the blank behind it.
    """
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


def _piqa(row: Row) -> Item:
    if "goal" in row:
        return Item((f"Question: {row['goal']}\nAnswer:",), (row["sol1"], row["sol2"]), int(row["label"]))
    return _choices(row, row["query"].rstrip() + "\nAnswer:")


def _arc(row: Row) -> Item:
    if "query" in row:
        return _choices(row, row["query"].rstrip() + "\nAnswer:")
    inner = row["question"]
    stem, choices = (inner["stem"], inner["choices"]) if isinstance(inner, dict) else (inner, row["choices"])
    if isinstance(choices, dict):
        labels, texts = choices["label"], choices["text"]
    else:
        labels, texts = [choice["label"] for choice in choices], [choice["text"] for choice in choices]
    return Item((f"Question: {stem}\nAnswer:",), tuple(texts), labels.index(row["answerKey"]))


def _openbook(row: Row) -> Item:
    return _plain(row) if "query" in row else Item((row["question"]["stem"],), *_arc_endings(row))


def _arc_endings(row: Row) -> tuple[tuple[str, ...], int]:
    item = _arc(row)
    return item.endings, item.gold


def _boolq(row: Row) -> Item:
    if "query" in row:
        return _choices(row, row["query"] + "\nAnswer:")
    context = f"Passage: {row['passage']}\nQuestion: {row['question'].rstrip('?')}?\nAnswer:"
    return Item((context,), ("no", "yes"), int(bool(row["answer"])))


def _winograd(row: Row) -> Item:
    if "context_options" in row:
        return Item(tuple(row["context_options"]), (row["continuation"],), int(row["gold"]))
    head, tail = row["sentence"].split("_", 1)
    return Item((head + row["option1"], head + row["option2"]), (tail.strip(),), int(row["answer"]) - 1)


def _rte(row: Row) -> Item:
    label = str(row["label"]).upper()
    true = label in ("YES", "TRUE", "ENTAILMENT", "0")
    if not true and label not in ("NO", "FALSE", "NOT_ENTAILMENT", "CONTRADICTION", "UNKNOWN", "1"):
        raise ValueError(f"the label {row['label']!r} says neither true nor false")
    context = f"{row['premise']}\nQuestion: {row['hypothesis']} True or False?\nAnswer:"
    return Item((context,), ("True", "False"), 0 if true else 1)


def _word(row: Row) -> Item:
    """The last word is what follows the last blank, as lm-evaluation-harness has it, also where a line ends there."""
    if "continuation" in row:
        return Item((row["context"],), (row["continuation"],))
    context, word = row["text"].rstrip().rsplit(" ", 1)
    return Item((context,), (word,))


def _cloze(row: Row) -> Item:
    """LAMBADA as GPT-3 words it with examples: "… her friend ____. -> Bob"."""
    item = _word(row)
    return Item((item.contexts[0] + " ____. ->",), item.endings)


def _answer(row: Row) -> Item:
    return Item((row["context"],), (row["answer"], *row.get("aliases", ())))


TASKS = {
    task.name: task
    for task in (
        Task("hellaswag", "choice", _hellaswag, shots=20),
        Task("piqa", "choice", _piqa, shots=50),
        Task("arc-easy", "choice", _arc, "unconditional", "Answer:", shots=50),
        Task("arc-challenge", "choice", _arc, "unconditional", "Answer:", shots=50),
        Task("openbookqa", "choice", _openbook, "unconditional", "Answer:", shots=100),
        Task("boolq", "choice", _boolq, shots=32),
        Task("copa", "choice", _plain, shots=32),
        Task("rte", "choice", _rte, shots=32),
        Task("choice", "choice", _plain),
        Task("winogrande", "context", _winograd, "sum", shots=50),
        Task("winograd", "context", _winograd, "sum", shots=7),
        Task("lambada", "word", _word, "greedy"),
        Task("lambada-cloze", "word", _cloze, "greedy", shots=15),
        Task("word", "word", _word, "greedy"),
        Task("triviaqa", "answer", _answer, "match", shots=64),
        Task("answer", "answer", _answer, "match"),
    )
}
