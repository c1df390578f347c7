"""What stands in token shards and what must not: the split, removals, weights, nothing empty, tokenizers that fit."""

import pyarrow as pa
import pytest

pytest.importorskip("apache_beam")

from foreign_shapes import write_shape
from shard_builds import build_of, numbered_texts, text_of, write_corpus, write_texts

from corpus.shards.layout import read_shard_manifest
from corpus.shards.read import open_shards
from corpus.tokenizer.files import load_tokenizer
from pipelines.runtime.errors import StageError
from pipelines.work import tokens


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


@pytest.mark.parametrize(
    ("shape", "name", "agrees"), [("neox", "GPTNeoXTokenizer", True), ("roberta", "GPT2Tokenizer", False)]
)
def test_a_class_that_reads_its_file_otherwise_is_refused(shape, name, agrees, tmp_path):
    pytest.importorskip("transformers", reason="transformers is not installed")
    write_shape(shape, tmp_path / "tokenizer", tokenizer_class=name)
    write_texts(tmp_path / "one", ["The tide rises, isn't it? " * 40] * 3)
    build = build_of(str(tmp_path / "tokenizer"), tmp_path / "out", (tmp_path / "one", 1), validation_share=0.0)
    if agrees:
        build.run()
        return
    with pytest.raises(StageError, match=f"tokenizer_class {name} of transformers gives other ids") as stopped:
        build.run()
    assert stopped.value.code == 3
