"""The scores of a model on tasks, by every rule that is in use.

"Accuracy" on a multiple-choice task means five different things in the literature, and they differ by more than models
do. So for every choice its sum of log-probabilities, its tokens, characters and bytes and, where asked for, its sum
without the context are computed once, and every rule follows from these. The headline is GPT-3's rule for the task.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from torch import Tensor

from corpus.errors import ExitCode
from trainer.evaluation.likelihood import Likelihood, Request, Scorer, encode_pair
from trainer.evaluation.tasks import SEPARATOR, BenchmarkTask, Item, TaskError, join, prompt
from trainer.evaluation.written import Agreement, PartScore, agreements, mean_of
from trainer.model.beam import beam_search
from trainer.model.generate import Sampling, generate

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer


class FormScore(TypedDict, total=False):
    """What the form of a task adds to its score, and the parts of its items that are known to be clean or not."""

    rules: dict[str, float]
    chance: float
    answer_context: str
    nats: float
    perplexity: float | None
    contaminated: PartScore
    clean: PartScore


class TaskScore(FormScore):
    """One task's result (`score_task`)."""

    form: str
    rule: str
    items: int
    shots: int
    cut_prompts: int
    accuracy: float
    standard_error: float | None
    interval: list[float] | None


class TextScore(TypedDict):
    """Rolling perplexity (`score_text`)."""

    form: str
    rule: str
    overlap: int
    texts: int
    n_tokens: int
    n_words: int
    n_bytes: int
    nats: float
    perplexity: float | None
    bits_per_byte: float


@dataclass(frozen=True)
class Evidence:
    """What is known of one choice: `total` and `unconditional` are sums of log-probabilities in nats.

    `cut` says that the beginning of its prompt did not fit the model.
    """

    total: float
    n_tokens: int
    n_chars: int
    n_bytes: int
    unconditional: float
    cut: bool = False


# By what a sum is divided, or with what it is compared. lm-evaluation-harness calls `sum` acc, `characters` acc_norm,
# `bytes` acc_bytes and, with an empty context, `unconditional` acc_mutual_info; GPT-3 (section 2.4) judges by `tokens`,
# and by `unconditional` where the task has an answer context.
RULES: dict[str, Callable[[Evidence], float]] = {
    "sum": lambda choice: choice.total,
    "tokens": lambda choice: choice.total / choice.n_tokens,
    "characters": lambda choice: choice.total / choice.n_chars,
    "bytes": lambda choice: choice.total / choice.n_bytes,
    "unconditional": lambda choice: choice.total - choice.unconditional,
}


def choose(choices: Sequence[Evidence], rule: str) -> int:
    """The choice that a rule takes; of equals the first."""
    return max(range(len(choices)), key=lambda number: RULES[rule](choices[number]))


@dataclass(frozen=True, eq=False)
class Judge:
    """A model as the tasks need it: what scores, what encodes and decodes, and the id that begins a text.

    `known` bool [vocab_size] says which ids of the model have a token and may be generated; None: all. Answers are
    written by so many `beams`, or greedily (0).
    """

    scorer: Scorer
    tokenizer: "Tokenizer"
    known: Tensor | None = None
    beams: int = 0

    def encode(self, text: str) -> list[int]:
        """Text to ids; `TaskError` for a text that is no Unicode, or that has an id the model lacks."""
        try:
            ids = self.tokenizer.encode(text).tolist()
        except ValueError as error:
            raise TaskError(f"{text[:40]!r} cannot be encoded: {error}") from error
        if ids and max(ids) >= self.scorer.model.shape.vocab_size:
            raise TaskError(f"{text[:40]!r} has the id {max(ids)}, and the model {self.scorer.model.shape.vocab_size}")
        return ids

    def request(self, context: str, ending: str) -> Request:
        """A request for the ending after the context, with the blank that belongs between them."""
        # A text without a context begins with a blank too, since that is how the ending is encoded behind one.
        whole = join(context, ending) if context else f" {ending}"
        return encode_pair(self.encode, context, whole[len(context) :], self.tokenizer.end_of_text)


def judge_choices(
    judge: Judge, task: BenchmarkTask, items: Sequence[Item], prompts: Sequence[str]
) -> list[list[Evidence]]:
    """The evidence of every choice of every item, for tasks of the forms `choice` and `context`.

    In the form `context` the ending is the same for all, so it is not scored without one: `unconditional` is 0.
    """
    # All requests in one list, so that the scorer can sort them by length: first every choice after its context, item
    # by item, then every choice alone. An iterator over both in step takes the list apart again.
    pairs = [_pairs(item) for item in items]
    wanted = [judge.request(lead + c, e) for lead, row in zip(prompts, pairs, strict=True) for c, e in row]
    bare = [judge.request(task.answer_context, ending) for row in pairs for _, ending in row]
    scores = judge.scorer.score(wanted + (bare if task.form == "choice" else []))
    totals = [score.total for score in scores[len(wanted) :]] or [0.0] * len(wanted)  # none asked for: 0
    both = iter(zip(scores[: len(wanted)], totals, strict=True))
    return [[_evidence(*next(both), ending) for _, ending in row] for row in pairs]


def judge_words(judge: Judge, items: Sequence[Item], prompts: Sequence[str]) -> list[Likelihood]:
    """The likelihood of the one ending of every item, for the form `word`."""
    pairs = zip(items, prompts, strict=True)
    return judge.scorer.score([judge.request(lead + item.contexts[0], item.endings[0]) for item, lead in pairs])


def judge_answers(
    judge: Judge, task: BenchmarkTask, items: Sequence[Item], prompts: Sequence[str], seed: int = 0
) -> list[tuple[str, bool]]:
    """What the model writes after every item, by the task's rules of writing, and whether the prompt was cut."""
    model, end = judge.scorer.model, judge.tokenizer.end_of_text
    most = model.shape.sequence_length - task.tokens
    if most < 1:
        raise TaskError(
            f"answers of {task.name} have {task.tokens} tokens, and the model reads {model.shape.sequence_length}: "
            "score a run of longer rows",
            ExitCode.FLAGS,
        )
    contexts = [judge.encode(lead + item.contexts[0]) for item, lead in zip(items, prompts, strict=True)]
    kept = [context[-most:] for context in contexts]  # the newest tokens, with room for the answer
    if judge.beams:
        written = [beam_search(model, context, task.tokens, end, judge.beams)[0].tokens for context in kept]
    else:
        sampling = Sampling(temperature=1.0 if task.top_k else 0.0, top_k=task.top_k, allowed=judge.known)
        samples = generate(model, kept, task.tokens, sampling, seed, end_of_text=end)
        written = [sample.tokens for sample in samples]
    texts = [judge.tokenizer.decode(list(tokens)).strip() for tokens in written]
    cut = [len(context) > most for context in contexts]
    return [(text.split("\n")[0] if task.one_line else text, each) for text, each in zip(texts, cut, strict=True)]


def score_task(
    judge: Judge,
    task: BenchmarkTask,
    items: Sequence[Item],
    shots: int = 0,
    seed: int = 0,
    examples: Sequence[Item] | None = None,
) -> TaskScore:
    """One task's result as JSON: the accuracy by the task's `rule`, and by every rule that its form allows.

    `accuracy` is the figure of that rule, a share of 1 for every rule, with its standard error, where it is a mean, and
    its 95 % bootstrap interval. `cut_prompts` counts items whose prompt did not fit the model and lost its beginning.
    The K examples come from `examples`, or from the other items where there are none. Where items are known to stand in
    the training data or not to, `contaminated` and `clean` are the figures of either part.
    """
    pool, own = (items, True) if examples is None else (examples, False)
    lead = task.description + SEPARATOR if task.description else ""
    prompts = [lead + prompt(pool, number, shots, seed, own) for number in range(len(items))]
    more, found, cut = _agreements(judge, task, items, prompts, seed)
    head = found[task.rule]
    whole = np.ones(len(items), bool)
    # Three states: contaminated, clean, and not looked at, which is in neither part.
    known = np.array([item.contaminated is not None for item in items])
    stained = np.array([bool(item.contaminated) for item in items])
    if known.any():
        more["contaminated"], more["clean"] = head.subset(stained, seed), head.subset(known & ~stained, seed)
    return {
        "form": task.form,
        "rule": task.rule,
        "items": len(items),
        "shots": shots,
        **more,
        "cut_prompts": sum(cut),
        "accuracy": head.score,
        "standard_error": head.standard_error,
        "interval": head.subset(whole, seed)["interval"],
    }


def _agreements(
    judge: Judge, task: BenchmarkTask, items: Sequence[Item], prompts: Sequence[str], seed: int
) -> tuple[FormScore, dict[str, Agreement], list[bool]]:
    """What a form says beside its rules, the agreement by every rule, and which prompts were cut."""
    if task.form in ("choice", "context"):
        evidence = judge_choices(judge, task, items, prompts)
        rules = list(RULES) if task.form == "choice" else ["sum"]
        pairs = list(zip(evidence, items, strict=True))
        found = {rule: mean_of([float(choose(row, rule) == item.gold) for row, item in pairs]) for rule in rules}
        more: FormScore = {"rules": {rule: each.score for rule, each in found.items()}}
        more["chance"] = _mean([1 / len(row) for row in evidence])
        if task.form == "choice":
            more["answer_context"] = task.answer_context
        return more, found, [any(choice.cut for choice in row) for row in evidence]
    if task.form == "word":
        words = judge_words(judge, items, prompts)
        nats = -_mean([word.total for word in words])
        found = {"greedy": mean_of([float(word.greedy) for word in words])}
        return {"nats": nats, "perplexity": perplexity_of(nats)}, found, [word.cut for word in words]
    answers = judge_answers(judge, task, items, prompts, seed)
    found = agreements([text for text, _ in answers], items)
    return {"rules": {rule: each.score for rule, each in found.items()}}, found, [each for _, each in answers]


def score_text(judge: Judge, texts: Sequence[str], overlap: int = 1) -> TextScore:
    """Rolling perplexity of texts, each read from its beginning; every token is scored exactly once."""
    total = n_tokens = n_bytes = n_words = 0
    for text in texts:
        scores = judge.scorer.rolling(judge.encode(text), judge.tokenizer.end_of_text, overlap)
        total += float(scores.sum())
        n_tokens += len(scores)
        n_bytes += len(text.encode())
        n_words += len(text.split())
    if not n_tokens:
        raise TaskError("no text to compute a perplexity of")
    return {
        "form": "text",
        "rule": "rolling",
        "overlap": overlap,
        "texts": len(texts),
        "n_tokens": n_tokens,
        "n_words": n_words,
        "n_bytes": n_bytes,
        "nats": -total,
        "perplexity": perplexity_of(-total / n_tokens),
        "bits_per_byte": -total / math.log(2) / n_bytes,
    }


def perplexity_of(nats: float) -> float | None:
    """e to the power of `nats`; None, which JSON has, where that is beyond every number: `nats` stands beside it."""
    try:
        return math.exp(nats)
    except OverflowError:  # above 709.78 nats, the logarithm of the greatest float64
        return None


def _pairs(item: Item) -> list[tuple[str, str]]:
    return [(context, ending) for context in item.contexts for ending in item.endings]


def _evidence(there: Likelihood, bare: float, ending: str) -> Evidence:
    # At least 1: an ending of nothing but blanks, or "", would divide by 0.
    return Evidence(there.total, there.n_tokens, max(1, len(ending)), max(1, len(ending.encode())), bare, there.cut)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
