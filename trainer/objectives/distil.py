"""Distillation: a student learns the distribution of a larger model that is trained already.

Hinton et al. (2015, section 2): both distributions are softened by a temperature T, the student is pulled towards the
teacher's by their divergence, times T² so that the gradient keeps its size, and towards the true token as usual.
DistilBERT (Sanh et al., 2019, section 3) adds the angle between the last states of both. The teacher is given the same
inputs, whatever the objective, and no gradient.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from trainer.model.gpt import GPT
from trainer.model.layers import wide
from trainer.model.loss import IGNORED, chunk_rows, soft_capped
from trainer.model.shape import Shape
from trainer.objectives.objective import ObjectiveError
from trainer.run.runs import TrainedRun, model_of


@dataclass(frozen=True)
class Lesson:
    """The shares of the three losses, of which the hard one has the rest, and the temperature."""

    soft: float
    cosine: float
    temperature: float

    def __post_init__(self) -> None:
        if min(self.soft, self.cosine) < 0 or self.soft + self.cosine > 1 or self.temperature <= 0:
            raise ObjectiveError(
                f"distil_soft={self.soft}, distil_cosine={self.cosine}, distil_temperature={self.temperature}: give "
                "shares of at most 1 together, and a temperature above 0"
            )

    @property
    def hard(self) -> float:
        """The share of the loss of the true tokens."""
        return 1 - self.soft - self.cosine


def check_teacher(run: TrainedRun, shape: Shape, digest: str, lesson: Lesson) -> None:
    """Refuse a teacher whose tokens are others, that sees others, or whose states cannot be compared."""
    teacher = run.shape
    if run.tokenizer.get("digest") != digest or teacher.vocab_size != shape.vocab_size:
        raise ObjectiveError(
            f"teacher={run.path}: it was trained with another tokenizer or other marks ({teacher.vocab_size:,} ids, "
            f"the shards have {shape.vocab_size:,}): take a run over shards of this tokenizer"
        )
    if teacher.architecture != shape.architecture or teacher.sequence_length < shape.sequence_length:
        raise ObjectiveError(
            f"teacher={run.path} is of architecture {teacher.architecture} and {teacher.sequence_length} positions; "
            f"the student's rows need {shape.architecture} and {shape.sequence_length}"
        )
    if lesson.cosine and teacher.width != shape.width:
        raise ObjectiveError(
            f"distil_cosine={lesson.cosine} compares states, and the teacher's have {teacher.width} numbers, the "
            f"student's {shape.width}: make the widths equal, or write distil_cosine=0"
        )


class Distiller(nn.Module):
    """What a training step calls in place of the student; it has the student's parameters and no others."""

    def __init__(self, student: GPT, run: TrainedRun, lesson: Lesson, device: str) -> None:
        super().__init__()
        self.student, self.lesson = student, lesson
        teacher = model_of(run, device).requires_grad_(False)
        teacher.compute_dtype = student.compute_dtype
        # In a tuple it is no part of this module: neither optimized, nor sent around, nor put into training.
        self._teacher = (teacher,)

    def forward(self, tokens: Tensor, targets: Tensor, documents: Tensor | None = None, **more: Tensor) -> Tensor:
        """The mean loss in nats over the targets that are not -100: a scalar of float32."""
        teacher, wanted = self._teacher[0], targets.flatten() != IGNORED
        ours, weight = self.student.scored_states(tokens, documents, more)
        with torch.no_grad():
            theirs, their_weight = teacher.scored_states(tokens, documents, more)
        total = ours.new_zeros((), dtype=wide(ours.dtype))
        rows = chunk_rows(tokens.device.type, 2 * len(weight))  # two models' scores at once
        for part in range(0, len(ours), rows):
            piece = slice(part, part + rows)
            # Scores are made again in the backward pass: those of all tokens would not fit.
            total = total + checkpoint(
                self._losses,
                ours[piece],
                weight,
                (theirs[piece], their_weight, targets.flatten()[piece]),
                use_reentrant=False,
            )
        return total / wanted.sum().clamp(min=1)

    def _losses(self, ours: Tensor, weight: Tensor, given: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """The sum of the losses of some tokens."""
        theirs, their_weight, targets = given
        teacher, lesson, wanted = self._teacher[0], self.lesson, targets != IGNORED
        scores = _scores(self.student, ours, weight)
        loss = lesson.hard * F.cross_entropy(scores, targets, ignore_index=IGNORED, reduction="sum")
        soft, wanted_soft = (each / lesson.temperature for each in (scores, _scores(teacher, theirs, their_weight)))
        # kl_div(q, p) is Σ p·(log p - log q), p the teacher's: both
        # are given as logarithms, [tokens, vocab_size] -> [tokens].
        apart = F.kl_div(soft.log_softmax(-1), wanted_soft.log_softmax(-1), reduction="none", log_target=True).sum(-1)
        loss = loss + lesson.soft * lesson.temperature**2 * (apart * wanted).sum()
        if lesson.cosine:
            angles = 1 - F.cosine_similarity(ours.to(loss.dtype), theirs.to(loss.dtype), dim=-1)
            loss = loss + lesson.cosine * (angles * wanted).sum()
        return loss


def _scores(model: GPT, states: Tensor, weight: Tensor) -> Tensor:
    scores = F.linear(states, weight[: model.shape.vocab_size].to(states.dtype))
    return soft_capped(scores.to(wide(scores.dtype)), model.shape.soft_cap)


def layers_of(weights: Mapping[str, Tensor], given: Shape, wanted: Shape) -> dict[str, Tensor]:
    """The weights of a model of fewer layers: every k-th of the given one's, as DistilBERT begins.

    Layer i of l takes layer ⌊i·L/l⌋ of L in each half; what is not in a layer is taken as it is. Twelve layers give
    0, 2, 4, 6, 8 and 10 to six.
    """
    # Block of the given model -> block of the new one; blocks that are not here are dropped.
    taken = {}
    for half in range(wanted.halves):
        for layer in range(wanted.layers):
            source = half * given.layers + layer * given.layers // wanted.layers
            taken[source] = half * wanted.layers + layer
    chosen = {}
    for name, tensor in weights.items():
        parts = name.split(".")
        if parts[0] == "blocks":
            if int(parts[1]) not in taken:
                continue
            name = ".".join(("blocks", str(taken[int(parts[1])]), *parts[2:]))
        chosen[name] = tensor
    return chosen
