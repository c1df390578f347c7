"""The embedded sample, and builds of it by the real command in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from forked import run_module
from stores import store  # noqa: F401

from corpus.sample.write import WrittenSample, write_sample

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
COMMAND = [sys.executable, "-m", "pipelines.build_webtext"]


def arguments(sample, output, *more):
    """The command line of a build of the sample."""
    return [*COMMAND, "--submissions", sample.submissions, "--pages", sample.pages, "--output", str(output), *more]


def run(command, env=None):
    """Run a command to its end, one of our modules as a fork (see `forked`); its output as text."""
    if command[:2] == [sys.executable, "-m"]:
        return run_module(command[2], command[3:], ROOT, env)
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)


def build(sample, output, *more):
    """Build and insist on success."""
    ran = run(arguments(sample, output, *more))
    assert ran.returncode == 0, ran.stderr
    return Path(output)


def rows(folder, kind):
    """All rows of one kind, in the order of the parts."""
    return [row for path in sorted((folder / kind).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def contents(folder):
    """Every file of the corpus proper, by name."""
    paths = [path for kind in ("kept", "rejected", "quarantined") for path in sorted((folder / kind).iterdir())]
    paths += [folder / "_MANIFEST.json", folder / "links_without_page.parquet"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> WrittenSample:
    return write_sample(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def built(sample, tmp_path_factory) -> Path:
    """One plain build, by one worker."""
    return build(sample, tmp_path_factory.mktemp("built") / "corpus", "--direct_num_workers=1")


@pytest.fixture
def real_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    return DATA


@pytest.fixture
def quiet_environment():
    """The environment, with a home and a locale of its own: nothing of a user's may leak into a corpus."""
    return {**os.environ, "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "12345"}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A byte is a token."""
    from corpus.tokenizer.encoding import tokenizer_from
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.models import byte_characters, gpt2_model

    folder = tmp_path_factory.mktemp("tokenizer")
    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)
    return folder
