"""The two speeds of the tests, and the order in which processes take their files.

`make test-fast` runs what is marked `fast` here, by its file: tests of what is done to a document, in this process. No
such test starts another one, which is watched while they run, whatever the code below them does. `make test` runs
everything but `slow` and `engines`; the files that take long come first, so that none is left over at the end.
"""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAST = ("classifiers", "corpus", "test_architecture.py", "test_walks.py")
# Of those, files that start processes, and files that take more than a few seconds.
NOT_FAST = {
    "classifiers/test_classifier_commands.py",
    "classifiers/test_classifier_fit.py",
    "corpus/decontamination/test_grams.py",
    "corpus/decontamination/test_real_benchmarks.py",
    "corpus/extraction/blocks/test_hostile_pages.py",
    "corpus/extraction/test_sandbox.py",
    "corpus/extraction/test_transcription.py",
    "corpus/extraction/test_wikitext.py",
    "corpus/extraction/wiki/test_markup.py",
    "corpus/files/test_manifest.py",
    "corpus/files/test_provenance.py",
    "corpus/readers/test_lines.py",
    "corpus/readers/warc/test_http_body.py",
    "corpus/readers/warc/test_warc_damage.py",
    "corpus/recipes/test_recipe_files.py",
    "corpus/report/test_pages_in_browser.py",
    "corpus/report/test_report.py",
    "corpus/report/test_report_safety.py",
    "corpus/rules/test_datatrove.py",
    "corpus/rules/test_native_measures.py",
    "corpus/rules/test_prose.py",
    "corpus/shards/test_read.py",
    "corpus/shards/test_runs.py",
    "corpus/shards/test_shards_command.py",
    "corpus/sources/test_capture_index.py",
    "corpus/test_properties.py",
    "corpus/tokenizer/test_foreign_tokenizers.py",
    "corpus/tokenizer/test_tokenizer_counts.py",
    "corpus/tokenizer/test_tokenizer_encoding.py",
    "corpus/tokenizer/test_tokenizer_files.py",
    "corpus/tokenizer/test_tokenizer_merges.py",
    "corpus/tokenizer/test_tokenizer_words.py",
}
# What takes longest, by the processor time of the file (docs/log.md), then the folders with most of it.
FIRST = (
    "pipelines/test_build_webtext.py",
    "pipelines/test_stores.py",
    "test_blocks.py",
    "pipelines/refresh/test_forget.py",
    "pipelines/refresh/test_months.py",
    "pipelines/test_build_commoncrawl.py",
    "pipelines/test_faults.py",
    "examples/test_gpt4rec.py",
    "pipelines",
    "test_contributing.py",
    "examples",
    "trainer",
)
PROCESSES = ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen")
started: list[str] = []


def is_fast(path: str) -> bool:
    """Whether the tests of a file, named from this folder, are fast ones."""
    return path.startswith(FAST) and path not in NOT_FAST


def rank(path: str) -> int:
    """Files of lower rank are begun earlier."""
    return next((number for number, name in enumerate(FIRST) if path.startswith(name)), len(FIRST))


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items):
    names = {item: item.path.relative_to(HERE).as_posix() for item in items}
    for item, name in names.items():
        if is_fast(name) and not item.get_closest_marker("slow"):
            item.add_marker("fast")
    items.sort(key=lambda item: rank(names[item]))


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be missing
def pytest_xdist_auto_num_workers(config):
    """Three processes for two cores: builds, servers and killed commands leave a core idle a third of the time.

    Fast tests leave none idle, and each process collects them all.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if config.option.markexpr.startswith("fast") else cores + (cores + 1) // 2


def note_process(event, _):
    """Note that a process is started; an audit hook, which sees it in any library."""
    if event in PROCESSES:
        started.append(event)


# Tests start hundreds of interpreters, and each process of pytest rewrites what it collects: bytecode is kept, even
# where the environment says not to, as in many containers.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure():
    sys.addaudithook(note_process)
    os.fsync = lambda file: None  # tests kill processes, and no test cuts the power


def pytest_runtest_setup():
    started.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    yield
    if started and item.get_closest_marker("fast"):
        pytest.fail(f"a fast test starts no process: {started}; add its file to NOT_FAST of tests/conftest.py")
