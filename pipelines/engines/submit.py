"""A build by `spark-submit`: each stage becomes an executable jar, is submitted, and the build goes on behind it.

    python -m pipelines.engines submit --master yarn --spark-home /opt/spark -- \\
        python -m pipelines.build_books --books … --output … --runner=SparkRunner --environment_type=PROCESS …

A build is a sequence of Beam pipelines, and which units a stage has is known only when the stage before it is done; so
there cannot be one jar for all. With `--output_executable_path` Beam writes a stage's pipeline into a jar and runs
nothing. The command then ends, since no unit has its record. Submitted, the jar does the units; the same command again
finds the stage finished and stops at the next. The jar is whole: it may be kept and submitted by any scheduler.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.engines.daemons import opens

MAIN_CLASS = "org.apache.beam.runners.spark.SparkPipelineRunner"


def submit_build(
    command: Sequence[str], master: str, spark_home: Path, conf: Sequence[str] = (), jar: Path | None = None
) -> int:
    """Run a build's command until it ends by itself, submitting what it exports; the exit code.

    `conf` are Spark settings, `name=value`. `jar` is where each stage's jar is written in turn (default: a temporary
    file); the last one stays there. A stage that stands where it stood before its submission ends the loop.
    """
    if jar is not None:
        return _loop(command, jar.resolve(), [*_spark_submit(master, spark_home, conf), str(jar.resolve())], spark_home)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "stage.jar"
        return _loop(command, place, [*_spark_submit(master, spark_home, conf), str(place)], spark_home)


def _loop(command: Sequence[str], jar: Path, submit: Sequence[str], spark_home: Path) -> int:
    said = ""
    while True:
        jar.unlink(missing_ok=True)
        ran = subprocess.run([*command, f"--output_executable_path={jar}"], stderr=subprocess.PIPE, text=True)
        if not jar.is_file():
            print(ran.stderr, end="")
            return ran.returncode
        before, said = said, "".join(line for line in ran.stderr.splitlines(True) if line.startswith("error:"))
        if said == before:
            print(f"the stage got no further by being submitted; its workers' log may say why:\n{said}")
            return 1
        print(f"submitting {jar.stat().st_size / 1e6:.0f} MB: {said}", flush=True)
        submitted = subprocess.run(submit, env={**os.environ, "SPARK_HOME": str(spark_home)})
        if submitted.returncode:
            print(f"spark-submit ended with {submitted.returncode}; the jar was {jar}")
            return submitted.returncode


def _spark_submit(master: str, spark_home: Path, conf: Sequence[str]) -> list[str]:
    flags = " ".join(opens())
    java = [f"spark.driver.extraJavaOptions={flags}", f"spark.executor.extraJavaOptions={flags}"]
    settings = [word for setting in (*java, *conf) for word in ("--conf", setting)]
    return [str(spark_home / "bin" / "spark-submit"), "--master", master, "--class", MAIN_CLASS, *settings]
