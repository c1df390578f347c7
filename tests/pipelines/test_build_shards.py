"""From kept documents to a tokenizer and weighted shards, by their own commands."""

import json
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("apache_beam")

from conftest import ROOT, rows, run

from corpus.sample.prose import english_article
from corpus.shards.read import open_shards
from corpus.shards.trace import origin, trace
from corpus.shards.verify import verify
from corpus.shards.write import shard_of
from corpus.tokenizer.files import load_tokenizer


def command(module, *more, code=0):
    ran = run([sys.executable, "-m", module, *map(str, more)])
    assert ran.returncode == code, ran.stderr
    return ran


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora of a dozen texts each."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, numbers in (("one", range(12)), ("two", range(12, 24))):
        lines = [json.dumps({"id": str(n), "title": f"t{n}", "text": english_article(n).text}) for n in numbers]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        command("pipelines.build_books", "--books", folder / f"{name}.jsonl", "--output", folder / name)
    return folder


@pytest.fixture(scope="module")
def tokenizer(corpora):
    """A small tokenizer of both."""
    arguments = ("--corpus", corpora / "one", "--corpus", corpora / "two", "--kind", "gpt2", "--vocab-size", 600)
    command("pipelines.train_tokenizer", *arguments, "--output", corpora / "tokenizer")
    return corpora / "tokenizer"


def arguments_of(corpora, tokenizer, output, *more):
    sources = ("--source", f"one={corpora / 'one'}:22", "--source", f"two={corpora / 'two'}:3")
    flags = ("--tokenizer", tokenizer, "--output", output, "--tokens-a-shard", 2500, "--validation-share", 0.2)
    return [sys.executable, "-m", "pipelines.build_shards", *map(str, (*sources, *flags, *more))]


def shards(corpora, tokenizer, output, *more):
    ran = run(arguments_of(corpora, tokenizer, output, *more))
    assert ran.returncode == 0, ran.stderr
    return ran


@pytest.fixture(scope="module")
def built(corpora, tokenizer):
    shards(corpora, tokenizer, corpora / "shards", "--direct_num_workers=1", "--also-bin")
    return corpora / "shards"


def test_the_tokenizer_is_the_kind_asked_for_and_the_same_every_time(corpora, tokenizer):
    ours = load_tokenizer(tokenizer)
    assert (ours.kind, ours.vocab_size, ours.end_of_text) == ("gpt2", 600, 599)
    arguments = ("--corpus", corpora / "two", "--corpus", corpora / "one", "--vocab-size", 600)
    command("pipelines.train_tokenizer", *arguments, "--output", corpora / "again")
    assert (corpora / "again" / "tokenizer.json").read_bytes() == (tokenizer / "tokenizer.json").read_bytes()


def test_a_byte_budget_takes_fewer_documents(corpora):
    arguments = ("--corpus", corpora / "one", "--vocab-size", 400, "--sample-bytes", 8000)
    command("pipelines.train_tokenizer", *arguments, "--output", corpora / "small")
    sample = json.loads((corpora / "small" / "training.json").read_bytes())["sample"]
    assert 0 < sample["sampled"] < sample["documents"] == 12


def test_every_document_is_in_one_shard_as_its_tokens(corpora, tokenizer, built):
    assert verify(built) == []
    ours, opened = load_tokenizer(tokenizer), open_shards(built)
    for name, weight in (("one", 22), ("two", 3)):
        kept = {row["id"]: row for row in rows(corpora / name, "kept")}
        streams = [stream for stream in opened.streams if stream.name == name]
        found = {doc_id: text for stream in streams for doc_id, text in decoded(stream, built, ours)}
        assert found == {doc_id: row["text"] for doc_id, row in kept.items()}
        (entry,) = [source for source in opened.manifest.sources if (source.name, source.split) == (name, "train")]
        assert entry.weight == weight
        assert len(entry.shards) > 1


def decoded(stream, folder, ours):
    """(id, text) of every document of a stream, the ids by `trace`."""
    for shard in stream_shards(stream, folder):
        position = 0
        while position < shard.n_tokens:
            place = trace(folder / shard.path, position)
            length = document_length(stream, folder, shard, position)
            tokens = stream.window(before(stream, folder, shard) + position, length)
            assert tokens[-1] == ours.end_of_text
            yield place.doc_id, ours.decode(tokens[:-1])
            position += length


def stream_shards(stream, folder):
    manifest = open_shards(folder, verified=True).manifest
    (entry,) = [one for one in manifest.sources if (one.name, one.split) == (stream.name, stream.split)]
    return entry.shards


def before(stream, folder, shard):
    shards_of = stream_shards(stream, folder)
    return sum(one.n_tokens for one in shards_of[: shards_of.index(shard)])


def document_length(stream, folder, shard, position):
    import pyarrow as pa

    table = pa.ipc.open_file(str(folder / shard.path)).read_all()
    lengths = [len(tokens) for tokens in table["tokens"].to_pylist()]
    start = 0
    for length in lengths:
        if start == position:
            return length
        start += length
    raise AssertionError(position)


def arrow_bytes(folder):
    paths = sorted(path for name in ("one", "two") for path in (folder / name).iterdir())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_workers_change_no_byte(corpora, tokenizer, built, tmp_path):
    shards(corpora, tokenizer, tmp_path / "again", "--direct_num_workers=2")
    assert arrow_bytes(tmp_path / "again") == arrow_bytes(built)
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (built / "manifest.json").read_bytes()


def test_removal_rewrites_only_the_shards_that_held_the_documents(corpora, tokenizer, tmp_path):
    shards(corpora, tokenizer, tmp_path / "out")
    before_removal = arrow_bytes(tmp_path / "out")
    gone = sorted(row["id"] for row in rows(corpora / "one", "kept"))[:1]
    (tmp_path / "ids").write_text("\n".join(gone))
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "two").iterdir()}
    shards(corpora, tokenizer, tmp_path / "out", "--replace", "--remove-ids", tmp_path / "ids")
    after = arrow_bytes(tmp_path / "out")
    changed = {name for name in after if after[name] != before_removal[name]}
    assert set(after) == set(before_removal)
    assert len(changed) == 1
    (name,) = changed
    number, of = int(name.split("-")[1]), int(name.split("-of-")[1].removesuffix(".arrow"))
    assert name.startswith("one/")
    assert number == shard_of(gone[0], of)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "two").iterdir()} == stamps
    assert verify(tmp_path / "out") == []


def test_a_killed_run_goes_on_to_the_same_bytes(corpora, tokenizer, built, tmp_path):
    """kill -9 as soon as the first shard is there, then the same command."""
    out = tmp_path / "killed"
    process = subprocess.Popen(arguments_of(corpora, tokenizer, out), stdout=subprocess.DEVNULL, cwd=ROOT)
    while process.poll() is None and not list(out.glob("*/*.arrow")):
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    for name in ("one", "two"):
        (out / name).mkdir(exist_ok=True)
        (out / name / ".tmp-half").write_bytes(b"half a shard of the killed run")
    shards(corpora, tokenizer, out)
    assert arrow_bytes(out) == arrow_bytes(built)


def test_a_full_disk_is_named_and_costs_nothing_but_the_rest(corpora, tokenizer, built, tmp_path):
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *arguments_of(corpora, tokenizer, tmp_path / "full")]
    ran = run(limited)
    assert (ran.returncode, "a file outgrew its limit" in ran.stderr) == (5, True), ran.stderr
    shards(corpora, tokenizer, tmp_path / "full")
    assert arrow_bytes(tmp_path / "full") == arrow_bytes(built)


def test_a_position_leads_back_to_its_document(corpora, built):
    shard = next((built / "one").glob("train-*"))
    place = trace(shard, 0)
    assert origin(corpora / "one", place.doc_id)["title"].startswith("t")


def test_nanogpt_and_the_tokenizer_libraries_open_what_was_written(tokenizer, built):
    import numpy as np

    ours = load_tokenizer(tokenizer)
    tokens = np.fromfile(built / "train.bin", np.uint16)
    assert (tokens == ours.end_of_text).sum() + (np.fromfile(built / "val.bin", np.uint16) == 599).sum() == 24
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(str(tokenizer))
    text = english_article(40).text
    assert theirs(text)["input_ids"] == ours.encode(text).tolist()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--source", "one", "--tokenizer", "x"), 2, "name=path:weight"),
        (("--source", "one=no/such:1", "--tokenizer", "no/such"), 3, "no such tokenizer"),
        (("--source", "one=no/such:1", "--tokenizer", "x", "--most-epochs", "one=2"), 2, "needs --budget"),
        (("--source", "one=no/such:1", "--tokenizer", "x", "--validation-share", "1"), 2, "below 1"),
    ],
)
def test_mistakes_are_named(tmp_path, arguments, code, says):
    ran = command("pipelines.build_shards", *arguments, "--output", tmp_path / "out", code=code)
    assert says in ran.stderr
