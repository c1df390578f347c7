"""Beam search: the likeliest continuations, as far as a few that are kept at every step can find them.

A continuation is worth its log-probability over ((5 + n)/6)^α, n its tokens (Wu et al., 2016, section 7): GPT-3 writes
its free-form answers with 4 beams and α = .6 (Brown et al., 2020, section 2.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.model.attention import KeyValueCache
from trainer.model.gpt import GPT
from trainer.model.shape import ArchitectureError


@dataclass(frozen=True)
class Beam:
    """A continuation without prompt and end of text: its tokens, its log-probability in nats, and what it is worth.

    The log-probability of a `finished` one includes that of the end of text.
    """

    tokens: tuple[int, ...]
    total: float
    worth: float
    finished: bool


def worth(total: float, length: int, alpha: float) -> float:
    """A log-probability over the length penalty; an empty continuation has that of one token."""
    # α = .6: -6 nats are worth -6 over 1 token and -3.46 over 10,
    # so longer continuations are not put last for their length.
    return total / ((5 + max(length, 1)) / 6) ** alpha


@torch.inference_mode()
def beam_search(
    model: GPT, prompt: Sequence[int], length: int, end_of_text: int, beams: int = 4, alpha: float = 0.6
) -> list[Beam]:
    """The `beams` best continuations of up to `length` tokens, the best first.

    Prompt and continuation must fit the model's context; a longer prompt loses its beginning. It ends when no open
    continuation can become worth more than the worst that is kept.
    """
    if not model.shape.continues_text or model.shape.architecture != "decoder":
        raise ArchitectureError("beam search continues a text: give the run of a decoder")
    if beams < 1 or length < 1 or not len(prompt):
        raise ArchitectureError(f"{beams} beams of {length} tokens after {len(prompt)}: give at least one of each")
    room = model.shape.sequence_length
    if length >= room:
        raise ArchitectureError(f"continuations of {length} tokens do not fit {room} positions with a prompt")
    model.eval()
    device = model.embedding.weight.device
    context = torch.tensor([list(prompt)[-(room - length) :]], device=device)
    cache = KeyValueCache(model.shape, 1, context.shape[1] + length, device, model.compute_dtype)
    logs = _logs(model, context, cache)
    rows, totals, done = [()], torch.zeros(1, dtype=torch.float64), []
    for _ in range(length):
        # [rows, vocab_size]: what each open row would come to with
        # each next token. The first pass has one row, the prompt.
        whole = totals[:, None] + logs
        done += [_end(row, float(whole[n, end_of_text]), alpha) for n, row in enumerate(rows)]
        done = sorted(done, key=lambda beam: -beam.worth)[:beams]
        whole[:, end_of_text] = -torch.inf  # it has its place in `done`, and may not be open as well
        totals, places = whole.flatten().topk(min(beams, whole.numel() - len(rows)))  # not the ends of text
        parents, tokens = places // whole.shape[1], places % whole.shape[1]
        rows = [(*rows[parent], token) for parent, token in zip(parents.tolist(), tokens.tolist(), strict=True)]
        # Totals only fall, so an open continuation is worth at most what it would be at its longest.
        if len(done) == beams and worth(float(totals[0]), length, alpha) <= done[-1].worth:
            return done
        # Behind the last token nothing is asked, so the model need not read it.
        if len(rows[0]) < length:
            _follow(cache, parents.to(device))
            logs = _logs(model, tokens[:, None].to(device), cache)
    still_open = [
        Beam(row, total, worth(total, len(row), alpha), False) for row, total in zip(rows, totals.tolist(), strict=True)
    ]
    return sorted(done + still_open, key=lambda beam: -beam.worth)[:beams]


def _end(row: tuple[int, ...], total: float, alpha: float) -> Beam:
    return Beam(row, total, worth(total, len(row) + 1, alpha), True)


def _logs(model: GPT, tokens: Tensor, cache: KeyValueCache) -> Tensor:
    """Log-probabilities of the next token, float64 [rows, vocab_size] on the host."""
    return model.logits(model.hidden(tokens, cache=cache)[:, -1]).double().log_softmax(-1).cpu()


def _follow(cache: KeyValueCache, parents: Tensor) -> None:
    """Give each row of the cache what its parent has read."""
    # Parents [1, 1, 0]: two rows go on from row 1 and one from row 0; row 2 has no child and is forgotten.
    cache.keys, cache.values = cache.keys[:, parents], cache.values[:, parents]
