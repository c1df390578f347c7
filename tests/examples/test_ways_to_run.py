"""Every way to run a refresh that is shown, as far as this machine can try it: parsed, checked, its commands known."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

pytest.importorskip("cronsim")

from pipelines.engines.template import metadata
from pipelines.refresh.__main__ import parser
from pipelines.refresh.definition import read_definition
from pipelines.refresh.serving import next_due

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "refresh"
SUNDAY = datetime(2026, 12, 6, 3, tzinfo=UTC)
MODULE = "-m pipelines.refresh "


def commands(text):
    """What stands after `python -m pipelines.refresh` on a line, as words that the command itself must understand."""
    for line in text.replace("{REFRESH} ", f"python {MODULE}").splitlines():
        for found in line.split(MODULE)[1:]:
            words = shlex.split(re.split(r"&&|>|\"(?=,)", found)[0])
            yield parser().parse_args(words)


@pytest.mark.parametrize("name", ["crontab", "corpusloom-refresh.service", "corpusloom-serve.service"])
def test_the_commands_are_commands(name):
    found = list(commands((EXAMPLES / name).read_text()))
    assert found and all(one.definition.name == "corpus.toml" for one in found)


def test_the_definition_is_one():
    assert read_definition(EXAMPLES / "corpus.toml").weights == {"webtext": 1}


def test_cron_runs_it_on_sundays():
    lines = [line.split(None, 5) for line in (EXAMPLES / "crontab").read_text().splitlines() if line[:1].isdigit()]
    assert len(lines) == 2
    assert next_due(" ".join(lines[0][:5]), datetime(2026, 12, 1, tzinfo=UTC)) == SUNDAY


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_verifies_the_units(tmp_path):
    units = sorted(EXAMPLES.glob("*.service")) + sorted(EXAMPLES.glob("*.timer"))
    assert len(units) == 3
    for unit in units:
        text = unit.read_text().replace("/opt/corpusloom/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text)
    copies = [str(tmp_path / unit.name) for unit in units]
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", *copies], capture_output=True, text=True)
    ours = [line for line in ran.stderr.splitlines() if "corpusloom-" in line]
    assert ours == [], ran.stderr
    calendar = re.search(r"OnCalendar=(.*)", (EXAMPLES / "corpusloom-refresh.timer").read_text()).group(1)
    assert subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True).returncode == 0


def test_kubernetes_runs_one_at_a_time_and_tries_again_only_what_may_help():
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["spec"]["concurrencyPolicy"]) == ("batch/v1", "CronJob", "Forbid")
    assert next_due(job["spec"]["schedule"], datetime(2026, 12, 1, tzinfo=UTC)) == SUNDAY
    spec = job["spec"]["jobTemplate"]["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    assert parser().parse_args(container["args"]).command == "run"
    assert pod["restartPolicy"] == "Never"  # a podFailurePolicy needs it
    rule = spec["podFailurePolicy"]["rules"][0]["onExitCodes"]
    assert rule["containerName"] == container["name"] and 5 not in rule["values"] and 1 not in rule["values"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_the_dag_parses_and_its_commands_are_commands():
    source = (EXAMPLES / "airflow_dag.py").read_text()
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DAG"]
    schedule = next(word.value.value for word in calls[0].keywords if word.arg == "schedule")
    assert next_due(schedule, datetime(2026, 12, 1, tzinfo=UTC)) == SUNDAY
    lines = re.findall(r'bash_command=f"(.*?)"', source)
    assert [one.command for line in lines for one in commands(line)] == ["check", "run", "history"]


def test_airflow_itself_reads_the_dag():
    airflow = pytest.importorskip("airflow.models.dagbag", reason="needs apache-airflow")
    bag = airflow.DagBag(str(EXAMPLES / "airflow_dag.py"), include_examples=False)
    assert not bag.import_errors and list(bag.dags) == ["corpusloom_refresh"]


def test_cloud_scheduler_launches_what_the_template_takes():
    body = json.loads((EXAMPLES / "cloud_scheduler.json").read_text())["launchParameter"]
    known = {one["name"]: one for one in metadata("build_webtext")["parameters"]}
    assert body["parameters"].keys() <= known.keys()
    assert {name for name, one in known.items() if not one["isOptional"]} <= body["parameters"].keys()


def test_the_image_copies_what_there_is_and_runs_the_command():
    lines = (ROOT / "docker" / "refresh.Dockerfile").read_text().replace("\\\n", " ").splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = line.split()[1:]
            assert all((ROOT / source).exists() for source in sources), line
    entry = next(json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT"))
    assert entry[1:] == ["-m", "pipelines.refresh"]
    assert any(line.startswith("USER ") for line in lines)
