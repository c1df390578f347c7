"""GPT-1's four forms of a task as sequences of tokens (Radford et al., 2018, section 3.3 and figure 1).

A task is put to the model as text in an order it can read, so that nothing but one linear layer is new: a start, the
parts with a delimiter between them, and an extract token, at which the layer looks. The three marks are new ids behind
the vocabulary. Lengths are cut as the released code does: two parts get n/2 - 2 tokens each, from their beginnings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.evaluation.item_files import read_rows
from trainer.evaluation.likelihood import Encode
from trainer.evaluation.tasks import TaskError
from trainer.model.loss import IGNORED
from trainer.model.shape import Shape

# For each text of a form the names that its field may have: ours, and the one usual in published files.
_FIELDS = {
    "classification": (("text", "sentence"),),
    "entailment": (("premise", "sentence1"), ("hypothesis", "sentence2")),
    "similarity": (("first", "sentence1"), ("second", "sentence2")),
    "choice": (("context", "query"), ("choices", "endings")),
}
_LABELS = ("label", "gold")


@dataclass(frozen=True)
class Marks:
    """The ids of the three marks."""

    start: int
    delimiter: int
    extract: int

    @classmethod
    def behind(cls, shape: Shape) -> "Marks":
        """The three ids that follow the vocabulary of a pre-trained model."""
        # 50,257 ids of text, 0 … 50,256: the marks are 50,257, 50,258 and 50,259.
        return cls(*range(shape.vocab_size, shape.vocab_size + 3))


@dataclass(frozen=True)
class TaskExample:
    """Texts and label: one text, two, or a context followed by its answers, of which `label` is the number."""

    texts: tuple[str, ...]
    label: str | int | float


@dataclass(frozen=True, eq=False)
class SequenceRows:
    """A batch: `ways` sequences for each of n examples, padded on the right.

    tokens and targets int64 [n, ways, T]; a target is the token that follows, -100 where none does. extract int64
    [n, ways] is the place of the extract token; present bool [n, ways] is False where an example has fewer answers.
    """

    tokens: Tensor
    targets: Tensor
    extract: Tensor
    present: Tensor

    def to(self, device: torch.device) -> "SequenceRows":
        """The same on a device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})


def read_examples(form: str, path: Path, unlabelled: bool = False) -> list[TaskExample]:
    """The examples of a file of JSON lines; `TaskError` names the line that does not fit the form.

    With `unlabelled` a line needs no label; what is not there is 0.
    """
    examples = []
    for number, row in read_rows(path):
        try:
            values = [next(row[name] for name in names if name in row) for names in _FIELDS[form]]
            label = next((row[name] for name in _LABELS if name in row), 0 if unlabelled else None)
            if label is None:
                raise KeyError(_LABELS[0])
        except (StopIteration, TypeError, KeyError):
            fields = [" or ".join(names) for names in (*_FIELDS[form], *(() if unlabelled else (_LABELS,)))]
            raise TaskError(f"{path}:{number}: an example of {form} has the fields {', '.join(fields)}") from None
        # A choice has a list in its second field: ('Who?', ['A', 'B']) -> 'Who?', 'A', 'B'.
        texts = (values[0], *values[1]) if form == "choice" else tuple(values)
        if not all(isinstance(text, str) for text in texts) or isinstance(label, list | dict):
            raise TaskError(f"{path}:{number}: texts must be strings, and the label one value")
        if form == "choice" and not (isinstance(label, int) and 0 <= label < len(texts) - 1):
            raise TaskError(
                f"{path}:{number}: the label {label!r} is not the number of one of {len(texts) - 1} answers"
            )
        examples.append(TaskExample(texts, label))
    if not examples:
        raise TaskError(f"{path}: no examples")
    return examples


def sequences(form: str, parts: Sequence[Sequence[int]], marks: Marks, length: int) -> list[list[int]]:
    """The sequences of one example, each of at most `length` tokens, from the ids of its texts.

    classification: [start] text [extract]. entailment: [start] premise [delimiter] hypothesis [extract]. similarity:
    the two texts in both orders. choice: the context with each answer in turn.
    """
    if length < 8:
        raise TaskError(f"{length} tokens are too few for two parts and three marks; the model needs at least 8")
    if form == "classification":
        return [[marks.start, *parts[0][: length - 2], marks.extract]]
    most = length // 2 - 2  # two parts and three marks: 2 · (n/2 - 2) + 3 is n - 1 for an even n
    first, *others = parts
    pairs = [(first, others[0])] if form == "entailment" else [(first, other) for other in others]
    if form == "similarity":
        pairs.append((others[0], first))
    return [[marks.start, *one[:most], marks.delimiter, *two[:most], marks.extract] for one, two in pairs]


def rows_of(examples: Sequence[Sequence[Sequence[int]]]) -> SequenceRows:
    """The sequences of several examples as one batch, as long as the longest."""
    ways = max(map(len, examples))
    longest = max(len(sequence) for example in examples for sequence in example)
    tokens = np.zeros((len(examples), ways, longest), np.int64)
    targets = np.full_like(tokens, IGNORED)
    extract = np.zeros((len(examples), ways), np.int64)
    present = np.zeros((len(examples), ways), bool)
    for number, example in enumerate(examples):
        for way, sequence in enumerate(example):
            tokens[number, way, : len(sequence)] = sequence
            # [7 8 9] of a row of 4: tokens 7 8 9 0, targets 8 9 x x,
            # extract 2. Padding is behind, where no causal query sees it.
            targets[number, way, : len(sequence) - 1] = sequence[1:]
            extract[number, way] = len(sequence) - 1
            present[number, way] = True
    return SequenceRows(*map(torch.from_numpy, (tokens, targets, extract, present)))


def encode_examples(
    form: str, examples: Sequence[TaskExample], encode: Encode, marks: Marks, length: int
) -> list[list[list[int]]]:
    """The sequences of every example."""
    return [sequences(form, [list(encode(text)) for text in each.texts], marks, length) for each in examples]


def label_names(form: str, examples: Sequence[TaskExample]) -> list[Any]:
    """The classes, sorted by their text; empty for `choice` and for a regression.

    A similarity is a regression where its labels are numbers and some are not whole.
    """
    labels = {example.label for example in examples}
    numbers = [label for label in labels if isinstance(label, int | float)]
    # STS-B's 3.8 makes a regression; 0 and 1, as in MRPC, two classes.
    regression = len(numbers) == len(labels) and any(label != int(label) for label in numbers)
    if form == "choice" or (form == "similarity" and regression):
        return []
    return sorted(labels, key=str)  # by text, for labels of one file may be of several types


def label_values(form: str, examples: Sequence[TaskExample], names: Sequence[Any]) -> Tensor:
    """The labels [n] as numbers of classes (int64), or as they are for a regression (float32)."""
    if form == "choice":
        return torch.tensor([example.label for example in examples])
    if not names:
        return torch.tensor([float(example.label) for example in examples])
    numbers = {name: number for number, name in enumerate(names)}
    unknown = next((example.label for example in examples if example.label not in numbers), None)
    if unknown is not None:
        raise TaskError(f"the label {unknown!r} does not occur in training; there is {', '.join(map(str, names))}")
    return torch.tensor([numbers[example.label] for example in examples])
