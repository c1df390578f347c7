"""Builds of token shards in this process: corpora of every awkward size, and memory that leaves no trace."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")

from shard_builds import build_of, text_of, write_corpus

from corpus.shards.layout import read_shard_manifest
from corpus.shards.read import open_shards
from corpus.shards.verify import verify
from corpus.tokenizer.files import load_tokenizer
from pipelines.runtime.errors import StageError
from pipelines.work import tokens

MEGABYTES = tokens.ENCODING_BYTES >> 20


def shard_bytes(output):
    names = [output / shard.path for source in read_shard_manifest(output).sources for shard in source.shards]
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in [*names, output / "manifest.json"]}


def texts_of(tokenizer, output):
    ours, found = load_tokenizer(tokenizer), []
    for stream in open_shards(output).streams:
        found += [ours.decode(ids[:-1]) for ids in stream.documents()]
    return sorted(found)


def test_memory_changes_the_runs_and_no_byte_of_a_shard(tokenizer, tmp_path, monkeypatch):
    """With the least memory each batch is a run, and each document a stretch of its own."""
    sizes = [(37 * number) % 900 for number in range(60)]
    write_corpus(tmp_path / "one", sizes, parts=2)
    build_of(tokenizer, tmp_path / "much", (tmp_path / "one", 1)).run()
    monkeypatch.setattr(tokens, "_MOST_ROWS", 7)
    build_of(tokenizer, tmp_path / "little", (tmp_path / "one", 1), memory=MEGABYTES).run()
    runs = [len(list((tmp_path / name / f"{tokens.TOKENIZED}-train").iterdir())) for name in ("much", "little")]
    assert runs == [2, 10]
    assert shard_bytes(tmp_path / "little") == shard_bytes(tmp_path / "much")
    assert texts_of(tokenizer, tmp_path / "little") == sorted(text_of(n, size) for n, size in enumerate(sizes))


def test_the_order_and_number_of_parts_change_no_byte(tokenizer, tmp_path):
    sizes = [(53 * number) % 700 for number in range(40)]
    for folder, parts in (("a", 1), ("b", 3)):
        write_corpus(tmp_path / folder / "one", sizes, parts)
        build_of(tokenizer, tmp_path / folder / "out", (tmp_path / folder / "one", 1)).run()
    assert shard_bytes(tmp_path / "a" / "out") == shard_bytes(tmp_path / "b" / "out")


@pytest.mark.parametrize(
    ("sizes", "changes"),
    [
        ([300], {}),
        ([0], {}),
        ([0, 0, 0], {"validation_share": 0.0}),
        ([100, 200_000, 30], {}),
        ([100, 200_000, 30], {"tokens_a_shard": 1}),
        ([50] * 30, {"tokens_a_shard": 3}),
        ([50] * 30, {"validation_share": 0.0, "also_bin": True}),
    ],
)
def test_corpora_of_awkward_sizes_are_whole(tokenizer, tmp_path, sizes, changes):
    write_corpus(tmp_path / "one", sizes)
    out = tmp_path / "out"
    build_of(tokenizer, out, (tmp_path / "one", 1), **changes).run()
    assert verify(out) == []
    assert texts_of(tokenizer, out) == sorted(text_of(number, size) for number, size in enumerate(sizes))
    ids = [pa.ipc.open_file(str(path)).read_all()["doc_id"].to_pylist() for path in sorted((out / "one").iterdir())]
    assert sorted(doc_id for some in ids for doc_id in some) == sorted(f"one/{number}" for number in range(len(sizes)))
    if changes.get("also_bin"):
        assert np.fromfile(out / "train.bin", np.uint16).tolist().count(256) == len(sizes)
        assert not (out / "val.bin").exists()


@pytest.mark.parametrize(
    ("sizes", "share", "says"),
    [([], 0.1, "two: .*no kept document"), ([40], 0.999999, "one: .*all its 400 documents fell")],
)
def test_a_source_without_train_tokens_stops_the_build_before_a_shard_is_written(
    tokenizer, tmp_path, sizes, share, says
):
    write_corpus(tmp_path / "one", [50] * 400)
    write_corpus(tmp_path / "two", sizes)
    build = build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 1), (tmp_path / "two", 1), validation_share=share)
    with pytest.raises(StageError, match=says) as stopped:
        build.run() if share > 0.5 else build.plan()
    assert stopped.value.code == 3
    assert not list(tmp_path.glob("out/*/*.arrow"))


def test_a_source_that_removal_empties_is_named(tokenizer, tmp_path):
    write_corpus(tmp_path / "one", [50])
    build = build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 1), removed=frozenset({"one/0"}))
    with pytest.raises(StageError, match="one: no tokens to train on: all its 1 documents are removed"):
        build.run()
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_caps_and_temperature_stand_in_the_manifest(tokenizer, tmp_path):
    write_corpus(tmp_path / "one", [400] * 20)
    write_corpus(tmp_path / "two", [400] * 5)
    corpora = (tmp_path / "one", 9), (tmp_path / "two", 1)
    build = build_of(tokenizer, tmp_path / "out", *corpora, validation_share=0.0)
    capped = replace(build.weighting, temperature=2, most_epochs=(("two", 1.0),), budget=20_050)
    lines = "\n".join(replace(build, weighting=capped).run())
    weights = {source.name: source.weight for source in read_shard_manifest(tmp_path / "out").sources}
    assert weights == {"one": 9000, "two": 1000}
    assert "temperature 2, two at most 1 epochs" in lines


def test_a_dry_run_estimates_before_and_counts_after(tokenizer, tmp_path):
    write_corpus(tmp_path / "one", [400] * 30)
    build = build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 3), validation_share=0.0)
    before = "\n".join(build.plan())
    assert "estimated" in before
    assert "30 documents, about" in before
    assert not (tmp_path / "out").exists()
    build.run()
    after = "\n".join(build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 3), validation_share=0.0).plan())
    assert "30 documents, 12,030 tokens" in after
    assert "1,000 MB allowed" in after
    assert "estimated" not in after
