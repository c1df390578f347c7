"""The command `fetch_captures`: links × index → ranges → archives; a server that throttles, lies and fails."""

import json
import math
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("apache_beam")

from conftest import ROOT
from loopback import Reply, server
from small_crawl import START, crawl, honest, range_of, row, write_index
from stores import s3

from corpus.document import Quarantined
from corpus.fetching.links import read_links
from corpus.files.manifest import verify
from corpus.files.storage import place
from corpus.readers.warc.captures import scan
from pipelines import build_webtext, fetch_captures

CONTACT = ("--contact", "https://loom.org/crawler")
LINKS = [f"http://site{number}.org/{number}" for number in range(24)]
RATE = 200


@pytest.fixture
def run(capsys):
    """Run a command in this process; its exit code and its last words."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(command, *arguments, **more):
        try:
            code = command.main([*map(str, arguments), "--direct_num_workers=1"], **more)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.err if code else said.out

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def small(tmp_path):
    """A crawl with two captures of each link, the second nearer, in two files of the index; and the dump."""
    made = crawl([(url, day) for day in (0, 100) for url in LINKS])
    rows = [*made.rows, *(row(f"http://other{number}.org/", 0) for number in range(50))]
    (tmp_path / "index").mkdir()
    for number in (0, 1):
        write_index(tmp_path / "index" / f"part-{number}.parquet", rows[number::2], group=20)
    day_90 = int(START.timestamp()) + 90 * 86_400
    posts = [{"url": url, "score": 9, "created_utc": day_90, "author": "a", "id": f"x{number}", "subreddit": "s"}
             for number, url in enumerate([*LINKS, "http://never.crawled.org/"])]  # fmt: skip
    (tmp_path / "RS.jsonl").write_text("\n".join(map(json.dumps, posts)))
    return made


def flags(tmp_path, running, output="captures", *more):
    return ("--submissions", tmp_path / "RS.jsonl", "--index", f"{tmp_path}/index/*.parquet", *CONTACT,
            "--archives", f"http://127.0.0.1:{running.port}", "--rate", RATE, "--gap-kb", 0,
            "--output", tmp_path / output, *more)  # fmt: skip


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.relative_to(folder).as_posix().startswith((".", "run.json"))}  # fmt: skip


def quarantined(folder):
    return [each for path in (folder / "quarantined").glob("*") for each in pq.read_table(path).to_pylist()]


def test_from_dumps_and_an_index_to_a_corpus(tmp_path, run, small):
    with server(honest(small.files)) as running:
        code, said = run(fetch_captures, *flags(tmp_path, running), "--dry-run")
        assert code == 0, said
        assert "captures  24 records for 24 links" in said and "to read   24 ranges of 3 files" in said
        assert not running.hits and not (tmp_path / "captures").exists()
        code, said = run(fetch_captures, *flags(tmp_path, running))
        assert code == 0, said
        assert "25 = 24 with a capture + 1 not in the index + 0 not where it says" in said
        assert len(running.hits) == 24 and min(running.gaps("127.0.0.1")) >= 1 / RATE
        assert {hit.headers["user-agent"] for hit in running.hits} == {"corpusloom (+https://loom.org/crawler)"}
        once = files_of(tmp_path / "captures")
        assert run(fetch_captures, *flags(tmp_path, running))[0] == 0
        assert len(running.hits) == 24 and files_of(tmp_path / "captures") == once
    assert verify(tmp_path / "captures") == []
    manifest = json.loads((tmp_path / "captures" / "_MANIFEST.json").read_bytes())
    assert manifest["counts"]["index"]["in"] == 98
    assert manifest["read"]["ranges"] == 24
    assert [(link.url, link.first_posted) for link in read_links(tmp_path / "captures")] == [
        ("http://never.crawled.org/", int(START.timestamp()) + 90 * 86_400)
    ]
    rows = [each for path in (tmp_path / "captures/captures").glob("*") for each in pq.read_table(path).to_pylist()]
    assert {each["fetched"] for each in rows} == {int(START.timestamp()) + 100 * 86_400}
    archive = tmp_path / "captures" / rows[0]["warc_file"]
    by_url = {each.url: each.offset for each in scan(archive)}
    assert by_url == {each["capture_url"]: each["warc_offset"] for each in rows}

    code, said = run(build_webtext, "--submissions", tmp_path / "RS.jsonl", "--pages",
                     f"{tmp_path}/captures/captures-*.gz", "--output", tmp_path / "corpus")  # fmt: skip
    assert code == 0, said
    kept = [each for path in (tmp_path / "corpus/kept").glob("*.parquet") for each in pq.read_table(path).to_pylist()]
    assert len(kept) >= 20 and {each["url"] for each in kept} <= set(LINKS)
    assert [link.url for link in read_links(tmp_path / "corpus")] == ["http://never.crawled.org/"]


def test_near_records_are_read_together(tmp_path, run, small):
    with server(honest(small.files)) as running:
        code, said = run(fetch_captures, *flags(tmp_path, running, "one"), "--gap-kb", 100)
        assert code == 0, said
        assert len(running.hits) == 3
        assert run(fetch_captures, *flags(tmp_path, running, "many"))[0] == 0
        one, many = (next((tmp_path / name).glob("*.gz")).read_bytes() for name in ("one", "many"))
        assert one == many


def test_a_server_that_throttles_lies_and_fails_now_and_then_gives_the_same_bytes(tmp_path, run, small):
    seen = Counter()
    good = honest(small.files)

    def answer(hit):
        first, last = range_of(hit)
        seen[hit.path, first] += 1
        reply, data = good(hit), small.files[hit.path[1:]]
        if seen[hit.path, first] > 1:
            return reply
        return [
            Reply(b"slow down", 403),
            Reply(b"", 429, {"Retry-After": "0"}),
            Reply(b"", 503),
            Reply(data, 200),
            Reply(data[first + 1 : last + 2], 206, {"Content-Range": f"bytes {first + 1}-{last + 1}/{len(data)}"}),
            Reply(raw=reply.wire()[:-10]),
            Reply(reply.body[:-10], 206, {"Content-Range": f"bytes {first}-{last}/{len(data)}"}),
            Reply(raw=b""),
        ][len(seen) % 8]

    with server(good) as running:
        assert run(fetch_captures, *flags(tmp_path, running, "honest"))[0] == 0
    with server(answer) as running:
        code, said = run(fetch_captures, *flags(tmp_path, running, "odd"), first_pause=0.002)
        assert code == 0, said
        assert set(seen.values()) == {2} and len(seen) == 24
        assert min(running.gaps("127.0.0.1")) >= 1 / RATE
    assert files_of(tmp_path / "odd") == files_of(tmp_path / "honest")


def test_what_the_index_promises_and_the_server_does_not_have_is_a_row_with_file_and_offset(tmp_path, run, small):
    """One is answered with the whole file each time, one with what is no gzip, one is gone, two places are wrong."""
    rows = {each["url"]: dict(each) for each in small.rows[24:]}
    whole, garbage, gone, beyond, shifted, empty = LINKS[:6]
    lying = {(rows[url]["warc_filename"], rows[url]["warc_record_offset"]): url for url in (whole, garbage)}
    rows[gone]["warc_filename"] = "crawl/gone.warc.gz"
    rows[beyond]["warc_record_offset"] = 10**8
    rows[shifted]["warc_record_offset"] += 1
    rows[empty]["warc_record_length"] = 0
    (tmp_path / "index" / "part-1.parquet").unlink()
    write_index(tmp_path / "index" / "part-0.parquet", list(rows.values()))

    def answer(hit):
        reply = honest(small.files)(hit)
        lie = lying.get((hit.path[1:], range_of(hit)[0]))
        if lie == whole:
            return Reply(small.files[hit.path[1:]], 200)
        return Reply(b"<" * len(reply.body), 206, reply.headers) if lie == garbage else reply

    with server(answer) as running:
        code, said = run(fetch_captures, *flags(tmp_path, running), first_pause=0.002)
        assert code == 3 and "5 of 23 captures are not where the index says, more than 5%" in said
        assert not (tmp_path / "captures" / "_MANIFEST.json").exists()
        hits = len(running.hits)
        code, said = run(fetch_captures, *flags(tmp_path, running, "captures", "--max-quarantined", "0.5"))
        assert code == 0, said
        assert len(running.hits) == hits  # what was read the first time is read
    found = {(each["file"], each["offset"]): each["reason"] for each in quarantined(tmp_path / "captures")}

    def where(url):
        return rows[url]["warc_filename"], rows[url]["warc_record_offset"]

    bad_row = next(key for key, reason in found.items() if reason == "bad_range")
    assert bad_row[0].endswith("part-0.parquet")
    del found[bad_row]
    assert found == {
        where(whole): "range.whole_file",
        where(garbage): "range.no_gzip_member",
        where(gone): "range.http_404",
        where(beyond): "range.http_416",
        where(shifted): "range.no_gzip_member",
    }
    lost = {each["url"]: each["reason"] for each in
            pq.read_table(tmp_path / "captures" / "links_without_page.parquet").to_pylist()}  # fmt: skip
    assert lost == {
        **dict.fromkeys((whole, garbage, gone, beyond, shifted), "capture_unreadable"),
        **dict.fromkeys((empty, "http://never.crawled.org/"), "not_in_index"),
    }
    assert verify(tmp_path / "captures") == []


def test_a_server_that_stays_busy_ends_the_run_and_leaves_what_was_read(tmp_path, run, small):
    limit = [10]

    def answer(hit):
        limit[0] -= 1
        return honest(small.files)(hit) if limit[0] >= 0 else Reply(b"", 503)

    with server(answer) as running:
        code, said = run(fetch_captures, *flags(tmp_path, running), "--at-once", 1, first_pause=0.001)
        assert code == 3
        assert "14 ranges could not be read" in said and "what was read is kept" in said
        assert len(running.hits) <= 10 + 3 * 5  # five attempts at three ranges, and no more
        limit[0] = 1000
        before = len(running.hits)
        assert run(fetch_captures, *flags(tmp_path, running), "--at-once", 1)[0] == 0
        assert len(running.hits) == before + 14


def test_a_killed_run_reads_no_finished_range_again_and_ends_in_the_same_bytes(tmp_path, run, small):
    with server(honest(small.files)) as running:
        assert run(fetch_captures, *flags(tmp_path, running, "whole"))[0] == 0

    with server(honest(small.files)) as running:
        command = [sys.executable, str(Path(__file__).with_name("capture_reader.py")),
                   *map(str, flags(tmp_path, running, "killed", "--at-once", 2)), "--direct_num_workers=1"]  # fmt: skip
        environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
        seen, kills = 0, []
        for _ in range(2):
            running.held_after = seen + 7
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            while len(running.hits) <= running.held_after:
                assert process.poll() is None
                time.sleep(0.002)
            process.kill()
            process.wait()
            time.sleep(0.2)  # the server reads what was sent
            seen = len(running.hits)
            journals = (tmp_path / "killed").glob(".stages/read/*/.journal/*.jsonl")
            kills.append((seen, sum(path.read_bytes().count(b"\n") for path in journals)))
        running.held_after = math.inf
        last = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert last.returncode == 0, last.stderr
        assert kills[0][1] > 2 and kills[1][1] > kills[0][1]
        assert len(running.hits) - kills[1][0] == 24 - kills[1][1]
        asked = Counter((hit.path, hit.headers["range"]) for hit in running.hits)
        assert sum(asked.values()) - len(asked) <= 2 * 2  # what was on its way at the kills
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")
    assert not [each for each in scan(next((tmp_path / "killed").glob("*.gz"))) if isinstance(each, Quarantined)]


def test_lists_of_links_do_too_and_archives_are_as_large_as_asked(tmp_path, run, small):
    (tmp_path / "links.txt").write_text("".join(f"{url}\n" for url in [*LINKS, "no url", LINKS[0] + "#again"]))
    with server(honest(small.files)) as running:
        given = list(map(str, flags(tmp_path, running)))
        given[:2] = ["--links", str(tmp_path / "links.txt")]
        code, said = run(fetch_captures, *given)
        assert code == 0, said
        assert "24 = 24 with a capture" in said
    rows = [each for path in (tmp_path / "captures/captures").glob("*") for each in pq.read_table(path).to_pylist()]
    assert {each["fetched"] for each in rows} == {int(START.timestamp()) + 100 * 86_400}  # the latest
    assert {each["first_posted"] for each in rows} == {None}


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--archives", "ftp://a.org"), 2, "is no address of a server"),
        (("--archives", "http://no-such-name.invalid"), 3, "check the name"),
        (("--links", "links.txt"), 2, "not allowed with"),
        (("--index", "absent/*.parquet"), 3, "finds no file"),
        (("--index", "RS.jsonl"), 3, "no Parquet file"),
        (("--created-before", "2016-01-02"), 4, "gives a link"),
    ],
)
def test_mistakes(tmp_path, run, monkeypatch, small, more, code, says):
    monkeypatch.chdir(tmp_path)
    base = ("--submissions", "RS.jsonl", *CONTACT, "--archives", "http://127.0.0.1:9", "--output", "captures")
    given = base if "--index" in more else (*base, "--index", "index/*.parquet")
    ended = run(fetch_captures, *given, *more)
    assert (ended[0], says in ended[1]) == (code, True), ended


def test_the_index_may_lie_in_a_bucket(tmp_path, run, small, monkeypatch):
    pytest.importorskip("moto")
    with server(honest(small.files)) as running, s3() as (bucket, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for path in (tmp_path / "index").iterdir():
            place(f"{bucket}/cc/{path.name}").write_bytes(path.read_bytes())
        given = list(map(str, flags(tmp_path, running)))
        given[given.index("--index") + 1] = f"{bucket}/cc/*.parquet"
        code, said = run(fetch_captures, *given)
        assert code == 0, said
        assert "25 = 24 with a capture" in said
