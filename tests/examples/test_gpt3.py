"""GPT-3's mix, from raw files to a trained model, by the script that the README names, on the sample's web."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.sample.write import write_sample

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "gpt3" / "run.sh"


def test_the_script_is_one_for_any_shell():
    assert subprocess.run(["sh", "-n", str(SCRIPT)], check=False).returncode == 0
    assert os.access(SCRIPT, os.X_OK)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_raw_files_become_a_mix_and_a_model(tmp_path):
    write_sample(tmp_path / "web")
    sizes = {"VOCABULARY": "512", "ALPHA": "0.5", "CORPORA": "--max-quarantined 1", "PYTHON": sys.executable}
    around = {**os.environ, **sizes, "PYTHONPATH": str(ROOT)}
    command = [str(SCRIPT), str(tmp_path / "web"), str(tmp_path / "out"), "steps=3", "batch_tokens=1536"]
    ran = subprocess.run(command, capture_output=True, text=True, env=around, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr
    manifest = json.loads((tmp_path / "out" / "commoncrawl" / "_MANIFEST.json").read_bytes())
    assert [step["name"] for step in manifest["funnel"]] == [
        *(
            "captures",
            "extracted",
            "judged",
            "quality",
            "exact_duplicates",
            "near_duplicates",
            "decontaminated",
            "corpus",
        )
    ]
    assert manifest["counts"]["quality"]["reasons"]["quality.pareto"] > 0
    shards = json.loads((tmp_path / "out" / "shards" / "manifest.json").read_bytes())
    assert {source["name"] for source in shards["sources"]} == {
        *("commoncrawl", "webtext2", "books1", "books2", "wikipedia")
    }
    assert (tmp_path / "out" / "run" / "index.html").is_file()
