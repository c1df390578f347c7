"""Evaluation tasks, read from files: every line becomes an `Item` of one of four forms, whatever its fields are called.

`choice` (several endings of one context), `context` (one ending after several contexts: the partial evaluation of
Winograd schemas), `word` (an ending that must be the likeliest, as in LAMBADA) and `answer` (text that is generated).
A task also says how a prompt is written and by which rule GPT-3 (Brown et al., 2020, section 2.4) judges it; `scoring`
computes the other rules beside it. Prompts with K examples draw them by (seed, number of the item): the prompt of an
item is the same whatever else is scored.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    `contaminated` is whether the item stands in the training data too, None where nobody has looked.
    """

    contexts: tuple[str, ...]
    endings: tuple[str, ...]
    gold: int = 0
    contaminated: bool | None = None

    @property
    def example(self) -> str:
        """Context and right ending, as they stand in the prompt of another item."""
        context = self.contexts[self.gold if len(self.contexts) > 1 else 0]
        return join(context, self.endings[self.gold if len(self.contexts) == 1 else 0])


@dataclass(frozen=True)
class BenchmarkTask:
    """`rule` is the one that GPT-3 judges by, `answer_context` the text before an ending without its context.

    `shots` is GPT-3's K, the number of examples of its few-shot results; the command gives none unless told.
    `description` stands before everything. An answer is written in up to `tokens` tokens, drawn among the `top_k`
    likeliest, or greedily (0), and with `one_line` its first line counts.
    """

    name: str
    form: str
    read: Callable[[Row], Item]
    rule: str = "tokens"
    answer_context: str = ""
    shots: int = 0
    description: str = ""
    tokens: int = 24
    one_line: bool = True
    top_k: int = 0


def join(context: str, ending: str) -> str:
    """Context and ending as one text with one more blank between them, as lm-eval joins them."""
    return f"{context} {ending}" if context else ending


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
    # The order does not depend on `shots`: the examples of K = 1 are the first of those of K = 32.
    drawn = [index for index in order.tolist() if not (own and index == number)][:shots]
    return "".join(items[index].example + SEPARATOR for index in drawn)


def task_named(name: str) -> BenchmarkTask:
    """The task of a name, or `TaskError` with the names there are."""
    if name not in TASKS:
        raise TaskError(f"no task is called {name!r}; there are {', '.join(sorted(TASKS))}", ExitCode.FLAGS)
    return TASKS[name]


def _choices(row: Row, context: str) -> Item:
    return Item((context,), tuple(row["choices"]), int(row["gold"]))


def _plain(row: Row) -> Item:
    return _choices(row, row["query"])


def _hellaswag(row: Row) -> Item:
    # Three forms of file: with query, choices and gold; the
    # published one (ctx_a, ctx_b, endings); and choices by letter.
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
    # {"label": ["A", "B"], "text": […]} in one published form, [{"label": "A", "text": …}, …] in the other.
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
    # "… because the _ was wet.": the contexts end in option 1 and in option 2, and both have the ending "was wet."
    head, tail = row["sentence"].split("_", 1)
    return Item((head + row["option1"], head + row["option2"]), (tail.strip(),), int(row["answer"]) - 1)


def _rte(row: Row) -> Item:
    label = str(row["label"]).upper()
    # GLUE's numbers: 0 is entailment, 1 is not.
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


def _reading(row: Row) -> Item:
    """Reading comprehension as GPT-3 words SQuAD and CoQA: passage, Q, A. Rows of SQuAD's own form are taken too."""
    answers = row["answers"]["text"] if isinstance(row["answers"], dict) else row["answers"]
    passage = row["passage"] if "passage" in row else row["context"]
    return Item((f"{passage}\n\nQ: {row['question']}\nA:",), tuple(answers))


def _translation(row: Row) -> Item:
    """As GPT-3 words it, where the language is named; as GPT-2 does, "source = target", where it is not."""
    if "language" in row:
        return Item((f"Q: What is the {row['language']} translation of {row['source']}\nA:",), (row["target"],))
    return Item((f"{row['source']} =",), (row["target"],))


def _summary(row: Row) -> Item:
    """GPT-2's way of asking for a summary: the text, then TL;DR:."""
    text = row["document"] if "document" in row else row["article"]
    summary = row["summary"] if "summary" in row else row["highlights"]
    return Item((f"{text}\nTL;DR:",), (summary,))


def _answer(row: Row) -> Item:
    return Item((row["context"],), (row["answer"], *row.get("aliases", ())))


_UNSCRAMBLE = "Please unscramble the letters into a word, and write that word:"
TASKS = {
    task.name: task
    for task in (
        BenchmarkTask("hellaswag", "choice", _hellaswag, shots=20),
        BenchmarkTask("piqa", "choice", _piqa, shots=50),
        BenchmarkTask("arc-easy", "choice", _arc, "unconditional", "Answer:", shots=50),
        BenchmarkTask("arc-challenge", "choice", _arc, "unconditional", "Answer:", shots=50),
        BenchmarkTask("openbookqa", "choice", _openbook, "unconditional", "Answer:", shots=100),
        BenchmarkTask("boolq", "choice", _boolq, shots=32),
        BenchmarkTask("copa", "choice", _plain, shots=32),
        BenchmarkTask("rte", "choice", _rte, shots=32),
        BenchmarkTask("choice", "choice", _plain),
        BenchmarkTask("winogrande", "context", _winograd, "sum", shots=50),
        BenchmarkTask("winograd", "context", _winograd, "sum", shots=7),
        BenchmarkTask("lambada", "word", _word, "greedy"),
        BenchmarkTask("lambada-cloze", "word", _cloze, "greedy", shots=15),
        BenchmarkTask("word", "word", _word, "greedy"),
        BenchmarkTask("triviaqa", "answer", _answer, "match", shots=64),
        BenchmarkTask("answer", "answer", _answer, "match"),
        BenchmarkTask("arithmetic", "answer", _answer, "match", shots=50, tokens=12),
        BenchmarkTask("scramble", "answer", _answer, "match", shots=100, description=_UNSCRAMBLE, tokens=16),
        BenchmarkTask("reading", "answer", _reading, "f1", shots=16, tokens=32),
        BenchmarkTask("translation", "answer", _translation, "bleu", shots=64, tokens=64),
        # GPT-2 (section 3.6): 100 tokens, each drawn among the two likeliest.
        BenchmarkTask("summary", "answer", _summary, "rougeL", tokens=100, one_line=False, top_k=2),
    )
}
