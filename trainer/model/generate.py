"""Text from a model, one token at a time: keys and values are kept, the distribution is cut, the draw is reproducible.

The distribution is cut in the order that has become usual: temperature first, then the `top_k` likeliest tokens, then
the smallest set of the likeliest whose probabilities reach `top_p` (Holtzman et al., 2020). A token is drawn by
inverting the cumulative distribution at one uniform number, and every sample has numbers of its own, keyed by (seed,
number of the sample). So a sample does not depend on which others were drawn beside it, nor on the device.

A context that has grown to the model's length is halved: the newer half is read again and the sample goes on.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from trainer.command import FlagError
from trainer.model.attention import KeyValueCache
from trainer.model.gpt import GPT
from trainer.model.shape import ArchitectureError

ROWS = 64
"""Samples that are drawn at the same time; the cache has this many rows at most."""


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn: `temperature` 0 takes the likeliest, `top_k` 0 and `top_p` 1 cut nothing.

    `allowed` bool [vocab_size] says which tokens may be drawn at all; None: every one.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    allowed: Tensor | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise FlagError(f"a temperature of {self.temperature} makes no distribution; 0 takes the likeliest token")
        if self.top_k < 0:
            raise FlagError(f"top-k of {self.top_k}: give the number of tokens to choose among, or 0 for all")
        if not 0 < self.top_p <= 1:
            raise FlagError(f"top-p of {self.top_p}: give a probability above 0 and up to 1")


@dataclass(frozen=True)
class GeneratedText:
    """The tokens that were drawn, without the prompt and without end of text; `finished` when end of text came."""

    tokens: tuple[int, ...]
    finished: bool


def probabilities(logits: Tensor, sampling: Sampling) -> Tensor:
    """The distribution to draw from, float64 [..., vocab_size], of logits [..., vocab_size].

    Of tokens with equal probability at the border the lower ids are kept, so exactly `top_k` remain.
    """
    if sampling.allowed is not None:
        # Ids without a token, as rows behind the vocabulary of an imported model, can never be drawn.
        logits = logits.masked_fill(~sampling.allowed.to(logits.device), -torch.inf)
    if sampling.temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).double()
    # From the greatest down, so that no temperature, however small, makes an infinity of it.
    below = logits.double() - logits.double().amax(-1, keepdim=True)
    shares = torch.softmax(below / sampling.temperature, -1)
    if not sampling.top_k and sampling.top_p == 1:
        return shares
    ordered, order = shares.sort(dim=-1, descending=True, stable=True)
    kept = torch.ones_like(ordered, dtype=torch.bool)
    if sampling.top_k:
        kept[..., sampling.top_k :] = False
    ordered = ordered * kept
    ordered /= ordered.sum(-1, keepdim=True)
    # Shares .5 .3 .15 .05 and top_p .75: before each stand 0, .5, .8 and .95, so two stay, .625 and .375.
    # A token stays while those before it have not reached top_p; the first always stays.
    ordered = ordered * (ordered.cumsum(-1) - ordered < sampling.top_p)
    ordered /= ordered.sum(-1, keepdim=True)
    return torch.zeros_like(shares).scatter(-1, order, ordered)


def draw(shares: Tensor, uniform: Tensor) -> Tensor:
    """The token at which the cumulative distribution [n, vocab_size] passes the uniform number [n] in [0, 1)."""
    cumulative = shares.cumsum(-1)
    # Shares .5 .3 .2 end at .5, .8 and 1: a number of .49 draws token 0, and .5, which is the first not below, token 1.
    # Scaled by the true sum: rounding must not leave a gap above the last token that can be drawn.
    places = torch.searchsorted(cumulative, (uniform.to(shares) * cumulative[:, -1])[:, None], right=True)[:, 0]
    last = shares.shape[-1] - 1 - (shares > 0).flip(-1).int().argmax(-1)  # the last with a share above 0
    return torch.minimum(places, last)


def generate(
    model: GPT,
    prompts: Sequence[Sequence[int]],
    length: int,
    sampling: Sampling = Sampling(),
    seed: int = 0,
    end_of_text: int | None = None,
) -> list[GeneratedText]:
    """Up to `length` tokens after each prompt, in the order of the prompts; a sample ends early at `end_of_text`.

    Prompts of one length are continued together. `ValueError` for a prompt without a token, a seed that is not from 0
    to 2**64 - 1, and for a model that continues no text.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"a seed of {seed}: give a whole number from 0 to 2**64 - 1")
    if not model.shape.continues_text:
        raise ArchitectureError(
            f"a model of architecture {model.shape.architecture}, position {model.shape.position}, fills in what is "
            "hidden and continues no text: give the run of a decoder"
        )
    if any(not len(prompt) for prompt in prompts):
        raise ValueError("a prompt needs at least one token; start with the end of text for a text without a beginning")
    # Rows of one batch have one length: padding would have to be hidden from attention, and from positions.
    by_length: dict[int, list[int]] = {}
    for number, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(number)
    samples: dict[int, GeneratedText] = {}
    with _evaluating(model):
        for numbers in (part for rows in by_length.values() for part in _parts(rows)):
            tokens = torch.tensor([list(prompts[number]) for number in numbers], dtype=torch.int64)
            uniform = torch.from_numpy(np.stack([_uniform(seed, number, length) for number in numbers]))
            context = Context(model, len(numbers), tokens.shape[1] + length)
            rows = _continue(context, tokens, uniform, sampling, end_of_text)
            samples.update(zip(numbers, (_sample(row, end_of_text) for row in rows), strict=True))
    return [samples[number] for number in range(len(prompts))]


class Context:
    """What a model has read of `rows` texts of one length, so that each further token costs one token of work.

    `length` is how many tokens will be read, at most; 0 makes room for all that the model can hold. `cached=False`
    reads the whole context again at every step: slow, and the reference for the cache.
    """

    def __init__(self, model: GPT, rows: int, length: int = 0, cached: bool = True) -> None:
        weight = next(model.parameters())
        room = min(length or model.shape.sequence_length, model.shape.sequence_length)
        self._model = model
        self._tokens = torch.empty(rows, 0, dtype=torch.int64, device=weight.device)
        self._cache = KeyValueCache(model.shape, rows, room, weight.device, model.compute_dtype) if cached else None

    def read(self, tokens: Tensor) -> Tensor:
        """Logits [rows, vocab_size] of what follows, after `tokens` [rows, T] have been appended."""
        most = self._model.shape.sequence_length
        tokens = tokens.to(self._tokens.device)
        self._tokens = torch.cat((self._tokens, tokens), 1)
        if self._tokens.shape[1] > most:
            # Not one token less at a time: positions of all tokens would
            # move, and the cache would be worth nothing at every step.
            self._tokens = tokens = self._tokens[:, -max(1, most // 2) :]
            if self._cache is not None:
                self._cache.reset()
        if self._cache is None:
            tokens = self._tokens
        return self._model.logits(self._model.hidden(tokens, cache=self._cache)[:, -1])


def _continue(
    context: Context, tokens: Tensor, uniform: Tensor, sampling: Sampling, end_of_text: int | None
) -> np.ndarray:
    """Tokens [rows, length]; when every row has ended, the rest is end of text."""
    # A row that has ended draws on until all have; `_sample` cuts it at its first end of text.
    drawn = torch.full(uniform.shape, -1 if end_of_text is None else end_of_text, dtype=torch.int64)
    ended = torch.zeros(len(tokens), dtype=torch.bool)
    for step in range(uniform.shape[1]):
        shares = probabilities(context.read(tokens), sampling)
        tokens = draw(shares, uniform[:, step].to(shares.device))[:, None]
        drawn[:, step] = tokens[:, 0].cpu()
        if end_of_text is not None:
            ended |= drawn[:, step] == end_of_text
            if bool(ended.all()):
                break
    return drawn.numpy()


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(numbers), ROWS):
        yield numbers[first : first + ROWS]


def _sample(row: np.ndarray, end_of_text: int | None) -> GeneratedText:
    tokens = row.tolist()
    finished = end_of_text in tokens
    return GeneratedText(tuple(tokens[: tokens.index(end_of_text)] if finished else tokens), finished)


def _uniform(seed: int, number: int, length: int) -> np.ndarray:
    # As uint64: a list of Python's numbers becomes float64 where one is above 2**63, and seeds become equal.
    return np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64))).random(length)


@contextmanager
def _evaluating(model: GPT) -> Iterator[None]:
    """Without dropout and without gradients, and afterwards as before."""
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)
