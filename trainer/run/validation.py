"""Validation: the quality of a model in bits per byte of each source's validation split.

Loss per token depends on the tokenizer; bits per byte do not, so runs with different vocabularies can be compared. The
bytes are those of the documents in UTF-8, as the manifest counts them: nats per token, over ln 2, times tokens per
byte of that split. Windows follow each other, so every token but the first is predicted once. A model without
context, the unigram model, stands beside: what cannot be learned from frequencies alone begins below it.

An objective that hides words is measured on the hidden ones only, without the marks between them: its bits per byte
are those of the bytes that it fills in. Which words are hidden is the same at every validation.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from corpus.shards.layout import TRAIN, VALIDATION
from corpus.shards.read import Shards
from trainer.data.loader import validation_rows
from trainer.objectives.objective import ModelInputs, Objective
from trainer.run.distributed import World, add_up

_COUNTED = 20_000_000
_TokenLosses = Callable[..., Tensor]


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """The validation rows of one source: int64 [n, T + 1], and the tokens per byte of its split."""

    source: str
    rows: np.ndarray = field(repr=False)
    tokens_per_byte: float


def held_out(shards: Shards, sequence_length: int, most_tokens: int) -> list[ValidationSet]:
    """The rows of every source that has a validation split of at least one row, in the manifest's order."""
    held = []
    for source in shards.manifest.sources:
        if source.split != VALIDATION or not source.n_bytes:
            continue
        rows = validation_rows(shards, source.name, VALIDATION, sequence_length, most_tokens)
        if len(rows):
            held.append(ValidationSet(source.name, rows, source.n_tokens / source.n_bytes))
    return held


def bits_per_byte(nats_per_token: float, tokens_per_byte: float) -> float:
    """Nats per token as bits per byte of text."""
    return nats_per_token / math.log(2) * tokens_per_byte


def inputs_of(windows: np.ndarray, first: int, objective: Objective | None, device: torch.device) -> ModelInputs:
    """What the model is given for windows int64 [n, T + 1], of which the first is the window of this number."""
    if objective is None:
        batch = torch.from_numpy(windows).to(device)
        return ModelInputs(batch[:, :-1].contiguous(), batch[:, 1:].contiguous())
    written = np.empty((len(windows), objective.columns), np.int32)
    # Numbers below 0 are those of no training sample.
    objective.write(windows.astype(np.int32), -1 - np.arange(first, first + len(windows)), written)
    return objective.read(torch.from_numpy(written).to(device))


def validate(
    token_losses: _TokenLosses,
    held: Sequence[ValidationSet],
    rows: int,
    world: World,
    objective: Objective | None = None,
) -> dict[str, float]:
    """Bits per byte by source; all processes call it.

    token_losses: int64 [n, T] twice, and what else the objective gives → float32 [n, T] nats.
    """
    found = {}
    for each in held:
        nats, tokens = add_up(part_of(token_losses, each.rows, rows, world, objective), world).tolist()
        found[each.source] = bits_per_byte(nats / tokens, each.tokens_per_byte)
    return found


def part_of(
    token_losses: _TokenLosses, held: np.ndarray, rows: int, world: World, objective: Objective | None = None
) -> Tensor:
    """This process's part: [nats, tokens] float64, over every `world.size`-th batch of `rows` rows.

    Every process makes the same number of calls, as a sharded model must; the last may be over a batch of another's
    and counts for nothing then.
    """
    sums = torch.zeros(2, dtype=torch.float64, device=world.device)
    batches = math.ceil(len(held) / rows)
    # 10 rows, 4 a batch, 2 processes: batches 0 and 1, then 2 and, uncounted, 0
    # again. Batch 2 is rows 6 … 9, of which 8 and 9 count: [first - begin :] is [2:].
    for turn in range(math.ceil(batches / world.size)):
        number = turn * world.size + world.rank
        first = number * rows if number < batches else 0
        # The last batch reaches back and counts only what is new in it, so that there is one size to compile.
        begin = max(0, min(first, len(held) - rows))
        inputs = inputs_of(held[begin : begin + rows], begin, objective, world.device)
        losses = token_losses(inputs.tokens, inputs.targets, **inputs.more)
        if number < batches:
            counted = objective.counts(inputs.targets) if objective else torch.ones_like(losses)
            sums[0] += (losses.double() * counted)[first - begin :].sum()
            sums[1] += counted[first - begin :].sum()
    return sums


def token_frequencies(shards: Shards, shares: Mapping[str, float]) -> np.ndarray:
    """Log-probabilities of a model without context, float64 [vocab_size]: the mixture's frequencies in training.

    Each source counts with its share of the tokens, from its first 20 million; one is added to every count of a
    mixture of that many tokens, so that no token is impossible.
    """
    mixed = np.zeros(shards.manifest.tokenizer.vocab_size)
    total = 0
    for name, share in shares.items():
        stream = shards.stream(name, TRAIN)
        tokens = stream.window(0, min(stream.n_tokens, _COUNTED))
        mixed += share * np.bincount(tokens, minlength=len(mixed)) / len(tokens)
        total += len(tokens)
    # Back to counts, of a text of `total` tokens mixed by the shares; then add-one smoothing.
    return np.log((mixed * total + 1) / (total + len(mixed)))


def unigram_baselines(
    shards: Shards, held: Sequence[ValidationSet], shares: Mapping[str, float], objective: Objective | None = None
) -> dict[str, float]:
    """Bits per byte of the model without context on the same targets, by source."""
    known, found = token_frequencies(shards, shares), {}
    for each in held:
        targets = inputs_of(each.rows, 0, objective, torch.device("cpu")).targets
        words = targets[objective.counts(targets)] if objective else targets
        found[each.source] = bits_per_byte(float(-known[words.numpy()].mean()), each.tokens_per_byte)
    return found


def mix(found: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """One number of them all: the mean by the mixture's shares, over the sources that were validated."""
    weights = {name: shares.get(name, 0.0) for name in found}
    total = sum(weights.values())
    if not total:
        return sum(found.values()) / len(found)
    return sum(found[name] * weight for name, weight in weights.items()) / total
