"""A build by `spark-submit`: one exported jar builds a corpus, and the bytes are the same."""

import json
import os
import shutil
import subprocess

import pytest

from benchmarks.engines.daemons import opens
from benchmarks.engines.loopback import cluster_conf, environment, process_flags, spark_daemons
from benchmarks.engines.trial import CORPORA, command, differences, digests
from pipelines.engines import programs
from pipelines.engines.boot import ROOT
from pipelines.engines.cache import EngineMissing

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
MAIN_CLASS = "org.apache.beam.runners.spark.SparkPipelineRunner"
SUBMITTED = ("build_webtext", "train_tokenizer", "build_shards")


def test_one_jar_builds_a_corpus(inputs, built, reference, tmp_path):
    output, daemons = tmp_path / "out", tmp_path / "daemons"
    daemons.mkdir()
    for corpus in CORPORA:
        if f"build_{corpus}" not in SUBMITTED:
            shutil.copytree(built / f"build_{corpus}", output / f"build_{corpus}")
    try:
        server = programs.job_server("spark")
        with spark_daemons(daemons) as master:
            for pipeline in SUBMITTED:
                jar = tmp_path / f"{pipeline}.jar"
                export = (f"--spark_job_server_jar={server}", f"--spark_master_url={master}")
                flags = ("--runner=SparkRunner", *export, *process_flags(daemons), f"--output_executable_path={jar}")
                words = [*command(pipeline, inputs, output), *flags]
                said = run(words, output, daemons)
                assert "submit it" in said
                assert not (output / pipeline / "_MANIFEST.json").exists()
                run(spark_submit(master, jar), output, daemons)
                run([*command(pipeline, inputs, output), "--direct_num_workers=1"], output, daemons)
                assert differences(digests(output / pipeline), reference[pipeline]) == []
                outlooks = [json.loads(path.read_bytes()) for path in output.glob(f"{pipeline}/.stages/*/outlook.json")]
                assert len({outlook["run"] for outlook in outlooks}) == 1, "the last command had something to do"
    except EngineMissing as missing:
        pytest.skip(f"spark-submit: {missing}")


def spark_submit(master, jar):
    """Spark's own command for an exported job."""
    java = " ".join(opens())
    conf = {**cluster_conf(), "spark.driver.extraJavaOptions": java, "spark.executor.extraJavaOptions": java}
    settings = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    program = str(programs.spark_home() / "bin" / "spark-submit")
    return [program, "--master", master, "--class", MAIN_CLASS, *settings, str(jar)]


def run(words, output, daemons):
    """Run a command where the corpora lie; what it printed."""
    output.mkdir(exist_ok=True)
    around = {
        **environment(),
        "PYTHONPATH": str(ROOT),
        "SPARK_HOME": str(programs.spark_home()),
        "SPARK_LOCAL_DIRS": os.fspath(daemons / "scratch"),
    }
    ran = subprocess.run(words, cwd=output, env=around, capture_output=True, text=True, errors="replace")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
