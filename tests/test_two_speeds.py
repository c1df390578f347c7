"""The rule of `make test-fast` holds, and every target that a reader needs is there."""

import re
from importlib.machinery import SourceFileLoader
from pathlib import Path

HERE = Path(__file__).parent
chosen = SourceFileLoader("two_speeds", str(HERE / "conftest.py")).load_module()


def test_files_that_name_processes_are_not_fast():
    """What the code below them starts is watched while they run; what they start themselves stands in their text."""
    starts = re.compile(r"subprocess|multiprocessing|run_module|os\.fork|Popen")
    for path in HERE.rglob("test_*.py"):
        name = path.relative_to(HERE).as_posix()
        if path != Path(__file__) and starts.search(path.read_text(encoding="utf-8")):
            assert not chosen.is_fast(name), f"{name} starts processes: add it to NOT_FAST of tests/conftest.py"


def test_the_list_names_files_that_are_there():
    assert [name for name in sorted(chosen.NOT_FAST) if not (HERE / name).is_file()] == []
