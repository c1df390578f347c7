"""Beam search against all continuations that there are."""

import itertools

import pytest
import torch
from run_folders import random_model

from trainer.model.beam import beam_search, worth
from trainer.model.shape import ArchitectureError, Shape

torch.set_num_threads(1)
SHAPE = Shape(layers=2, heads=2, width=16, sequence_length=16, vocab_size=6)
END = 5


def total_of(model, prompt, tokens):
    with torch.inference_mode():
        logs = model.logits(model.hidden(torch.tensor([[*prompt, *tokens]]))).double().log_softmax(-1)[0]
    return sum(float(logs[len(prompt) - 1 + at, token]) for at, token in enumerate(tokens))


def all_continuations(model, prompt, length, alpha):
    """(worth, tokens, finished) of every continuation, the best first."""
    found = []
    for n in range(length + 1):
        for tokens in itertools.product(range(5), repeat=n):
            ended = n < length
            total = total_of(model, prompt, (*tokens, END) if ended else tokens)
            found.append((worth(total, n + ended, alpha), tokens, ended))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_with_enough_beams_nothing_better_is_missed(alpha):
    model = random_model(SHAPE)
    best = all_continuations(model, [1, 2], 3, alpha)[:4]
    found = beam_search(model, [1, 2], 3, END, beams=125, alpha=alpha)[:4]
    assert [(beam.tokens, beam.finished) for beam in found] == [(tokens, ended) for _, tokens, ended in best]
    assert [beam.worth for beam in found] == pytest.approx([value for value, _, _ in best], abs=1e-5)


def test_one_beam_is_greedy_and_few_beams_are_no_worse():
    model = random_model(SHAPE, seed=2)
    few, one = beam_search(model, [3], 5, END, beams=3), beam_search(model, [3], 5, END, beams=1)
    assert len(few) == 3 and few[0].worth >= one[0].worth - 1e-9
    assert [beam.worth for beam in few] == sorted((beam.worth for beam in few), reverse=True)
    for beam in few:
        ended = (*beam.tokens, END) if beam.finished else beam.tokens
        assert beam.total == pytest.approx(total_of(model, [3], ended), abs=1e-5)


def test_the_penalty_is_the_papers():
    assert worth(-6.0, 1, 0.6) == -6.0 and worth(-6.0, 7, 1.0) == -3.0 and worth(-6.0, 99, 0.0) == -6.0


@pytest.mark.parametrize("wrong", [{"beams": 0}, {"length": 16}, {"prompt": []}])
def test_what_cannot_be_searched_is_refused(wrong):
    arguments = {"prompt": [1], "length": 3, "beams": 2} | wrong
    with pytest.raises(ArchitectureError):
        beam_search(random_model(SHAPE), end_of_text=END, **arguments)


def test_a_prompt_that_is_too_long_loses_its_beginning():
    model = random_model(SHAPE)
    prompt = [1, 2, 3, 4] * 8
    assert beam_search(model, prompt, 4, END, 2) == beam_search(model, prompt[-12:], 4, END, 2)
