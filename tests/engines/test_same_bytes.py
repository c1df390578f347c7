"""Every pipeline writes the same bytes on every engine: parts, manifests, tokenizer, shards."""

import pytest

from pipelines.engines.trial import PIPELINES, differences, try_engine

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
SHORT = {"x2", "spark-local"}
NAMES = ("x2", "spark-local", "spark-cluster", "flink", "prism")


def of_engine(name):
    return pytest.param(name, marks=[pytest.mark.short] if name in SHORT else [], id=name)


@pytest.mark.parametrize("engine", map(of_engine, NAMES), indirect=True)
def test_all_pipelines_write_the_same_bytes(engine, inputs, reference, tmp_path):
    seen = 0
    for pipeline, result in try_engine(engine, inputs, tmp_path):
        print(f"{engine.name:<18} {pipeline:<16} {result.seconds:>7.1f} s  {len(result.digests)} files")
        assert not result.error, result.error
        assert len(result.digests) > 5
        assert differences(result.digests, reference[pipeline]) == []
        seen += 1
    assert seen == len(PIPELINES)
