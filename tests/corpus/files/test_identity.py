"""Identity holds what decides bytes and leaves out the rest."""

from dataclasses import dataclass
from functools import partial

import pytest

from corpus.files.identity import identity_digest, identity_of, no_identity
from corpus.files.manifest import Part
from corpus.rules.language import ModelFile


@dataclass(frozen=True)
class Rule:
    limit: float
    memory: int = no_identity(default=1)


def judge(document, rule):
    return document, rule


def test_a_field_that_is_none_of_it_is_left_out():
    assert identity_digest(Rule(0.5, 1)) == identity_digest(Rule(0.5, 2))
    assert identity_digest(Rule(0.5)) != identity_digest(Rule(0.6))


def test_a_part_is_its_content_wherever_it_lies():
    assert identity_of(Part("a/part-1", 3, 10, "d1")) == identity_of(Part("b/part-2", 3, 10, "d1")) == "d1"


def test_a_step_is_its_function_and_its_settings():
    one = identity_of(partial(judge, rule=Rule(0.5)))
    assert one["call"].endswith(".judge")
    assert one["rule"]["limit"] == 0.5
    assert one != identity_of(partial(judge, rule=Rule(0.6)))


def test_where_a_model_lies_decides_nothing():
    assert identity_of(ModelFile("/a/lid.176.ftz")) == identity_of(ModelFile("/b/lid.176.ftz"))


def test_containers_keep_their_order_and_sets_do_not():
    assert identity_of((1, 2)) != identity_of((2, 1))
    assert identity_of({"b", "a"}) == ["a", "b"]
    assert identity_of({"a": [None, True, 1.5]}) == {"a": [None, True, 1.5]}


def test_what_has_no_identity_is_refused():
    with pytest.raises(TypeError, match="object has no identity"):
        identity_of(object())
