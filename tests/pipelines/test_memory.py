"""One bound for all processes: fewer workers under a small one, and a refusal where none fits."""

import os

import pytest

from corpus.errors import CorpusloomError
from pipelines.cli.memory import A_WORKER, MEGABYTE, Needs, share_memory

NEEDS = Needs(driver=300, worker=200, unit=100)


@pytest.mark.parametrize(
    ("total", "flags", "workers", "unit"),
    [
        (400, ["--direct_num_workers=4"], 1, 100),
        (899, ["--direct_num_workers=4"], 1, 599),
        (900, ["--direct_num_workers=4"], 2, 100),
        (1500, ["--direct_num_workers=4"], 4, 100),
        (10_000, ["--direct_num_workers", "2"], 2, 4650),
        (0, ["--direct_num_workers=1"], 1, A_WORKER - 300),
        (500, ["--runner=SparkRunner"], 1, 200),
    ],
)
def test_the_bound_is_shared_among_the_workers_that_fit(total, flags, workers, unit):
    memory, beam_flags = share_memory(total, flags, NEEDS)
    assert (memory.workers, memory.unit_bytes) == (workers, unit * MEGABYTE)
    local = "SparkRunner" not in flags[0]
    assert beam_flags == [*flags, *([f"--direct_num_workers={workers}"] if local else [])]
    processes = 300 + (200 * workers if workers > 1 else 0)
    assert processes + workers * unit <= memory.total


def test_without_a_flag_every_core_has_its_share():
    memory, _ = share_memory(0, [], NEEDS)
    assert (memory.workers, memory.total) == (os.cpu_count(), os.cpu_count() * A_WORKER)
    assert f"{memory.total:,} MB allowed" in memory.line()


def test_more_than_the_machine_has_is_refused():
    with pytest.raises(CorpusloomError, match="this machine has") as refused:
        share_memory(10**9, ["--direct_num_workers=1"], NEEDS)
    assert refused.value.code == 2


def test_one_unit_everywhere():
    """`--memory-mb 1000` is answered with 1,000 MB."""
    assert "1,000 MB allowed" in share_memory(1000, ["--direct_num_workers=1"], NEEDS)[0].line()


def test_too_little_is_refused():
    with pytest.raises(CorpusloomError, match="at least 400") as refused:
        share_memory(399, [], NEEDS)
    assert refused.value.code == 2
