"""Every pipeline writes the same bytes on every engine: parts, manifests, tokenizer, shards."""

import shutil

import pytest

from benchmarks.engines.trial import PIPELINES, differences, try_engine

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
SHORT = {"x2", "spark-local"}
TAKEN = ("build_books", "build_wikipedia")
NAMES = ("x2", "spark-local", "spark-cluster", "flink", "prism")


def of_engine(name):
    return pytest.param(name, marks=[pytest.mark.short] if name in SHORT else [], id=name)


@pytest.fixture
def pipelines(request, engine, built, tmp_path) -> tuple[str, ...]:
    """All of them. The short form takes two corpora from the reference on Spark: their stages are WebText's but one."""
    if "short" not in request.config.getoption("-m") or not engine.name.startswith("Spark"):
        return PIPELINES
    for pipeline in TAKEN:
        shutil.copytree(built / pipeline, tmp_path / pipeline)
    return tuple(pipeline for pipeline in PIPELINES if pipeline not in TAKEN)


@pytest.mark.parametrize("engine", map(of_engine, NAMES), indirect=True)
def test_all_pipelines_write_the_same_bytes(engine, pipelines, inputs, reference, tmp_path):
    seen = 0
    for pipeline, result in try_engine(engine, inputs, tmp_path, pipelines):
        print(f"{engine.name:<18} {pipeline:<16} {result.seconds:>7.1f} s  {len(result.digests)} files")
        assert not result.error, result.error
        assert len(result.digests) > 5
        assert differences(result.digests, reference[pipeline]) == []
        seen += 1
    assert seen == len(pipelines)
