"""What was asked to be forgotten is in no file afterwards, and nothing brings it back."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from months import define, refresh, tokenizer_folder  # noqa: F401

pytest.importorskip("apache_beam")

from corpus.files.manifest import verify as verify_parts
from corpus.releases.layout import Releases
from corpus.sample.months import page_url, write_month
from corpus.sample.prose import english_article
from corpus.tokenizer.models import byte_characters
from pipelines.refresh.state import State

pytestmark = pytest.mark.timeout(900)  # some refreshes in one fixture, on a machine that does other work

DOMAIN, MIRROR = "forgetme.example", "mirror.example"
LOST = [f"https://{DOMAIN}/a/one", f"https://sub.{DOMAIN}/two"]


def haystack(folder):
    """Everything below a folder as it can be read: names, bytes, columns, decoded tokens (a byte is a token)."""
    for path in sorted(folder.rglob("*")):
        yield path, str(path.relative_to(folder)).encode()
        if not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, str(pq.read_table(path).to_pydict()).encode()
        elif path.suffix == ".arrow":
            table = pa.ipc.open_file(path).read_all()
            yield path, str({name: table[name].to_pylist() for name in table.column_names}).encode()
            if "tokens" in table.column_names:
                yield path, _decoded(table)


def _decoded(table):
    plain = {character: code for code, character in _byte_level().items()}
    codes = [plain[character] for character in byte_characters()]
    return b" ".join(bytes(codes[token] for token in tokens if token < 256) for tokens in table["tokens"].to_pylist())


def _byte_level():
    """GPT-2's table of a character for each byte, as its paper's code has it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {code: chr(code) for code in printable}
    rest = [code for code in range(256) if code not in table]
    return {**table, **{code: chr(256 + number) for number, code in enumerate(rest)}}


def found(folder, words):
    """Which of some words stand below a folder, and where."""
    patterns = [re.compile(re.escape(word.encode()), re.IGNORECASE) for word in words]
    return {
        (pattern.pattern, path.name) for path, data in haystack(folder) for pattern in patterns if pattern.search(data)
    }


def sentence_of(number):
    """A sentence of an invented article that is its own."""
    return max(english_article(number).text.split(". "), key=len)[:80]


@pytest.fixture(scope="module")
def world(tmp_path_factory, tokenizer_folder):
    """Two months with pages of the domain, a mirror of one of them; then the domain is forgotten."""
    folder = tmp_path_factory.mktemp("forget")
    incoming = folder / "incoming"
    definition = define(folder, tokenizer=f'path = "{tokenizer_folder}"', more="[gates]\nkept_documents = {}")
    write_month(incoming, "2016-07", range(0, 5), [(LOST[0], 40), (f"https://{MIRROR}/copy", 40)])
    assert refresh("run", definition) == 0
    write_month(incoming, "2016-08", range(5, 10), [(LOST[1], 41)])
    assert refresh("run", definition) == 0
    releases = Releases(folder / "data" / "releases")
    words = [DOMAIN, MIRROR, sentence_of(40), sentence_of(41)]
    before = found(releases.folder(2), words)
    ids = _ids(releases.folder(2))
    code = refresh("forget", definition, "--domain", DOMAIN, "--verify")
    return SimpleNamespace(
        folder=folder, incoming=incoming, definition=definition, releases=releases, words=[*words, *ids],
        before=before, code=code, after_forget=found(folder / "data" / "releases", [*words, *ids]),
        work=found(folder / "data" / "work", [*words, *ids]),
    )  # fmt: skip


def _ids(release):
    rows = [row for path in release.glob("corpora/*/*/*.parquet") for row in pq.read_table(path).to_pylist()]
    return [row["id"].rpartition("/")[2] for row in rows if DOMAIN in (row.get("url") or "")]


def test_the_search_of_this_test_finds_what_there_was(world):
    assert {word for word, _ in world.before} == {re.escape(word).encode() for word in world.words[:4]}
    assert len(world.words) == 6


def test_no_file_of_any_release_or_working_folder_has_it(world):
    assert world.code == 0
    assert world.after_forget == set()
    assert world.work == set()
    assert world.releases.numbers() == [3] and world.releases.current == 3
    assert verify_parts(world.releases.folder(3)) == []
    assert world.releases.read(3).made == "forget"


def test_the_rest_stays(world):
    kept = [row["url"] for path in world.releases.folder(3).glob("corpora/*/kept/*.parquet")
            for row in pq.read_table(path, columns=["url"]).to_pylist()]  # fmt: skip
    expected = {page_url("2016-07", number) for number in range(5)} | {
        page_url("2016-08", number) for number in range(5, 10)
    }
    assert set(kept) == expected and len(kept) == 10


def test_a_late_snapshot_does_not_bring_it_back(world):
    write_month(world.incoming, "2016-06", range(10, 13), [(LOST[0], 40), (f"https://other.{MIRROR}/again", 40)])
    assert refresh("run", world.definition) == 0
    assert world.releases.current == 4
    for place in (world.folder / "data" / "work", world.releases.folder(4)):
        assert found(place, world.words) == set()
    assert world.releases.read(4).sources["webtext"].documents == 13


def test_a_rollback_does_not_bring_it_back(world, tmp_path):
    """Of a corpus that marks old releases instead of purging them, the release with it is rolled back to."""
    folder = tmp_path / "marked"
    shutil.copytree(world.folder / "incoming", folder / "incoming")
    for name in ("RS_2016-06.jsonl", "crawl/2016-06"):
        path = folder / "incoming" / name
        if path.exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "corpus.toml").write_text(world.definition.read_text() + '[retention]\nforgotten = "mark"\n')
    definition = folder / "corpus.toml"
    assert refresh("run", definition) == 0
    assert refresh("forget", definition, "--domain", DOMAIN) == 0
    releases = Releases(folder / "data" / "releases")
    assert releases.numbers() == [2] and releases.withdrawn_numbers() == [1]
    assert refresh("rollback", definition, "--to", "1") == 0
    assert releases.numbers() == [2, 3] and releases.read(3).of == 1
    assert found(releases.folder(3), world.words) == set()
    assert verify_parts(releases.folder(3)) == [] and verify_parts(releases.folder(3) / "corpora" / "webtext") == []
    assert releases.read(3).sources["webtext"].documents == 10


def test_what_matches_nothing_is_named(world, tmp_path, capsys):
    ids = tmp_path / "ids"
    ids.write_text("# asked on Tuesday\nwebtext/00000000000000000000000000000000\n")
    capsys.readouterr()
    assert refresh("forget", world.definition, "--domain", "never.example", "--ids", ids) == 3
    said = capsys.readouterr().err
    assert "never.example" in said and "webtext/0000" in said
    stones = State(world.folder / "data" / "index").tombstones()
    assert "never.example" in stones.domains and stones.texts


def test_gc_leaves_nothing_of_it(world):
    assert refresh("gc", world.definition) == 0
    left = subprocess.run(["grep", "-rlE", "forgetme|mirror\\.example", str(world.folder / "data")],
                          capture_output=True, text=True).stdout.split()  # fmt: skip
    assert [path for path in left if "/index/" not in path] == []
