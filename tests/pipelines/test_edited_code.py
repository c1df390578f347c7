"""A build by a copy of the code that is edited between two runs: what an edit cannot alter is not done again.

The copy is a real one, with real edits and real versions of libraries, on a piece of the sample web.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.sample.write import write_sample

ROOT = Path(__file__).parents[2]
NOT_JUDGING = {"posts", "links", "captures", "edges", "redirects", "wanted", "matched", "extracted"}


class Copy:
    """A copy of the packages, a build by it, and the names of the tasks of each stage."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.output = folder / "code", folder / "corpus"
        for package in ("corpus", "classifiers", "pipelines"):
            shutil.copytree(ROOT / package, self.tree / package, ignore=shutil.ignore_patterns("__pycache__"))
        web = write_sample(folder / "web")
        pages = sorted(Path(web.pages).parent.glob("*.gz"))[:1]
        self.flags = ["--submissions", web.submissions, "--pages", *map(str, pages)]

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.tree / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r} any more; choose another edit"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def install(self, distribution: str, version: str) -> None:
        """Another version of a library: its metadata are found before those of the real one."""
        info = self.tree / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")

    def build(self) -> dict[str, set[str]]:
        """Stage → the names of its parts, after a build."""
        command = [sys.executable, "-m", "pipelines.build_webtext", *self.flags, "--output", str(self.output)]
        ran = subprocess.run(
            [*command, "--direct_num_workers=1", "--replace"],
            cwd=self.tree,
            env={**os.environ, "PYTHONPATH": str(self.tree)},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        stages = [folder for folder in (self.output / ".stages").iterdir() if folder.is_dir()]
        return {folder.name: {path.name[:29] for path in folder.rglob("part-*")} for folder in stages}


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Copy:
    return Copy(tmp_path_factory.mktemp("edited"))


def test_only_what_an_edit_can_alter_is_done_again(copy):
    first = copy.build()
    assert {"posts", "captures", "extracted", "judged", "signatures"} <= first.keys()

    def redone() -> set[str]:
        nonlocal first
        before, first = first, copy.build()
        return {stage for stage in before if before[stage] != first[stage]}

    # A comment in a module that no stage of this build imports, and a new file beside the rules.
    copy.edit("corpus/extraction/gutenberg.py", "import re\n", "import re  # of course\n")
    (copy.tree / "corpus" / "rules" / "nobody_imports_me.py").write_text('"""A rule to come."""\n')
    (copy.tree / "classifiers" / "nobody_imports_me.py").write_text('"""A classifier to come."""\n')
    assert redone() == set()

    # One number of one rule: pages are not read again.
    copy.edit("corpus/rules/prose.py", "\nimport ", "\nONE_MORE = 1\n\nimport ")
    changed = redone()
    assert "judged" in changed and not changed & NOT_JUDGING

    # Another version of a library: the stages that import it, and those alone.
    copy.install("ftfy", "99.0")
    changed = redone()
    assert "judged" in changed and not changed & NOT_JUDGING
