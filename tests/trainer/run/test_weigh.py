"""What a pass weighs in its step: its share of the targets that count, however the step is cut."""

from types import SimpleNamespace

import pytest
import torch

from trainer.data.loader import TrainingBatch
from trainer.model.gpt import GPT
from trainer.model.loss import IGNORED
from trainer.model.shape import Shape
from trainer.run import loop
from trainer.run.distributed import World

ROWS, LENGTH, WORDS = 4, 8, 50
ALONE = World()


@pytest.fixture(scope="module")
def model():
    return GPT(Shape(layers=1, heads=2, width=16, sequence_length=LENGTH, vocab_size=WORDS), seed=0)


def step_rows():
    """Four rows, the last one the end of a source's epoch: one of its targets counts."""
    chance = torch.Generator().manual_seed(1)
    tokens, targets = (torch.randint(WORDS, (ROWS, LENGTH), generator=chance) for _ in range(2))
    targets[-1, 1:] = IGNORED
    return tokens, targets


def passes(rows, micro_rows):
    tokens, targets = step_rows()
    cuts = [rows[at : at + micro_rows] for at in range(0, len(rows), micro_rows)]
    return [TrainingBatch(tokens[cut], targets[cut], torch.zeros(len(cut)), None, cut[0]) for cut in cuts]


def weighted(batches, micro_rows, world=ALONE):
    opened = SimpleNamespace(packing=None, objective=None, world=world, micro_rows=micro_rows)
    return loop.weigh(opened, batches, ROWS)


def gradient(model, weighted_passes):
    model.zero_grad()
    for batch, weight in weighted_passes:
        (model(batch.tokens, batch.targets) * weight).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def whole_gradient(model):
    tokens, targets = step_rows()
    model.zero_grad()
    model(tokens, targets).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("micro_rows", [1, 2, 3, 4])
def test_a_step_is_that_of_one_batch_however_it_is_cut(model, micro_rows):
    found = gradient(model, weighted(passes([0, 1, 2, 3], micro_rows), micro_rows))
    torch.testing.assert_close(found, whole_gradient(model), rtol=1e-5, atol=1e-6)


def test_a_step_is_that_of_one_batch_on_any_number_of_processes(model, monkeypatch):
    parts = [[0, 1], [2, 3]]
    total = sum((batch.targets != IGNORED).sum() for part in parts for batch in passes(part, 2))
    monkeypatch.setattr(loop, "add_up", lambda _, world: total)
    found = sum(gradient(model, weighted(passes(part, 2), 2, World(rank, 2))) for rank, part in enumerate(parts))
    torch.testing.assert_close(found, whole_gradient(model), rtol=1e-5, atol=1e-6)


def test_a_step_without_a_target_has_no_gradient(model):
    tokens, targets = step_rows()
    empty = TrainingBatch(tokens, torch.full_like(targets, IGNORED), torch.zeros(ROWS), None, 0)
    assert not gradient(model, weighted([empty], ROWS)).any()
