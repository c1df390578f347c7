"""Which pages of a range of links were found, beside plain sets."""

import random

import numpy as np
import pytest

from pipelines.work.lost_links import answered_of


@pytest.mark.parametrize("seed", range(40))
def test_answers_are_those_of_a_set(seed):
    chance = random.Random(seed)
    pages = {chance.randrange(-50, 50) for _ in range(chance.randrange(30))}
    answered = [{chance.randrange(-60, 60) for _ in range(chance.randrange(40))} for _ in range(chance.randrange(4))]
    low = chance.randrange(-60, 60)
    arrays = [np.array(sorted(each), np.int64) for each in answered]
    found = answered_of(np.array(sorted(pages), np.int64), low, low + chance.randrange(30), arrays)
    assert {*found.tolist()} == pages & set().union(*answered)
