"""The engines' programs: which they are, of what they are made, and how.

Beam's job servers are assembled by Maven from their published parts, as the two `pom.xml` beside this file say; Prism
is compiled by Go in the version of the installed Beam; Spark's daemons come with the `pyspark` that matches the job
server. None of this is for a user with a cluster and a network: Beam then fetches a job server of its own version.
"""

import re
import shutil
import sys
from pathlib import Path

import apache_beam

from pipelines.engines.cache import EngineFailed, cached_folder, need, run

HERE = Path(__file__).parent
PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism"
PY4J = "0.10.9.7"  # what pyspark 3.5 names as its requirement; --no-deps leaves it to us


def job_server(engine: str) -> Path:
    """The jar of the job server of "spark" or "flink"; `EngineMissing` without Java and Maven."""
    need("java", "mvn")
    pom = HERE / engine / "pom.xml"
    name = f"{engine}-job-server"

    def assemble(folder: Path) -> None:
        (folder / "pom.xml").write_bytes(pom.read_bytes())
        run(["mvn", "-q", "-B", "package"], folder)
        jar = folder / "target" / f"{name}-1.jar"
        if not jar.is_file():
            raise EngineFailed(f"Maven made no {jar}")
        jar.rename(folder / f"{name}.jar")
        shutil.rmtree(folder / "target")  # some hundred MB of parts, now in the jar

    return cached_folder(name, pom.read_text(encoding="utf-8"), assemble) / f"{name}.jar"


def prism() -> Path:
    """The Prism program of the installed Beam's version; `EngineMissing` without Go."""
    need("go")
    package = f"{PRISM}@v{apache_beam.__version__}"

    def build(folder: Path) -> None:
        run(["go", "install", package], folder, GOBIN=str(folder))

    return cached_folder("prism", package, build) / "prism"


def spark_home() -> Path:
    """Spark's own distribution, daemons and jars, in the version the job server is built with."""
    need("java")
    version = spark_version()

    def install(folder: Path) -> None:
        wanted = [f"pyspark=={version}", f"py4j=={PY4J}"]
        run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, *wanted], folder)

    return cached_folder("pyspark", f"{version} {PY4J}", install) / "pyspark"


def spark_version() -> str:
    """The version of Spark in the job server's `pom.xml`."""
    found = re.search(r"<spark.version>(.*)</spark.version>", (HERE / "spark" / "pom.xml").read_text(encoding="utf-8"))
    if not found:
        raise EngineFailed("spark/pom.xml names no spark.version")
    return found.group(1)


def flink_version() -> str:
    """The version of Flink in the job server's `pom.xml`, as Beam's `--flink_version` wants it."""
    found = re.search(r"<flink.version>(.*)</flink.version>", (HERE / "flink" / "pom.xml").read_text(encoding="utf-8"))
    if not found:
        raise EngineFailed("flink/pom.xml names no flink.version")
    return found.group(1)
