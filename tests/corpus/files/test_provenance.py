"""The closure is what can be reached, and nothing else: real files are edited in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ASK = """
import json, sys
from corpus.files.provenance import closure
found = {name: closure(frozenset({name})) for name in sys.argv[1:]}
print(json.dumps({name: {"digest": c.digest, "files": dict(c.files), "libraries": dict(c.libraries)}
                  for name, c in found.items()}))
"""
MODULES = (
    "corpus.rules.gopher",
    "corpus.rules.language",
    "corpus.extraction.wikitext",
    "pipelines.work.links",
    "corpus.mixture",
)


@pytest.fixture
def project(tmp_path):
    """A copy of the packages that may be edited."""
    for package in ("corpus", "pipelines", "classifiers", "trainer"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    return tmp_path


def ask(project, *modules, **environment):
    """The closures of modules in that copy, as another process sees them."""
    around = {**os.environ, "PYTHONPATH": str(project), **environment}
    command = [sys.executable, "-c", ASK, *(modules or MODULES)]
    ran = subprocess.run(command, cwd=project, env=around, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def changed(before, after):
    return {name for name in before if before[name]["digest"] != after[name]["digest"]}


def append(path, text="\n"):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("corpus/mixture.py", {"corpus.mixture"}),
        ("corpus/report/write.py", set()),
        ("corpus/rules/characters.py", {"corpus.rules.gopher", "corpus.rules.language", "corpus.extraction.wikitext"}),
        ("corpus/extraction/wiki/templates.py", {"corpus.extraction.wikitext"}),
        ("corpus/readers/reddit.py", {"pipelines.work.links"}),
    ],
)
def test_a_blank_changes_what_imports_the_file_and_nothing_else(project, file, expected):
    before = ask(project)
    append(project / file)
    assert changed(before, ask(project)) == expected


def test_a_new_module_counts_where_it_is_imported(project):
    before = ask(project)
    (project / "classifiers" / "keep.py").write_text("ALPHA = 9\n")
    assert changed(before, ask(project)) == set()
    append(
        project / "corpus/rules/gopher.py",
        "\n\ndef _later():\n    from classifiers.keep import ALPHA\n\n    return ALPHA\n",
    )
    after = ask(project)
    assert changed(before, after) == {"corpus.rules.gopher"}
    assert "classifiers/keep.py" in after["corpus.rules.gopher"]["files"]


def test_an_import_for_type_checkers_counts_for_nothing(project):
    before = ask(project)
    use = "\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import lxml\n    import corpus.mixture\n"
    append(project / "corpus/rules/gopher.py", use)
    after = ask(project)["corpus.rules.gopher"]
    assert after["libraries"] == before["corpus.rules.gopher"]["libraries"]
    assert "corpus/mixture.py" not in after["files"]


def test_another_version_of_a_library_changes_just_what_imports_it(project, tmp_path):
    """A metadata folder of another version stands before the installed one on the path."""
    other = tmp_path / "other" / "ftfy-99.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: ftfy\nVersion: 99.0\n")
    before = ask(project)
    after = ask(project, PYTHONPATH=os.pathsep.join([str(other.parent), str(project)]))
    assert after["corpus.extraction.wikitext"]["libraries"]["ftfy"] == "99.0"
    assert changed(before, after) == {"corpus.extraction.wikitext"}


def test_a_data_file_beside_a_module_counts(project):
    before = ask(project)
    (project / "corpus/rules/stop_words.txt").write_text("the\n")
    assert "corpus.rules.gopher" in changed(before, ask(project))


@pytest.mark.parametrize("damage", ["", "{"], ids=["remembered", "damaged memory"])
def test_what_was_parsed_is_remembered_and_needed_by_nobody(project, tmp_path, damage):
    scratch = tmp_path / "scratch"
    before = ask(project, CORPUSLOOM_SCRATCH=str(scratch))
    (memory,) = scratch.glob("imports-*.json")
    if damage:
        memory.write_text(damage)
    again = ask(project, CORPUSLOOM_SCRATCH=str(scratch))
    assert again == before
    assert [path.name for path in scratch.iterdir()] == [memory.name]
    append(project / "corpus/rules/gopher.py", "\nimport corpus.mixture\n")
    assert "corpus/mixture.py" in ask(project, CORPUSLOOM_SCRATCH=str(scratch))["corpus.rules.gopher"]["files"]


def test_differences_are_named():
    from corpus.files.provenance import Closure

    one = Closure((("a.py", "1"), ("b.py", "2")), (("numpy", "2.0"),))
    other = Closure((("a.py", "1"), ("b.py", "3")), (("numpy", "2.1"),))
    assert one.differences(other) == ["b.py", "numpy"]
    assert one.digest != other.digest
    assert (one | one) == one
