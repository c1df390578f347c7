"""Builds of token shards in this process: corpora of every awkward size, and memory that leaves no trace."""

from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")

from corpus.document import Document
from corpus.files.manifest import MANIFEST, write_json, write_parquet
from corpus.hashing import digest
from corpus.mixture import Mixture, Source
from corpus.schema import KEPT_SCHEMA, kept_row
from corpus.shards.layout import read_shard_manifest
from corpus.shards.read import open_shards
from corpus.shards.verify import verify
from corpus.tokenizer.encoding import tokenizer_from
from corpus.tokenizer.files import load_tokenizer, save_tokenizer
from corpus.tokenizer.models import byte_characters, gpt2_model
from pipelines.builds.gathering import WORTH_A_WORKER
from pipelines.builds.token_shards import ShardBuild
from pipelines.builds.weights import Weighting
from pipelines.cli.memory import Memory, Needs
from pipelines.cli.replacement import SHARDS, Output
from pipelines.runtime.errors import StageError
from pipelines.runtime.stages import Stages
from pipelines.work import tokens

MEGABYTES = tokens.ENCODING_BYTES >> 20


def text_of(number, size):
    return (digest(str(number), length=max(size // 2, 1)) + " ")[:size]


def write_corpus(folder, sizes, parts=1):
    """Kept documents of these sizes in bytes, over so many parts."""
    write_texts(folder, [text_of(number, size) for number, size in enumerate(sizes)], parts)


def write_texts(folder, texts, parts=1, cluster=""):
    """Kept documents with these texts, over so many parts."""
    entries = []
    for part in range(parts):
        rows = [
            kept_row(
                Document(f"{folder.name}/{number}", "http://a.example/", text, domain="a.example", cluster=cluster)
            )
            for number, text in enumerate(texts)
            if number % parts == part
        ]
        path = folder / "kept" / f"part-{part}.parquet"
        entries.append(asdict(write_parquet(path, folder, KEPT_SCHEMA, rows)))
    write_json(folder / MANIFEST, {"parts": entries})


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A byte is a token."""
    folder = tmp_path_factory.mktemp("tokenizer")
    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)
    return folder


def build_of(tokenizer, output, *corpora, memory=1000, **changes):
    """A build by one worker whose units may hold `memory` MB."""
    mixture = Mixture(tuple(Source(folder.name, weight, str(folder)) for folder, weight in corpora))
    stages = Stages(output, ["--direct_num_workers=1"], 1.0, WORTH_A_WORKER)
    plain = ShardBuild(
        weighting=Weighting(mixture),
        tokenizer_path=tokenizer,
        tokens_a_shard=5000,
        validation_share=0.1,
        also_bin=False,
        removed=frozenset(),
        removed_domains=frozenset(),
        memory=Memory(memory, 1, Needs(0, 0, 1)),
        output=Output(output, SHARDS),
        stages=stages,
    )
    return replace(plain, **changes)


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


def numbered_texts(count):
    return [f"Tide {number} rises,\n\n  and {digest(str(number))} falls." for number in range(count)]


def by_split(tokenizer, output):
    ours, found = load_tokenizer(tokenizer), {}
    for stream in open_shards(output).streams:
        texts = {" ".join(ours.decode(ids[:-1]).lower().split()) for ids in stream.documents()}
        found.setdefault(stream.split, set()).update(texts)
    return found


def test_no_text_of_validation_is_trained_on_whichever_corpus_it_stands_in(tokenizer, tmp_path):
    """The second corpus has the same texts under other ids and clusters, with other case and blanks."""
    texts = numbered_texts(200)
    write_texts(tmp_path / "one", texts, parts=2)
    write_texts(tmp_path / "two", [" ".join(text.upper().split()) for text in reversed(texts)])
    corpora = (tmp_path / "one", 1), (tmp_path / "two", 1)
    build_of(tokenizer, tmp_path / "out", *corpora, validation_share=0.2).run()
    found = by_split(tokenizer, tmp_path / "out")
    assert len(found["validation"]) > 40
    assert not found["validation"] & found["train"]
    assert found["validation"] | found["train"] == {" ".join(text.lower().split()) for text in texts}
    manifest = read_shard_manifest(tmp_path / "out")
    left_out = manifest.about["validation"]["left_out_of_training"]
    documents = {name: sum(each.n_docs for each in manifest.sources if each.name == name) for name in left_out}
    assert {name: 200 - count for name, count in documents.items()} == left_out
    assert min(left_out.values()) > 10


def test_a_cluster_is_on_one_side(tokenizer, tmp_path):
    write_texts(tmp_path / "one", numbered_texts(100))
    write_texts(tmp_path / "two", [f"other {text}" for text in numbered_texts(100)], cluster="two/7")
    build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 1), (tmp_path / "two", 1), validation_share=0.3).run()
    counts = {(each.name, each.split): each.n_docs for each in read_shard_manifest(tmp_path / "out").sources}
    assert sorted((counts["two", "train"], counts["two", "validation"])) == [0, 100]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"removed": frozenset({"one/3", "one/999"})}, "--remove-ids: no source has one/999"),
        ({"removed_domains": frozenset({"a.example", "b.example"})}, "--remove-domain: no source has b.example"),
    ],
)
def test_what_no_source_has_cannot_be_removed(tokenizer, tmp_path, changes, says):
    write_corpus(tmp_path / "one", [50] * 30)
    with pytest.raises(StageError, match=says) as stopped:
        build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 1), **changes).run()
    assert stopped.value.code == 3
    assert not (tmp_path / "out").exists()


def test_token_counts_as_weights_are_rounded(tokenizer, tmp_path):
    for name in ("one", "two"):
        write_corpus(tmp_path / name, [400] * 20)
    build = build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 7_000_001), (tmp_path / "two", 5_000_003))
    lines = "\n".join(build.run())
    weights = {source.name: source.weight for source in read_shard_manifest(tmp_path / "out").sources}
    assert weights == {"one": 5833, "two": 4167}
    assert "weights from one 7000001, two 5000003: rounded" in lines


def test_no_shard_is_empty_and_datasets_opens_the_folder(tokenizer, tmp_path):
    """Twenty documents in as many stretches of the hash, of which some have none; and no document in validation."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    for name in ("one", "two"):
        write_texts(tmp_path / name, numbered_texts(20) if name == "one" else [text_of(1, 900)])
    corpora, out = ((tmp_path / "one", 1), (tmp_path / "two", 1)), tmp_path / "out"
    build_of(tokenizer, out, *corpora, validation_share=0.0, tokens_a_shard=1).run()
    files = sorted((out / "one").glob("*.arrow"))
    assert 5 < len(files) < 20
    assert all(pa.ipc.open_file(str(file)).read_all().num_rows for file in files)
    assert sum(stream.n_docs for stream in open_shards(out).streams) == 21
    opened = datasets.load_dataset(str(out), "one", cache_dir=str(tmp_path / "cache"))
    assert opened.num_rows == {"train": 20}
    assert datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache")).num_rows == {"train": 21}
    ours = load_tokenizer(tokenizer)
    assert sorted(ours.decode(ids[:-1]) for ids in opened["train"]["tokens"]) == sorted(numbered_texts(20))


@pytest.mark.parametrize("position", [0.4, 0.02])
def test_a_damaged_run_is_not_used(tokenizer, tmp_path, position):
    write_corpus(tmp_path / "one", [500] * 60)
    build = build_of(tokenizer, tmp_path / "out", (tmp_path / "one", 1))
    build.tokenize()
    run = next((tmp_path / "out" / f"{tokens.TOKENIZED}-train").iterdir())
    data = bytearray(run.read_bytes())
    data[int(len(data) * position)] ^= 1
    run.write_bytes(data)
    with pytest.raises(StageError, match=f"{run.name} is damaged"):
        build.gather()


def test_a_tokenizer_that_does_not_know_the_text_is_refused(tmp_path):
    """A WordPiece of English words over text of other letters; and one that lowers case, which is said and done."""
    from foreign_shapes import write_shape

    write_shape("bert", tmp_path / "bert")
    write_texts(tmp_path / "one", ["\u4e00\u4e8c\u4e09\u56db" * 400] * 3)
    with pytest.raises(StageError, match=r"100% of the letters .* unknown to it") as stopped:
        build_of(str(tmp_path / "bert"), tmp_path / "out", (tmp_path / "one", 1)).run()
    assert stopped.value.code == 4
    write_texts(tmp_path / "two", ["The Tide rises and the boats lie still. "] * 3)
    build = build_of(str(tmp_path / "bert"), tmp_path / "out", (tmp_path / "two", 1), validation_share=0.0)
    assert any(line.startswith("changed 3 of 3 first documents") for line in build.run())
    left_out = read_shard_manifest(tmp_path / "out").about["tokenizer"]["settings_left_out"]
    assert left_out == ["post_processor BertProcessing (tokens around a text)"]
