"""A build by `spark-submit`: the exported jar of each stage does the stage, and the bytes are the same."""

import shutil
import subprocess
import sys

import pytest

from pipelines.engines import programs
from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineMissing
from pipelines.engines.loopback import cluster_conf, environment, process_flags, spark_daemons
from pipelines.engines.trial import CORPORA, command, differences, digests

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]


def test_a_submitted_build_writes_the_same_bytes(inputs, built, reference, tmp_path):
    output, daemons = tmp_path / "out", tmp_path / "daemons"
    daemons.mkdir()
    for corpus in CORPORA:
        shutil.copytree(built / f"build_{corpus}", output / f"build_{corpus}")
    try:
        jar = programs.job_server("spark")
        with spark_daemons(daemons) as master:
            for pipeline in ("train_tokenizer", "build_shards"):
                export = ("--runner=SparkRunner", f"--spark_job_server_jar={jar}", f"--spark_master_url={master}")
                words = [*command(pipeline, inputs, output), *export, *process_flags(daemons)]
                submitted = submit(words, master, output, daemons)
                assert submitted.returncode == 0, submitted.stdout + submitted.stderr
                assert "submitting" in submitted.stdout
                assert differences(digests(output / pipeline), reference[pipeline]) == []
    except EngineMissing as missing:
        pytest.skip(f"spark-submit: {missing}")


def submit(words, master, output, daemons):
    """`python -m pipelines.engines submit … -- command`, run where the corpora lie."""
    conf = [word for name, value in cluster_conf().items() for word in ("--conf", f"{name}={value}")]
    start = [sys.executable, "-m", "pipelines.engines", "submit", "--master", master]
    around = {
        **environment(),
        "PYTHONPATH": str(ROOT),
        "SPARK_LOCAL_DIRS": str(daemons / "scratch"),
    }
    whole = [*start, "--spark-home", str(programs.spark_home()), *conf, "--", *words]
    return subprocess.run(whole, cwd=output, env=around, capture_output=True, text=True)
