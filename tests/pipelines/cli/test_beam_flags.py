"""Beam's flags are checked before anything is written: names, numbers, engines and what an engine needs."""

import pytest

pytest.importorskip("apache_beam")

from corpus.errors import CorpusloomError
from pipelines.cli.beam_flags import check_beam_flags
from pipelines.cli.languages import read_languages

DATAFLOW = ["--runner=DataflowRunner", "--project=p", "--region=europe-west1"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--direct_num_workers", "-3"], "--direct_num_workers -3: give a number"),
        (["--direct_num_workers", "two"], "--direct_num_workers: invalid int value: 'two'"),
        (["--runner"], "--runner: expected one argument"),
        (["--runner", "Spark"], "--runner Spark: no such engine; did you mean SparkRunner?"),
        (["--runner", "Nothing"], "--runner Nothing: no such engine; see docs/engines.md"),
        (["--runner", "DataflowRunner"], "--runner DataflowRunner needs --project"),
        (DATAFLOW[:2], "--runner DataflowRunner needs --region"),
        (DATAFLOW, "--runner DataflowRunner needs --temp_location"),
        (["--outptu", "x"], "unknown argument '--outptu'; did you mean --output?"),
        (["stray"], "unknown argument 'stray'; see --help"),
    ],
)
def test_what_beam_cannot_run_is_refused_with_its_cure(flags, says):
    with pytest.raises(CorpusloomError) as refused:
        check_beam_flags(flags, ["--output"])
    assert says in str(refused.value)
    assert refused.value.code == 2


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--direct_num_workers", "0"],
        ["--runner=apache_beam.runners.PrismRunner"],
        [*DATAFLOW, "--temp_location=gs://b/t"],
        ["--runner=FlinkRunner", "--a_flag_of_its_job_server=1"],
    ],
)
def test_what_beam_can_run_is_passed_on(flags):
    assert check_beam_flags(flags, []) == flags


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("english", "did you mean en?"),
        ("en,German", "'German' is no code of a language"),
        ("en,German", "did you mean de?"),
        ("en-US", "did you mean en?"),
        ("EN", "did you mean en?"),
        ("en,", "'' is no code"),
        ("qq", "the model knows af, als, am"),
    ],
)
def test_a_language_that_the_model_never_answers_is_refused(text, says):
    with pytest.raises(CorpusloomError) as refused:
        read_languages(text, "")
    assert says in str(refused.value)
    assert refused.value.code == 2


def test_languages_are_read():
    assert read_languages("all", "") == ()
    assert read_languages("en, de", "") == ("en", "de")
