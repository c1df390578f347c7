"""Running engines, the input of a trial, and what the in-process runner with one worker makes of it.

What is not on this machine (Java, Maven, Go) skips its tests with that reason; what is there and does not work fails
them.
"""

import os
from pathlib import Path

import pytest

pytest.importorskip("apache_beam")

from benchmarks.engines.loopback import ENGINES, LoopbackEngine, in_process
from benchmarks.engines.trial import PIPELINES, TrialInputs, digests, sample_inputs, try_engine
from pipelines.engines.cache import EngineMissing

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def inputs(tmp_path_factory) -> TrialInputs:
    """The embedded sample web, books and dumps; the real files instead with CORPUSLOOM_TRIAL=data."""
    if os.environ.get("CORPUSLOOM_TRIAL") != "data":
        return sample_inputs(tmp_path_factory.mktemp("inputs"))
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    submissions, pages = DATA / "reddit" / "RS_sample.zst", DATA / "pages" / "pages.warc.gz"
    books, dumps = DATA / "books" / "gutenberg.jsonl.zst", DATA / "wikipedia" / "*.xml.bz2"
    return TrialInputs(str(submissions), str(pages), str(books), str(dumps), 5000, 1_000_000)


@pytest.fixture(scope="session")
def built(inputs, tmp_path_factory) -> Path:
    """Every pipeline by the in-process runner with one worker: the folder with their outputs."""
    folder = tmp_path_factory.mktemp("reference")
    with in_process(1) as engine:
        assert not [result.error for _, result in try_engine(engine, inputs, folder) if result.error]
    return folder


@pytest.fixture(scope="session")
def reference(built) -> dict[str, dict[str, str]]:
    """The digests of what every pipeline must write."""
    return {pipeline: digests(built / pipeline) for pipeline in PIPELINES}


@pytest.fixture(scope="module")
def engine(request, tmp_path_factory) -> LoopbackEngine:
    """The engine that the test is parametrised with, started; skipped with a reason where it cannot be had."""
    try:
        running = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
        started = running.__enter__()
    except EngineMissing as missing:
        pytest.skip(f"{request.param}: {missing}")
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    return started
