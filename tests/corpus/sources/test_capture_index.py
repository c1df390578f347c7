"""Links × index: the nearest capture, whichever way the two write an address; rows that are none of it are counted."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_crawl import INDEX_SCHEMA, START, row, write_index

from corpus.document import Quarantined
from corpus.errors import CorpusloomError
from corpus.hashing import key64
from corpus.readers.reddit import read_submissions
from corpus.readers.warc.captures import Capture, scan
from corpus.sources.commoncrawl.index import IndexReader, Sought, _lies_between, hosts_of, loose_keys
from corpus.urls import address, address_or_raw

DAY = 86_400


def sought(links: dict[str, int]) -> Sought:
    """Links with the day on which each was posted."""
    surts = pa.array([address(url).surt for url in links], pa.string())
    key = np.array([key64(surt) for surt in surts.to_pylist()], np.int64)
    posted = np.array([int(START.timestamp()) + day * DAY for day in links.values()], np.int64)
    order = np.argsort(key)
    return Sought(key[order], posted[order], np.unique(loose_keys(surts)[0]), hosts_of(surts))


def read(tmp_path, links: dict[str, int], rows, group: int = 1000):
    reader = IndexReader("part-0.parquet", [sought(links)])
    table = reader.read(write_index(tmp_path / "part-0.parquet", rows, group))
    assert reader.rows == table.num_rows + sum(reader.reasons.values()) + len(reader.damage) == len(rows)
    return reader, {each["url"]: each for each in table.to_pylist()}


def test_the_capture_nearest_to_the_day_of_the_post_is_taken(tmp_path):
    rows = [row("http://a.org/x", day, offset=day) for day in (0, 10, 20, 30)]
    for posted, nearest in ((-5, 0), (4, 0), (6, 10), (19, 20), (25, 20), (400, 30)):
        reader, found = read(tmp_path, {"https://www.a.org/x/": posted}, rows)
        assert found["http://a.org/x"]["offset"] == nearest
        assert reader.reasons["index.another_capture"] == 3


@pytest.mark.parametrize(
    ("link", "captured"),
    [
        ("http://www.a.org/x/?utm_source=b&c=1#d", "https://a.org/x?c=1"),
        ("http://a.org", "http://www2.a.org/"),
        ("http://A.org/%7Eb", "http://a.org/~b"),
        ("http://a.org/~b", "http://a.org/%7eb"),
        ("http://a.org/wiki/C_(d)", "http://a.org/wiki/C_%28d%29"),
        ("http://a.org/wiki/C_%28d%29", "http://a.org/wiki/C_(d)"),
        ("http://a.org/caf%C3%A9", "http://a.org/café"),
        ("http://a.org//b///c", "http://a.org/b/c"),
        ("http://a.org/b;jsessionid=123?c=d", "http://a.org/b?c=d"),
        ("http://a.org/(S(abcdefghijklmnop))/b", "http://a.org/b"),
        ("http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4"),
        ("http://a.org:8080/b", "http://a.org:8080/b/"),
        ("http://1.2.3.4/b", "http://1.2.3.4/b"),
        ("http://a.org/b?d=1&c=2", "http://a.org/b?c=2&d=1"),
        ("http://a.org/b!$&'*+,=:@c", "http://a.org/b!$&'*+,=:@c"),
    ],
)
def test_two_ways_of_writing_one_page_meet(tmp_path, link, captured):
    assert list(read(tmp_path, {link: 0}, [row(captured, 1), row("http://z.org/", 1)])[1]) == [captured]


@pytest.mark.parametrize(
    "captured", ["http://a.org/x", "http://a.org/X/y", "http://b.org/X", "http://a.org:81/X", "http://a.org/X?y=1"]
)
def test_pages_that_only_look_alike_do_not(tmp_path, captured):
    reader, found = read(tmp_path, {"http://a.org/X": 0}, [row(captured, 1)])
    assert not found and reader.reasons["index.no_link"] == 1


def test_other_statuses_and_types_are_counted_and_unknown_types_pass(tmp_path):
    rows = [
        row("http://a.org/1", 0, fetch_status=404),
        row("http://a.org/2", 0, content_mime_detected="application/pdf"),
        row("http://a.org/3", 0, content_mime_detected=None),
        row("http://a.org/4", 0, content_mime_detected="application/xhtml+xml"),
        row("http://a.org/5", 0, url_surtkey=None),
        {**row("http://a.org/6", 0), "url": None},
    ]
    reader, found = read(tmp_path, {f"http://a.org/{number}": 0 for number in range(1, 7)}, rows)
    assert sorted(found) == ["http://a.org/3", "http://a.org/4", "http://a.org/5"]
    assert dict(reader.reasons) == {
        "index.status": 1, "index.not_html": 1, "index.no_link": 1, "index.another_capture": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"warc_record_offset": -1},
        {"warc_record_offset": None},
        {"warc_record_length": 0},
        {"warc_record_length": -5},
        {"warc_record_length": None},
        {"warc_record_length": 2**30},
        *({"warc_filename": name} for name in (None, "", "/etc/passwd", "../x", "a/../../x", "http://b.org/", "a\\b")),
        *({"warc_filename": name} for name in ("a//b", "a/./b", "a\nb", "a\x00")),
        {"fetch_time": None},
    ],
)
def test_a_row_that_names_no_place_is_damage_and_the_next_nearest_is_taken(tmp_path, wrong):
    rows = [row("http://a.org/x", 0, offset=1), row("http://a.org/x", 9, offset=2)]
    rows[0] |= wrong
    order = {"key": lambda each: each["fetch_time"] or START}
    schema = INDEX_SCHEMA
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(sorted(rows, **order), schema), tmp_path / "i.parquet")
    reader = IndexReader("part-0.parquet", [sought({"http://a.org/x": 0})])
    found = reader.read(tmp_path / "i.parquet").to_pylist()
    assert [each["offset"] for each in found] == [2]
    assert [(each.file, each.offset, each.reason) for each in reader.damage] == [("part-0.parquet", 0, "bad_range")]


def test_row_groups_without_a_wanted_host_are_not_read(tmp_path, monkeypatch):
    hosts = [f"http://{letter}{number}.org/{path}" for letter in "abcdef" for number in range(9) for path in range(9)]
    read_groups = []
    of_group = IndexReader._of_group

    def noting(self, file, group):
        read_groups.append(group)
        return of_group(self, file, group)

    monkeypatch.setattr(IndexReader, "_of_group", noting)
    links = {"http://c4.org/7": 0, "http://c4.org/2": 0}
    _, found = read(tmp_path, links, [row(url, 0) for url in hosts], group=10)
    assert sorted(found) == sorted(links)
    assert len(read_groups) <= 2


HOST = st.lists(st.sampled_from(["a", "b", "ab", "a-b"]), min_size=1, max_size=3).map(",".join)
KEY = st.tuples(HOST, st.sampled_from(["", ":80", ":8080"]), st.sampled_from(["", "/", "/a", "/z)b"])).map(
    lambda parts: f"{parts[0]}{parts[1]}){parts[2]}"
)


@given(st.lists(KEY, min_size=1, max_size=5), st.lists(KEY, min_size=1, max_size=6))
def test_no_wanted_row_lies_in_a_group_that_is_left_out(wanted, rows):
    hosts = hosts_of(pa.array(wanted, pa.string()))
    kept = {row.partition(")")[0] + ")" for row in rows} & set(hosts.to_pylist())
    assert _lies_between(hosts, min(rows), max(rows)) or not kept


def test_what_is_no_index_is_named(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"no table")
    with pytest.raises(CorpusloomError, match="no Parquet file"):
        IndexReader("x.parquet", []).read(tmp_path / "x.parquet")
    short = pa.schema([field for field in INDEX_SCHEMA if field.name != "warc_filename"])
    write_index(tmp_path / "y.parquet", [row("http://a.org/", 0)], schema=short)
    with pytest.raises(CorpusloomError, match="no column warc_filename"):
        IndexReader("y.parquet", []).read(tmp_path / "y.parquet")


def test_real_posts_find_just_the_pages_that_have_their_key(tmp_path):
    """Whatever the loose keys leave out, comparing every link with every capture leaves out too."""
    data = Path(__file__).parents[4] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    links = {post.url for post in read_submissions(data / "reddit/RS_sample.zst") if not isinstance(post, Quarantined)}
    wanted = {key64(address_or_raw(url).surt): url for url in links if url and address_or_raw(url).host}
    captures = [each for each in scan(data / "pages/pages.warc.gz") if isinstance(each, Capture)]
    urls = sorted({each.url for each in captures if each.record_type == "response" and address_or_raw(each.url).host})
    reader = IndexReader("pages", [sought(dict.fromkeys(wanted.values(), 0))])
    found = reader.read(write_index(tmp_path / "i.parquet", [row(url, 0) for url in urls], group=50))
    assert set(found["key"].to_pylist()) == wanted.keys() & {key64(address(url).surt) for url in urls}
    assert found.num_rows > 1000
