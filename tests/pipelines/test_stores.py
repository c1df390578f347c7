"""A whole build from bucket to bucket: the same bytes as from folder to folder."""

import os
import shutil

import pytest
from forked import run_module

pytest.importorskip("apache_beam")

from corpus.files.manifest import verify
from corpus.files.storage import local, place

# What says where and how long, or is a log; everything else must be equal to the byte.
OF_THIS_RUN = {"run.json", ".lock", "report.html", "workers.log", "outlook.json"}


def upload(folder, there):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            (there / path.relative_to(folder).as_posix()).write_bytes(path.read_bytes())


def files_of(root):
    """Every file below a place by its name, but for those of one run."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: local(path).read_bytes() for name, path in found.items() if path.name not in OF_THIS_RUN}


def compare(there, here):
    assert sorted(there) == sorted(here)
    assert {name: (there[name][:999], here[name][:999]) for name in here if there[name] != here[name]} == {}


def run_in(folder, *command):
    ran = run_module(command[0], command[1:], folder)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def webtext(where, output, *more):
    """A build of two dumps and two archives, one of which is damaged."""
    inputs = ["--submissions", f"{where}web/submissions/RS_2016-*", "--pages", f"{where}web/crawl/sample-000[04]*"]
    return ["pipelines.build_webtext", *inputs, "--output", output, *more]


@pytest.fixture(scope="module")
def at_home(sample, tmp_path_factory):
    """A folder with the sample web in `web/` and its corpus in `corpus/`."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(os.path.commonpath([sample.submissions, sample.pages]), home / "web")
    run_in(home, *webtext("", "corpus", "--direct_num_workers=1"))
    return home


def test_a_build_from_bucket_to_bucket_has_the_bytes_of_one_from_folder_to_folder(store, at_home, tmp_path):
    """Worker processes of their own reach a store by the environment too: one kind of store shows it."""
    upload(at_home / "web", place(f"{store}/web"))
    workers = 2 if store.startswith("gs") else 1
    run_in(tmp_path, *webtext(f"{store}/", f"{store}/corpus", f"--direct_num_workers={workers}"))
    there = place(f"{store}/corpus")
    compare(files_of(there), files_of(at_home / "corpus"))
    assert (there / "report.html").is_file()
    assert verify(there) == []
    again = run_in(tmp_path, *webtext(f"{store}/", f"{store}/corpus"))
    assert "corpus" in again


def tokens(where):
    """The commands from a corpus in `where` to its tokenizer and shards there."""
    alone = "--direct_num_workers=1"
    train = ["--corpus", f"{where}corpus", "--vocab-size", "400", "--output", f"{where}tokenizer", alone]
    source = ["--source", f"webtext={where}corpus:1", "--tokenizer", f"{where}tokenizer"]
    pack = [*source, "--validation-share", "0.1", "--output", f"{where}shards", alone]
    return ["pipelines.train_tokenizer", *train], ["pipelines.build_shards", *pack]


def test_tokenizer_and_shards_in_a_bucket_have_the_bytes_of_those_in_a_folder(store, at_home, tmp_path):
    """The corpus is put there as it is, whichever test runs first."""
    shutil.copytree(at_home / "corpus", at_home / "tokens" / "corpus", dirs_exist_ok=True)
    upload(at_home / "corpus", place(f"{store}/tokens/corpus"))
    for command in tokens("tokens/"):
        run_in(at_home, *command)
    for command in tokens(f"{store}/tokens/"):
        run_in(tmp_path, *command)
    for folder in ("tokenizer", "shards"):
        compare(files_of(place(f"{store}/tokens/{folder}")), files_of(at_home / "tokens" / folder))


def test_a_pattern_that_finds_no_object_is_named(store, tmp_path):
    command = webtext(f"{store}/nowhere/", f"{store}/none")
    ran = run_module(command[0], command[1:])
    assert ran.returncode == 3
    assert f"{store}/nowhere/web/submissions/RS_2016-*" in ran.stderr
