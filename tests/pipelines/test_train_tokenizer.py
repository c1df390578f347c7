"""Tokenizers trained by the command, on corpora of every sort: the same bytes each time, and a report on other text."""

import json
import random

import pytest

pytest.importorskip("apache_beam")

from corpus.document import Document
from corpus.errors import CorpusloomError
from corpus.files.manifest import MANIFEST, write_json, write_parquet
from corpus.sample.prose import english_article
from corpus.schema import KEPT_SCHEMA, kept_row
from corpus.tokenizer.files import load_tokenizer
from pipelines.runtime.errors import StageError
from pipelines.train_tokenizer import _build, parser

SYLLABLES = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ou", "ann", "est")]


def corpus_of(folder, texts, source="made", language="en", parts=1):
    """A corpus as the builds leave it, of the given texts."""
    written = []
    for number in range(parts):
        documents = [
            Document(id=f"{source}/{at}", url="", text=text, source=source, language=language)
            for at, text in enumerate(texts)
            if at % parts == number
        ]
        path = folder / "kept" / f"part-{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        written.append(write_parquet(path, folder, KEPT_SCHEMA, map(kept_row, documents)))
    parts_of = [{"path": part.path, "rows": part.rows, "digest": part.digest, "bytes": part.bytes} for part in written]
    write_json(folder / MANIFEST, {"parts": parts_of})
    return folder


def sentences(number, seed):
    """Short texts of made-up words, some of them common."""
    chance = random.Random(seed)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(600)]
    return [" ".join(words[int(600 * chance.random() ** 2)] for _ in range(40)) for _ in range(number)]


def train(output, *corpora, workers=1, room_for_words=None, **flags):
    """Build in this process; the lines it prints at the end. `room_for_words` is a limit in bytes."""
    given = [part for corpus in corpora for part in ("--corpus", str(corpus))]
    given += [part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    ours = parser()
    flags = ours.parse_args([*given, "--output", str(output)])
    build = _build(ours, flags, [f"--direct_num_workers={workers}"])
    build.stages.worth_a_worker = {}
    build.memory_limit = build.memory.at_least + room_for_words if room_for_words else build.memory_limit
    output.mkdir(exist_ok=True)
    return build.run()


def report_of(output):
    return json.loads((output / "report.json").read_bytes())


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    corpus_of(folder / "one", sentences(220, 1), "one", "en", parts=2)
    corpus_of(folder / "two", sentences(180, 2), "two", "de", parts=1)
    return folder


@pytest.fixture(scope="module")
def trained(corpora):
    train(corpora / "trained", corpora / "one", f"{corpora / 'two'}:3", vocab_size=900)
    return corpora / "trained"


def test_some_documents_are_held_out_and_the_report_is_about_them(corpora, trained):
    report, sample = report_of(trained), json.loads((trained / "training.json").read_bytes())["sample"]
    assert sample["documents"] == 400
    assert 0 < sample["held_out"] < 60
    assert sample["sampled"] + sample["held_out"] == 400
    assert report["held_out"]["documents"] == report["all"]["documents"] == sample["held_out"]
    assert [row["source"] for row in report["by_source"]] == ["one", "two"]
    assert [row["language"] for row in report["by_language"]] == ["de", "en"]
    assert sum(row["bytes"] for row in report["by_source_and_language"]) == report["held_out"]["bytes"]
    assert 1.5 < report["all"]["bytes_per_token"] < 8
    assert report["merges"]["number"] == 900 - 257
    assert report["compared_with"] is None
    assert "--compare-with" in (trained / "report.html").read_text()


def test_another_tokenizer_is_set_beside_it(corpora, trained):
    more = {"compare_with": trained, "held_out": 0.5, "vocab_size": 400}
    train(corpora / "compared", corpora / "one", **more)
    report = report_of(corpora / "compared")
    assert report["compared_with"]["digest"] == load_tokenizer(trained).digest
    assert 80 < report["held_out"]["documents"] < 140
    assert report["all"]["other_bytes_per_token"] > report["all"]["bytes_per_token"]


def test_workers_and_order_change_no_byte(corpora, trained):
    train(corpora / "again", f"{corpora / 'two'}:3", corpora / "one", vocab_size=900, workers=2)
    names = sorted(path.name for path in trained.iterdir() if path.is_file() and path.name != "run.json")
    assert {"report.json", "report.html", "training.json", "tokenizer.json"} <= set(names)
    for name in names:
        mine, again = ((folder / name).read_bytes() for folder in (trained, corpora / "again"))
        assert mine == again, name


ODD = ["", " ", "\n\n", "🌊🌊 🏖️👩‍👩‍👧", "one", "\x00\ufeff", "潮" * 300, "a" * 5000]


@pytest.mark.parametrize("kind", ["gpt2", "gpt1", "sentencepiece"])
def test_odd_texts_train(tmp_path, kind):
    corpus_of(tmp_path / "odd", [*ODD, english_article(1).text])
    lines = train(tmp_path / kind, tmp_path / "odd", kind=kind)
    ours, report = load_tokenizer(tmp_path / kind), report_of(tmp_path / kind)
    assert any(line.startswith("smaller") and f"{ours.vocab_size:,} ids" in line for line in lines)
    assert report["held_out"]["of"] == "trained on"
    assert report["held_out"]["documents"] == len(ODD) + 1
    assert report["tokenizer"]["vocab_size"] == ours.vocab_size < report["tokenizer"]["asked"]
    if kind == "gpt2":
        assert ours.decode(ours.encode("🌊 潮 new")) == "🌊 潮 new"


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["🌊🌊 🏖️"], "gpt2"), (["🌊🌊 🏖️"], "sentencepiece"), (["word"], "gpt1"), (["word"], "sentencepiece")],
)
def test_one_document_is_enough(tmp_path, texts, kind):
    corpus_of(tmp_path / "one", texts)
    train(tmp_path / "out", tmp_path / "one", kind=kind)
    assert load_tokenizer(tmp_path / "out").kind == kind


@pytest.mark.parametrize("texts", [[], ["", ""]])
def test_nothing_to_train_on_is_said(tmp_path, texts):
    corpus_of(tmp_path / "empty", texts)
    with pytest.raises(StageError, match="no words to train on") as raised:
        train(tmp_path / "out", tmp_path / "empty")
    assert raised.value.code == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"held_out": 1}, "--held-out: 1 is out of range; give a number from 0 to below 1"),
        ({"sample_bytes": 0}, "--sample-bytes: 0 is out of range; give a whole number of at least 1"),
        ({"memory_mb": -1}, "--memory-mb: -1 is out of range"),
        ({"vocab_size": 10**12}, "--vocab-size: 1000000000000 is out of range"),
    ],
)
def test_numbers_out_of_range_are_refused_with_their_flag(corpora, tmp_path, capsys, flags, message):
    with pytest.raises(SystemExit) as ended:
        train(tmp_path / "out", corpora / "one", **flags)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message", "code"),
    [
        ({"vocab_size": 256}, "257 ids before its first merge, not 256", 2),
        ({"vocab_size": 300, "kind": "gpt1"}, "478 ids before its first merge", 2),
        ({"compare_with": "no/such"}, "no such tokenizer", 3),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(corpora, tmp_path, flags, message, code):
    with pytest.raises(CorpusloomError, match=message) as raised:
        train(tmp_path / "out", corpora / "one", **flags)
    assert raised.value.code == code
    assert not (tmp_path / "out").exists()


def test_a_limit_of_memory_is_kept_and_said(corpora, tmp_path, capsys):
    train(tmp_path / "out", corpora / "one", vocab_size=300, room_for_words=100_000)
    out = capsys.readouterr().out
    assert "the limit is" in out
    assert "words that occur fewer than" in out
    left = json.loads((tmp_path / "out" / "training.json").read_bytes())["left_out"]
    assert 0 < left["left_out_occurrences"] < left["occurrences"]
    with pytest.raises(StageError, match="--memory-mb: training needs at least") as raised:
        train(tmp_path / "none", corpora / "one", vocab_size=300, memory_mb=10)
    assert raised.value.code == 5
