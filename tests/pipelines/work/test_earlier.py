"""An index of earlier builds, against plain loops over all documents: the law, identities, forgetting, bad files."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import stores
from dedup_world import corpus, document, judged, judged_stage, oracle, planted, run, verdicts

from corpus.dedup.exact import text_key
from corpus.dedup.index import forget, index_digest, layer_folders
from corpus.dedup.minhash import MinHash, band_hashes, has_words, signatures
from corpus.document import Document
from corpus.errors import CorpusloomError
from corpus.files import storage
from corpus.files.corpora import kept_parts
from corpus.files.manifest import MANIFEST, map_arrow, read_json, verify, write_manifest
from pipelines.builds.index import know_earlier, layer_stages
from pipelines.dedup import main
from pipelines.work import earlier
from pipelines.work.against import KnownPart

NEAR = MinHash()


def add(index, name, documents, near=NEAR, order=1, group_bytes=2**24, parts=2):
    """A layer of some kept documents; the bytes of its files."""
    made = corpus(index.parent / f"{index.name}-{name}", documents, "webtext", parts)
    known = [KnownPart(0, part.digest, part.rows, part.file) for part in kept_parts(made)]
    folder = index / name
    folder.mkdir(parents=True)
    run(layer_stages(known, near, "webtext", made, group_bytes), folder, {}, order)
    assert verify(folder) == []
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.arrow"))}


def decide(folder, documents, index, parts=3, near=NEAR, order=1, group_bytes=2**24):
    """(rule, other, value, snapshot) of each document, in their order."""
    folder.mkdir()
    stage = know_earlier(str(index), near, group_bytes)(judged_stage(), ()).verdicts
    facts = run(stage, folder, {"judged": judged(folder, documents, parts)}, order)
    tables = [map_arrow(folder / each.verdicts.path) for facts in facts["earlier"] for each in facts.runs]
    found = [(*verdict[1:], row) for verdict, row in zip(
        verdicts(folder, facts["earlier"]),
        [snapshot for table in tables for snapshot in table["evidence"].to_pylist()], strict=True)]  # fmt: skip
    ordered = [number for part in range(parts) for number in range(len(documents))[part::parts]]
    return [found[ordered.index(number)] for number in range(len(documents))], facts


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """The URL of an empty bucket on a server of S3."""
    pytest.importorskip("moto")
    with stores.s3() as (url, environment):
        for name, value in {**environment, "CORPUSLOOM_SCRATCH": str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        yield url


def rule(documents, layers):
    """The verdicts by the rule as it is written down; `layers` are pairs of a snapshot and what it kept."""
    own = signatures([each.text for each in documents], NEAR)
    signed = [signatures([each.text for each in kept], NEAR) for _, kept in layers]
    found = []
    for each, sign in zip(documents, own, strict=True):
        ranked = []
        for number, (snapshot, kept) in enumerate(layers):
            shared = (band_hashes(signed[number], NEAR) == band_hashes(sign[None], NEAR)).any(axis=1)
            same = (signed[number] == sign).sum(axis=1)
            for place, other in enumerate(kept):
                if other.surt == each.surt:
                    ranked.append((0, 0, number, other.id, "earlier.same_page", None, snapshot))
                if text_key(other.text) == text_key(each.text):
                    ranked.append((1, 0, number, other.id, "earlier.same_text", None, snapshot))
                if shared[place] and same[place] >= NEAR.needed and has_words(sign[None])[0]:
                    value = same[place] / NEAR.minima
                    ranked.append((2, -same[place], number, other.id, "earlier.near", value, snapshot))
        best = min(ranked, default=None)
        found.append((best[4], best[3], best[5], best[6]) if best else ("", "", None, ""))
    return found


def kept_of(documents):
    """Who of some documents stays when they are deduplicated among themselves."""
    return [each for each, verdict in zip(documents, oracle(documents, NEAR), strict=True) if not verdict[1]]


@pytest.mark.parametrize("seed", range(3))
def test_builds_that_follow_each_other_keep_what_the_rule_keeps_over_all_documents(tmp_path, seed):
    """Any split into three snapshots: each build sees the files of the earlier ones, the rule all their documents."""
    rng = random.Random(seed)
    documents = list({each.id: each for each in planted(seed, 30)}.values())
    snapshots = [[], [], []]
    for each in documents:
        snapshots[rng.choice((0, 0, 1, 2))].append(each)
    layers, by_files, rules = [], [], set()
    for number, some in enumerate(snapshots):
        if number:
            found, _ = decide(tmp_path / f"build-{number}", some, tmp_path / "index")
            assert found == rule(some, layers)
            rules |= {verdict[0] for verdict in found}
            some = [each for each, verdict in zip(some, found, strict=True) if not verdict[0]]
        kept = kept_of(some)
        add(tmp_path / "index", f"2024-{number}", kept)
        layers.append((f"2024-{number}", kept))
        by_files += kept
    assert rules == {"", *earlier.RULES}
    one = tmp_path / "one"
    add(one, "all", by_files, parts=5)
    more = planted(seed + 100, 10) + rng.sample(documents, 40)
    split, _ = decide(tmp_path / "split", more, tmp_path / "index")
    joined, _ = decide(tmp_path / "joined", more, one)
    assert [verdict[0] for verdict in split] == [verdict[0] for verdict in joined]
    assert all(verdict[0] for verdict in split[-40:])


def test_order_groups_and_parts_change_no_byte(tmp_path):
    documents = planted(5, 30)
    known, ours = kept_of(documents[::2]), documents[1::2]
    files = add(tmp_path / "index", "a", known)
    again = add(tmp_path / "backwards", "a", known, order=-1)
    assert list(files.values()) == list(again.values())
    fine = add(tmp_path / "fine", "a", known, group_bytes=1_500)
    assert len(fine) > len(files) + 3
    expected, facts = decide(tmp_path / "1", ours, tmp_path / "index")
    for name, index, more in (
        ("2", "backwards", {"order": -1}),
        ("3", "fine", {"parts": 3}),
        ("4", "fine", {"group_bytes": 1_500}),
    ):
        found, other = decide(tmp_path / name, ours, tmp_path / index, **more)
        assert found == expected
        written = [(tmp_path / name / each.runs[0].verdicts.path).read_bytes() for each in other["earlier"]]
        assert written == [(tmp_path / "1" / each.runs[0].verdicts.path).read_bytes() for each in facts["earlier"]]
    assert len(other["earlier_bands"]) > 2


def test_texts_of_signs_are_equal_to_nobody_but_themselves(tmp_path):
    signs = [Document(str(number), "u", "?" * (number + 1), surt=str(number)) for number in range(3)]
    add(tmp_path / "index", "a", signs)
    ours = [
        Document("a", "u", "??", surt="new"),
        Document("b", "u", "!", surt="newer"),
        Document("c", "u", "!", surt="0"),
    ]
    found, _ = decide(tmp_path / "build", ours, tmp_path / "index", parts=1)
    assert [verdict[:2] for verdict in found] == [("earlier.same_text", "1"), ("", ""), ("earlier.same_page", "0")]


def test_empty_parts_and_layers(tmp_path):
    add(tmp_path / "index", "a", [])
    add(tmp_path / "index", "b", [Document("x", "u", "some words", surt="s")], group_bytes=50)
    ours = [Document("y", "u", "some words", surt="t")]
    assert decide(tmp_path / "build", ours, tmp_path / "index")[0][0][:2] == ("earlier.same_text", "x")
    assert decide(tmp_path / "none", [], tmp_path / "index", parts=1)[0] == []


def test_what_is_forgotten_is_in_no_file_and_known_by_nobody(tmp_path):
    documents = kept_of(planted(2, 20))
    gone = documents[3]
    add(tmp_path / "index", "a", documents[:20], parts=3)
    add(tmp_path / "index", "b", documents[20:])
    before = index_digest(str(tmp_path / "index"))
    assert forget(str(tmp_path / "index"), [gone.id, "nobody"]) == {"a": 1, "b": 0}
    assert all(gone.id.encode() not in path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert [verify(folder) for folder in layer_folders(str(tmp_path / "index"))] == [[], []]
    changed = index_digest(str(tmp_path / "index"))
    assert (changed[0] != before[0], changed[1] == before[1]) == (True, True)
    found, _ = decide(tmp_path / "build", documents, tmp_path / "index", parts=1)
    assert [number for number, verdict in enumerate(found) if not verdict[0]] == [3]
    assert all(verdict[1] == each.id for verdict, each in zip(found, documents, strict=True) if each is not gone)


def test_forgetting_that_was_killed_is_done_by_the_same_call(tmp_path, monkeypatch):
    documents = kept_of(planted(2, 20))
    add(tmp_path / "index", "a", documents)
    manifest = (tmp_path / "index/a" / MANIFEST).read_bytes()
    forget(str(tmp_path / "index"), [documents[3].id])
    (tmp_path / "index/a" / MANIFEST).write_bytes(manifest)
    forget(str(tmp_path / "index"), [documents[3].id])
    assert verify(tmp_path / "index/a") == []


def test_an_index_of_other_settings_is_refused_by_name(tmp_path):
    add(tmp_path / "index", "a", planted(1, 3)[:2])
    with pytest.raises(
        CorpusloomError, match=r"index/a: its seed is 1, this build has 2; .*Index its corpus again"
    ) as raised:
        know_earlier(str(tmp_path / "index"), replace(NEAR, seed=2))
    assert raised.value.code == 2
    with pytest.raises(CorpusloomError, match="its bands is 14, this build has 3"):
        know_earlier(str(tmp_path / "index"), MinHash(3, 3))
    path = tmp_path / "index/a" / MANIFEST
    manifest = read_json(path, None)
    manifest["settings"]["text_key"] = "nfkc-0"
    manifest.pop("digest")
    write_manifest(path, manifest)
    with pytest.raises(CorpusloomError, match="its text key is nfkc-0, this build has nfc-words-1"):
        know_earlier(str(tmp_path / "index"), NEAR)


def test_no_index_half_of_one_and_another_folder_are_refused(tmp_path):
    with pytest.raises(CorpusloomError, match="no snapshot is in this index; make one with"):
        know_earlier(str(tmp_path / "index"), NEAR)
    (tmp_path / "index/a").mkdir(parents=True)
    with pytest.raises(CorpusloomError, match="unfinished"):
        know_earlier(str(tmp_path / "index"), NEAR)
    made = corpus(tmp_path / "corpora/x", [], "webtext")
    with pytest.raises(CorpusloomError, match="no snapshot of an index"):
        know_earlier(str(tmp_path / "corpora"), NEAR)
    assert made


def test_an_id_twice_is_refused_by_name(tmp_path):
    rng = random.Random(1)
    one = document("a", "one text here", rng)
    with pytest.raises(CorpusloomError, match=f"the id {one.id} stands in it twice"):
        add(tmp_path / "index", "a", [one, document("b", "two", rng), Document(one.id, "c", "three")])


def test_a_file_cut_off_and_signatures_of_another_length_are_named(tmp_path):
    documents = kept_of(planted(1, 5))
    files = add(tmp_path / "index", "a", documents)
    entry = tmp_path / "index/a" / next(path for path in files if path.parts[0] == "entries")
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusloomError, match=entry.name):
        decide(tmp_path / "cut", documents, tmp_path / "index")
    entry.write_bytes(whole)
    other = add(tmp_path / "other", "a", documents, near=MinHash(3, 3))
    theirs = [path for path in other if path.parts[0] == "signatures"]
    ours = [path for path in files if path.parts[0] == "signatures"]
    size = len(documents[::2]), len(documents[1::2])
    assert size[0] != size[1] and len(ours) == len(theirs) == 2
    by_rows = {map_arrow(tmp_path / "other/a" / path).num_rows: path for path in theirs}
    for path in ours:
        right = by_rows[map_arrow(tmp_path / "index/a" / path).num_rows]
        (tmp_path / "index/a" / path).write_bytes((tmp_path / "other/a" / right).read_bytes())
    with pytest.raises(CorpusloomError, match="signatures of 9 minima, and 112 are compared"):
        decide(tmp_path / "length", documents, tmp_path / "index")


def test_a_crowd_in_the_index_is_read_up_to_a_limit_and_the_rest_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(earlier, "CROWD", 3)
    rng = random.Random(1)
    text = " ".join(f"w{number}" for number in range(40))
    files = add(tmp_path / "index", "a", [document(str(number), text, rng) for number in range(5)], parts=1)
    entry = tmp_path / "index/a" / next(path for path in files if path.parts[0] == "entries")
    hashes = map_arrow(entry)["hash"].to_numpy()
    common = max(set(hashes.tolist()), key=hashes.tolist().count)
    found, missed = earlier.looked_up(np.array([common, common, 7], np.uint64), entry, 100)
    assert (len(found), missed, found["number"].min()) == (3, 2 * 2, 100)


def test_signatures_of_other_documents_are_named(tmp_path):
    documents = kept_of(planted(1, 5))
    files = add(tmp_path / "index", "a", documents)
    some, other = (tmp_path / "index/a" / path for path in files if path.parts[0] == "signatures")
    some.write_bytes(other.read_bytes())
    with pytest.raises(CorpusloomError, match=f"{some.name} holds .* documents where"):
        decide(tmp_path / "build", documents, tmp_path / "index")


def test_an_index_in_a_bucket_is_that_of_a_folder(tmp_path, bucket, capsys):
    documents = list({each.id: each for each in planted(3, 10)}.values())
    files = add(tmp_path / "index", "2024-10", documents[::2])
    made, there = corpus(tmp_path / "corpus", documents[::2], "webtext"), storage.place(f"{bucket}/index/2024-10")
    known = [KnownPart(0, part.digest, part.rows, part.file) for part in kept_parts(made)]
    run(layer_stages(known, NEAR, "webtext", made, 2**24), there, {})
    named = [Path(folder, name) for folder in ("entries", "signatures") for name in storage.sizes_in(there / folder)]
    assert {name: storage.read(there / str(name)) for name in named} == files
    assert index_digest(f"{bucket}/index") == index_digest(str(tmp_path / "index"))
    near = decide(tmp_path / "here", documents[1::2], tmp_path / "index")[0]
    assert decide(tmp_path / "there", documents[1::2], f"{bucket}/index")[0] == near
    assert {row[0] for row in near} > {"", "earlier.near"}
    with pytest.raises(CorpusloomError, match="no snapshot is in this index"):
        know_earlier(f"{bucket}/none", NEAR)
    (tmp_path / "ids.txt").write_text("a\n")
    assert main(["forget", "--index", f"{bucket}/index", "--ids", str(tmp_path / "ids.txt")]) == 2
    assert "nothing is taken out of an index in a bucket" in capsys.readouterr().err
