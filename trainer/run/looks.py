"""A look at the model beside its loss, at every checkpoint: samples of its text, and its scores on tasks.

`samples.jsonl` and `scores.jsonl` have one line for each, with the step. They are made before a checkpoint is written,
draw from generators of their own, and leave training as it is: a run with them has the losses of one without.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.errors import CorpusloomError
from trainer.evaluation.item_files import read_items
from trainer.evaluation.likelihood import Scorer
from trainer.evaluation.scoring import Judge, score_task
from trainer.evaluation.tasks import BenchmarkTask, Item, task_named
from trainer.model.generate import Sampling, generate
from trainer.objectives.choose import tokenizer_beside
from trainer.run.config import ConfigError
from trainer.run.metrics import cut_after
from trainer.run.session import Session

if TYPE_CHECKING:
    from corpus.tokenizer.encoding import Tokenizer

SAMPLES, SCORES = "samples.jsonl", "scores.jsonl"
_TOKENS = 64


class Looks:
    """The looks at a run; `say` gets a sentence about one that failed. `ConfigError` for invalid settings."""

    def __init__(self, session: Session, say: Callable[[str], None]) -> None:
        self.session, self.say = session, say
        self.tasks = _tasks(session.config.score_tasks, session.config.score_items)
        self.tokenizer: Tokenizer | None = None
        if not self.tasks and not session.config.samples:
            return
        if session.shape.architecture != "decoder":
            raise ConfigError(
                f"samples and score_tasks read a text in order: architecture={session.shape.architecture}"
            )
        if session.model_shards > 1:
            raise ConfigError(
                "samples and score_tasks need a whole model on one card, and this one is in pieces: leave them out, "
                "and give a checkpoint to python -m trainer.score"
            )
        self.tokenizer = tokenizer_beside(session.shards.manifest.tokenizer.digest, session.data)
        if self.tokenizer is None:
            raise ConfigError(
                f"samples and score_tasks are text, and the tokenizer is not in {session.data}: put it there as "
                "tokenizer/"
            )
        for name in (SAMPLES, SCORES):
            if (session.output / name).exists():
                # A run that was killed behind its checkpoint has looks that will be made again.
                cut_after(session.output / name, session.progress.step)

    def look(self) -> None:
        """Sample and score as the model stands."""
        if self.tokenizer is None:
            return
        with _as_it_was(self.session):
            try:
                _append(self.session.output / SAMPLES, self._samples(self.tokenizer))
                _append(self.session.output / SCORES, self._scores(self.tokenizer))
            except CorpusloomError as error:
                self.say(f"no look at step {self.session.progress.step:,}: {error}")

    def _samples(self, tokenizer: "Tokenizer") -> Iterator[Mapping[str, object]]:
        config, model = self.session.config, self.session.model
        prompt = [tokenizer.end_of_text, *tokenizer.encode(config.sample_prompt).tolist()]
        length = min(_TOKENS, self.session.shape.sequence_length)
        prompts = [prompt[-self.session.shape.sequence_length :]] * config.samples
        drawn = generate(model, prompts, length, Sampling(top_p=0.95), config.seed, tokenizer.end_of_text)
        for number, sample in enumerate(drawn):
            text = config.sample_prompt + tokenizer.decode(list(sample.tokens))
            yield {"step": self.session.progress.step, "sample": number, "text": text}

    def _scores(self, tokenizer: "Tokenizer") -> Iterator[Mapping[str, object]]:
        for task, items in self.tasks:
            result = score_task(Judge(Scorer(self.session.model), tokenizer), task, items)
            shown = {name: result[name] for name in ("rule", "items", "accuracy", "interval")}
            yield {"step": self.session.progress.step, "task": task.name, **shown}


def _tasks(text: str, most: int) -> list[tuple[BenchmarkTask, Sequence[Item]]]:
    """The tasks of `score_tasks` with the first items of their files, read before training begins."""
    found = []
    for part in filter(None, text.split(",")):
        name, equals, path = part.partition("=")
        if not equals or not path:
            raise ConfigError(f"score_tasks={text}: {part!r} is no NAME=FILE")
        task = task_named(name.strip())
        found.append((task, read_items(task, Path(path))[: most or None]))
    return found


@contextmanager
def _as_it_was(session: Session) -> Iterator[None]:
    training = session.model.training
    try:
        yield
    finally:
        session.model.train(training)


def _append(path: Path, rows: Iterator[Mapping[str, object]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if lines:
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
