"""A gate that is not met says the figure, its bound and what it was; what is accepted passes."""

import pytest

from corpus.errors import CorpusloomError
from corpus.releases.manifest import Release
from pipelines.refresh.definition import Gate, Gates
from pipelines.refresh.gates import check_gates, failures

BEFORE = Release(3, "refresh", {}, (), (), "", figures={"webtext": {
    "kept_documents": 1000, "kept_rate": 0.612, "languages": {"en": 100}, "tokens_a_document": 900.0}})  # fmt: skip


def said(gates, figures, before=BEFORE):
    return [each.said for each in failures(gates, {"webtext": figures}, before)]


@pytest.mark.parametrize(
    ("gates", "figures", "says"),
    [
        (Gates(kept_rate=Gate(least=0.25)), {"kept_rate": 0.12},
         "kept rate of webtext is 12.0%, less than 25.0%; it was 61.2% in release 3"),
        (Gates(kept_rate=Gate(most=0.7)), {"kept_rate": 0.9}, "kept rate of webtext is 90.0%, more than 70.0%; it was"),
        (Gates(), {"kept_documents": 400},
         "kept documents of webtext is 400, a change of -60%, more than 50%; it was 1,000"),
        (Gates(), {"languages": {"en": 50, "de": 50}}, "languages of webtext moved by a stability index of 4.6"),
        (Gates(), {"tokens_a_document": 1800.0}, "a change of +100%, more than 50%; it was 900"),
        (Gates(), {"duplicate_rate": 0.95}, "duplicate rate of webtext is 95.0%, more than 90.0%"),
    ],
)  # fmt: skip
def test_a_failing_gate_says_figure_bound_and_what_it_was(gates, figures, says):
    found = said(gates, figures)
    assert (len(found) == 1 and found[0].startswith(says)) or says in found[0], found


def test_growth_is_no_fall_and_the_first_release_has_nothing_to_differ_from():
    assert said(Gates(), {"kept_documents": 9000}) == []
    assert said(Gates(), {"kept_documents": 10, "kept_rate": 0.1, "languages": {"de": 1}}, None) == []
    assert said(Gates(), {"kept_documents": 0}, None) == ["kept documents of webtext is 0, less than 1"]


def test_a_failure_ends_with_4_unless_its_gate_is_accepted():
    failed = failures(Gates(), {"webtext": {"kept_documents": 1, "kept_rate": 0.01}}, BEFORE)
    with pytest.raises(CorpusloomError, match="Nothing is published") as refused:
        check_gates(failed, ["kept_rate"])
    assert refused.value.code == 4 and "--accept kept_documents" in str(refused.value)
    check_gates(failed, ["kept_rate", "kept_documents"])
