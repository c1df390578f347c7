"""The judge's questions, asked of real files: `../shared/data` beside the checkout, else skipped with that reason."""

import gzip
import json

import pyarrow.parquet as pq
import pytest

pytest.importorskip("apache_beam")

from conftest import COMMAND, rows, run

from corpus.files.manifest import map_arrow, verify
from corpus.readers.warc.captures import scan
from pipelines.work.captures import page_key


def facts_of(real_data):
    with gzip.open(real_data / "reddit" / "RS_sample.facts.jsonl.gz") as file:
        return {fact["url"]: fact for fact in map(json.loads, file)}


def redirects_of(path):
    """Page key of the target → URLs that redirect to it."""
    found = {}
    for item in scan(path):
        if getattr(item, "location", ""):
            found.setdefault(page_key(item.location), []).append(item.url)
    return found


def test_every_page_that_a_link_asks_for_has_a_verdict_and_no_other(real_data, tmp_path):
    dump, archive = real_data / "reddit" / "RS_sample.zst", real_data / "pages" / "pages.warc.gz"
    ran = run([*COMMAND, "--submissions", str(dump), "--pages", str(archive), "--output", str(tmp_path / "out")])
    assert ran.returncode == 0, ran.stderr
    judged = {row["url"]: row for kind in ("kept", "rejected") for row in rows(tmp_path / "out", kind)}
    facts = facts_of(real_data)
    asked = {url for url, fact in facts.items() if (fact["max_score_not_over18"] or 0) >= 3}
    assert len(asked) == 851
    assert asked <= set(judged)
    redirected = redirects_of(archive)
    for url in (set(facts) - asked) & set(judged):
        # Too little karma of its own, but a post with enough of it leads here over a 301 record.
        assert judged[url]["link_url"] in redirected[page_key(url)], url
    assert verify(tmp_path / "out") == []
    manifest = json.loads((tmp_path / "out" / "_MANIFEST.json").read_bytes())
    assert manifest["counts"]["posts"]["in"] == 5671
    assert manifest["counts"]["corpus"]["in"] == len(rows(tmp_path / "out", "kept")) + len(
        rows(tmp_path / "out", "rejected")
    )


def stage(output, name):
    """What the tasks of a stage found; a build whose archives answer no link publishes nothing else (exit 4)."""
    leaves = sorted((output / ".stages" / name / "leaves").iterdir())
    return [json.loads(line)["facts"] for leaf in leaves for line in leaf.read_bytes().splitlines()]


def links(real_data, tmp_path, dump):
    """The links that a dump makes, and how many lines it has."""
    archive = real_data / "crawl" / "warcio-example-trunc.warc"
    output = tmp_path / dump
    ran = run(
        [*COMMAND, "--submissions", str(real_data / "reddit" / dump), "--pages", str(archive), "--output", str(output)]
    )
    assert ran.returncode == 4, ran.stderr
    [found], [read] = stage(output, "links"), stage(output, "posts")
    return map_arrow(output / found["links"]["path"]), read["lines"]


def test_two_containers_of_one_dump_make_identical_links(real_data, tmp_path):
    one, lines = links(real_data, tmp_path, "RS_v2_2005-07.xz")
    other, _ = links(real_data, tmp_path, "RS_v2_2005-07.zst")
    assert lines == 1079
    assert one.num_rows > 700
    assert one.equals(other)


def test_a_real_dump_of_top_posts_is_read_in_full(real_data, tmp_path):
    found, lines = links(real_data, tmp_path, "RS_top2013_real.zst")
    assert lines == 40_238
    assert found.num_rows > 20_000


def test_every_crawl_file_is_read_and_damage_is_named(real_data, tmp_path):
    dump = real_data / "reddit" / "RS_sample.zst"
    crawl = str(real_data / "crawl" / "*")
    output = tmp_path / "out"
    flags = ["--output", str(output), "--max-quarantined", "1"]  # two of the files hold no whole record
    ran = run([*COMMAND, "--submissions", str(dump), "--pages", crawl, *flags])
    assert ran.returncode == 4, ran.stderr
    captures = stage(output, "captures")
    found = {fact["name"].rpartition("/")[2]: fact for fact in captures}
    described = json.loads((real_data / "crawl" / "manifest.json").read_bytes())
    damaged = {"resiliparse-clipped-truncated.warc.gz"}
    for entry in described:
        name = entry["file"].rpartition("/")[2]
        exact = {kind: n for kind, n in entry["records"].items() if isinstance(n, int) and not kind.startswith("ERR")}
        assert name in damaged or found[name]["records"].items() >= exact.items(), name
    assert {name for name, fact in found.items() if fact["quarantined"]["rows"]} == damaged | {"manifest.json"}
    parts = [fact["quarantined"]["path"] for fact in captures]
    quarantined = [row for path in parts for row in pq.read_table(output / path).to_pylist()]
    assert {row["file"].rpartition("/")[2] for row in quarantined} >= damaged
    assert all(row["offset"] >= 0 and row["reason"] for row in quarantined)
