"""Beam's look at the states and timers of a DoFn, made once a class: the same answers, fewer questions."""

import pytest

pytest.importorskip("apache_beam")

import apache_beam as beam
from apache_beam.coders import VarIntCoder
from apache_beam.transforms import userstate
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

from pipelines.runtime.engine import specs_once_a_class

STATE = ReadModifyWriteStateSpec("seen", VarIntCoder())
SEEN = beam.DoFn.StateParam(STATE)


class Plain(beam.DoFn):
    def process(self, element):
        yield element


class Stateful(beam.DoFn):
    def process(self, element, seen=SEEN):
        yield element


@pytest.mark.parametrize("kind, states", [(Plain, set()), (Stateful, {STATE})], ids=["plain", "stateful"])
def test_a_class_is_asked_once_and_answers_as_beam_does(kind, states):
    asked = []
    specs = specs_once_a_class(lambda dofn: asked.append(dofn) or userstate.get_dofn_specs(dofn))
    for _ in range(3):
        found = specs(kind())
        assert found == (states, set())
        found[0].add("mine")  # a caller's set is its own
    assert len(asked) == 1


def test_an_object_with_a_method_of_its_own_is_asked_itself():
    plain, specs = Plain(), specs_once_a_class(lambda dofn: ({type(dofn.process.__self__).__name__}, set()))
    assert specs(plain) == ({"Plain"}, set())
    plain.process = Stateful().process
    assert specs(plain) == ({"Stateful"}, set())
